//! The JSON document in which a command or a pipe passes a credential. Errors name line, column and field,
//! never the input, which may be the secret.

use data_encoding::BASE64;
use digicert_one_core::{Code, CredentialError, EndDate, Secret};
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::gather::end_date;
use crate::RawCredential;

/// The raw document; each field is parsed separately, so that an error can name it.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    version: Option<&'a RawValue>,
    #[serde(borrow)]
    api_key: Option<&'a RawValue>,
    #[serde(borrow)]
    certificate: Option<&'a RawValue>,
    #[serde(borrow)]
    certificate_base64: Option<&'a RawValue>,
    #[serde(borrow)]
    private_key: Option<&'a RawValue>,
    #[serde(borrow)]
    password: Option<&'a RawValue>,
    #[serde(borrow)]
    api_key_ends: Option<&'a RawValue>,
    #[serde(borrow)]
    owner_ends: Option<&'a RawValue>,
}

/// Returns whether bytes look like such a document.
pub(crate) fn is_document(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first() == Some(&b'{')
}

impl RawCredential {
    /// Parses the JSON document in which a command or a pipe passes a credential, in any text encoding;
    /// `docs/credentials.md` describes it.
    ///
    /// # Errors
    /// Returns an error for another document (ID-07), another version (CFG-01), or a field that is not text.
    pub fn from_document(whole: &Secret) -> Result<Self, CredentialError> {
        let origin = whole.origin();
        let mut warnings = Vec::new();
        let whole = whole.utf8(&mut warnings);
        let fields: Fields<'_> = serde_json::from_str(whole.expose_text()?).map_err(|error| {
            let message = format!("invalid JSON document (line {}, column {})", error.line(), error.column());
            CredentialError::new(Code::ID_07, message).at(&**origin)
        })?;
        let version = fields.version.map(|raw| raw.get().trim());
        if version != Some("1") {
            let message = match version {
                Some(_) => "unsupported version of the JSON document: expected 1",
                None => "missing version in the JSON document: expected \"version\": 1",
            };
            return Err(CredentialError::new(Code::CFG_01, message).at(&**origin));
        }
        let secret = |name: &str, raw: Option<&RawValue>| -> Result<Option<Secret>, CredentialError> {
            let origin = format!("{origin}, field {name}");
            let Some(raw) = raw else { return Ok(None) };
            match serde_json::from_str::<Zeroizing<String>>(raw.get()) {
                Ok(mut text) => Ok(Some(Secret::new(std::mem::take(&mut *text), origin))),
                Err(_) => Err(CredentialError::new(Code::ID_07, "invalid field: expected text").at(origin)),
            }
        };
        let certificate = match (secret("certificate", fields.certificate)?, fields.certificate_base64) {
            (Some(_), Some(_)) => {
                let message = "the JSON document has both \"certificate\" and \"certificate_base64\"; remove one";
                return Err(CredentialError::new(Code::CFG_01, message).at(&**origin));
            }
            (None, base64) => secret("certificate_base64", base64)?.map(|base64| decoded(&base64)).transpose()?,
            (certificate, None) => certificate,
        };
        let ends = |name, raw| -> Result<Option<EndDate>, CredentialError> {
            secret(name, raw)?.map(|text| end_date(&text)).transpose()
        };
        let mut raw = RawCredential::new()
            .with_ends(ends("api_key_ends", fields.api_key_ends)?, ends("owner_ends", fields.owner_ends)?);
        raw.api_key = secret("api_key", fields.api_key)?;
        raw.certificate = certificate;
        raw.private_key = secret("private_key", fields.private_key)?;
        raw.password = secret("password", fields.password)?;
        raw.warnings = warnings;
        if raw.api_key.is_none() && raw.certificate.is_none() {
            let message = "missing credential in the JSON document: neither \"api_key\" nor \"certificate\"";
            return Err(CredentialError::new(Code::ID_13, message).at(&**origin));
        }
        Ok(raw)
    }
}

fn decoded(base64: &Secret) -> Result<Secret, CredentialError> {
    let bare = base64.expose().iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    let bare: Zeroizing<Vec<u8>> = Zeroizing::new(bare.collect());
    let bytes = BASE64.decode(&bare).map_err(|_| {
        CredentialError::new(Code::ID_07, "invalid field: expected base64").at(base64.origin().to_string())
    })?;
    Ok(Secret::new(bytes, base64.origin().clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<RawCredential, CredentialError> {
        RawCredential::from_document(&Secret::new(text, "command helper"))
    }

    #[test]
    fn every_field_is_read_and_unknown_fields_are_ignored() {
        let raw = read_text(
            r#"{"version": 1, "api_key": "k", "certificate": "-----BEGIN\n", "private_key": "p", "password": "w",
                "api_key_ends": "2026-12-31", "owner_ends": null, "expires": {"in": [3600]}}"#,
        )
        .expect("a document");
        let key = raw.api_key.expect("a key");
        assert_eq!((key.expose(), &**key.origin()), (&b"k"[..], "command helper, field api_key"));
        assert_eq!(raw.certificate.expect("given").expose(), b"-----BEGIN\n");
        assert_eq!(raw.private_key.expect("given").expose(), b"p");
        assert_eq!(raw.password.expect("given").expose(), b"w");
        assert!(raw.key_ends.is_some() && raw.owner_ends.is_none());
        let raw = read_text("\u{feff} {\"version\":1,\"certificate_base64\":\"MII=\\n\"}").expect("a document");
        assert_eq!(raw.certificate.expect("given").expose(), b"0\x82");
    }

    #[test]
    fn document_in_utf_16_is_read_with_a_warning() {
        for mark in ["", "\u{feff}"] {
            let text = format!("{mark}{{\"version\": 1, \"api_key\": \"k\"}}");
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let raw = RawCredential::from_document(&Secret::new(bytes, "command helper")).expect("a document");
            assert_eq!((raw.api_key.expect("a key").expose(), raw.warnings.len()), (&b"k"[..], 1));
        }
    }

    #[test]
    fn error_names_line_or_field_but_not_the_value() {
        for (text, code, named) in [
            ("", Code::ID_07, "line 1"),
            ("canary", Code::ID_07, "line 1"),
            ("{\"version\":1,\n\"api_key\":canary}", Code::ID_07, "line 2"),
            ("{\"version\":1,\"api_key\":\"canary\"", Code::ID_07, "line 1"),
            ("{\"version\":1,\"api_key\":\"canary\"} canary", Code::ID_07, "line 1"),
            ("{\"version\":1,\"api_key\":[\"canary\"]}", Code::ID_07, "field api_key"),
            ("{\"version\":1,\"api_key\":\"canary\\ud800\"}", Code::ID_07, "field api_key"),
            ("{\"version\":1,\"certificate_base64\":\"canary!\"}", Code::ID_07, "field certificate_base64"),
            ("{\"version\":1,\"api_key\":\"canary\",\"owner_ends\":\"canary\"}", Code::ID_13, "field owner_ends"),
            ("{\"version\":2,\"api_key\":\"canary\"}", Code::CFG_01, "version"),
            ("{\"version\":\"1\",\"api_key\":\"canary\"}", Code::CFG_01, "version"),
            ("{\"api_key\":\"canary\"}", Code::CFG_01, "missing version"),
            ("{\"version\":1,\"certificate\":\"canary\",\"certificate_base64\":\"MII=\"}", Code::CFG_01, "both"),
            ("{\"version\":1,\"password\":\"canary\"}", Code::ID_13, "neither"),
            ("[\"canary\"]", Code::ID_07, "line 1"),
        ] {
            let error = read_text(text).expect_err(text);
            assert_eq!(error.code(), code, "{text}: {error}");
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(named) && shown.contains("command helper"), "{text}: {shown}");
            assert!(!shown.contains("canary"), "{text}: {shown}");
        }
    }

    #[test]
    fn ten_thousand_brackets_are_an_error_without_overflow() {
        let text = format!("{{\"version\":1,\"x\":{}", "[".repeat(10_000));
        assert_eq!(read_text(&text).expect_err("too deep").code(), Code::ID_07);
    }
}

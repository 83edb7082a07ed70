//! The signing credentials of a user: the list request, and their descriptions by the service.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fault::unexpected;
use crate::open::{maybe_number, maybe_text, open_enum, text, texts};
use digicert_one_client::Error;

/// A page of the credentials of a user.
///
/// ```
/// use digicert_one_csc::ListRequest;
/// let request = ListRequest::of_user("7d9c0a1e").max_results(20);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ListRequest {
    pub(crate) user_id: Option<String>,
    pub(crate) max_results: Option<u32>,
    pub(crate) page_token: Option<String>,
}

impl ListRequest {
    /// The credentials of this signer. The id is the last segment of the signer's profile address in Document Trust.
    pub fn of_user(user_id: impl Into<String>) -> Self {
        Self { user_id: Some(user_id.into()), ..Self::default() }
    }

    /// The credentials of the signer who has signed in (authorization code), as identified by the token.
    pub fn own() -> Self {
        Self::default()
    }

    /// The page size.
    pub fn max_results(mut self, number: u32) -> Self {
        self.max_results = Some(number);
        self
    }

    /// The page of [`CredentialsList::next_page_token`].
    pub fn page_token(mut self, token: impl Into<String>) -> Self {
        self.page_token = Some(token.into());
        self
    }
}

/// Ids of credentials.
///
/// Source: CSC API v1.0.4, `credentials/list` (spec); `credentialIDs` is what a public client of DigiCert's service reads
/// (community).
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct CredentialsList {
    /// The ids, in the order of the response.
    #[serde(rename = "credentialIDs", alias = "credentialIds", deserialize_with = "texts")]
    pub credential_ids: Vec<String>,
    /// The token of the next page, if there is one.
    #[serde(rename = "nextPageToken", deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
    /// Unknown fields.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

open_enum! {
    /// The state of a key.
    KeyStatus {
        /// Enabled.
        Enabled = "enabled",
        /// Disabled.
        Disabled = "disabled",
    }
}

open_enum! {
    /// The state of a certificate.
    CertificateStatus {
        /// Valid.
        Valid = "valid",
        /// Expired.
        Expired = "expired",
        /// Revoked.
        Revoked = "revoked",
        /// Suspended.
        Suspended = "suspended",
    }
}

open_enum! {
    /// How the use of a credential is authorised.
    AuthMode {
        /// The service authorises implicitly, perhaps by asking the signer on another device.
        Implicit = "implicit",
        /// By PIN, OTP or both.
        Explicit = "explicit",
        /// By a second round of OAuth; see [`authorize_credential_url`](crate::CscClient::authorize_credential_url).
        OAuth2Code = "oauth2code",
    }
}

open_enum! {
    /// The sole control assurance level.
    Scal {
        /// The SAD is not bound to the hashes.
        One = "1",
        /// The SAD is bound to the hashes of its request.
        Two = "2",
    }
}

/// A credential: key, certificate, and how its use is authorised.
///
/// Source: CSC API v1.0.4, `credentials/info` (spec). Unknown fields are kept.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct CredentialInfo {
    /// A free text.
    #[serde(default, deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The key.
    #[serde(default)]
    pub key: KeyInfo,
    /// The certificate.
    #[serde(default)]
    pub cert: CertificateInfo,
    /// How its use is authorised.
    #[serde(default, rename = "authMode", skip_serializing_if = "Option::is_none")]
    pub auth_mode: Option<AuthMode>,
    /// The sole control assurance level.
    #[serde(default, rename = "SCAL", skip_serializing_if = "Option::is_none")]
    pub scal: Option<Scal>,
    /// Whether a PIN is required.
    #[serde(default, rename = "PIN", skip_serializing_if = "Option::is_none")]
    pub pin: Option<Factor>,
    /// Whether a one-time password is required.
    #[serde(default, rename = "OTP", skip_serializing_if = "Option::is_none")]
    pub otp: Option<Factor>,
    /// How many hashes one authorisation may cover.
    #[serde(default, deserialize_with = "maybe_number", skip_serializing_if = "Option::is_none")]
    pub multisign: Option<u64>,
    /// The language of its texts.
    #[serde(default, deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// Unknown fields.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The key of a credential.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct KeyInfo {
    /// Its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<KeyStatus>,
    /// The object identifiers of the supported signature algorithms; see [`SignAlgo::from_oid`](crate::SignAlgo::from_oid).
    #[serde(deserialize_with = "texts")]
    pub algo: Vec<String>,
    /// Its length in bits.
    #[serde(deserialize_with = "maybe_number", skip_serializing_if = "Option::is_none")]
    pub len: Option<u64>,
    /// The object identifier of its curve.
    #[serde(deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub curve: Option<String>,
    /// Unknown fields.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The certificate of a credential.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct CertificateInfo {
    /// Its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<CertificateStatus>,
    /// The chain as DER in base64, the signer's certificate first; see [`der`](Self::der).
    #[serde(deserialize_with = "texts")]
    pub certificates: Vec<String>,
    /// The issuer.
    #[serde(rename = "issuerDN", deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub issuer_dn: Option<String>,
    /// The serial number, in hexadecimal digits.
    #[serde(rename = "serialNumber", deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// The subject.
    #[serde(rename = "subjectDN", deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub subject_dn: Option<String>,
    /// Not valid before, as `YYYYMMDDHHMMSSZ`.
    #[serde(rename = "validFrom", deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// Not valid after, as `YYYYMMDDHHMMSSZ`.
    #[serde(rename = "validTo", deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<String>,
    /// Unknown fields.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A PIN or one-time password for `credentials/authorize`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Factor {
    /// `true`, `false` or `optional`.
    #[serde(deserialize_with = "text")]
    pub presence: String,
    /// Unknown fields: label, format, type, provider.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Factor {
    /// Whether it is required.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.presence == "true"
    }
}

impl CertificateInfo {
    /// The certificates as DER, the signer's certificate first.
    ///
    /// # Errors
    /// One of them is not base64 (AUT-05).
    pub fn der(&self) -> Result<Vec<Vec<u8>>, Error> {
        self.certificates.iter().enumerate().map(|(index, text)| base64(text, "certificate", index)).collect()
    }
}

/// Decodes base64 of a response, ignoring white space.
pub(crate) fn base64(text: &str, what: &str, index: usize) -> Result<Vec<u8>, Error> {
    let compact: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(&compact).map_err(|error| {
        let summary = format!("{what} {} of the response is not base64.", index + 1);
        unexpected(summary, "the service sent another encoding, or it is damaged").with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_field_survives_a_round_trip() {
        let text = r#"{"key":{"status":"asleep","algo":["1.2.840.113549.1.1.11"],"len":2048,"x":1},
            "cert":{"certificates":["TVo="],"subjectDN":"CN=a","y":[true]},"authMode":"explicit","SCAL":"2",
            "PIN":{"presence":"true","label":"PIN"},"multisign":5,"z":{"deep":null}}"#;
        let before: Value = serde_json::from_str(text).expect("JSON");
        let info: CredentialInfo = serde_json::from_str(text).expect("a credential");
        assert_eq!(info.key.status, Some(KeyStatus::Other("asleep".to_owned())));
        assert_eq!(info.scal, Some(Scal::Two));
        assert!(info.pin.as_ref().is_some_and(Factor::is_required));
        assert_eq!(info.cert.der().expect("base64"), [b"MZ".to_vec()]);
        assert_eq!(serde_json::to_value(&info).expect("writes"), before);
    }

    #[test]
    fn empty_response_is_read() {
        let info: CredentialInfo = serde_json::from_str("{}").expect("empty");
        assert_eq!((info.auth_mode, info.multisign), (None, None));
        let list: CredentialsList = serde_json::from_str("{}").expect("empty");
        assert!(list.credential_ids.is_empty() && list.next_page_token.is_none());
    }
}

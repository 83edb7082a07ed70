//! Pasted API keys: surrounding quotes, blanks and line ends are removed with a warning; inside the key they
//! are an error.

use data_encoding::BASE64_NOPAD;
use digicert_one_core::{ApiKey, Code, CredentialError, Secret, Warning};
use zeroize::Zeroizing;

use crate::variable::bare;

/// Reads an API key, trimmed.
pub(crate) fn read_api_key(secret: &Secret, warnings: &mut Vec<Warning>) -> Result<ApiKey, CredentialError> {
    let origin = secret.origin().to_string();
    let secret = secret.utf8(warnings);
    let whole = secret.expose_text()?;
    let bare = bare(whole);
    let key = ApiKey::new(bare).map_err(|error| error.at(origin.clone()))?;
    if is_encoded_key(bare) {
        let message = "invalid API key: found the base64 of an API key; decode it, or encode it once only (kubectl does it itself)";
        return Err(CredentialError::new(Code::ID_07, message).at(origin));
    }
    // Every editor and `echo` ends a file with one line end.
    if bare != whole.strip_suffix('\n').map_or(whole, |text| text.strip_suffix('\r').unwrap_or(text)) {
        let text = "blanks, quotes or line ends around the API key were removed; store it without them";
        warnings.push(Warning::new(Code::ID_07, text, origin));
    }
    Ok(key)
}

/// Whether a text is the base64 of a key of the usual shape, with the line end of `echo` or without.
fn is_encoded_key(text: &str) -> bool {
    let bytes = Zeroizing::new(BASE64_NOPAD.decode(text.trim_end_matches('=').as_bytes()).unwrap_or_default());
    std::str::from_utf8(&bytes).is_ok_and(|text| ApiKey::new(text.trim_end()).is_ok_and(|key| key.shape().1))
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;

    fn read(text: &str) -> (Result<ApiKey, CredentialError>, Vec<Warning>) {
        let mut warnings = Vec::new();
        let key = read_api_key(&Secret::new(text, "DC_API_KEY"), &mut warnings);
        (key, warnings)
    }

    #[test]
    fn cred_05_surroundings_of_a_key_are_removed_with_a_warning() {
        for text in [" canary", "canary \t", "\"canary\"", "'canary'\n", "\u{feff}canary", "canary\n\n", "\" canary \""]
        {
            let (key, warnings) = read(text);
            assert_eq!(key.expect("trimmed").header_value().as_bytes(), b"canary", "{text:?}");
            let [warning] = warnings.as_slice() else { panic!("one warning for {text:?}: {warnings:?}") };
            assert!(warning.to_string().contains("DC_API_KEY") && !format!("{warning} {warning:?}").contains("canary"));
        }
    }

    #[test]
    fn key_in_base64_is_refused_and_not_shown() {
        let key = format!("{}_{}", "0a".repeat(13), "c7".repeat(32));
        for text in [BASE64.encode(key.as_bytes()), BASE64.encode(format!("{key}\n").as_bytes())] {
            for text in [text.trim_end_matches('='), &text] {
                let error = read(text).0.expect_err("encoded").to_string();
                assert!(error.contains("base64 of an API key") && !error.contains(text), "{error}");
            }
        }
        for text in [&key, "Y2FuYXJ5", "abc="] {
            assert!(read(text).0.is_ok(), "{text}");
        }
    }

    #[test]
    fn one_line_end_gives_no_warning() {
        for text in ["canary", "canary\n", "canary\r\n"] {
            let (key, warnings) = read(text);
            assert_eq!(key.expect("as it is").header_value().as_bytes(), b"canary");
            assert!(warnings.is_empty(), "{text:?}: {warnings:?}");
        }
    }

    #[test]
    fn blank_inside_a_key_is_an_error_that_names_only_the_source() {
        for text in ["", " \n", "\"\"", "canary inside", "canary\ninside"] {
            let error = read(text).0.expect_err(text);
            assert!(error.to_string().contains("DC_API_KEY") && !format!("{error} {error:?}").contains("canary"));
        }
    }
}

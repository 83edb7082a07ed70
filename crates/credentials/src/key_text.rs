//! Pasted API keys: surrounding quotes, blanks and line ends are removed with a warning; inside the key they
//! are an error.

use digicert_one_core::{ApiKey, Code, CredentialError, Secret, Warning};

use crate::variable::bare;

/// Reads an API key, trimmed.
pub(crate) fn read_api_key(secret: &Secret, warnings: &mut Vec<Warning>) -> Result<ApiKey, CredentialError> {
    let origin = secret.origin().to_string();
    let secret = secret.utf8(warnings);
    let whole = secret.expose_text()?;
    let bare = bare(whole);
    let key = ApiKey::new(bare).map_err(|error| error.at(origin.clone()))?;
    // Every editor and `echo` ends a file with one line end.
    if bare != whole.strip_suffix('\n').map_or(whole, |text| text.strip_suffix('\r').unwrap_or(text)) {
        let text = "blanks, quotes or line ends around the API key were removed; store it without them";
        warnings.push(Warning::new(Code::ID_07, text, origin));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
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

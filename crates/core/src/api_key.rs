//! The API key of a service user, in one buffer that all header values share and that is wiped when dropped.

use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use zeroize::{Zeroize, Zeroizing};

use crate::diagnosis::Code;
use crate::value_shape::{UNREPLACED, place_of_secret};
use crate::{CredentialError, Fingerprint};

/// The secret that a service user sends in the `x-api-key` header.
///
/// It has no `Display`, no `PartialEq` and no serialised form; `Debug` prints a fixed word. The bytes are
/// wiped when the last header value made from it is dropped. Copies that an HTTP library makes while it
/// writes a request cannot be wiped.
///
/// DigiCert ONE shows the value once, when the service user or token is created.
///
/// ```
/// use digicert_one_core::ApiKey;
/// let key = ApiKey::new("01ab-canary")?;
/// assert_eq!(format!("{key:?}"), "ApiKey(redacted)");
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
#[derive(Clone)]
pub struct ApiKey {
    value: HeaderValue,
    shape: (usize, bool),
}

impl ApiKey {
    /// Creates a key from the exact text given.
    ///
    /// # Errors
    /// Returns an error if the text is empty, has a character that no API key has (blank, control, non-ASCII), or
    /// is plainly something else (a placeholder, a web page, JSON, a setting): the value was pasted wrongly and
    /// would only get a 401. The error never shows the value; add its origin with [`CredentialError::at`].
    pub fn new(text: impl Into<String>) -> Result<Self, CredentialError> {
        let mut text = Zeroizing::new(text.into());
        if text.is_empty() {
            return Err(CredentialError::new(Code::ID_07, "missing API key: the value is empty"));
        }
        if let Some(position) = text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            return Err(CredentialError::new(
                Code::ID_07,
                format!(
                    "invalid API key: unexpected blank, line end or other character at position {} of {}{}",
                    position + 1,
                    text.len(),
                    if has_header(&text) { "; it begins like a header: give the key alone" } else { "" }
                ),
            ));
        }
        if let Some(found) = other_thing(&text) {
            return Err(CredentialError::new(
                Code::ID_07,
                format!("invalid API key: expected the key alone, found {found}"),
            ));
        }
        let shape = shape(text.as_bytes());
        let owned = Wiped(std::mem::take(&mut *text).into_bytes());
        let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(owned)).map_err(|error| {
            CredentialError::new(Code::ID_07, "invalid API key: not a valid header value").with_source(error)
        })?;
        value.set_sensitive(true);
        Ok(Self { value, shape })
    }

    /// Returns the value for the `x-api-key` header, marked sensitive. Shares the key's buffer.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        self.value.clone()
    }

    /// Returns the length in characters, and whether it has the usual shape: helps to detect a truncated key or
    /// another kind of token, and shows none of its text.
    #[must_use]
    pub fn shape(&self) -> (usize, bool) {
        self.shape
    }

    /// Returns the name of this key in logs and rate limits. Computes a SHA-256: store the result if you need
    /// it for each call.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_key(self.value.as_bytes())
    }
}

/// The usual shape is 26 hexadecimal digits, an underscore, 64 more. DigiCert documents no format, so another shape is a
/// hint and never an error.
fn shape(key: &[u8]) -> (usize, bool) {
    let hexadecimal = |part: &[u8]| part.iter().all(u8::is_ascii_hexdigit);
    let is_usual = key.len() == 91 && key[26] == b'_' && hexadecimal(&key[..26]) && hexadecimal(&key[27..]);
    (key.len(), is_usual)
}

/// Whether the text begins as a header does that would carry the key.
fn has_header(text: &str) -> bool {
    let begins = |start: &str| text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
    ["x-api-key:", "authorization:", "bearer "].into_iter().any(begins)
}

/// Returns why a value is certainly not an API key, whatever the format of keys.
fn other_thing(text: &str) -> Option<&'static str> {
    const LONGEST: usize = 4096;
    let is_name = |name: &str| name.contains('_') && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let words = ["null", "none", "nil", "undefined", "changeme", "redacted"];
    match text.as_bytes() {
        [b'<', ..] => Some("a web page or a placeholder in angle brackets"),
        [b'$', ..] | [b'{', b'{', ..] => Some(UNREPLACED),
        [b'{' | b'[', ..] => Some("JSON"),
        bytes if bytes.iter().all(|byte| *byte == b'*') => Some("asterisks, which hide a value"),
        bytes if bytes.len() > LONGEST => Some("more than 4096 characters"),
        _ if words.iter().any(|word| text.eq_ignore_ascii_case(word)) => Some("a word in place of a value"),
        _ if text.split_once('=').is_some_and(|(name, _)| is_name(name)) => Some("a setting (NAME=VALUE)"),
        _ if has_header(text) => Some("a header"),
        _ if text.contains("://") => Some("a URL"),
        _ => place_of_secret(text),
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(redacted)")
    }
}

/// Owns the key's bytes; the last `Bytes` that refers to it drops it.
struct Wiped(Vec<u8>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cred_06_empty_key_is_refused() {
        let error = ApiKey::new("").expect_err("empty").at("environment variable DC_API_KEY");
        assert!(error.to_string().contains("DC_API_KEY"), "{error}");
    }

    #[test]
    fn req_05_key_with_line_end_is_refused_and_not_shown() {
        for bad in ["canary\r\n", "can ary", "canary\0", "canäry", "\tcanary"] {
            let error = ApiKey::new(bad).expect_err(bad);
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn other_thing_than_a_key_is_refused_by_name_and_not_shown() {
        let long = "canary".repeat(1000);
        for (text, words) in [
            ("<html>canary</html>", "a web page"),
            ("<your-canary-key>", "placeholder"),
            ("${DC_CANARY_KEY}", "not replaced"),
            ("{{canary}}", "not replaced"),
            ("{\"api_key\":\"canary\"}", "JSON"),
            ("********", "asterisks"),
            ("undefined", "a word"),
            ("DC_API_KEY=canary", "NAME=VALUE"),
            ("x-api-key:canary", "a header"),
            ("x-api-key: canary", "give the key alone"),
            ("Bearer canary", "give the key alone"),
            ("https://canary.one.digicert.com", "a URL"),
            ("http://canary:pw@proxy:3128", "a URL"),
            ("file:/run/secrets/canary", "a reference"),
            ("env:CANARY", "a reference"),
            ("/run/secrets/canary", "a path"),
            ("./canary.txt", "a path"),
            ("C:\\ProgramData\\canary", "a path"),
            (&*long, "4096"),
        ] {
            let error = ApiKey::new(text).expect_err(text);
            assert!(error.to_string().contains(words), "{error}");
            assert!(!format!("{error} {error:?}").to_ascii_lowercase().contains("canary"), "{error:?}");
        }
        for text in ["01_secret", "abc=def", "none-of-these", "k$y", "MIIB==", "/9j4AAQSkZJRg/x==", "a:b"] {
            assert!(ApiKey::new(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn shape_distinguishes_whole_and_truncated_keys() {
        let usual = format!("{}_{}", "0a".repeat(13), "C".repeat(64));
        let shape = |text: &str| ApiKey::new(text).expect("valid").shape();
        assert_eq!(shape(&usual), (91, true));
        for other in [&usual[..90], &usual.replace('_', "-"), &usual.replace('C', "x"), "k"] {
            assert!(!shape(other).1, "{other}");
        }
    }

    #[test]
    fn header_value_is_sensitive_and_exact() {
        let value = ApiKey::new("01ab_cd").expect("valid").header_value();
        assert!(value.is_sensitive());
        assert_eq!(value.as_bytes(), b"01ab_cd");
    }
}

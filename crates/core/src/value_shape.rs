//! Detects text that looks like a secret. Keys and passwords end up in settings that expect a path, a host or
//! a name, and errors show those; so every such text is checked here before it is shown.

use std::fmt;

/// The kind of secret that a text looks like, where a path, host or name is expected.
///
/// ```
/// use digicert_one_core::ValueShape;
///
/// assert_eq!(ValueShape::of("-----BEGIN PRIVATE KEY-----\nMII"), Some(ValueShape::PrivateKey));
/// assert_eq!(ValueShape::of("/etc/d1/client.p12"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueShape {
    /// An API key, or a piece of one.
    ApiKey,
    /// PEM with a private key in it.
    PrivateKey,
    /// PEM without a private key.
    Certificate,
    /// A long text in base64, such as a PKCS#12 key store.
    Base64,
    /// Several lines, or too long for a path or a name.
    Text,
}

/// Longer than a typed host or name; longer paths exist, and are shown if they exist.
const LONGEST: usize = 400;
/// Maximum base64 length of a path or name.
const LONG_BASE64: usize = 40;
/// An API key starts with 26 hexadecimal digits, an underscore and 64 more.
const KEY_HEAD: usize = 26;
/// Maximum hexadecimal digits in a row in a name. A UUID has twelve.
const LONG_HEX: usize = 24;
/// Maximum letters and digits in a row in a name.
const LONG_RUN: usize = 32;

impl ValueShape {
    /// Returns the shape of a secret, or `None` for a text that may be shown.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.contains("-----BEGIN") || text.contains("-----END") || text.contains("PRIVATE KEY") {
            return Some(if text.contains("PRIVATE KEY") { Self::PrivateKey } else { Self::Certificate });
        }
        if is_api_key(text) {
            return Some(Self::ApiKey);
        }
        if is_base64(text) {
            return Some(Self::Base64);
        }
        let parts = text.split(|character: char| !character.is_ascii_alphanumeric());
        if parts.clone().any(|part| part.len() >= LONG_HEX && is_hexadecimal(part) && has_digit_and_letter(part)) {
            return Some(Self::ApiKey);
        }
        if parts.clone().any(|part| part.len() >= LONG_RUN && has_digit_and_letter(part)) {
            return Some(Self::Base64);
        }
        (text.len() > LONGEST || text.contains(['\n', '\r'])).then_some(Self::Text)
    }

    /// Returns the variable that takes a value of this shape.
    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Self::ApiKey => "DC_API_KEY",
            Self::PrivateKey | Self::Certificate => "DC_CLIENT_CERT_FILE with the path of a file that holds it",
            Self::Base64 => "SM_CLIENT_CERT_FILE_B64 for a PKCS#12 in base64",
            Self::Text => "DC_API_KEY or DC_CLIENT_CERT_PASSWORD",
        }
    }
}

/// For a sentence: "this looks like …".
impl fmt::Display for ValueShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiKey => "an API key",
            Self::PrivateKey => "a private key",
            Self::Certificate => "a certificate in PEM",
            Self::Base64 => "a key store or another value in base64",
            Self::Text => "a secret or the content of a file",
        })
    }
}

/// Returns whether the text contains an API key of the usual shape, whole or truncated after its first half.
fn is_api_key(text: &str) -> bool {
    let is_key = |part: &str| {
        part.split_once('_').is_some_and(|(head, tail)| {
            is_hexadecimal(head) && is_hexadecimal(tail) && (head.len() >= KEY_HEAD || tail.len() >= KEY_HEAD)
        })
    };
    text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_').any(is_key)
}

fn is_base64(text: &str) -> bool {
    let bare: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let body = bare.trim_ascii_end();
    let body = body.strip_suffix(b"==").or_else(|| body.strip_suffix(b"=")).unwrap_or(body);
    let alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let starts_as_der = body.starts_with(b"MI");
    let is_mixed = body.iter().any(u8::is_ascii_digit)
        && body.iter().any(u8::is_ascii_uppercase)
        && body.iter().any(u8::is_ascii_lowercase);
    body.iter().all(alphabet) && body.len() >= LONG_BASE64 && (is_mixed || starts_as_der) && looks_random(body)
}

/// Words are separated and keep their letter case; base64 changes between cases and digits every few characters.
fn looks_random(text: &[u8]) -> bool {
    let class = |byte: &u8| match byte {
        b'0'..=b'9' => 0,
        b'A'..=b'Z' => 1,
        b'a'..=b'z' => 2,
        _ => 3,
    };
    let changes = text.windows(2).filter(|pair| class(&pair[0]) != class(&pair[1])).count();
    changes * 3 >= text.len()
}

fn is_hexadecimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn has_digit_and_letter(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit()) && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Returns whether a word looks randomly generated: long, or with digits and letters mixed.
///
/// ```
/// use digicert_one_core::is_random_word;
///
/// assert!(is_random_word("a8Fk2p9Qx"));
/// assert!(!is_random_word("production"));
/// ```
#[must_use]
pub fn is_random_word(word: &str) -> bool {
    let class = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_alphabetic());
    word.split(|character: char| !character.is_ascii_alphanumeric()).any(|part| {
        let changes = part.as_bytes().windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
        part.len() >= 20 || (part.len() >= 8 && changes >= 3)
    })
}

/// Whether a word changes between cases and digits as base64 does.
fn is_mixed(word: &str) -> bool {
    word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_alphanumeric()) && looks_random(word.as_bytes())
}

pub(crate) const UNREPLACED: &str = "a variable that was not replaced by its value";

/// Returns what a text is that names the place of a secret, where the secret itself is expected: a path, a reference as in
/// profiles, a variable in the syntax of a shell.
///
/// ```
/// use digicert_one_core::place_of_secret;
///
/// assert_eq!(place_of_secret("/run/secrets/api-key"), Some("a path"));
/// assert_eq!(place_of_secret("/9j/4AAQSkZJRgAB"), None);
/// ```
#[must_use]
pub fn place_of_secret(text: &str) -> Option<&'static str> {
    let begins = ["/", "./", "../", "~/"].into_iter().any(|start| text.starts_with(start));
    let has_drive = text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && text[1..].starts_with(":\\");
    let kind = text.split_once(':').map(|(kind, _)| kind);
    if kind.is_some_and(|kind| ["file", "env", "keyring", "exec", "fd"].contains(&kind)) {
        return Some("a reference");
    }
    if (text.starts_with("${") && text.ends_with('}')) || (text.starts_with("{{") && text.ends_with("}}")) {
        return Some(UNREPLACED);
    }
    let parts = || text.split(['/', '\\']);
    let is_random = parts().any(|part| is_random_word(part) || is_mixed(part));
    let is_path = (begins || has_drive) && text.len() > 2 && !is_random;
    is_path.then_some("a path")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_key_stores_are_recognised_whole_and_truncated() {
        let key = format!("{}_{}", "01".repeat(13), "c7".repeat(32));
        let base64 = "MIIKWgIBAzCCChAGCSqGSIb3DQEHAaCCCgEEggn9MIIJ+TCCBJ8GCSqGSIb3DQEHBqCCBJAwggSMAgEAMIIEhQ";
        for (text, shape) in [
            (key.as_str(), ValueShape::ApiKey),
            (&key[..60], ValueShape::ApiKey),
            (&key[40..], ValueShape::ApiKey),
            (&format!("/etc/d1/{key}"), ValueShape::ApiKey),
            (&format!("x-api-key: {key}"), ValueShape::ApiKey),
            ("-----BEGIN EC PRIVATE KEY-----\nMHc", ValueShape::PrivateKey),
            ("-----BEGIN CERTIFICATE-----\\nMII", ValueShape::Certificate),
            (base64, ValueShape::Base64),
            (&base64[..64], ValueShape::Base64),
            (&format!("{}\n{}", &base64[..40], &base64[40..]), ValueShape::Base64),
            (&"word ".repeat(100), ValueShape::Text),
            ("one\ntwo", ValueShape::Text),
        ] {
            assert_eq!(ValueShape::of(text), Some(shape), "{text}");
        }
    }

    #[test]
    fn paths_hosts_and_names_are_not_secrets() {
        for text in [
            "/etc/d1/client.p12",
            "/home/build/agent/workspace/integration-tests-nightly/secrets/digicert-one/api-key",
            "C:\\ProgramData\\DigiCert\\client.p12",
            "/tmp/6f1c2d3e-4a5b-6c7d-8e9f-0a1b2c3d4e5f/key",
            "https://clientauth.demo.one.nl.digicert.com:8443",
            "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
            "10.0.0.0/8,corp.test",
            "ci-prod",
            "",
        ] {
            assert_eq!(ValueShape::of(text), None, "{text}");
        }
    }

    #[test]
    fn place_of_a_secret_is_not_the_secret() {
        for (text, what) in [
            ("/etc/d1/password", "a path"),
            ("~/pw.txt", "a path"),
            ("C:\\ProgramData\\pw", "a path"),
            ("file:/etc/pw", "a reference"),
            ("exec:pass show x", "a reference"),
            ("${PW}", "not replaced"),
            ("{{ .Values.pw }}", "not replaced"),
        ] {
            assert!(place_of_secret(text).is_some_and(|found| found.contains(what)), "{text}");
        }
        for text in ["", "/", "~", "$ecret", "pa:ss", "/9j/4AAQSkZJRgAB", "é:\\x"] {
            assert_eq!(place_of_secret(text), None, "{text}");
        }
    }

    #[test]
    fn random_words_are_distinguished_from_names() {
        for word in ["xK9mPq2vL7w", "a1b2c3d4", "correcthorsebatterystaple", "P4ssw0rd1x"] {
            assert!(is_random_word(word), "{word}");
        }
        for word in ["client.p12", "api-key", "2026-12-31", "digicert-one", "d1.toml", "client2026"] {
            assert!(!is_random_word(word), "{word}");
        }
    }
}

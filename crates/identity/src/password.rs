//! Passwords: tried as given, then without a trailing line end, surrounding blanks or quotes, with a warning.
//! A file written by an editor or `echo` ends with a line end, which makes the password wrong by one
//! invisible byte.

use digicert_one_core::{Code, CredentialError, Secret, Warning, place_of_secret};
use zeroize::Zeroizing;

use crate::fault::Fault;

/// A password to try.
#[derive(Clone)]
pub(crate) struct Candidate<'a> {
    /// As bytes, for PBKDF2, scrypt and the old derivations.
    pub(crate) bytes: &'a [u8],
    /// In the form of PKCS#12: UTF-16, big endian, with two zero bytes at the end.
    pub(crate) utf16: Zeroizing<Vec<u8>>,
    /// What was removed.
    without: Option<&'static str>,
}

impl<'a> Candidate<'a> {
    fn new(bytes: &'a [u8], without: Option<&'static str>) -> Self {
        let mut utf16 = Zeroizing::new(Vec::with_capacity(bytes.len() * 2 + 2));
        let mut push = |unit: u16| utf16.extend_from_slice(&unit.to_be_bytes());
        match std::str::from_utf8(bytes) {
            Ok(text) => text.encode_utf16().for_each(&mut push),
            // As in OpenSSL: what is not UTF-8 is treated as Latin-1.
            Err(_) => bytes.iter().for_each(|byte| push(u16::from(*byte))),
        }
        push(0);
        Self { bytes, utf16, without }
    }

    /// Returns the forms of an empty password; some programs omit even the two zero bytes.
    fn none() -> [Candidate<'static>; 2] {
        [Candidate::new(b"", None), Candidate { bytes: b"", utf16: Zeroizing::new(Vec::new()), without: None }]
    }
}

/// Opens something with the password, if one was given.
///
/// # Errors
/// Returns an error for a missing password (ID-02), a wrong one (ID-03, with hints), or any other failure of
/// `attempt`.
pub(crate) fn open<T>(
    given: Option<&Secret>,
    what: &str,
    place: &str,
    warnings: &mut Vec<Warning>,
    mut attempt: impl FnMut(&Candidate<'_>) -> Result<T, Fault>,
) -> Result<T, CredentialError> {
    let mut wrong = None;
    for candidate in candidates(given.map(Secret::expose)) {
        match attempt(&candidate) {
            Ok(opened) => {
                if let (Some(without), Some(given)) = (candidate.without, given) {
                    let text = format!("the password was used without {without}; remove this where it is stored");
                    let warning = Warning::new(Code::ID_03, text, &**given.origin());
                    if !warnings.contains(&warning) {
                        warnings.push(warning);
                    }
                }
                return Ok(opened);
            }
            Err(fault) if fault.is_wrong_password() => drop(wrong.get_or_insert(fault)),
            // The first attempt used up the budget; the relevant result is that it was wrong.
            Err(Fault::Rounds(..)) if wrong.is_some() => break,
            Err(fault) => return Err(fault.error(what, place)),
        }
    }
    let Some(given) = given else {
        return Err(missing(what, place));
    };
    let (code, message) = wrong.unwrap_or(Fault::Decryption).describe(what);
    let message = format!("{message}; the password came from {}{}", given.origin(), hints(given.expose()));
    Err(CredentialError::new(code, message).at(place))
}

/// Returns the error for a missing password.
pub(crate) fn missing(what: &str, place: &str) -> CredentialError {
    CredentialError::new(Code::ID_02, format!("missing password: the {what} is encrypted")).at(place)
}

fn candidates(given: Option<&[u8]>) -> Vec<Candidate<'_>> {
    let Some(given) = given.filter(|given| !given.is_empty()) else {
        return Candidate::none().into();
    };
    let mut all: Vec<Candidate<'_>> = vec![Candidate::new(given, None)];
    let line = without_line_end(given);
    let bare = given.trim_ascii();
    let tries = [(line, "a trailing line end"), (bare, "blanks around it"), (without_quotes(bare), "quotes around it")];
    for (bytes, without) in tries {
        if all.iter().all(|earlier| earlier.bytes != bytes) {
            all.push(Candidate::new(bytes, Some(without)));
        }
    }
    if all.iter().any(|candidate| candidate.bytes.is_empty()) {
        all.extend(Candidate::none());
    }
    all
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

fn without_quotes(bytes: &[u8]) -> &[u8] {
    match bytes {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => bytes,
    }
}

/// Describes what may be wrong with it, without a byte of it.
fn hints(given: &[u8]) -> String {
    let mut hints = Vec::new();
    if given.is_empty() {
        hints.push("is empty");
    }
    if without_line_end(given) != given {
        hints.push("has a trailing line end");
    } else if given.trim_ascii() != given {
        hints.push("has blanks around it");
    }
    if without_quotes(given.trim_ascii()) != given.trim_ascii() {
        hints.push("has quotes around it");
    }
    if !given.is_ascii() {
        hints.push("has letters outside ASCII, which programs encode differently");
    }
    let looks_like = std::str::from_utf8(given).ok().and_then(|text| place_of_secret(text.trim()));
    let looks_like = looks_like.map(|what| format!("looks like {what}, and not like the password itself"));
    hints.extend(looks_like.as_deref());
    if hints.is_empty() { String::new() } else { format!(". Hint: it {}", hints.join(" and ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(given: &str) -> Vec<String> {
        candidates(Some(given.as_bytes())).iter().map(|it| String::from_utf8_lossy(it.bytes).into_owned()).collect()
    }

    #[test]
    fn password_is_tried_as_given_first_and_each_form_once() {
        assert_eq!(forms("secret"), ["secret"]);
        assert_eq!(forms("secret\r\n"), ["secret\r\n", "secret"]);
        assert_eq!(forms(" \"secret\"\n"), [" \"secret\"\n", " \"secret\"", "\"secret\"", "secret"]);
        assert_eq!(forms("\n"), ["\n", "", "", ""]);
        assert_eq!(forms("'"), ["'"]);
    }

    #[test]
    fn password_is_utf16_for_pkcs12() {
        let utf16 = |bytes: &'static [u8]| candidates(Some(bytes))[0].utf16.to_vec();
        assert_eq!(utf16("aß€😀".as_bytes()), [0, 0x61, 0, 0xDF, 0x20, 0xAC, 0xD8, 0x3D, 0xDE, 0x00, 0, 0]);
        assert_eq!(utf16(b"\xDF"), [0, 0xDF, 0, 0], "Latin-1");
        let none: Vec<usize> = candidates(Some(b"")).iter().map(|it| it.utf16.len()).collect();
        assert_eq!(none, [2, 0]);
    }

    #[test]
    fn error_hints_at_surroundings_but_does_not_show_the_password() {
        for (given, hint) in [
            ("", "it is empty"),
            ("canary-pw\n", "it has a trailing line end"),
            (" canary-pw", "it has blanks around it"),
            ("'canary-pw'", "it has quotes around it"),
            ("/etc/canary/pw", "it looks like a path"),
            ("file:canary", "it looks like a reference"),
            ("${CANARY}", "it looks like a variable that was not replaced"),
        ] {
            let secret = Secret::new(given, "DC_CLIENT_CERT_PASSWORD");
            let error =
                open::<()>(Some(&secret), "key store", "client.p12", &mut Vec::new(), |_| Err(Fault::Integrity))
                    .expect_err("wrong");
            let text = error.to_string();
            assert_eq!(error.code(), Code::ID_03);
            assert!(text.contains(hint) && text.contains("DC_CLIENT_CERT_PASSWORD"), "{text}");
            assert!(!text.to_ascii_lowercase().contains("canary"), "{text}");
        }
    }

    #[test]
    fn budget_exhausted_by_a_wrong_password_is_a_wrong_password() {
        let secret = Secret::new("wrong\n", "the environment");
        let mut faults = [Fault::Integrity, Fault::Rounds(9, 5)].into_iter();
        let error = open::<()>(Some(&secret), "key store", "client.p12", &mut Vec::new(), |_| {
            Err(faults.next().expect("two tries"))
        });
        assert_eq!(error.expect_err("wrong").code(), Code::ID_03);
    }
}

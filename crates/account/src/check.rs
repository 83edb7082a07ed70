//! Validation before anything is sent. Only rules that are documented or unambiguous: a stricter rule than
//! the platform's would refuse valid values.

use std::time::SystemTime;

use digicert_one_client::{Error, ErrorKind};
use digicert_one_core::{EndDate, Expiry, ExpiryCause};

use crate::fields::day;

/// Error returned when a value is refused before anything is sent. The source of an [`Error`] of kind
/// [`ErrorKind::Request`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid {field}: {problem}")]
pub(crate) struct InvalidField {
    /// The field, with the platform's name.
    pub(crate) field: &'static str,
    /// What is wrong with it.
    pub(crate) problem: Problem,
}

/// The reason why a value is invalid. Never shows the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// Empty, or blanks only.
    #[error("expected a value that is not empty")]
    Empty,
    /// A character that is not allowed.
    #[error("unexpected character at position {position}; {allowed}")]
    Character {
        /// Counted in characters, from 1.
        position: usize,
        /// The allowed characters.
        allowed: &'static str,
    },
    /// The end date is in the past by the client's clock.
    #[error("expected an end date in the future; {ended} has passed")]
    Past {
        /// Its last second.
        ended: EndDate,
    },
    /// An end date with a time of day.
    #[error("expected a day without a time; end dates include the whole day, until 23:59:59 UTC")]
    NotADay,
    /// Not a certificate signing request in PEM.
    #[error("expected a certificate signing request in PEM (BEGIN CERTIFICATE REQUEST)")]
    NotARequest,
    /// A private key, which must never leave the machine.
    #[error("unexpected private key, which is never sent")]
    PrivateKey,
    /// A change that changes nothing.
    #[error("expected at least one field to change")]
    NoChange,
}

impl InvalidField {
    fn new(field: &'static str, problem: Problem) -> Self {
        Self { field, problem }
    }
}

impl From<InvalidField> for Error {
    fn from(invalid: InvalidField) -> Self {
        Self::local(ErrorKind::Request, format!("{invalid}; nothing was sent.")).with_source(invalid)
    }
}

/// Allows letters, digits, blank, `-` and `_`: the documented rule for names of API tokens and nicknames of
/// certificates.
pub(crate) fn name(field: &'static str, text: &str) -> Result<(), InvalidField> {
    let allowed = |one: char| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_');
    characters(field, text, allowed, "allowed: letters, digits, blanks, - and _")
}

/// Allows everything but control characters: the characters of a friendly name or a description are not documented.
pub(crate) fn text(field: &'static str, text: &str) -> Result<(), InvalidField> {
    characters(field, text, |one| !one.is_control(), "control characters are not allowed")
}

/// Checks the basic form of an e-mail address.
pub(crate) fn email(field: &'static str, text: &str) -> Result<(), InvalidField> {
    let allowed = |one: char| !one.is_control() && !one.is_whitespace();
    characters(field, text, allowed, "blanks and control characters are not allowed")
}

/// Checks an id that is used in a path: an empty one would change the path.
pub(crate) fn id(field: &'static str, id: &str) -> Result<(), InvalidField> {
    if id.trim().is_empty() { Err(InvalidField::new(field, Problem::Empty)) } else { Ok(()) }
}

fn characters(
    field: &'static str,
    text: &str,
    allowed: impl Fn(char) -> bool,
    rule: &'static str,
) -> Result<(), InvalidField> {
    if text.trim().is_empty() {
        return Err(InvalidField::new(field, Problem::Empty));
    }
    match text.chars().position(|one| !allowed(one)) {
        Some(at) => Err(InvalidField::new(field, Problem::Character { position: at + 1, allowed: rule })),
        None => Ok(()),
    }
}

/// Checks for a whole day that is not in the past.
pub(crate) fn end_date(end: Option<EndDate>, now: SystemTime) -> Result<(), InvalidField> {
    let Some(end) = end else { return Ok(()) };
    if Expiry::new(end.last_second(), ExpiryCause::Key).has_passed(now) {
        return Err(InvalidField::new("end_date", Problem::Past { ended: end }));
    }
    if day(end).is_none() {
        return Err(InvalidField::new("end_date", Problem::NotADay));
    }
    Ok(())
}

/// Checks for a certificate signing request without a private key.
pub(crate) fn csr(pem: &str) -> Result<(), InvalidField> {
    if pem.trim().is_empty() {
        return Err(InvalidField::new("csr", Problem::Empty));
    }
    if pem.contains("PRIVATE KEY") {
        return Err(InvalidField::new("csr", Problem::PrivateKey));
    }
    let has = |line: &str| pem.contains(&format!("-----{line} CERTIFICATE REQUEST-----"));
    if (has("BEGIN") && has("END")) || (has("BEGIN NEW") && has("END NEW")) {
        return Ok(());
    }
    Err(InvalidField::new("csr", Problem::NotARequest))
}

/// Checks for a change that is not empty.
pub(crate) fn change(is_empty: bool) -> Result<(), InvalidField> {
    if is_empty { Err(InvalidField::new("change", Problem::NoChange)) } else { Ok(()) }
}

#[cfg(test)]
#[path = "../../core/tests/texts/form.rs"]
mod form;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn messages_have_the_form() {
        let past = Problem::Past { ended: "2020-12-31".parse().expect("a day") };
        let character = Problem::Character { position: 2, allowed: "allowed: letters" };
        let others = [Problem::Empty, Problem::NotADay, Problem::NotARequest, Problem::PrivateKey, Problem::NoChange];
        for problem in others.into_iter().chain([past, character]) {
            form::assert_form(&InvalidField::new("name", problem));
        }
    }

    #[test]
    fn names_allow_letters_digits_blanks_hyphen_and_underscore() {
        for good in ["ci-bot", "Build 7", "a_b", "Zürich"] {
            assert_eq!(name("name", good), Ok(()), "{good}");
        }
        for (bad, position) in [("a/b", 2), ("ü.", 2), ("a\n", 2), ("<a>", 1), ("a&b", 2), ("a\u{7f}", 2)] {
            let error = name("name", bad).expect_err(bad);
            assert!(matches!(error.problem, Problem::Character { position: at, .. } if at == position), "{error}");
            assert!(!error.to_string().contains(bad));
        }
        for empty in ["", " ", "\t"] {
            assert_eq!(name("name", empty).expect_err("empty").problem, Problem::Empty);
        }
    }

    #[test]
    fn end_date_is_valid_until_its_last_second() {
        let end: EndDate = "2026-12-31".parse().expect("a day");
        let at = |seconds: i64| {
            let last = end.last_second();
            let by = Duration::from_secs(seconds.unsigned_abs());
            end_date(Some(end), if seconds < 0 { last - by } else { last + by })
        };
        assert_eq!((at(-1), at(0)), (Ok(()), Ok(())));
        assert_eq!(at(1).expect_err("over").problem, Problem::Past { ended: end });
        assert_eq!(end_date(None, SystemTime::UNIX_EPOCH), Ok(()));
        let hour = "2026-12-31T10:00:00Z".parse().expect("an instant");
        assert_eq!(end_date(Some(hour), SystemTime::UNIX_EPOCH).expect_err("an hour").problem, Problem::NotADay);
    }

    #[test]
    fn private_key_is_never_accepted_as_a_request() {
        let pem = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        assert_eq!(csr(&pem("CERTIFICATE REQUEST")), Ok(()));
        assert_eq!(csr(&pem("NEW CERTIFICATE REQUEST")), Ok(()));
        let both = pem("CERTIFICATE REQUEST") + &pem("EC PRIVATE KEY");
        for (text, problem) in [
            (both.as_str(), Problem::PrivateKey),
            ("", Problem::Empty),
            ("MIIB", Problem::NotARequest),
            (&pem("CERTIFICATE"), Problem::NotARequest),
        ] {
            assert_eq!(csr(text).expect_err(text).problem, problem);
        }
    }
}

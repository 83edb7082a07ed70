//! Warnings about a credential that works.

use std::fmt;

use crate::Code;

/// A problem found while a credential was read that does not prevent its use. Shows no value.
///
/// ```
/// use digicert_one_core::{Code, Warning};
///
/// let warning = Warning::new(Code::ID_07, "the text is in UTF-16 and was converted", "DC_API_KEY_FILE");
/// assert_eq!(warning.to_string(), "ID-07 DC_API_KEY_FILE: the text is in UTF-16 and was converted");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The diagnosis code.
    pub code: Code,
    /// What was found and what to do, in a sentence or two.
    pub text: String,
    /// The variable or path it is about.
    pub origin: String,
}

impl Warning {
    /// Creates a warning about a value from `origin`.
    #[must_use]
    pub fn new(code: Code, text: impl Into<String>, origin: impl Into<String>) -> Self {
        Self { code, text: text.into(), origin: origin.into() }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.origin, self.text)
    }
}

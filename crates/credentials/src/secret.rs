//! Bytes that a source holds: wiped when dropped, printed never, and always with the name of where they came from.

use std::fmt;
use std::sync::Arc;

use digicert_one_core::{Code, CredentialError};
use zeroize::Zeroizing;

use crate::Warning;
use crate::source::gather::{utf8, without_line_end};

/// A value of a source: a key, a password, the content of a file.
///
/// Its [`origin`](Self::origin) is what errors, warnings and logs show in its place.
#[derive(Clone)]
pub struct Secret {
    bytes: Zeroizing<Vec<u8>>,
    origin: Arc<str>,
}

impl Secret {
    /// A value and the name of where it came from: a variable, a path, never a value.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>, origin: impl Into<Arc<str>>) -> Self {
        Self { bytes: Zeroizing::new(bytes.into()), origin: origin.into() }
    }

    /// Where the value came from.
    #[must_use]
    pub fn origin(&self) -> &Arc<str> {
        &self.origin
    }

    /// The value itself.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// The value as text.
    ///
    /// # Errors
    /// It is not UTF-8 (ID-07); the error shows no byte of it.
    pub fn expose_text(&self) -> Result<&str, CredentialError> {
        std::str::from_utf8(&self.bytes)
            .map_err(|_| CredentialError::new(Code::ID_07, "the value is not UTF-8 text").at(self.origin.to_string()))
    }
}

impl Secret {
    /// A text in UTF-8, without a byte order mark and without one line end, as editors and shells write them around a value;
    /// `warnings` says what was converted.
    #[must_use]
    pub fn line(&self, warnings: &mut Vec<Warning>) -> Self {
        without_line_end(&utf8(self, warnings))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(redacted, from {})", self.origin)
    }
}

//! Bytes that a source holds: wiped when dropped, printed never, and always with the name of where they came from.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{Code, CredentialError, TextEncoding, Warning};

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
    /// `warnings` says what was converted. What is no text stays as it is.
    #[must_use]
    pub fn line(&self, warnings: &mut Vec<Warning>) -> Self {
        self.utf8(warnings).without_line_end()
    }

    /// A text in UTF-8 and without a byte order mark, whatever the editor that wrote it made of it.
    #[must_use]
    pub fn utf8(&self, warnings: &mut Vec<Warning>) -> Self {
        let Some((mut text, encoding)) = TextEncoding::decode(&self.bytes) else { return self.clone() };
        let message =
            format!("the text is in {encoding} and was converted; save it in UTF-8 without a byte order mark");
        warnings.push(Warning::new(Code::ID_07, message, &*self.origin));
        Self::new(std::mem::take(&mut *text), self.origin.clone())
    }

    /// The text without one line end. The last byte of a certificate in DER may have the same value and belongs to it.
    #[must_use]
    pub fn without_line_end(&self) -> Self {
        let is_binary = |byte: &u8| byte.is_ascii_control() && !b"\t\r\n".contains(byte);
        if self.bytes.iter().any(is_binary) {
            return self.clone();
        }
        let bytes = &**self.bytes;
        let bare = bytes.strip_suffix(b"\n").map_or(bytes, |line| line.strip_suffix(b"\r").unwrap_or(line));
        Self::new(bare, self.origin.clone())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(redacted, from {})", self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_taken_off_and_no_more() {
        for (whole, bare) in [("p\n", "p"), ("p\r\n", "p"), ("p", "p"), ("p \n\n", "p \n"), ("", "")] {
            assert_eq!(Secret::new(whole, "x").without_line_end().expose(), bare.as_bytes(), "{whole:?}");
        }
        let der = [0x30, 0x03, 0x02, 0x01, b'\n'];
        assert_eq!(Secret::new(der, "x").without_line_end().expose(), der);
    }
}

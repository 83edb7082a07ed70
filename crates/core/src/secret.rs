//! Secret bytes of a source: wiped when dropped, never printed, and always with the name of their origin.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{Code, CredentialError, Warning, decode_text};

/// A value of a source: a key, a password, the content of a file.
///
/// Errors, warnings and logs show its [`origin`](Self::origin) instead of the value.
#[derive(Clone)]
pub struct Secret {
    bytes: Zeroizing<Vec<u8>>,
    origin: Arc<str>,
}

impl Secret {
    /// Creates a secret from a value and its origin: a variable or a path, never a value.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>, origin: impl Into<Arc<str>>) -> Self {
        Self { bytes: Zeroizing::new(bytes.into()), origin: origin.into() }
    }

    /// Returns where the value came from.
    #[must_use]
    pub fn origin(&self) -> &Arc<str> {
        &self.origin
    }

    /// Returns the value.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the value as text.
    ///
    /// # Errors
    /// Returns an error if it is not UTF-8 (ID-07); the error shows no byte of it.
    pub fn expose_text(&self) -> Result<&str, CredentialError> {
        std::str::from_utf8(&self.bytes).map_err(|_| {
            CredentialError::new(Code::ID_07, "invalid value: expected UTF-8 text").at(self.origin.to_string())
        })
    }
}

impl Secret {
    /// Returns the value as UTF-8, without a byte order mark and without one trailing line end, as editors
    /// and shells add them; `warnings` receives what was converted. A value that is not text is unchanged.
    #[must_use]
    pub fn line(&self, warnings: &mut Vec<Warning>) -> Self {
        self.utf8(warnings).without_line_end()
    }

    /// Returns the value as UTF-8 without a byte order mark, whatever encoding the editor used.
    #[must_use]
    pub fn utf8(&self, warnings: &mut Vec<Warning>) -> Self {
        let Some((mut text, encoding)) = decode_text(&self.bytes) else { return self.clone() };
        let message =
            format!("the text is in {encoding} and was converted; save it in UTF-8 without a byte order mark");
        warnings.push(Warning::new(Code::ID_07, message, &*self.origin));
        Self::new(std::mem::take(&mut *text), self.origin.clone())
    }

    /// Returns the text without one trailing line end. Do not use it for DER, whose last byte may have the
    /// same value.
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
    fn one_line_end_is_removed_and_no_more() {
        for (whole, bare) in [("p\n", "p"), ("p\r\n", "p"), ("p", "p"), ("p \n\n", "p \n"), ("", "")] {
            assert_eq!(Secret::new(whole, "x").without_line_end().expose(), bare.as_bytes(), "{whole:?}");
        }
        let der = [0x30, 0x03, 0x02, 0x01, b'\n'];
        assert_eq!(Secret::new(der, "x").without_line_end().expose(), der);
    }
}

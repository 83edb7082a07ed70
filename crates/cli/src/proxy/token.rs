//! The token of the loopback listener: new and in a file of mode 0600, or read from where an option says. Compared in constant time.

use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use digicert_one::Secret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::whole_file::{Existing, Readers, write_whole};

const RANDOM_BYTES: usize = 32;
/// Shorter tokens could be guessed.
const SHORTEST: usize = 20;

/// The token that callers send. Holds its digest only.
#[derive(Clone, Copy)]
pub(crate) struct Token {
    digest: [u8; 32],
}

/// The file of a token. Removed when it is dropped, if it still holds that token.
pub(crate) struct TokenFile {
    path: PathBuf,
    token: Token,
}

impl Token {
    /// Makes a token and writes it to this file.
    pub(crate) fn create(path: &Path) -> Result<(Self, TokenFile), Failure> {
        if std::fs::read(path).is_ok_and(|content| !content.is_empty() && !is_token(&content)) {
            let text = "it holds something else than a token, which would be lost; give another path, or remove it";
            let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, text);
            return Err(Failure::File { action: "write", path: path.to_owned(), source });
        }
        let mut random = Zeroizing::new([0; RANDOM_BYTES]);
        getrandom::fill(&mut *random).map_err(|error| Failure::Internal(error.into()))?;
        let token = Zeroizing::new(BASE64URL_NOPAD.encode(&*random));
        write_whole(path, token.as_bytes(), Readers::Owner, Existing::Replace).map_err(|source| Failure::File {
            action: "write",
            path: path.to_owned(),
            source,
        })?;
        let token = Self { digest: digest(token.as_bytes()) };
        Ok((token, TokenFile { path: path.to_owned(), token }))
    }

    /// Uses a token that exists.
    pub(crate) fn given(secret: &Secret) -> Result<Self, Failure> {
        let token = secret.expose();
        if token.len() < SHORTEST || !token.iter().all(u8::is_ascii_graphic) {
            let text = format!(
                "--token-from: invalid token in {}: expected {SHORTEST} or more ASCII characters without spaces",
                secret.origin()
            );
            return Err(Failure::Usage(text));
        }
        Ok(Self { digest: digest(token) })
    }

    /// Whether a caller sent the token.
    pub(crate) fn is(&self, presented: &[u8]) -> bool {
        self.digest.ct_eq(&digest(presented)).into()
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        // Another process may have written its own token there.
        if std::fs::read(&self.path).is_ok_and(|content| self.token.is(&content)) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Whether this has the form of a token that was made here.
fn is_token(content: &[u8]) -> bool {
    BASE64URL_NOPAD.decode(content).is_ok_and(|random| Zeroizing::new(random).len() == RANDOM_BYTES)
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_file_is_private_and_removed_only_while_it_holds_this_token() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("token");
        let (token, file) = Token::create(&path).expect("written");
        let content = std::fs::read(&path).expect("read");
        assert!(token.is(&content) && content.len() == 43);
        for other in [&content[1..], b"", b"x", &[&content[..], b"\n"].concat()] {
            assert!(!token.is(other));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).expect("it exists").permissions().mode() & 0o777, 0o600);
        }
        let (_, newer) = Token::create(&path).expect("replaced");
        drop(file);
        assert!(path.exists(), "it holds the newer token");
        drop(newer);
        assert!(!path.exists());
        std::fs::write(&path, "0102_0304").expect("written");
        assert!(Token::create(&path).is_err(), "an API key");
        assert_eq!(std::fs::read(&path).expect("there"), b"0102_0304");
    }

    #[test]
    fn short_token_is_refused_without_an_echo() {
        for token in ["", "too-short-1234567", "long enough but with spaces in it", "long-enough-but-nöt-ascii"] {
            let failure = Token::given(&Secret::new(token.as_bytes().to_vec(), "variable T")).map(|_| ());
            let shown = failure.expect_err("refused").to_string();
            assert!(shown.contains("variable T") && (token.is_empty() || !shown.contains(token)), "{shown}");
        }
        assert!(Token::given(&Secret::new(b"01234567890123456789".to_vec(), "variable T")).is_ok());
    }
}

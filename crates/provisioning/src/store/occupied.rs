//! Checks the content of a file that a secret will replace. Only a secret of the same kind is replaced, so
//! that a wrong path does not destroy a file.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::{StoreError, StoreErrorKind};

/// A file with an API key, or a certificate with its chain and key, is smaller.
const MOST: u64 = 256 << 10;

/// Content that may be replaced, besides an empty file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// One line without blanks that is not an assignment.
    ApiKey,
    /// PEM or PKCS#12 with a private key.
    PrivateKey,
    /// PEM with a private key, with or without other sections.
    KeyAlone,
    /// PEM with certificates only.
    Chain,
    /// The file of an encrypted secret.
    Encrypted,
}

impl Expected {
    /// Checks whether the file at `path` may be replaced.
    ///
    /// # Errors
    /// Returns an error if it holds something else, or cannot be read.
    pub(super) fn check(self, path: &Path) -> Result<(), StoreError> {
        let place = path.display().to_string();
        match fs::metadata(path) {
            Ok(found) if found.is_file() => {}
            // Other obstacles are checked when the place is prepared.
            _ => return Ok(()),
        }
        let mut bytes = Zeroizing::new(Vec::new());
        File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut bytes)).map_err(|error: io::Error| {
            StoreError::io(&*place, "failed to read the file that would be replaced", error)
        })?;
        if self.is(&bytes) {
            return Ok(());
        }
        let message = format!(
            "it holds something else than {}, which would be lost; use another file, or move this one away",
            self.name()
        );
        Err(StoreError::new(StoreErrorKind::Unsuitable, place, message))
    }

    fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "an API key",
            Self::PrivateKey => "a private key with its certificate",
            Self::KeyAlone => "a private key",
            Self::Chain => "a certificate chain",
            Self::Encrypted => "an encrypted secret of this program",
        }
    }

    fn is(self, bytes: &[u8]) -> bool {
        if bytes.trim_ascii().is_empty() {
            return true;
        }
        let has = |words: &[u8]| bytes.windows(words.len()).any(|window| window == words);
        let (has_key, has_certificate) = (has(b"PRIVATE KEY-----"), has(b"BEGIN CERTIFICATE-----"));
        match self {
            Self::ApiKey => is_key_line(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii()),
            // A PKCS#12 is a SEQUENCE that starts with version 3.
            Self::PrivateKey => (has_key && has_certificate) || is_pkcs12(bytes),
            Self::KeyAlone => has_key,
            Self::Chain => has_certificate && !has_key,
            Self::Encrypted => bytes.starts_with(br#"{"format":"digicert-one-encrypted""#),
        }
    }
}

fn is_key_line(line: &[u8]) -> bool {
    let line = match line {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => line,
    };
    let is_assignment = line.iter().position(|byte| *byte == b'=').is_some_and(|at| {
        let (name, value) = line.split_at(at);
        // Only padding may follow base64 padding.
        value.iter().any(|byte| *byte != b'=') && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    });
    line.iter().all(u8::is_ascii_graphic) && !line.starts_with(b"{") && !line.starts_with(b"-----") && !is_assignment
}

fn is_pkcs12(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30) && bytes.get(..8).is_some_and(|start| start.windows(3).any(|part| part == [2, 1, 3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Expected; 5] =
        [Expected::ApiKey, Expected::PrivateKey, Expected::KeyAlone, Expected::Chain, Expected::Encrypted];

    #[test]
    fn only_empty_files_and_secrets_of_the_same_kind_are_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        let key = "-----BEGIN PRIVATE KEY-----\nMII=\n-----END PRIVATE KEY-----\n";
        let chain = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n";
        let pair = format!("{key}{chain}");
        let header = "{\"format\":\"digicert-one-encrypted\",\"version\":1}\nAAAA\n";
        for (content, fits) in [
            ("", &ALL[..]),
            ("01ab_cd\n", &[Expected::ApiKey]),
            ("\"01ab_cd\"\r\n", &[Expected::ApiKey]),
            ("QUJD==\n", &[Expected::ApiKey]),
            ("DB_PASSWORD=x\n", &[]),
            ("DB_PASSWORD=x\nOTHER=y\n", &[]),
            ("hello world\n", &[]),
            ("{\"version\":1}\n", &[]),
            (key, &[Expected::KeyAlone]),
            (chain, &[Expected::Chain]),
            (&*pair, &[Expected::PrivateKey, Expected::KeyAlone]),
            (header, &[Expected::Encrypted]),
        ] {
            std::fs::write(&path, content).expect("written");
            for expected in ALL {
                assert_eq!(expected.check(&path).is_ok(), fits.contains(&expected), "{expected:?}: {content}");
            }
        }
        let missing = directory.path().join("missing");
        assert!(Expected::ApiKey.check(&missing).is_ok());
    }
}

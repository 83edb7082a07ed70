//! Why a protected key or key store did not open. Only a wrong password is worth another attempt.
//!
//! No fault contains input bytes or the parser's text, which may quote them.

use digicert_one_core::{Code, CredentialError};

use crate::limits::MAX_MEMORY;

/// The reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The password does not reproduce the integrity check.
    Integrity,
    /// The decrypted data is not a key or certificate.
    Decryption,
    /// The algorithm is not supported.
    Unsupported(String),
    /// The encryption parameters are invalid.
    Parameters,
    /// The requested number of rounds, and the limit.
    Rounds(u64, u64),
    /// The requested bytes of memory.
    Memory(u64),
    /// The structure around the encryption is broken.
    Damaged(&'static str),
}

impl Fault {
    /// Returns whether another password may help.
    pub(crate) fn is_wrong_password(&self) -> bool {
        matches!(self, Self::Integrity | Self::Decryption)
    }

    /// Returns the error for `what`, which came from `place`.
    pub(crate) fn error(&self, what: &str, place: &str) -> CredentialError {
        let (code, message) = self.describe(what);
        CredentialError::new(code, message).at(place)
    }

    /// Returns code and message about `what`.
    pub(crate) fn describe(&self, what: &str) -> (Code, String) {
        match self {
            Self::Integrity => (
                Code::ID_03,
                format!("the password does not open the {what} (integrity check failed; the file itself is complete)"),
            ),
            Self::Decryption => (
                Code::ID_03,
                format!("the password does not open the {what} (decryption gave no private key or certificate)"),
            ),
            Self::Unsupported(algorithm) => (Code::ID_04, format!("unsupported protection of the {what}: {algorithm}")),
            Self::Parameters => (Code::ID_04, format!("invalid encryption parameters of the {what}")),
            Self::Rounds(asked, limit) => (
                Code::ID_04,
                format!("the {what} requires {asked} rounds of key derivation, more than the limit of {limit}"),
            ),
            Self::Memory(asked) => (
                Code::ID_04,
                format!(
                    "the {what} requires {} MiB of memory to derive its key, more than the limit of {} MiB",
                    asked >> 20,
                    MAX_MEMORY >> 20
                ),
            ),
            Self::Damaged(part) => (Code::ID_07, format!("the {what} is damaged or truncated: {part}")),
        }
    }
}

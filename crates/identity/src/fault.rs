//! Why a protected key or key store did not open. A wrong password is apart from all else: only it is worth a second try.
//!
//! No fault carries bytes of what was read, and none keeps the parser's text, which may quote them.

use digicert_one_core::{Code, CredentialError};

use crate::limits::MAX_MEMORY;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The password does not reproduce the integrity check.
    Integrity,
    /// What the password decrypts to is not what was encrypted.
    Decryption,
    /// The algorithm is not supported.
    Unsupported(String),
    /// The parameters of the encryption cannot be used.
    Parameters,
    /// So many rounds are asked for, and the limit.
    Rounds(u64, u64),
    /// So many bytes of memory are asked for.
    Memory(u64),
    /// The structure around the encryption is broken.
    Damaged(&'static str),
}

impl Fault {
    /// Whether another password may help.
    pub(crate) fn is_wrong_password(&self) -> bool {
        matches!(self, Self::Integrity | Self::Decryption)
    }

    /// The error for `what`, which came from `place`.
    pub(crate) fn error(&self, what: &str, place: &str) -> CredentialError {
        let (code, message) = self.tell(what);
        CredentialError::new(code, message).at(place)
    }

    /// Code and message about `what`.
    pub(crate) fn tell(&self, what: &str) -> (Code, String) {
        match self {
            Self::Integrity => (
                Code::ID_03,
                format!("the password does not open the {what} (integrity check failed; the file itself is complete)"),
            ),
            Self::Decryption => (
                Code::ID_03,
                format!("the password does not open the {what} (decryption gave no private key or certificate)"),
            ),
            Self::Unsupported(algorithm) => {
                (Code::ID_04, format!("the {what} is protected with {algorithm}, which is not supported"))
            }
            Self::Parameters => {
                (Code::ID_04, format!("the {what} is encrypted with parameters that cannot be read or make no sense"))
            }
            Self::Rounds(asked, limit) => (
                Code::ID_04,
                format!("the {what} asks for {asked} rounds of key derivation, more than the limit of {limit}"),
            ),
            Self::Memory(asked) => (
                Code::ID_04,
                format!(
                    "the {what} asks for {} MiB of memory to derive its key, more than the limit of {} MiB",
                    asked >> 20,
                    MAX_MEMORY >> 20
                ),
            ),
            Self::Damaged(part) => (Code::ID_07, format!("the {what} is damaged or cut off: {part}")),
        }
    }
}

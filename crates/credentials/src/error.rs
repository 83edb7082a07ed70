//! What can be wrong with a set-up: each message names the variable, option or file and says what to do.

use digicert_one_core::{Code, CredentialError, InstanceError, ProxyError};
use thiserror::Error;

/// A set-up that makes no caller.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Nothing says which host.
    #[error(
        "no host is set: set DC_BASE (such as https://demo.one.digicert.com) or SM_HOST, or name a profile that has one"
    )]
    NoHost,
    /// Nothing says who is calling.
    #[error(
        "no credential is set up: set DC_API_KEY or SM_API_KEY, or DC_CLIENT_CERT_FILE or SM_CLIENT_CERT_FILE, or a key \
         and a certificate (asked: {asked})"
    )]
    NoCredential {
        /// Which sources were asked, and why they hold nothing.
        asked: String,
    },
    /// Two places name different hosts or files.
    #[error("{first} and {second} are both set and differ: unset one of them")]
    Conflict {
        /// One place.
        first: String,
        /// The other place.
        second: String,
    },
    /// A host cannot be used.
    #[error("{name}: {source}")]
    Host {
        /// Where the host came from.
        name: String,
        /// What is wrong with it.
        source: InstanceError,
    },
    /// A proxy cannot be used.
    #[error("{name}: {source}")]
    Proxy {
        /// The variable that names it.
        name: String,
        /// What is wrong with it.
        source: ProxyError,
    },
    /// A key, certificate, CA file or profile cannot be used.
    #[error(transparent)]
    Credential(#[from] CredentialError),
}

impl SetupError {
    /// The diagnosis code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Host { source, .. } => source.code(),
            Self::Credential(error) => error.code(),
            Self::NoHost | Self::NoCredential { .. } => Code::ID_13,
            Self::Conflict { .. } | Self::Proxy { .. } => Code::CFG_01,
        }
    }
}

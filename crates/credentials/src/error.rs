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
    /// Nothing says which host, and nothing says who is calling.
    #[error(
        "nothing is set up: a host (DC_BASE or SM_HOST) and a credential (DC_API_KEY, DC_CLIENT_CERT_FILE or a profile) are missing"
    )]
    Nothing {
        /// Which sources were asked, and why they hold nothing.
        asked: String,
    },
    /// Nothing says who is calling.
    #[error(
        "no credential is set up: set DC_API_KEY or SM_API_KEY, or DC_CLIENT_CERT_FILE or SM_CLIENT_CERT_FILE, or both"
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
    #[error("{name}: {source}{}", confirmation(.source))]
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

fn confirmation(error: &InstanceError) -> String {
    match error {
        InstanceError::Lookalike { host, .. } => format!("; if this host is right, set DC_CONFIRM_HOST={host}"),
        _ => String::new(),
    }
}

impl SetupError {
    /// The diagnosis code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Host { source, .. } => source.code(),
            Self::Credential(error) => error.code(),
            Self::NoHost
            | Self::Nothing { .. }
            | Self::NoCredential { .. }
            | Self::Conflict { .. }
            | Self::Proxy { .. } => Code::CFG_01,
        }
    }
}

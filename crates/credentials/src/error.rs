//! What can be wrong with an environment: each message names the variable and says what to do.

use digicert_one_core::{Code, CredentialError, InstanceError, Mode};
use thiserror::Error;

/// An environment that makes no caller.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// No variable says which host.
    #[error("no host is set: set DC_BASE (such as https://demo.one.digicert.com) or SM_HOST")]
    NoHost,
    /// No variable says who is calling.
    #[error(
        "no credential is set: set DC_API_KEY or SM_API_KEY, or DC_CLIENT_CERT_FILE (with DC_CLIENT_KEY_FILE) or \
         SM_CLIENT_CERT_FILE, or a key and a certificate"
    )]
    NoCredential,
    /// The mode that was asked for needs something that is not set.
    #[error("mode {mode} needs {what}, which is not set")]
    Missing {
        /// The mode.
        mode: Mode,
        /// The variables, one of which would do.
        what: &'static str,
    },
    /// Two variables say different things.
    #[error("{first} and {second} are both set and differ: unset one of them")]
    Conflict {
        /// One source.
        first: String,
        /// The other source.
        second: String,
    },
    /// A value is not text.
    #[error("the value of {name} is not UTF-8 text")]
    NotText {
        /// The source.
        name: String,
    },
    /// A host cannot be used.
    #[error("{name}: {source}")]
    Host {
        /// The source of the host.
        name: String,
        /// What is wrong with it.
        source: InstanceError,
    },
    /// Verification was to be switched off.
    #[error(
        "{name} is set: skipping the verification of the server is not supported. Unset it and name the CA with DC_CA_FILE or SM_CA_FILE"
    )]
    SkipVerify {
        /// The source.
        name: String,
    },
    /// A key, certificate or CA file cannot be used.
    #[error(transparent)]
    Credential(#[from] CredentialError),
}

impl EnvironmentError {
    /// The diagnosis code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Host { source, .. } => source.code(),
            Self::SkipVerify { .. } => Code::TR_04,
            Self::Credential(error) => error.code(),
            Self::NoHost | Self::NoCredential | Self::Missing { .. } => Code::ID_13,
            Self::Conflict { .. } | Self::NotText { .. } => Code::CFG_01,
        }
    }
}

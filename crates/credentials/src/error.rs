//! Errors of a configuration: each message names the variable, option or file and what to do.

use digicert_one_core::{Code, CredentialError, InstanceError, ProxyError};
use thiserror::Error;

/// Error returned when a configuration is incomplete or invalid.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No host is configured.
    #[error(
        "missing host: set DC_BASE (such as https://demo.one.digicert.com) or SM_HOST, or name a profile that has one"
    )]
    NoHost,
    /// Neither a host nor a credential is configured.
    #[error(
        "missing configuration: set a host (DC_BASE or SM_HOST) and a credential (DC_API_KEY, DC_CLIENT_CERT_FILE or a profile)"
    )]
    Nothing {
        /// The sources that were asked, and why they hold nothing.
        asked: String,
    },
    /// No credential is configured.
    #[error("missing credential: set DC_API_KEY or SM_API_KEY, or DC_CLIENT_CERT_FILE or SM_CLIENT_CERT_FILE, or both")]
    NoCredential {
        /// The sources that were asked, and why they hold nothing.
        asked: String,
    },
    /// The profile that was chosen names no credential, and no other source holds one.
    #[error("missing credential in {profile}: it names neither an API key nor a certificate")]
    EmptyProfile {
        /// The profile and its file.
        profile: String,
    },
    /// The file with the profile that was chosen is missing.
    #[error("{setting} chooses a profile: {source}")]
    MissingProfileFile {
        /// The variable or option that chooses the profile.
        setting: String,
        /// Which file is missing.
        source: CredentialError,
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

impl ConfigError {
    /// Returns the diagnosis code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Host { source, .. } => source.code(),
            Self::Credential(source) | Self::MissingProfileFile { source, .. } => source.code(),
            Self::NoHost
            | Self::Nothing { .. }
            | Self::NoCredential { .. }
            | Self::EmptyProfile { .. }
            | Self::Conflict { .. }
            | Self::Proxy { .. } => Code::CFG_01,
        }
    }
}

//! What authenticates the caller: a key, a client identity, or both. The host to call follows from it.

use std::fmt;

use crate::{ApiKey, ClientIdentity, Fingerprint};

/// How a call authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Neither key nor certificate: a call marked unauthenticated.
    Anonymous,
    /// The API key alone, on the platform host.
    Key,
    /// The client certificate alone, on the `clientauth.` host; no `x-api-key`.
    Certificate,
    /// Key and certificate, on the `clientauth.` host (Software Trust signing needs both).
    Both,
}

impl Mode {
    /// Returns the host that this mode calls.
    #[must_use]
    pub fn host_role(self) -> HostRole {
        match self {
            Self::Anonymous | Self::Key => HostRole::Platform,
            Self::Certificate | Self::Both => HostRole::ClientAuth,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "none",
            Self::Key => "key",
            Self::Certificate => "certificate",
            Self::Both => "both",
        })
    }
}

/// Which of an installation's two hosts a call uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostRole {
    /// The ordinary host, where API keys are sent.
    Platform,
    /// The `clientauth.` host, which asks for a client certificate.
    ClientAuth,
}

impl fmt::Display for HostRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Platform => "platform",
            Self::ClientAuth => "clientauth",
        })
    }
}

/// Everything that authenticates the caller.
///
/// Its three constructors are the three modes that DigiCert ONE supports. A certificate cannot be sent to the
/// platform host, nor an API key without a certificate to the `clientauth.` host.
#[derive(Clone, Debug)]
pub struct Material(Proof);

#[derive(Clone, Debug)]
enum Proof {
    Key(ApiKey),
    Certificate(ClientIdentity),
    Both(ClientIdentity, ApiKey),
}

impl Material {
    /// Creates material with an API key only.
    #[must_use]
    pub fn api_key(key: ApiKey) -> Self {
        Self(Proof::Key(key))
    }

    /// Creates material with a client certificate only: `x-api-key` is never sent with it.
    #[must_use]
    pub fn certificate(identity: ClientIdentity) -> Self {
        Self(Proof::Certificate(identity))
    }

    /// Creates material with key and certificate, for calls that need both factors.
    #[must_use]
    pub fn certificate_and_key(identity: ClientIdentity, key: ApiKey) -> Self {
        Self(Proof::Both(identity, key))
    }

    /// Returns the mode of this material.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match self.0 {
            Proof::Key(_) => Mode::Key,
            Proof::Certificate(_) => Mode::Certificate,
            Proof::Both(..) => Mode::Both,
        }
    }

    /// Returns the host that this material is sent to; derived, never chosen.
    #[must_use]
    pub fn host_role(&self) -> HostRole {
        self.mode().host_role()
    }

    /// Returns the client identity, if the mode has one.
    #[must_use]
    pub fn identity(&self) -> Option<&ClientIdentity> {
        match &self.0 {
            Proof::Key(_) => None,
            Proof::Certificate(identity) | Proof::Both(identity, _) => Some(identity),
        }
    }

    /// Returns the caller that the platform counts: rate limits apply per API key; without a key, the
    /// certificate stands for the service user.
    ///
    /// Source: DigiCert ONE, "Error handling & rate limits". How it counts callers without a key is not documented.
    #[must_use]
    pub fn caller(&self) -> Fingerprint {
        match &self.0 {
            Proof::Key(key) | Proof::Both(_, key) => key.fingerprint(),
            Proof::Certificate(identity) => identity.fingerprint(),
        }
    }

    /// Returns the API key, if the mode has one.
    #[must_use]
    pub fn key(&self) -> Option<&ApiKey> {
        match &self.0 {
            Proof::Key(key) | Proof::Both(_, key) => Some(key),
            Proof::Certificate(_) => None,
        }
    }
}

impl From<ApiKey> for Material {
    fn from(key: ApiKey) -> Self {
        Self::api_key(key)
    }
}

//! What a TLS stack can say about the connection that carried a call.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::ServerCertificate;

/// Facts about one connection. `None` means that this stack cannot know; nothing in here is ever a guess.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionFacts {
    /// Whether the connection had carried an earlier request.
    pub reused: Option<bool>,
    /// Whether the TLS session was resumed.
    pub tls_resumed: Option<bool>,
    /// The TLS version that was agreed.
    pub tls_version: Option<TlsVersion>,
    /// Whether the server asked for a client certificate.
    pub identity_requested: Option<bool>,
    /// Whether a client certificate was sent.
    pub identity_sent: Option<bool>,
    /// The address at the other end (the proxy's, where one is used).
    pub peer: Option<SocketAddr>,
    /// What the server's certificate says of itself. A resumed session shows none.
    pub server_certificate: Option<Arc<ServerCertificate>>,
}

impl ConnectionFacts {
    /// No fact known yet; transports fill in what their stack tells.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }
}

/// A TLS version that the SDK can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}

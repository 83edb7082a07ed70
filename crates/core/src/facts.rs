//! What a TLS stack can say about the connection that carried a call.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::ServerCertificate;

/// Facts about one connection. `None` means that this stack cannot know; nothing in here is ever a guess, and nothing is prepared: a
/// fact is what was seen.
///
/// Of a handshake that failed, the facts are what was seen until then: a server that asked for a certificate and that we then
/// refused is `identity_requested: Some(true)`, `identity_sent: Some(false)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionFacts {
    /// Whether the connection had carried a response before this request. A call that failed does not count.
    pub reused: Option<bool>,
    /// Whether the TLS session was resumed.
    pub tls_resumed: Option<bool>,
    /// The TLS version that was agreed.
    pub tls_version: Option<TlsVersion>,
    /// Whether the server asked for a client certificate. A resumed handshake has no room for the question: there this is about the
    /// handshake that the session comes from, or `None` where the stack does not know that one.
    pub identity_requested: Option<bool>,
    /// Whether our Certificate message left with a certificate in it. That it was chosen is not enough. In a resumed session it is
    /// about the same handshake as `identity_requested`.
    pub identity_sent: Option<bool>,
    /// Whether a second handshake of a TLS 1.2 connection (renegotiation), which the server wanted, was begun: `Some(false)` if the
    /// stack refused it. `None` if the server did not want one, or the stack does not show it. What a second handshake asks
    /// for and what is sent in it is encrypted, so the two facts above are then unknown to most stacks.
    pub renegotiated: Option<bool>,
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

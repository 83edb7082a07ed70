//! What a TLS stack can report about the connection that carried a call.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::ServerCertificate;

/// Facts about one connection. `None` means that this stack cannot know. A fact is something observed, never
/// a guess and never something that was only prepared.
///
/// `identity_requested` and `identity_sent`, by the outcome of the handshake:
///
/// | Handshake | `identity_requested` | `identity_sent` |
/// |---|---|---|
/// | done in full | whether the server asked | whether a certificate left |
/// | failed after the server asked | `Some(true)` | `Some(true)` only if the certificate left before the failure |
/// | failed before the server asked, or without | `Some(false)` or `None` | `Some(false)` or `None` |
/// | resumed | `Some(true)` if the first handshake of the session is known to have asked, else `None`; never `Some(false)` | as in that handshake, else `None` |
///
/// A server that asked, and that we then refused, is therefore `Some(true)` and `Some(false)`, whatever
/// identity was prepared. A failed handshake without a request proves nothing about the server; only a full
/// one does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionFacts {
    /// Whether the connection had carried a response before this request was sent. A call that failed does not count, and over
    /// HTTP/2 neither does a response that came while this call was under way.
    pub reused: Option<bool>,
    /// Whether the TLS session was resumed.
    pub tls_resumed: Option<bool>,
    /// The negotiated TLS version.
    pub tls_version: Option<TlsVersion>,
    /// Whether the server asked for a client certificate; see the table above. A resumed handshake cannot ask.
    pub identity_requested: Option<bool>,
    /// Whether our Certificate message was sent with a certificate in it; see the table above. It is not
    /// enough that one was chosen.
    pub identity_sent: Option<bool>,
    /// Whether renegotiation (a second handshake of a TLS 1.2 connection) that the server requested was
    /// started: `Some(false)` if the stack refused it. `None` if the server did not request one, or the stack
    /// does not show it. The content of a second handshake is encrypted, so most stacks then cannot know the
    /// two facts above.
    pub renegotiated: Option<bool>,
    /// The address of the peer (the proxy's, if one is used).
    pub peer: Option<SocketAddr>,
    /// The server's certificate. A resumed session shows none.
    pub server_certificate: Option<Arc<ServerCertificate>>,
}

impl ConnectionFacts {
    /// Returns facts that are all unknown; transports fill in what their stack reports.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }

    /// Returns whether the server asked for a client certificate, as far as that is conclusive: a resumed
    /// handshake that did not ask proves nothing, since it cannot ask.
    ///
    /// ```
    /// use digicert_one_core::ConnectionFacts;
    ///
    /// let mut facts = ConnectionFacts::unknown();
    /// facts.identity_requested = Some(false);
    /// assert_eq!(facts.certificate_requested(), Some(false));
    /// facts.tls_resumed = Some(true);
    /// assert_eq!(facts.certificate_requested(), None);
    /// ```
    #[must_use]
    pub fn certificate_requested(&self) -> Option<bool> {
        self.identity_requested.filter(|asked| *asked || self.tls_resumed != Some(true))
    }
}

/// A TLS version that the SDK supports.
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

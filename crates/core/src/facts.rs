//! What a TLS stack can say about the connection that carried a call.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::ServerCertificate;

/// Facts about one connection. `None` means that this stack cannot know; nothing in here is ever a guess, and nothing is prepared: a
/// fact is what was seen.
///
/// `identity_requested` and `identity_sent` by what became of the handshake:
///
/// | Handshake | `identity_requested` | `identity_sent` |
/// |---|---|---|
/// | done in full | whether the server asked | whether a certificate left |
/// | failed after the server asked | `Some(true)` | `Some(true)` only if the certificate left before the failure |
/// | failed before the server asked, or without | `Some(false)` or `None` | `Some(false)` or `None` |
/// | resumed | `Some(true)` if the first handshake of the session is known to have asked, else `None`; never `Some(false)` | as in that handshake, else `None` |
///
/// A server that asked and that we then refused is therefore `Some(true)` and `Some(false)`, whatever identity was prepared. That a
/// failed handshake did not ask says nothing about the server; only a full one does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionFacts {
    /// Whether the connection had carried a response before this request. A call that failed does not count.
    pub reused: Option<bool>,
    /// Whether the TLS session was resumed.
    pub tls_resumed: Option<bool>,
    /// The TLS version that was agreed.
    pub tls_version: Option<TlsVersion>,
    /// Whether the server asked for a client certificate; see the table above. A resumed handshake has no room for the question.
    pub identity_requested: Option<bool>,
    /// Whether our Certificate message left with a certificate in it; see the table above. That it was chosen is not enough.
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

    /// Whether the server asked for a client certificate, as far as a conclusion can rest on it: that a resumed handshake did not ask
    /// says nothing, since it has no room for the question.
    ///
    /// ```
    /// use digicert_one_core::ConnectionFacts;
    ///
    /// let mut facts = ConnectionFacts::unknown();
    /// facts.identity_requested = Some(false);
    /// assert_eq!(facts.asked(), Some(false));
    /// facts.tls_resumed = Some(true);
    /// assert_eq!(facts.asked(), None);
    /// ```
    #[must_use]
    pub fn asked(&self) -> Option<bool> {
        self.identity_requested.filter(|asked| *asked || self.tls_resumed != Some(true))
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

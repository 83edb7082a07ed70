//! What a transport makes of a vector.

use std::fmt;

use digicert_one_core::{PeerFault, TransportErrorKind};

/// What a transport made of a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimboOutcome {
    /// It trusted the server and sent the request.
    Accepted,
    /// It refused the server's certificate.
    Refused(PeerFault),
    /// It refused the trust roots before any connection.
    RootsRefused,
    /// The handshake failed, and it does not say that the certificate is why.
    HandshakeFailed,
    /// The call failed in another way, and no request arrived.
    Failed(TransportErrorKind),
    /// The vector cannot be shown on the wire, and why.
    NotPlayable(&'static str),
    /// Something else happened, which is a fault of the transport or of this program.
    Unexpected(String),
}

impl fmt::Display for LimboOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Refused(fault) => write!(f, "refused {fault:?}"),
            Self::RootsRefused => f.write_str("roots refused"),
            Self::HandshakeFailed => f.write_str("handshake failed"),
            Self::Failed(kind) => write!(f, "failed {kind:?}"),
            Self::NotPlayable(why) => write!(f, "not playable: {why}"),
            Self::Unexpected(what) => write!(f, "unexpected: {what}"),
        }
    }
}

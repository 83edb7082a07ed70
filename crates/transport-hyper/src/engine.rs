//! What a TLS library has to do for a transport over hyper.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use digicert_one_core::{TlsAlert, TransportConfig, TransportError, TransportErrorKind};
use hyper::rt;

use crate::failure::ConnectFailure;
use crate::handshake::Handshake;
use crate::wire::Wire;

/// A TLS library, configured for one transport: one identity, one session cache.
pub trait Engine: Sized + Send + Sync + 'static {
    /// The encrypted stream that a handshake returns. hyper reads and writes it directly.
    type Stream: rt::Read + rt::Write + Send + Unpin + 'static;

    /// The size of the buffer that [`Wire`] reads into. 0 if the library reads large pieces itself.
    const READ_BUFFER: usize;

    /// Reads the configuration: trust roots, identity, TLS versions and the protocols for ALPN. Does no I/O on the network.
    ///
    /// # Errors
    /// What the library cannot honour, as the contract of [`connect`](digicert_one_core::Connector::connect) demands.
    fn new(config: &TransportConfig) -> Result<Self, TransportError>;

    /// Makes the handshake with the server `name`, which is without brackets and final dot. The facts go to `handshake` by
    /// [`Handshake::learn`], for a failed handshake too.
    fn handshake(
        &self,
        name: &str,
        wire: Wire,
        handshake: &Arc<Handshake>,
    ) -> impl Future<Output = Result<Secured<Self::Stream>, ConnectFailure>> + Send;

    /// What this error, which came from the stream or has such an error below it, says of the TLS connection; `None` if it is not
    /// from the TLS library.
    fn kind(error: &(dyn Error + 'static)) -> Option<TransportErrorKind>;

    /// The alert that the server sent, if this error holds one.
    fn alert(error: &(dyn Error + 'static)) -> Option<TlsAlert> {
        match Self::kind(error) {
            Some(TransportErrorKind::PeerAlert(alert)) => Some(alert),
            _ => None,
        }
    }
}

/// A stream whose handshake succeeded.
pub struct Secured<S> {
    pub(crate) stream: S,
    pub(crate) is_http2: bool,
}

impl<S> Secured<S> {
    /// A stream with the protocol that the server chose by ALPN.
    pub fn new(stream: S, alpn: Option<&[u8]>) -> Self {
        Self { stream, is_http2: alpn == Some(b"h2") }
    }
}

impl<S> fmt::Debug for Secured<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secured").field("is_http2", &self.is_http2).finish_non_exhaustive()
    }
}

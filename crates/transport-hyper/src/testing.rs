//! An engine without TLS, for the tests of this crate.

use std::error::Error;
use std::sync::Arc;

use digicert_one_core::{TransportConfig, TransportError, TransportErrorKind};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::engine::{Engine, Secured};
use crate::failure::ConnectFailure;
use crate::handshake::Handshake;
use crate::stream::Stream;
use crate::wire::Wire;

/// Its streams are TCP, and speak the protocol that the test wants.
pub(crate) struct Plain;

impl Plain {
    /// A stream on which the server is said to have chosen HTTP/2.
    pub(crate) fn http2(tcp: TcpStream, handshake: &Arc<Handshake>) -> Stream<Self> {
        let secured = Secured::new(TokioIo::new(Wire::new(tcp, &[], 0)), Some(b"h2"));
        Stream::tls(secured, Arc::clone(handshake))
    }
}

impl Engine for Plain {
    type Stream = TokioIo<Wire>;

    const READ_BUFFER: usize = 0;

    fn new(_: &TransportConfig) -> Result<Self, TransportError> {
        Ok(Self)
    }

    async fn handshake(
        &self,
        _: &str,
        wire: Wire,
        _: &Arc<Handshake>,
    ) -> Result<Secured<Self::Stream>, ConnectFailure> {
        Ok(Secured::new(TokioIo::new(wire), None))
    }

    fn kind(_: &(dyn Error + 'static)) -> Option<TransportErrorKind> {
        None
    }
}

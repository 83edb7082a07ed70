//! The operating system's TLS as an engine of the transport over hyper.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use digicert_one_core::{
    ConnectionFacts, ServerCertificate, TlsAlert, TransportConfig, TransportError, TransportErrorKind as Kind,
};
use digicert_one_hyper::{ConnectFailure, Handshake, HandshakeRecords, Renegotiation, Secured, Wire};
use hyper::rt::ReadBufCursor;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::stack::{self, Connector, Encrypted};
use crate::{alert, untrusted};

/// What OpenSSL says where client and server have nothing in common and no alert came: the version, the size of the key exchange, or
/// the way to renegotiate.
const INCOMPATIBLE: [&str; 3] = ["unsupported protocol", "dh key too small", "unsafe legacy renegotiation disabled"];

/// The most that one TLS record holds (RFC 8446 §5.1).
const CLEAR_BUFFER: usize = 16 * 1024;

/// One connector of the system's TLS.
pub(crate) struct Engine {
    connector: Connector,
    has_identity: bool,
}

impl digicert_one_hyper::Engine for Engine {
    type Stream = Stream;

    /// Two TLS records of full size. OpenSSL asks for a record in two reads, head and rest, which the buffer makes one system call.
    const READ_BUFFER: usize = 32 * 1024;

    fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        Ok(Self { connector: Connector::new(config)?, has_identity: config.identity().is_some() })
    }

    async fn handshake(
        &self,
        name: &str,
        mut wire: Wire,
        handshake: &Arc<Handshake>,
    ) -> Result<Secured<Stream>, ConnectFailure> {
        let recording = wire.record();
        // OpenSSL makes the second handshake.
        wire.watch_renegotiation(handshake, Renegotiation::Made);
        let outcome = self.connector.connect(name, wire).await;
        let seen = recording.read();
        // Of a server that was refused, the engine shows nothing.
        let server = outcome.as_ref().ok().and_then(stack::server_der);
        let server = server.and_then(|der| ServerCertificate::read(&der.into())).map(Arc::new);
        let outcome = outcome.map_err(|error| ConnectFailure::new(kind(&error, &seen), error));
        let refused = outcome.as_ref().is_err_and(|failure| matches!(failure.kind(), Kind::PeerUntrusted(_)));
        handshake.learn(facts(&seen, self.has_identity && !refused, server), self.has_identity);
        if let Some(alert) = seen.alert {
            handshake.note_alert(alert);
        }
        let mut tls = outcome?;
        stack::wire(&mut tls).established(seen.version);
        let alpn = stack::alpn(&tls);
        Ok(Secured::new(Stream { tls, buffer: vec![0; CLEAR_BUFFER].into_boxed_slice() }, alpn.as_deref()))
    }

    fn kind(error: &(dyn Error + 'static)) -> Option<Kind> {
        Self::alert(error).map(Kind::PeerAlert)
    }

    fn alert(error: &(dyn Error + 'static)) -> Option<TlsAlert> {
        alert::alert_in(error)
    }
}

/// The kind of a handshake that failed. The engines' errors have no public parts, so the texts decide. They are OpenSSL's, which are
/// not translated; the other engines' are, and there the wider kind stands.
fn kind(error: &(dyn Error + 'static), seen: &HandshakeRecords) -> Kind {
    if seen.not_tls {
        Kind::NotTls
    } else if let Some(alert) = alert::alert_in(error).or(seen.alert) {
        Kind::PeerAlert(alert)
    } else if let Some(fault) = untrusted::fault_in(&error.to_string()) {
        Kind::PeerUntrusted(fault)
    } else if INCOMPATIBLE.iter().any(|reason| error.to_string().contains(reason)) {
        Kind::TlsIncompatible
    } else {
        Kind::Tls
    }
}

/// Without an identity, and before the server was accepted, nothing can have been sent, whatever TLS 1.3 hides.
fn facts(seen: &HandshakeRecords, may_have_sent: bool, server: Option<Arc<ServerCertificate>>) -> ConnectionFacts {
    let mut facts = ConnectionFacts::unknown();
    facts.tls_version = seen.version;
    facts.tls_resumed = seen.resumed;
    facts.identity_requested = seen.certificate_requested;
    facts.identity_sent = if may_have_sent { seen.certificate_sent } else { Some(false) };
    facts.server_certificate = server;
    facts
}

/// The clear side of a connection. tokio-native-tls clears all of a target before it fills it, which the buffer limits to once.
pub(crate) struct Stream {
    tls: Encrypted,
    buffer: Box<[u8]>,
}

impl hyper::rt::Read for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = into.remaining().min(this.buffer.len());
        let mut clear = ReadBuf::new(&mut this.buffer[..room]);
        ready!(Pin::new(&mut this.tls).poll_read(cx, &mut clear))?;
        // The library reports the end of TCP without close_notify like a proper one. With close_notify the TLS below stops
        // reading, and so never meets the end of TCP.
        if clear.filled().is_empty() && stack::has_ended(&this.tls) {
            let text = "the server ended TCP without TLS close_notify: what came may be cut off";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, text)));
        }
        into.put_slice(clear.filled());
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tls).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tls).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tls).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificate_is_not_sent_without_identity_or_to_a_refused_server() {
        assert_eq!(facts(&HandshakeRecords::default(), false, None).identity_sent, Some(false));
        assert_eq!(facts(&HandshakeRecords::default(), true, None).identity_sent, None);
    }
}

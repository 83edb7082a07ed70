//! The operating system's TLS as an engine of the transport over hyper.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use digicert_one_core::{
    ConnectionFacts, PeerFault, ServerCertificate, TlsAlert, TransportConfig, TransportError,
    TransportErrorKind as Kind,
};
use digicert_one_hyper::{ConnectFailure, Handshake, Renegotiation, Secured, Seen, Wire};
use hyper::rt::ReadBufCursor;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_native_tls::{TlsConnector, TlsStream};

use crate::{alert, config, untrusted};

/// What OpenSSL says where client and server have nothing in common and no alert came: the version, the size of the key exchange, or
/// the way to renegotiate.
const INCOMPATIBLE: [&str; 3] = ["unsupported protocol", "dh key too small", "unsafe legacy renegotiation disabled"];

/// The most that one TLS record holds (RFC 8446 §5.1).
const CLEAR_BUFFER: usize = 16 * 1024;

/// One connector of native-tls.
pub(crate) struct Engine {
    connector: TlsConnector,
    has_identity: bool,
}

impl digicert_one_hyper::Engine for Engine {
    type Stream = Stream;

    /// Two TLS records of full size. OpenSSL asks for a record in two reads, head and rest, which the buffer makes one system call.
    const READ_BUFFER: usize = 32 * 1024;

    fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        Ok(Self { connector: config::tls(config)?.into(), has_identity: config.identity().is_some() })
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
        let server = outcome.as_ref().ok().and_then(server_certificate);
        let outcome = outcome.map_err(|error| ConnectFailure::new(kind(&error, &seen), error));
        let refused = outcome.as_ref().is_err_and(|failure| matches!(failure.kind(), Kind::PeerUntrusted(_)));
        handshake.learn(facts(&seen, self.has_identity && !refused, server), self.has_identity);
        if let Some(alert) = seen.alert {
            handshake.note_alert(alert);
        }
        let mut tls = outcome?;
        if has_common_name_alone(&tls, name) {
            // The handshake is done by now, but no byte of a request has left.
            let why = "the certificate has no DNS name, and its common name does not count";
            return Err(ConnectFailure::new(Kind::PeerUntrusted(PeerFault::NameMismatch), why));
        }
        tls.get_mut().get_mut().get_mut().established(seen.version);
        let alpn = tls.get_ref().negotiated_alpn().map_err(|error| ConnectFailure::new(Kind::Tls, error))?;
        Ok(Secured::new(Stream { tls, buffer: vec![0; CLEAR_BUFFER].into_boxed_slice() }, alpn.as_deref()))
    }

    fn kind(error: &(dyn Error + 'static)) -> Option<Kind> {
        Self::alert(error).map(Kind::PeerAlert)
    }

    fn alert(error: &(dyn Error + 'static)) -> Option<TlsAlert> {
        alert::alert_in(error)
    }
}

/// The kind of a handshake that failed. native-tls keeps its engine's error to itself, so the texts decide. They are OpenSSL's, which are
/// not translated; the other engines' are, and there the wider kind stands.
fn kind(error: &native_tls::Error, seen: &Seen) -> Kind {
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
fn facts(seen: &Seen, may_have_sent: bool, server: Option<Arc<ServerCertificate>>) -> ConnectionFacts {
    let mut facts = ConnectionFacts::unknown();
    facts.tls_version = seen.version;
    facts.tls_resumed = seen.resumed;
    facts.identity_requested = seen.certificate_requested;
    facts.identity_sent = if may_have_sent { seen.certificate_sent } else { Some(false) };
    facts.server_certificate = server;
    facts
}

fn server_certificate(tls: &TlsStream<Wire>) -> Option<Arc<ServerCertificate>> {
    let der = tls.get_ref().peer_certificate().ok()??.to_der().ok()?;
    ServerCertificate::read(&der.into()).map(Arc::new)
}

/// Whether a certificate that suits a DNS name has none itself: OpenSSL then compares the common name of its subject, which RFC 9110
/// section 4.3.4 forbids, and native-tls has no option against it.
#[cfg(not(any(target_os = "windows", target_vendor = "apple")))]
fn has_common_name_alone(tls: &TlsStream<Wire>, called: &str) -> bool {
    let is_address = called.parse::<std::net::IpAddr>().is_ok();
    let shown = tls.get_ref().peer_certificate().ok().flatten().and_then(|shown| shown.to_der().ok());
    let names = shown.and_then(|der| openssl::x509::X509::from_der(&der).ok()).map(|shown| shown.subject_alt_names());
    !is_address && names.is_some_and(|names| names.into_iter().flatten().all(|name| name.dnsname().is_none()))
}

#[cfg(any(target_os = "windows", target_vendor = "apple"))]
fn has_common_name_alone(_: &TlsStream<Wire>, _: &str) -> bool {
    false
}

/// The clear side of a connection. tokio-native-tls clears all of a target before it fills it, which the buffer limits to once.
pub(crate) struct Stream {
    tls: TlsStream<Wire>,
    buffer: Box<[u8]>,
}

impl hyper::rt::Read for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = into.remaining().min(this.buffer.len());
        let mut clear = ReadBuf::new(&mut this.buffer[..room]);
        ready!(Pin::new(&mut this.tls).poll_read(cx, &mut clear))?;
        // native-tls reports the end of TCP without close_notify like a proper one. With close_notify the TLS below stops
        // reading, and so never meets the end of TCP.
        if clear.filled().is_empty() && this.tls.get_ref().get_ref().get_ref().has_ended() {
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
    fn certificate_is_not_sent_without_an_identity_or_to_a_server_that_we_refuse() {
        assert_eq!(facts(&Seen::default(), false, None).identity_sent, Some(false));
        assert_eq!(facts(&Seen::default(), true, None).identity_sent, None);
    }
}

//! Makes one connection: name, TCP, the tunnel through a proxy, TLS; all within the connect limit, and each failure says
//! which step it was. hyper-util's `HttpConnector` does TCP, for it tries all addresses of a name and both families.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{NameOverride, PeerFault, Phase, ServerCertificate, TlsVersion, TransportErrorKind};
use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use tokio::net::TcpStream;
use tokio_native_tls::{TlsConnector, TlsStream};
use tower_service::Service;

use crate::error::{ConnectFailure, NoAddress};
use crate::handshake::{CALL, Handshake};
use crate::stream::{Recording, Stream, Wire};
use crate::tunnel::Tunnel;

/// The connector of one transport. A clone is the same connector.
#[derive(Clone)]
pub(crate) struct Dialer(Arc<Inner>);

struct Inner {
    tcp: HttpConnector<Names>,
    tls: TlsConnector,
    tunnel: Option<Tunnel>,
    limit: Duration,
    has_identity: bool,
}

impl Dialer {
    pub(crate) fn new(
        tcp: HttpConnector<Names>,
        tls: TlsConnector,
        tunnel: Option<Tunnel>,
        limit: Duration,
        has_identity: bool,
    ) -> Self {
        Self(Arc::new(Inner { tcp, tls, tunnel, limit, has_identity }))
    }
}

impl Service<Uri> for Dialer {
    type Response = Stream;
    type Error = ConnectFailure;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectFailure>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectFailure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let handshake = Arc::new(Handshake::default());
        let _ = CALL.try_with(|call| call.set(Some(Arc::clone(&handshake))));
        let (inner, making) = (Arc::clone(&self.0), Making(handshake));
        Box::pin(async move {
            match tokio::time::timeout(inner.limit, inner.connect(&destination, &making.0)).await {
                Ok(outcome) => outcome.inspect(|_| making.0.stands()),
                Err(elapsed) => {
                    let phase = making.0.phase().unwrap_or(Phase::Handshake);
                    Err(ConnectFailure::new(TransportErrorKind::Timeout(phase), elapsed))
                }
            }
        })
    }
}

/// A connection being made; if it is given up half-way, it says so.
struct Making(Arc<Handshake>);

impl Drop for Making {
    fn drop(&mut self) {
        if self.0.is_pending() {
            self.0.note_gone();
        }
    }
}

impl Inner {
    async fn connect(&self, destination: &Uri, handshake: &Arc<Handshake>) -> Result<Stream, ConnectFailure> {
        let host = destination.host().unwrap_or_default();
        let https = destination.scheme() != Some(&Scheme::HTTP);
        let (tcp, early) = match &self.tunnel {
            Some(tunnel) if https => {
                let tcp = self.tcp(tunnel.proxy(), handshake).await.map_err(ConnectFailure::at_proxy)?;
                tunnel.open(tcp, host, destination.port_u16().unwrap_or(443)).await?
            }
            // Clear text goes to this machine only; a proxy has no business there.
            _ => (self.tcp(destination, handshake).await?, Bytes::new()),
        };
        handshake.tcp_stands();
        if !https {
            return Ok(Stream::clear(Wire::new(tcp, early, None), Arc::clone(handshake)));
        }
        let recording = Arc::new(Recording::default());
        let wire = Wire::new(tcp, early, Some(Arc::clone(&recording)));
        // The brackets belong to the URI, and a final dot to the resolver (RFC 6066 §3): the certificate has neither.
        let name = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        let outcome = self.tls.connect(name, wire).await;
        let seen = recording.read();
        // Of a server that was refused, the engine shows nothing.
        let server = outcome.as_ref().ok().and_then(server_certificate);
        let has_common_name_alone = outcome.as_ref().is_ok_and(|tls| has_common_name_alone(tls, name));
        let is_tls12 = seen.version == Some(TlsVersion::Tls12);
        let outcome = outcome.map_err(|error| ConnectFailure::of_handshake(error, &seen));
        let refused =
            outcome.as_ref().is_err_and(|failure| matches!(failure.kind(), TransportErrorKind::PeerUntrusted(_)));
        handshake.learn(&seen, self.has_identity, refused, server);
        if has_common_name_alone {
            // The handshake is done by now, but no byte of a request has left.
            let kind = TransportErrorKind::PeerUntrusted(PeerFault::NameMismatch);
            return Err(ConnectFailure::new(
                kind,
                "the certificate has no DNS name, and its common name does not count",
            ));
        }
        Stream::tls(outcome?, is_tls12, Arc::clone(handshake))
    }

    async fn tcp(&self, to: &Uri, handshake: &Handshake) -> Result<TcpStream, ConnectFailure> {
        let tcp = self.tcp.clone().call(to.clone()).await.map_err(ConnectFailure::of_tcp)?.into_inner();
        if let Ok(peer) = tcp.peer_addr() {
            handshake.note_peer(peer);
        }
        Ok(tcp)
    }
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

/// The other engines never look at the common name.
#[cfg(any(target_os = "windows", target_vendor = "apple"))]
fn has_common_name_alone(_: &TlsStream<Wire>, _: &str) -> bool {
    false
}

/// The resolver: overrides first, then the system's.
#[derive(Clone)]
pub(crate) struct Names(Arc<[NameOverride]>);

impl Names {
    pub(crate) fn new(overrides: Vec<NameOverride>) -> Self {
        Self(overrides.into())
    }
}

impl Service<Name> for Names {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = NoAddress;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, NoAddress>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoAddress>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let known = self.0.iter().find(|one| one.host.eq_ignore_ascii_case(name.as_str())).map(|one| one.address);
        Box::pin(async move {
            // HttpConnector puts the port in.
            let addresses: Vec<SocketAddr> = match known {
                Some(address) => vec![(address, 0).into()],
                None => {
                    tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|error| NoAddress(Some(error)))?.collect()
                }
            };
            if addresses.is_empty() { Err(NoAddress(None)) } else { Ok(addresses.into_iter()) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_is_given_up_half_way_is_gone_and_one_that_stands_is_not() {
        let (given_up, stands) = (Arc::new(Handshake::default()), Arc::new(Handshake::default()));
        drop(Making(Arc::clone(&given_up)));
        assert!(given_up.is_gone());
        let making = Making(Arc::clone(&stands));
        making.0.stands();
        drop(making);
        assert!(!stands.is_gone());
    }
}

//! Makes one connection: name, TCP, the tunnel through a proxy, TLS; all within the connect limit, and each failure says
//! which step it was. hyper-util's `HttpConnector` does TCP, for it tries all addresses of a name and both families.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{Phase, TransportErrorKind};
use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::engine::Engine;
use crate::failure::{ConnectFailure, NoAddress};
use crate::handshake::Handshake;
use crate::stream::Stream;
use crate::tunnel::Tunnel;
use crate::wire::Wire;

/// The dialler of one transport. A clone is the same dialler.
pub(crate) struct Dialer<E>(Arc<Inner<E>>);

struct Inner<E> {
    tcp: HttpConnector<Names>,
    engine: E,
    tunnel: Option<Tunnel>,
    limit: Duration,
}

impl<E> Dialer<E> {
    pub(crate) fn new(tcp: HttpConnector<Names>, engine: E, tunnel: Option<Tunnel>, limit: Duration) -> Self {
        Self(Arc::new(Inner { tcp, engine, tunnel, limit }))
    }
}

impl<E> Clone for Dialer<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E: Engine> Dialer<E> {
    /// Makes a connection to this address, and notes in `handshake` how far it came.
    pub(crate) async fn dial(
        &self,
        destination: &Uri,
        handshake: &Arc<Handshake>,
    ) -> Result<Stream<E>, ConnectFailure> {
        let (inner, making) = (&self.0, Making(Arc::clone(handshake)));
        match tokio::time::timeout(inner.limit, inner.connect(destination, handshake)).await {
            Ok(outcome) => outcome.inspect(|_| making.0.stands()),
            Err(elapsed) => {
                let phase = making.0.phase().unwrap_or(Phase::Handshake);
                Err(ConnectFailure::new(TransportErrorKind::Timeout(phase), elapsed))
            }
        }
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

impl<E: Engine> Inner<E> {
    async fn connect(&self, destination: &Uri, handshake: &Arc<Handshake>) -> Result<Stream<E>, ConnectFailure> {
        let host = destination.host().unwrap_or_default();
        if destination.scheme() == Some(&Scheme::HTTP) {
            // Clear text goes to this machine only; a proxy has no business there.
            let tcp = self.tcp(destination, handshake).await?;
            handshake.tcp_stands();
            return Ok(Stream::clear(tcp, Arc::clone(handshake)));
        }
        let (tcp, early) = match &self.tunnel {
            Some(tunnel) => {
                let tcp = self.tcp(tunnel.proxy(), handshake).await.map_err(ConnectFailure::at_proxy)?;
                tunnel.open(tcp, host, destination.port_u16().unwrap_or(443)).await?
            }
            None => (self.tcp(destination, handshake).await?, Bytes::new()),
        };
        handshake.tcp_stands();
        // The brackets belong to the URI, and a final dot to the resolver (RFC 6066 §3): the certificate has neither.
        let name = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        let wire = Wire::new(tcp, &early, E::READ_BUFFER);
        let secured = self.engine.handshake(name, wire, handshake).await?;
        Ok(Stream::tls(secured, Arc::clone(handshake)))
    }

    async fn tcp(&self, to: &Uri, handshake: &Handshake) -> Result<TcpStream, ConnectFailure> {
        let tcp = self.tcp.clone().call(to.clone()).await.map_err(ConnectFailure::of_tcp)?.into_inner();
        if let Ok(peer) = tcp.peer_addr() {
            handshake.note_peer(peer);
        }
        Ok(tcp)
    }
}

/// The resolver: overrides first, then the system's.
#[derive(Clone)]
pub(crate) struct Names(Arc<[(String, IpAddr)]>);

impl Names {
    pub(crate) fn new(overrides: Vec<(String, IpAddr)>) -> Self {
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
        let known =
            self.0.iter().find(|(host, _)| host.eq_ignore_ascii_case(name.as_str())).map(|(_, address)| *address);
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
    fn connection_given_up_half_way_is_gone_and_an_open_one_is_not() {
        let (given_up, stands) = (Arc::new(Handshake::default()), Arc::new(Handshake::default()));
        drop(Making(Arc::clone(&given_up)));
        assert!(given_up.is_gone());
        let making = Making(Arc::clone(&stands));
        making.0.stands();
        drop(making);
        assert!(!stands.is_gone());
    }
}

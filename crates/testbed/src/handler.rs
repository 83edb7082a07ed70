//! The handler of a front's requests, and the peer that sent them.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::options::TlsVersion;

/// A boxed future that can move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// A handler for requests. The future runs on the testbed's runtime and is dropped when the client
/// disconnects. With an [`Ending`](crate::Ending) in its extensions, a response ends badly.
pub trait Handler: Send + Sync + 'static {
    /// Responds to one request.
    fn handle(&self, request: http::Request<Bytes>, peer: Peer) -> BoxFuture<http::Response<Bytes>>;
}

/// The sender of a request, as authenticated in the handshake.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Peer {
    /// The client's chain in DER, leaf first; empty without a certificate.
    pub chain: Vec<Vec<u8>>,
    /// Lower-case hexadecimal SHA-256 of the leaf.
    pub fingerprint: Option<String>,
    /// The server name of the client's hello.
    pub sni: Option<String>,
    /// The TLS version.
    pub tls_version: Option<TlsVersion>,
    /// The protocol agreed on.
    pub alpn: Option<String>,
    /// The connection's id in the ledger.
    pub connection: u64,
    /// Our end.
    pub local: SocketAddr,
    /// The client's end.
    pub remote: SocketAddr,
}

/// Makes a handler of a closure.
pub fn handler<F, A>(response: F) -> Arc<dyn Handler>
where
    F: Fn(http::Request<Bytes>, Peer) -> A + Send + Sync + 'static,
    A: Future<Output = http::Response<Bytes>> + Send + 'static,
{
    struct Closure<F>(F);

    impl<F, A> Handler for Closure<F>
    where
        F: Fn(http::Request<Bytes>, Peer) -> A + Send + Sync + 'static,
        A: Future<Output = http::Response<Bytes>> + Send + 'static,
    {
        fn handle(&self, request: http::Request<Bytes>, peer: Peer) -> BoxFuture<http::Response<Bytes>> {
            Box::pin((self.0)(request, peer))
        }
    }

    Arc::new(Closure(response))
}

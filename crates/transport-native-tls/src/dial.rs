//! How a connection is made: name, TCP, perhaps a proxy's tunnel, TLS; all within the connect limit, which knows what it cut.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use digicert_one_core::{NameOverride, Phase, Proxy, TransportConfig, TransportError, TransportErrorKind as Kind};
use futures_util::future::{Either, select};
use http::uri::Scheme;
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_native_tls::TlsConnector;

use crate::config::{invalid, tls};
use crate::error::{DialError, of_handshake};
use crate::stream::{Stream, Watched};

/// hyper's connector of one transport.
#[derive(Clone)]
pub(crate) struct Dialer(Arc<Inner>);

struct Inner {
    tls: TlsConnector,
    names: Vec<NameOverride>,
    proxy: Option<Hop>,
    limit: Duration,
}

/// The proxy, taken apart once.
struct Hop {
    host: String,
    port: u16,
    authorization: Option<HeaderValue>,
}

impl Dialer {
    pub(crate) fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        let proxy = match config.proxy() {
            Proxy::None => None,
            Proxy::Http(uri) => Some(hop(uri)?),
            _ => return Err(invalid("a kind of proxy that this transport does not know")),
        };
        Ok(Self(Arc::new(Inner {
            tls: tls(config)?.into(),
            names: config.name_overrides().to_vec(),
            proxy,
            limit: config.timeouts().connect(),
        })))
    }
}

fn hop(uri: &Uri) -> Result<Hop, TransportError> {
    let host = uri.host().unwrap_or_default();
    if uri.scheme() != Some(&Scheme::HTTP) || host.is_empty() {
        return Err(invalid("the proxy must be given as http://HOST:PORT"));
    }
    let user_info = uri.authority().and_then(|authority| authority.as_str().rsplit_once('@')).map(|(user, _)| user);
    let authorization = user_info.map(basic).transpose()?;
    Ok(Hop { host: host.to_owned(), port: uri.port_u16().unwrap_or(80), authorization })
}

/// RFC 7617, of user info as a URI holds it.
fn basic(user_info: &str) -> Result<HeaderValue, TransportError> {
    let plain: Vec<u8> = percent_encoding::percent_decode_str(user_info).collect();
    let mut value =
        HeaderValue::try_from(format!("Basic {}", data_encoding::BASE64.encode(&plain))).map_err(invalid)?;
    value.set_sensitive(true);
    Ok(value)
}

impl tower_service::Service<Uri> for Dialer {
    type Response = Stream;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, DialError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.dial(&uri).await })
    }
}

impl Inner {
    async fn dial(&self, uri: &Uri) -> Result<Stream, DialError> {
        let end = Instant::now() + self.limit;
        let late = |phase| move |_| DialError::new(Kind::Timeout(phase), "the connect limit ran out");
        let https = uri.scheme() != Some(&Scheme::HTTP);
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let tcp = timeout_at(end, self.reach(host, port, https)).await.map_err(late(Phase::Connect))??;
        let peer = tcp.peer_addr().ok();
        if !https {
            return Ok(Stream::plain(tcp, peer));
        }
        let (watched, ended) = Watched::new(tcp);
        let secured = timeout_at(end, self.tls.connect(host, watched)).await.map_err(late(Phase::Handshake))?;
        Ok(Stream::secured(secured.map_err(of_handshake)?, ended, peer))
    }

    /// TCP to the host, or a tunnel to it.
    async fn reach(&self, host: &str, port: u16, https: bool) -> Result<TcpStream, DialError> {
        match &self.proxy {
            Some(hop) if https => {
                let tcp = self.tcp(&hop.host, hop.port).await?;
                tunnel(tcp, host, port, hop.authorization.clone()).await
            }
            // Clear text goes to this machine only; a proxy has no business there.
            _ => self.tcp(host, port).await,
        }
    }

    async fn tcp(&self, host: &str, port: u16) -> Result<TcpStream, DialError> {
        let known = self.names.iter().find(|name| name.host.eq_ignore_ascii_case(host)).map(|name| name.address);
        let addresses: Vec<SocketAddr> = match known.or_else(|| host.parse::<IpAddr>().ok()) {
            Some(address) => vec![(address, port).into()],
            None => {
                tokio::net::lookup_host((host, port)).await.map_err(|error| DialError::new(Kind::Dns, error))?.collect()
            }
        };
        let tcp = TcpStream::connect(&*addresses).await.map_err(|error| DialError::new(Kind::Refused, error))?;
        tcp.set_nodelay(true).map_err(|error| DialError::new(Kind::Other, error))?;
        Ok(tcp)
    }
}

/// RFC 9110 §9.3.6. Nothing of the call but the host's name goes to the proxy.
async fn tunnel(
    tcp: TcpStream,
    host: &str,
    port: u16,
    authorization: Option<HeaderValue>,
) -> Result<TcpStream, DialError> {
    let broken = |error: hyper::Error| DialError::new(Kind::Proxy(None), error);
    let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut request = Request::connect(&authority).header(http::header::HOST, &authority);
    if let Some(authorization) = authorization {
        request = request.header(http::header::PROXY_AUTHORIZATION, authorization);
    }
    let request = request.body(Empty::<bytes::Bytes>::new()).map_err(|error| DialError::new(Kind::Config, error))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tcp)).await.map_err(broken)?;
    let mut connection = pin!(connection.with_upgrades());
    let mut tunnelled = pin!(async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        let status = answer.status();
        if status != StatusCode::OK {
            return Err(DialError::new(Kind::Proxy(Some(status.as_u16())), "the proxy answered CONNECT with an error"));
        }
        hyper::upgrade::on(answer).await.map_err(broken)
    });
    // The connection's own future ends when it hands its stream over, or breaks; either way the other one says which.
    let upgraded = match select(tunnelled.as_mut(), connection.as_mut()).await {
        Either::Left((upgraded, _)) => upgraded?,
        Either::Right(_) => tunnelled.await?,
    };
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) if parts.read_buf.is_empty() => Ok(parts.io.into_inner()),
        _ => Err(DialError::new(Kind::Proxy(None), "the proxy sent data of its own into the tunnel")),
    }
}

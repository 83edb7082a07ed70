//! Forwards requests to a wiremock server, which uses clear text and cannot know the peer.
//!
//! So the front passes the peer in a header; a client's header with that name is always removed first, so
//! that it cannot be forged.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::handler::{BoxFuture, Handler, Peer};

/// The header that carries the SHA-256 of the peer's certificate (lower-case hexadecimal) to wiremock.
pub const PEER_HEADER: &str = "x-testbed-peer-sha256";

/// A handler that forwards to a plain HTTP/1.1 server such as wiremock's.
pub struct WiremockForward {
    target: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl WiremockForward {
    /// Forwards to this address.
    pub fn to(target: SocketAddr) -> Self {
        WiremockForward { target, client: Client::builder(TokioExecutor::new()).build_http() }
    }
}

impl fmt::Debug for WiremockForward {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WiremockForward").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Handler for WiremockForward {
    fn handle(&self, request: http::Request<Bytes>, peer: Peer) -> BoxFuture<Response<Bytes>> {
        let forwarded = forwarded(request, &peer, self.target);
        let client = self.client.clone();
        Box::pin(async move {
            match exchange(&client, forwarded).await {
                Ok(response) => response,
                Err(reason) => {
                    let mut response = Response::new(Bytes::from(format!("the testbed could not forward: {reason}")));
                    *response.status_mut() = StatusCode::BAD_GATEWAY;
                    response
                }
            }
        })
    }
}

async fn exchange(
    client: &Client<HttpConnector, Full<Bytes>>,
    request: Result<http::Request<Full<Bytes>>, http::Error>,
) -> Result<Response<Bytes>, Box<dyn std::error::Error + Send + Sync>> {
    let (mut head, body) = client.request(request?).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    remove_hop_by_hop(&mut head.headers);
    let mut response = Response::from_parts(head, body);
    *response.version_mut() = http::Version::default();
    Ok(response)
}

fn forwarded(
    request: http::Request<Bytes>,
    peer: &Peer,
    target: SocketAddr,
) -> Result<http::Request<Full<Bytes>>, http::Error> {
    let (mut head, body) = request.into_parts();
    if !head.headers.contains_key(header::HOST)
        && let Some(authority) = head.uri.authority()
    {
        head.headers.insert(header::HOST, HeaderValue::try_from(authority.as_str())?);
    }
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = Uri::builder().scheme("http").authority(target.to_string()).path_and_query(path).build()?;
    head.version = http::Version::HTTP_11;
    remove_hop_by_hop(&mut head.headers);
    let peer_header = HeaderName::from_static(PEER_HEADER);
    head.headers.remove(&peer_header);
    if let Some(fingerprint) = &peer.fingerprint {
        head.headers.insert(peer_header, HeaderValue::try_from(fingerprint)?);
    }
    Ok(http::Request::from_parts(head, Full::new(body)))
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    for name in [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::TE,
        header::TRAILER,
        header::UPGRADE,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ] {
        headers.remove(name);
    }
}

//! The tunnel through an HTTP proxy, by CONNECT. The proxy learns the host's name and, if it asks for them, its own
//! credentials; key and certificate go through the TLS inside. hyper-util's `Tunnel` does not report the proxy's status.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use digicert_one_core::{ProxyAddress, TransportErrorKind};
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Request, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::failure::ConnectFailure;

/// The proxy of one transport.
pub(crate) struct Tunnel {
    proxy: Uri,
    authorization: Option<HeaderValue>,
}

impl Tunnel {
    /// # Errors
    /// A text for humans that quotes nothing: the address may hold a password.
    pub(crate) fn new(proxy: &ProxyAddress) -> Result<Self, &'static str> {
        if proxy.scheme() != "http" {
            return Err("the proxy must be given as http://HOST:PORT");
        }
        let authority = format!("{}:{}", proxy.host(), proxy.port());
        let bare = Uri::builder().scheme("http").authority(authority).path_and_query("/").build();
        let bare = bare.map_err(|_| "the proxy's address is not valid")?;
        Ok(Self { proxy: bare, authorization: proxy.authorization() })
    }

    /// Where the proxy is, without its credentials.
    pub(crate) fn proxy(&self) -> &Uri {
        &self.proxy
    }

    /// Opens the tunnel over a connection to the proxy. Returns what already came through it, too.
    pub(crate) async fn open(
        &self,
        tcp: TcpStream,
        host: &str,
        port: u16,
    ) -> Result<(TcpStream, Bytes), ConnectFailure> {
        let failed = |error: hyper::Error| ConnectFailure::new(TransportErrorKind::Proxy(None), error);
        let mut request = Request::connect(format!("{host}:{port}"))
            .header(HOST, format!("{host}:{port}"))
            .body(Empty::<Bytes>::new())
            .map_err(|error| ConnectFailure::new(TransportErrorKind::Config, error))?;
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        let (mut sender, connection) = http1::handshake(TokioIo::new(tcp)).await.map_err(failed)?;
        let mut connection = pin!(connection.without_shutdown());
        let mut sending = Box::pin(sender.send_request(request));
        // Both in this task: a connection that is dropped with the call needs no task of its own.
        let mut ended = None;
        let response = poll_fn(|cx| {
            if ended.is_none()
                && let Poll::Ready(outcome) = connection.as_mut().poll(cx)
            {
                ended = Some(outcome);
            }
            sending.as_mut().poll(cx)
        });
        let status = response.await.map_err(failed)?.status();
        // After a 204 hyper opens no tunnel: it would wait for another request.
        drop(sending);
        drop(sender);
        if !status.is_success() {
            let kind = TransportErrorKind::Proxy(Some(status.as_u16()));
            return Err(ConnectFailure::new(kind, format!("the proxy answered CONNECT with {status}")));
        }
        let parts = match ended {
            Some(outcome) => outcome,
            None => connection.await,
        }
        .map_err(failed)?;
        Ok((parts.io.into_inner(), parts.read_buf))
    }
}

#[cfg(test)]
mod tests {
    use digicert_one_core::Proxy;

    use super::*;

    fn tunnel(text: &str) -> Result<Tunnel, &'static str> {
        let address = Proxy::parse(text).expect(text).address().expect(text).expect("a proxy");
        Tunnel::new(&address)
    }

    #[test]
    fn credentials_leave_the_address_and_are_decoded() {
        let tunnel = tunnel("http://Aladdin:open%20sesame@proxy.test:3128").expect("a proxy");
        assert_eq!(tunnel.proxy().to_string(), "http://proxy.test:3128/");
        let authorization = tunnel.authorization.expect("credentials");
        assert_eq!(authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(authorization.is_sensitive());
    }

    #[test]
    fn unsupported_proxy_is_refused() {
        for bad in ["https://proxy.test:3128", "socks5://proxy.test"] {
            assert!(tunnel(bad).is_err(), "{bad}");
        }
    }
}

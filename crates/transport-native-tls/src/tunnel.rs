//! The tunnel through an HTTP proxy, by CONNECT. The proxy learns the host's name and, if it asks for them, its own
//! credentials; key and certificate go through the TLS inside. hyper-util's `Tunnel` would not tell the proxy's status.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use digicert_one_core::TransportErrorKind;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Request, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::error::ConnectFailure;

/// The proxy of one transport.
pub(crate) struct Tunnel {
    proxy: Uri,
    authorization: Option<HeaderValue>,
}

impl Tunnel {
    /// # Errors
    /// A text for humans that quotes nothing: the address may hold a password.
    pub(crate) fn new(proxy: &Uri) -> Result<Self, &'static str> {
        if proxy.scheme_str() != Some("http") || proxy.host().is_none_or(str::is_empty) {
            return Err("the proxy must be given as http://HOST:PORT");
        }
        if proxy.path() != "/" || proxy.query().is_some() {
            return Err("the proxy's address has a path, and a proxy for CONNECT has none");
        }
        let authority = proxy.authority().map_or("", |authority| authority.as_str());
        let (user_info, address) =
            authority.rsplit_once('@').map_or((None, authority), |(user, rest)| (Some(user), rest));
        let bare = Uri::builder().scheme("http").authority(address).path_and_query("/").build();
        let bare = bare.map_err(|_| "the proxy's address is not valid")?;
        Ok(Self { proxy: bare, authorization: user_info.map(basic).transpose()? })
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
        let mut answer = pin!(sender.send_request(request));
        // Both in this task: a connection that is dropped with the call needs no task of its own.
        let mut ended = None;
        let answer = poll_fn(|cx| {
            if ended.is_none()
                && let Poll::Ready(outcome) = connection.as_mut().poll(cx)
            {
                ended = Some(outcome);
            }
            answer.as_mut().poll(cx)
        });
        let status = answer.await.map_err(failed)?.status();
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

/// RFC 7617, of user info as a URI holds it.
fn basic(user_info: &str) -> Result<HeaderValue, &'static str> {
    let plain: Vec<u8> = percent_encoding::percent_decode_str(user_info).collect();
    let value = HeaderValue::try_from(format!("Basic {}", data_encoding::BASE64.encode(&plain)));
    let mut value = value.map_err(|_| "the proxy's credentials cannot be sent")?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_the_address_and_are_decoded() {
        let uri: Uri = "http://Aladdin:open%20sesame@proxy.test:3128".parse().expect("an address");
        let tunnel = Tunnel::new(&uri).expect("a proxy");
        assert_eq!(tunnel.proxy().to_string(), "http://proxy.test:3128/");
        let authorization = tunnel.authorization.expect("credentials");
        assert_eq!(authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(authorization.is_sensitive());
    }

    #[test]
    fn what_is_no_http_proxy_is_refused() {
        for bad in ["https://proxy.test:3128", "socks5://proxy.test", "proxy.test:3128", "http://proxy.test/path"] {
            assert!(Tunnel::new(&bad.parse().expect("a URI")).is_err(), "{bad}");
        }
    }
}

//! Three isahc clients for one configuration, because libcurl sends a request again when a pooled connection dies under it, if it can: one
//! with a pool for GET and HEAD, one with a pool for requests whose body it cannot rewind, one without reuse for everything else.

use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_core::{
    ConnectionFacts, Exchange, HeadLimit, Proxy, RequestTarget, ResponseBody, TlsVersions, Transport, TransportConfig,
    TransportError, UploadBody, UploadGuard, frame_body,
};
use futures_util::io::Cursor;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING};
use http::{Method, Request, Version};
use isahc::config::Configurable;
use isahc::net::Dialer;
use isahc::tls::TrustStore;
use isahc::{AsyncBody, ResponseExt};

use crate::body::StreamedBody;
use crate::client_slot::{CallGuard, Ended, Reuse, Slot, SlotClient};
use crate::config::{self, invalid};
use crate::error;
use crate::identity::Handover;
use crate::trust;
use crate::upload::Pump;

pub(crate) struct IsahcTransport {
    pooled: Slot,
    /// Filled by the first request that needs it, as the next one: every isahc client has a thread of its own.
    bodies: Slot,
    single: Slot,
    config: TransportConfig,
    trust: TrustStore,
    identity: Option<Arc<Handover>>,
}

impl IsahcTransport {
    pub(crate) fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        let identity = config.identity().map(Handover::new).transpose()?.map(Arc::new);
        let trust = trust::store(config.trust())?;
        let [pooled, bodies, single] = <[Slot; 3]>::default();
        let transport = Self { pooled, bodies, single, config: config.clone(), trust, identity };
        // Made now, so that what isahc refuses is refused here.
        transport.begin(Reuse::Pool)?.ended();
        Ok(transport)
    }

    fn begin(&self, reuse: Reuse) -> Result<CallGuard, TransportError> {
        let slot = match reuse {
            Reuse::Pool => &self.pooled,
            Reuse::Bodies => &self.bodies,
            Reuse::Never => &self.single,
        };
        slot.begin(|| config::slot_client(&self.config, &self.trust, self.identity.clone(), reuse))
    }
}

#[async_trait]
impl Transport for IsahcTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Exchange, TransportError> {
        let (head, body) = request.into_parts();
        let reuse = match (body.len(), [Method::GET, Method::HEAD].contains(&head.method)) {
            (0, true) => Reuse::Pool,
            (0, false) => Reuse::Never,
            _ => Reuse::Bodies,
        };
        let length = body.len() as u64;
        let body = match length {
            0 => AsyncBody::empty(),
            // A reader, which isahc cannot rewind: libcurl then gives up where it would send the request again.
            _ => AsyncBody::from_reader_sized(Cursor::new(body), length),
        };
        self.call(head, body, None, reuse).await
    }

    async fn upload(&self, mut request: Request<UploadBody>) -> Result<Exchange, TransportError> {
        let watch = UploadGuard::begin(&mut request)?;
        let (head, body) = request.into_parts();
        let (pump, body) = Pump::new(body);
        watch.outcome(self.call(head, body, Some(pump), Reuse::Never).await)
    }
}

impl IsahcTransport {
    async fn call(
        &self,
        head: http::request::Parts,
        body: AsyncBody,
        mut pump: Option<Pump>,
        reuse: Reuse,
    ) -> Result<Exchange, TransportError> {
        let method = head.method.clone();
        let tls = head.uri.scheme_str() != Some("http");
        let request = self.translate(head, body)?;
        let began = Instant::now();
        let mut watch = self.begin(reuse)?;
        let outcome = {
            let used = watch.slot_client();
            let mut call = pin!(used.silencer.around(|| used.client.send_async(request)));
            poll_fn(|cx| {
                if let Some(pump) = &mut pump {
                    pump.poll(cx);
                }
                let polled = used.silencer.around(|| call.as_mut().poll(cx));
                // What libcurl took in the meantime may have been the last.
                if let Some(pump) = &mut pump {
                    pump.poll(cx);
                }
                polled
            })
            .await
        };
        let response = match outcome {
            Ok(response) => response,
            Err(failure) => {
                let ends = (failure.local_addr(), failure.remote_addr());
                let ended = Ended { began, responded: false, is_http1: false };
                let facts = self.facts(watch.slot_client(), tls, ends, ended);
                // Anything else is a failure of the agent, which must not get another call.
                if error::ends_its_call(&failure) {
                    watch.ended();
                }
                return Err(error::of_call(failure, &self.config, facts));
            }
        };
        let ends = (response.local_addr(), response.remote_addr());
        let ended = Ended { began, responded: true, is_http1: response.version() != Version::HTTP_2 };
        let facts = self.facts(watch.slot_client(), tls, ends, ended);
        let (mut head, inner) = response.into_parts();
        // Types of the libraries below have no business above the seam. One of them is the rest of an upload: isahc does not send it once
        // a response has begun, and over HTTP/1.1 in chunks the part looks whole to the server.
        head.extensions.clear();
        if head.status.is_success() && pump.is_some_and(|pump| !pump.has_ended()) {
            return Err(error::of_early_success(&facts));
        }
        let bodiless = method == Method::HEAD || matches!(head.status.as_u16(), 204 | 304);
        let length = match bodiless {
            true => Some(0),
            false if head.headers.contains_key(TRANSFER_ENCODING) => None,
            false => inner.len(),
        };
        let mut body = StreamedBody::new(inner, length, facts.clone(), watch);
        HeadLimit::check(&head.headers).map_err(|size| size.error().with_facts(facts.clone()))?;
        if !bodiless && may_be_cut(&head) {
            body.expect_some().await?;
        }
        let body = ResponseBody::new(body);
        Ok(Exchange::new(http::Response::from_parts(head, body), facts))
    }

    /// What is certain of the connection between these ends; without them there was none.
    fn facts(
        &self,
        client: &SlotClient,
        tls: bool,
        ends: (Option<SocketAddr>, Option<SocketAddr>),
        ended: Ended,
    ) -> ConnectionFacts {
        let mut facts = ConnectionFacts::unknown();
        facts.peer = ends.1;
        if let (Some(local), Some(peer)) = ends {
            facts.reused = client.reused(local, peer, ended);
            if let (true, TlsVersions::Only(version)) = (tls, self.config.tls_versions()) {
                facts.tls_version = Some(version);
            }
        }
        facts.identity_sent = self.identity.is_none().then_some(false);
        facts
    }

    fn translate(&self, head: http::request::Parts, body: AsyncBody) -> Result<Request<AsyncBody>, TransportError> {
        self.check_uri(&head.uri)?;
        let head = prepare_headers(head, !body.is_empty())?;
        let mut builder = Request::builder().method(head.method).version(head.version);
        if let Some(address) = self.overridden(&head.uri) {
            // isahc's own resolve map needs the port when the client is made; a dialer is chosen by request.
            builder = builder.dial(Dialer::ip_socket(address));
        }
        let mut request = builder.uri(head.uri).body(body).map_err(invalid)?;
        *request.headers_mut() = head.headers;
        Ok(request)
    }

    /// libcurl speaks more schemes than HTTP, takes user info for credentials, and resolves `..`.
    fn check_uri(&self, uri: &http::Uri) -> Result<(), TransportError> {
        match (uri.scheme_str(), self.config.proxy()) {
            (Some("https"), _) | (Some("http"), Proxy::None) => {}
            (Some("http"), _) => {
                return Err(invalid("without TLS the tunnel is missing: the proxy would see the request"));
            }
            _ => return Err(invalid("the URI must begin with https:// (on loopback http:// will do)")),
        }
        if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
            return Err(invalid("the URI must have a host, and no user info before it"));
        }
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        if RequestTarget::parse(target).map_err(invalid)?.as_str() != target {
            return Err(invalid("libcurl would change the path or query on the way: write the escapes in upper case"));
        }
        Ok(())
    }

    fn overridden(&self, uri: &http::Uri) -> Option<SocketAddr> {
        // Through a proxy the name is the proxy's to resolve.
        if !matches!(self.config.proxy(), Proxy::None) {
            return None;
        }
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        Some((config::overridden(&self.config, uri.host()?)?, port).into())
    }
}

/// Headers that isahc and libcurl take as they are, without a panic and without an addition of their own.
fn prepare_headers(mut head: http::request::Parts, has_body: bool) -> Result<http::request::Parts, TransportError> {
    // isahc 2.0.2 panics on such a value (src/parsing.rs, `header_to_curl_string`). The name may be shown, the value not.
    if let Some((name, _)) = head.headers.iter().find(|(_, value)| value.to_str().is_err()) {
        let why = format!("isahc cannot carry the value of the header {name}: only visible ASCII, space and tab");
        return Err(invalid(why));
    }
    if has_body && head.method == Method::HEAD {
        return Err(invalid("libcurl cannot send HEAD with a body"));
    }
    // libcurl would call it a form; a type that says nothing is what no type means (RFC 9110 §8.3).
    if has_body && head.method == Method::POST && !head.headers.contains_key(CONTENT_TYPE) {
        head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    }
    // The framing is ours: libcurl would believe a length that is not true.
    head.headers.remove(CONTENT_LENGTH);
    head.headers.remove(TRANSFER_ENCODING);
    if has_body {
        return Ok(head);
    }
    let mut request = Request::from_parts(head, Bytes::new());
    frame_body(&mut request);
    Ok(request.into_parts().0)
}

/// Whether an empty body would leave open if the head was whole: curl takes a head that ends with its connection for complete,
/// and isahc takes one without a status line for a 200. With a length or chunks the body itself shows it. Any status but success
/// did arrive, whatever was lost after it, and is a response.
fn may_be_cut(head: &http::response::Parts) -> bool {
    let framed = head.headers.contains_key(CONTENT_LENGTH) || head.headers.contains_key(TRANSFER_ENCODING);
    head.version < Version::HTTP_2 && head.status.is_success() && !framed
}

impl fmt::Debug for IsahcTransport {
    // isahc's identity and TLS types print key and password: nothing of them may stand here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IsahcTransport").field("identity", &self.identity.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use digicert_one_core::causes;

    use super::*;

    fn transport(config: &TransportConfig) -> IsahcTransport {
        IsahcTransport::new(config).expect("the configuration is honoured")
    }

    #[test]
    fn fixed_address_takes_port_of_url_or_scheme() {
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let transport = transport(&TransportConfig::new().with_name_override("one.digicert.test", address));
        for (url, port) in [
            ("https://one.digicert.test/", 443),
            ("http://one.digicert.test/", 80),
            ("https://ONE.digicert.test:8443/", 8443),
        ] {
            assert_eq!(transport.overridden(&url.parse().expect("a URL")), Some((address, port).into()), "{url}");
        }
        assert_eq!(transport.overridden(&"https://other.test/".parse().expect("a URL")), None);
    }

    #[test]
    fn clear_text_beside_a_proxy_is_refused_in_words_that_say_why() {
        let proxy = Proxy::parse("http://127.0.0.1:1").expect("an address");
        let transport = transport(&TransportConfig::new().with_proxy(proxy));
        let error = transport.check_uri(&"http://127.0.0.1:2/".parse().expect("a URL")).expect_err("no tunnel");
        assert!(causes(&error).any(|cause| cause.to_string().contains("the proxy would see the request")), "{error:?}");
    }
}

//! Two isahc clients for one configuration: one with a pool for GET and HEAD, one without reuse for everything else, because
//! libcurl sends a request again when a pooled connection dies under it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_core::{
    ConnectionFacts, Delivery, Exchange, NameOverride, Proxy, ResponseBody, Transport, TransportConfig, TransportError,
    TransportErrorKind, announce_empty_body,
};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, Request, StatusCode, Version};
use isahc::config::Configurable;
use isahc::net::Dialer;
use isahc::{AsyncBody, HttpClient, ResponseExt};

use crate::body::StreamedBody;
use crate::error::{self, Limits};
use crate::slot::{Slot, Watch};
use crate::{config, identity};

pub(crate) struct IsahcTransport {
    pooled: Slot,
    /// Filled by the first request that needs it: every isahc client has a thread of its own.
    single: Slot,
    config: TransportConfig,
    /// Below the clients, so that it outlives them: libcurl opens the file at every handshake.
    identity: Option<identity::Handover>,
}

impl IsahcTransport {
    pub(crate) fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        let identity = config.identity().map(identity::Handover::new).transpose()?;
        let transport = Self { pooled: Slot::default(), single: Slot::default(), config: config.clone(), identity };
        // Made now, so that what isahc refuses is refused here.
        transport.begin(&Method::GET)?.1.ended();
        Ok(transport)
    }

    fn begin(&self, method: &Method) -> Result<(HttpClient, Watch), TransportError> {
        let (slot, reuse) = match *method {
            Method::GET | Method::HEAD => (&self.pooled, config::Reuse::Pool),
            _ => (&self.single, config::Reuse::Never),
        };
        slot.begin(|| config::client(&self.config, self.identity.as_ref(), reuse))
    }

    fn limits(&self, start: Instant) -> Limits {
        let timeouts = self.config.timeouts();
        Limits { start, connect: timeouts.connect(), total: timeouts.total() }
    }
}

#[async_trait]
impl Transport for IsahcTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Exchange, TransportError> {
        let limits = self.limits(Instant::now());
        let method = request.method().clone();
        let request = self.translate(request)?;
        let (client, mut watch) = self.begin(&method)?;
        let response = match client.send_async(request).await {
            Ok(response) => response,
            Err(failure) => {
                watch.ended();
                return Err(error::of_call(failure, &self.config, &limits));
            }
        };
        let mut facts = ConnectionFacts::unknown();
        facts.peer = response.remote_addr();
        let (mut head, inner) = response.into_parts();
        // Types of the libraries below have no business above the seam.
        head.extensions.clear();
        let mut body = StreamedBody::new(inner, facts.clone(), watch);
        if may_be_cut(&method, &head) {
            body.expect_some().await?;
        }
        let body = ResponseBody::new(body);
        Ok(Exchange::new(http::Response::from_parts(head, body), facts))
    }
}

impl IsahcTransport {
    fn translate(&self, mut request: Request<Bytes>) -> Result<Request<AsyncBody>, TransportError> {
        announce_empty_body(&mut request);
        // Through a proxy the name is the proxy's to resolve.
        let address = match self.config.proxy() {
            Proxy::None => self.overridden(request.uri()),
            _ => None,
        };
        if has_lower_case_escape(request.uri()) {
            let why = "libcurl would change the path or query on the way: write the escapes in upper case";
            return Err(TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(why));
        }
        // isahc 2.0.2 panics on such a value (src/parsing.rs, `header_to_curl_string`). The name may be told, the value not.
        if let Some((name, _)) = request.headers().iter().find(|(_, value)| value.to_str().is_err()) {
            let why = format!("isahc cannot carry the value of the header {name}: only visible ASCII, space and tab");
            return Err(TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(why));
        }
        let (mut head, body) = request.into_parts();
        let extensions = std::mem::take(&mut head.extensions);
        let mut builder = Request::builder().method(head.method).uri(head.uri).version(head.version);
        if let Some(address) = address {
            // isahc's own resolve map needs the port when the client is made; a dialer is chosen by request.
            builder = builder.dial(Dialer::ip_socket(address));
        }
        let body = if body.is_empty() { AsyncBody::empty() } else { AsyncBody::from(body.to_vec()) };
        let mut request = builder
            .body(body)
            .map_err(|error| TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(error))?;
        *request.headers_mut() = head.headers;
        request.extensions_mut().extend(extensions);
        Ok(request)
    }

    fn overridden(&self, uri: &http::Uri) -> Option<SocketAddr> {
        let host = uri.host()?;
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        let same = |name: &&NameOverride| name.host.eq_ignore_ascii_case(host);
        let address: IpAddr = self.config.name_overrides().iter().find(same)?.address;
        Some((address, port).into())
    }
}

/// Whether an empty body would leave open if the head was whole: curl takes a head that ends with its connection for complete,
/// and isahc takes one without a status line for a 200. With a length or chunks the body itself tells. Any status but success
/// did arrive, whatever was lost after it, and is an answer.
fn may_be_cut(method: &Method, head: &http::response::Parts) -> bool {
    let bodiless = *method == Method::HEAD || head.status == StatusCode::NO_CONTENT;
    let framed = head.headers.contains_key(CONTENT_LENGTH) || head.headers.contains_key(TRANSFER_ENCODING);
    head.version < Version::HTTP_2 && head.status.is_success() && !bodiless && !framed
}

/// RFC 3986 §6.2.2.1: libcurl brings `%2f` into the normal form `%2F`.
fn has_lower_case_escape(uri: &http::Uri) -> bool {
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    target.split('%').skip(1).any(|escape| escape.bytes().take(2).any(|digit| digit.is_ascii_lowercase()))
}

impl fmt::Debug for IsahcTransport {
    // isahc's identity and TLS types print key and password: nothing of them may stand here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IsahcTransport").field("identity", &self.identity.is_some()).finish_non_exhaustive()
    }
}

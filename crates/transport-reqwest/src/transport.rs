//! One reqwest client: one identity, one pool, one TLS session cache.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_core::{
    ConnectionFacts, Delivery, Exchange, ResponseBody, Transport, TransportConfig, TransportError, TransportErrorKind,
};
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method};
use hyper_util::client::legacy::connect::HttpInfo;

use crate::body::StreamedBody;
use crate::handshake::{Call, Connections};
use crate::{config, error};

pub(crate) struct ReqwestTransport {
    client: reqwest::Client,
    connections: Connections,
}

impl ReqwestTransport {
    pub(crate) fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        let connections = Connections::default();
        let client = config::client(config, &connections)?;
        Ok(Self { client, connections })
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Exchange, TransportError> {
        // Without a runtime reqwest panics in its first timer.
        if let Err(error) = tokio::runtime::Handle::try_current() {
            return Err(TransportError::new(TransportErrorKind::NoRuntime, Delivery::NotSent).with_source(error));
        }
        let request = translate(request)?;
        let call = Arc::new(Call::default());
        let response =
            call.observe(self.client.execute(request)).await.map_err(|failure| error::of_call(failure, &call))?;
        let facts = match response.extensions().get::<HttpInfo>() {
            Some(info) => self.connections.facts(info),
            None => ConnectionFacts::unknown(),
        };
        let (mut head, inner) = http::Response::from(response).into_parts();
        // Types of the libraries below have no business above the seam.
        head.extensions.clear();
        let body = ResponseBody::new(StreamedBody { inner, facts: facts.clone() });
        Ok(Exchange::new(http::Response::from_parts(head, body), facts))
    }
}

/// reqwest takes a `Url`, which rewrites what it finds odd; a target that would change on the way is refused.
fn translate(mut request: http::Request<Bytes>) -> Result<reqwest::Request, TransportError> {
    let invalid = |source: digicert_one_core::BoxError| {
        TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(source)
    };
    let wanted = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    // RFC 9110 §8.6: a method that means to send a body says so when it is empty; reqwest leaves the header out.
    if request.body().is_empty() && [Method::POST, Method::PUT, Method::PATCH].contains(request.method()) {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    let request = reqwest::Request::try_from(request).map_err(|error| invalid(error.without_url().into()))?;
    let url = request.url();
    let rewritten = match url.query() {
        Some(query) => wanted.split_once('?') != Some((url.path(), query)),
        None => wanted != url.path(),
    };
    if rewritten {
        return Err(invalid("reqwest would change the path or query on the way: percent-encode it".into()));
    }
    Ok(request)
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").finish_non_exhaustive()
    }
}

//! One reqwest client: one identity, one pool, one TLS session cache.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_core::{
    ConnectionFacts, Delivery, Exchange, ResponseBody, Transport, TransportConfig, TransportError, TransportErrorKind,
    announce_empty_body,
};
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
    announce_empty_body(&mut request);
    let (head, body) = request.into_parts();
    let url = reqwest::Url::parse(&head.uri.to_string()).map_err(|error| invalid(error.into()))?;
    if (url.path(), url.query()) != (head.uri.path(), head.uri.query()) {
        return Err(invalid("reqwest would change the path or query on the way: percent-encode it".into()));
    }
    let mut request = reqwest::Request::new(head.method, url);
    *request.headers_mut() = head.headers;
    if !body.is_empty() {
        *request.body_mut() = Some(body.into());
    }
    Ok(request)
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").finish_non_exhaustive()
    }
}

//! One reqwest client: one identity, one pool, one TLS session cache.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_core::{
    ConnectionFacts, Delivery, Exchange, HeadLimit, Proxy, ResponseBody, Transport, TransportConfig, TransportError,
    TransportErrorKind, UploadBody, UploadGuard, frame_body,
};
use hyper_util::client::legacy::connect::HttpInfo;

use crate::begun::BegunConnection;
use crate::body::{BodyEnd, StreamedBody};
use crate::connections::Connections;
use crate::{config, error};

/// How long a call whose connection has ended waits for the news.
///
/// A request that reaches hyper's queue for a connection in the moment in which that connection ends is never answered, not
/// even with an error (<https://github.com/hyperium/hyper/issues/4122>, seen with hyper 1.12). A server that refuses our
/// certificate under TLS 1.3 often brings the two together: one call in a few thousand would wait for its whole limit.
const PATIENCE: Duration = Duration::from_millis(250);

pub(crate) struct ReqwestTransport {
    client: reqwest::Client,
    connections: Connections,
    proxied: bool,
    ends: BodyEnd,
}

impl ReqwestTransport {
    pub(crate) fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        let connections = Connections::default();
        let client = config::client(config, &connections)?;
        let ends = BodyEnd::of(&client);
        Ok(Self { client, connections, proxied: !matches!(config.proxy(), Proxy::None), ends })
    }

    /// Ends when `call` waits for a response that cannot come.
    async fn loss_of(&self, call: &BegunConnection) {
        loop {
            let ended = self.connections.ended().notified();
            if self.connections.have_lost(call) {
                // Seen twice, so that a response or an error on its way from a connection just ended comes first.
                tokio::time::sleep(PATIENCE).await;
                if self.connections.have_lost(call) {
                    return;
                }
            }
            ended.await;
        }
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<Exchange, TransportError> {
        frame_body(&mut request);
        let (head, body) = request.into_parts();
        self.call(head, Some(body).filter(|body| !body.is_empty()).map(Into::into)).await
    }

    async fn upload(&self, mut request: http::Request<UploadBody>) -> Result<Exchange, TransportError> {
        let watch = UploadGuard::begin(&mut request)?;
        let (head, body) = request.into_parts();
        watch.outcome(self.call(head, Some(reqwest::Body::wrap(body))).await)
    }
}

impl ReqwestTransport {
    async fn call(&self, head: http::request::Parts, body: Option<reqwest::Body>) -> Result<Exchange, TransportError> {
        // Without a runtime reqwest panics in its first timer.
        if let Err(error) = tokio::runtime::Handle::try_current() {
            return Err(TransportError::new(TransportErrorKind::NoRuntime, Delivery::NotSent).with_source(error));
        }
        let request = translate(head, body)?;
        let is_head = request.method() == http::Method::HEAD;
        let (call, since) = (Arc::new(BegunConnection::default()), Instant::now());
        let response = tokio::select! {
            biased;
            outcome = call.observe(self.client.execute(request)) => {
                outcome.map_err(|failure| error::of_call(failure, &call, &self.connections, self.proxied, since))?
            }
            () = self.loss_of(&call) => return Err(error::of_lost_call(&call, &self.connections, since)),
        };
        let facts = match response.extensions().get::<HttpInfo>() {
            Some(info) => self.connections.facts_of_response(info, since, response.version() != http::Version::HTTP_2),
            None => ConnectionFacts::unknown(),
        };
        let (mut head, inner) = http::Response::from(response).into_parts();
        HeadLimit::check(&head.headers).map_err(|size| size.error().with_facts(facts.clone()))?;
        // Types of the libraries below have no business above the seam.
        head.extensions.clear();
        let is_empty = is_head || head.status == http::StatusCode::NOT_MODIFIED;
        let ends = if is_empty { BodyEnd::Without } else { self.ends };
        let body = ResponseBody::new(StreamedBody { inner, version: head.version, ends, facts: facts.clone() });
        Ok(Exchange::new(http::Response::from_parts(head, body), facts))
    }
}

/// reqwest takes a `Url`, which rewrites what it finds odd; a target that would change on the way is refused.
fn translate(head: http::request::Parts, body: Option<reqwest::Body>) -> Result<reqwest::Request, TransportError> {
    let invalid = |source: digicert_one_core::BoxError| {
        TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(source)
    };
    if head.uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        // reqwest would drop it, or send it as `Authorization`.
        return Err(invalid("the address holds a user name or a password; credentials do not belong there".into()));
    }
    let url = reqwest::Url::parse(&head.uri.to_string()).map_err(|error| invalid(error.into()))?;
    if (url.path(), url.query()) != (head.uri.path(), head.uri.query()) {
        return Err(invalid("reqwest would change the path or query on the way: percent-encode it".into()));
    }
    let mut request = reqwest::Request::new(head.method, url);
    *request.headers_mut() = head.headers;
    *request.body_mut() = body;
    Ok(request)
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").finish_non_exhaustive()
    }
}

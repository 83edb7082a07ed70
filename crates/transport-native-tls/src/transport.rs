//! One hyper client over one TLS connector: one identity, one pool. native-tls resumes no sessions.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_core::{
    ConnectionFacts, Delivery, Exchange, Phase, ResponseBody, Transport, TransportConfig, TransportError,
    TransportErrorKind, announce_empty_body,
};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};

use crate::body::TimedBody;
use crate::dial::Dialer;
use crate::error;
use crate::stream::Tag;

pub(crate) struct NativeTlsTransport {
    client: Client<Dialer, Full<Bytes>>,
    total: Duration,
}

impl NativeTlsTransport {
    pub(crate) fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            // Repeats only what hyper gives back unsent, because the pooled connection that it chose was already closed.
            .retry_canceled_requests(true)
            .build(Dialer::new(config)?);
        Ok(Self { client, total: config.timeouts().total() })
    }
}

#[async_trait]
impl Transport for NativeTlsTransport {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<Exchange, TransportError> {
        // Without a runtime tokio panics in its first timer.
        if let Err(error) = tokio::runtime::Handle::try_current() {
            return Err(TransportError::new(TransportErrorKind::NoRuntime, Delivery::NotSent).with_source(error));
        }
        let end = Instant::now() + self.total;
        announce_empty_body(&mut request);
        let response = match timeout_at(end, self.client.request(request.map(Full::new))).await {
            Ok(outcome) => outcome.map_err(error::of_call)?,
            // The connect limit ends first where it is the shorter one; what is left is the wait for an answer.
            Err(late) => {
                let kind = TransportErrorKind::Timeout(Phase::Response);
                return Err(TransportError::new(kind, Delivery::Unknown).with_source(late));
            }
        };
        let (mut head, inner) = response.into_parts();
        let facts = head.extensions.get::<Tag>().map_or_else(ConnectionFacts::unknown, Tag::facts_of_answer);
        // Types of the libraries below have no business above the seam.
        head.extensions.clear();
        let body = ResponseBody::new(TimedBody::new(inner, end, facts.clone()));
        Ok(Exchange::new(http::Response::from_parts(head, body), facts))
    }
}

impl fmt::Debug for NativeTlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeTlsTransport").finish_non_exhaustive()
    }
}

//! Checks facts against the ledger, in every case: each transport of a case is wrapped, and its facts about a
//! connection are compared with the servers' records. `None` is always right; a value that no connection of
//! the call can have is an error.
//!
//! The wrapper changes nothing: it takes notes, and a case that passed its own assertions fails if there are any.

mod about;
mod agree;
mod call;
mod given;
mod notes;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_core::{
    Capabilities, Connector, ConnectorInfo, Exchange, ResponseBody, Transport, TransportConfig, TransportError,
    UploadBody,
};
use http::Request;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::OnceCell;

use self::call::{AuditedCall, Carried};
use self::given::Given;
pub(crate) use self::notes::Audit;
use crate::past::past;
use crate::sent_as::{Addition, SentAs};

impl Audit {
    /// The same connector, its transports watched, with a past, and with another method in place of GET and this addition if wanted.
    pub(crate) fn wrap(
        &self,
        connector: Arc<dyn Connector>,
        has_past: bool,
        sent_as: Option<SentAs>,
        added: Option<Arc<Addition>>,
    ) -> Arc<dyn Connector> {
        Arc::new(AuditedConnector { inner: connector, audit: self.clone(), has_past, sent_as, added })
    }
}

struct AuditedConnector {
    inner: Arc<dyn Connector>,
    audit: Audit,
    has_past: bool,
    sent_as: Option<SentAs>,
    added: Option<Arc<Addition>>,
}

impl Connector for AuditedConnector {
    fn info(&self) -> ConnectorInfo {
        self.inner.info()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        let altered = self.added.as_ref().map(|added| added.to(config));
        let config = altered.as_ref().unwrap_or(config);
        let (inner, given) = (self.inner.connect(config)?, Arc::new(Given::of(config)));
        let past = OnceCell::new_with((!self.has_past).then_some(()));
        Ok(Arc::new(AuditedTransport {
            inner,
            given,
            audit: self.audit.clone(),
            past,
            sent_as: self.sent_as.clone(),
            beside: Mutex::default(),
        }))
    }
}

struct AuditedTransport {
    inner: Arc<dyn Transport>,
    given: Arc<Given>,
    audit: Audit,
    /// Set when its past is over.
    past: OnceCell<()>,
    sent_as: Option<SentAs>,
    /// Other calls that are in flight, for as long as the transport is.
    beside: Mutex<Vec<Exchange>>,
}

#[async_trait]
impl Transport for AuditedTransport {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Exchange, TransportError> {
        self.lead().await;
        if self.sent_as.as_ref().is_some_and(|sent_as| sent_as.apply(&mut request)) {
            return self.upload(request.map(UploadBody::full)).await;
        }
        self.lead_beside(&request).await;
        let call = AuditedCall::begin(&self.audit, &self.given, &request);
        self.noted(call, self.inner.send(request).await)
    }

    async fn upload(&self, request: Request<UploadBody>) -> Result<Exchange, TransportError> {
        self.lead().await;
        let call = AuditedCall::begin(&self.audit, &self.given, &request);
        self.noted(call, self.inner.upload(request).await)
    }
}

impl AuditedTransport {
    /// Makes another call, which stays in flight, where the server of this one has a script for it.
    async fn lead_beside(&self, request: &Request<Bytes>) {
        let port = request.uri().port_u16().unwrap_or_default();
        if !self.audit.wants_another(port) {
            return;
        }
        let mut other = Request::new(Bytes::new());
        other.uri_mut().clone_from(request.uri());
        let call = AuditedCall::begin(&self.audit, &self.given, &other);
        if let Ok(exchange) = self.noted(call, self.inner.send(other).await) {
            self.beside.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
        }
    }

    /// Before the first call.
    async fn lead(&self) {
        let proxy = self.given.proxy_port();
        // A proxy may be a script, too.
        let is_led = proxy.is_none() || self.given.http_proxy_port().is_some_and(|port| self.audit.has_proxy(port));
        let lead = async {
            if is_led {
                past(&*self.inner, proxy.is_some()).await;
            }
        };
        self.past.get_or_init(|| lead).await;
    }

    fn noted(&self, call: AuditedCall, outcome: Result<Exchange, TransportError>) -> Result<Exchange, TransportError> {
        match outcome {
            Ok(exchange) => {
                let carried = call.answered(&exchange);
                let (head, inner) = exchange.response.into_parts();
                let body = AuditedBody { inner, carried, audit: self.audit.clone() };
                let response = http::Response::from_parts(head, ResponseBody::new(body));
                Ok(Exchange::new(response, exchange.facts))
            }
            Err(error) => {
                call.failed(&error);
                Err(error)
            }
        }
    }
}

struct AuditedBody {
    inner: ResponseBody,
    carried: Carried,
    audit: Audit,
}

impl Body for AuditedBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Err(error))) = &polled {
            self.carried.cut(&self.audit, error);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

// Prints the inner value, which SECRET-01 checks.
impl fmt::Debug for AuditedConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Debug for AuditedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

//! Facts against the ledger, in every case: each transport that a case makes is wrapped, and what it reports of a connection is compared
//! with what the servers of that case recorded. `None` is always right here; a value that no connection of the call can have is not.
//!
//! The wrapper changes nothing: it notes, and the case fails with the notes when it has passed its own assertions.

mod agree;
mod call;
mod given;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_core::{
    Capabilities, Connector, ConnectorInfo, Exchange, ResponseBody, Transport, TransportConfig, TransportError,
    UploadBody,
};
use http::Request;
use http_body::{Body, Frame, SizeHint};

use self::call::{Call, Carrier, Failed};
use self::given::Given;
use crate::witness::{self, Servers};

/// How many wrong facts a failure lists.
const MOST_SHOWN: usize = 5;

/// The notes of one case. Clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Audit {
    servers: Servers,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Counts beginnings and ends of calls.
    moments: u64,
    in_flight: usize,
    /// Ports at which a call has ended without a response: what it wrote may still arrive.
    unsure: HashSet<u16>,
    /// Connections that have carried a response, and since when.
    answered: HashMap<Carrier, u64>,
    failed: Vec<Failed>,
    wrong: Vec<String>,
}

impl State {
    fn moment(&mut self) -> u64 {
        self.moments += 1;
        self.moments
    }
}

impl Audit {
    /// For the case on this thread.
    pub(crate) fn here() -> Self {
        Self { servers: witness::servers(), state: Arc::default() }
    }

    /// The same connector, its transports watched.
    pub(crate) fn wrap(&self, connector: Arc<dyn Connector>) -> Arc<dyn Connector> {
        Arc::new(AuditedConnector { inner: connector, audit: self.clone() })
    }

    /// Panics if a fact was wrong.
    pub(crate) fn verdict(&self) {
        let (mut wrong, failed) = {
            let mut state = self.state();
            (std::mem::take(&mut state.wrong), std::mem::take(&mut state.failed))
        };
        // A server notes a handshake that failed after its client does, so errors are judged at the end.
        wrong.extend(failed.iter().filter_map(|one| one.wrong()));
        let shown: Vec<_> = wrong.iter().take(MOST_SHOWN).map(String::as_str).collect();
        assert!(wrong.is_empty(), "{} times the ledger contradicts a fact:\n  {}", wrong.len(), shown.join("\n  "));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct AuditedConnector {
    inner: Arc<dyn Connector>,
    audit: Audit,
}

impl Connector for AuditedConnector {
    fn info(&self) -> ConnectorInfo {
        self.inner.info()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        let inner = self.inner.connect(config)?;
        Ok(Arc::new(AuditedTransport { inner, given: Arc::new(Given::of(config)), audit: self.audit.clone() }))
    }
}

struct AuditedTransport {
    inner: Arc<dyn Transport>,
    given: Arc<Given>,
    audit: Audit,
}

#[async_trait]
impl Transport for AuditedTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Exchange, TransportError> {
        let call = Call::begin(&self.audit, &self.given, &request);
        self.noted(call, self.inner.send(request).await)
    }

    async fn upload(&self, request: Request<UploadBody>) -> Result<Exchange, TransportError> {
        let call = Call::begin(&self.audit, &self.given, &request);
        self.noted(call, self.inner.upload(request).await)
    }
}

impl AuditedTransport {
    fn noted(&self, call: Call, outcome: Result<Exchange, TransportError>) -> Result<Exchange, TransportError> {
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
    carried: call::Carried,
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

// What is printed of them is what is inside: SECRET-01 looks at it.
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

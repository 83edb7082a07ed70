//! One request to one origin and its answer, over transports without a client identity. Never follows a redirect: what CSC sends is
//! meant for one host. Knows nothing of tokens, and of CSC only that its bodies are small.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one_core::diagnosis::{TransportInUse, diagnose_transport};
use digicert_one_core::{
    CallContext, Clock, Code, ConnectionFacts, Connector, Diagnosis, Mode, Origin, ProxyRules, RequestTarget,
    Transport, TransportConfig, TransportError, collect_body,
};
use futures_util::future::{Either, select};
use http::header::{ACCEPT, HeaderMap, HeaderValue, LOCATION, USER_AGENT};
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;

use digicert_one_client::seam::{self, HostConfig, Listener, WatchedBody};
use digicert_one_client::{Error, ErrorKind, Retry, RetryNotice};

/// What sends, and how.
pub(crate) struct Wire {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) config: TransportConfig,
    pub(crate) proxies: ProxyRules,
    /// One transport for each origin that was called.
    pub(crate) transports: Mutex<Vec<(Origin, Arc<dyn Transport>)>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) user_agent: HeaderValue,
    /// The limit of one request whose answer needs no human being.
    pub(crate) total: Duration,
    pub(crate) idle_limit: Duration,
    pub(crate) max_body: usize,
    pub(crate) retry: Retry,
    pub(crate) retries: Option<Listener<RetryNotice>>,
}

/// A POST on its way.
pub(crate) struct Letter<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) target: &'a RequestTarget,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What an error answer may quote and an error must not.
    pub(crate) secrets: Vec<&'a str>,
    pub(crate) limit: Duration,
}

/// What came back: any status but a redirect's.
pub(crate) struct Answer {
    pub(crate) host: Arc<str>,
    pub(crate) transport: Arc<TransportInUse>,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) facts: ConnectionFacts,
    /// Just before the request left.
    pub(crate) asked: SystemTime,
    pub(crate) arrived: SystemTime,
}

impl Answer {
    /// What the body says, as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        seam::read_json(self.status, &self.headers, &self.context(), &self.body)
    }

    /// The error of a web page or of an encoding that was not asked for.
    pub(crate) fn not_of_the_api(&self) -> Option<Error> {
        seam::not_of_the_api(self.status, &self.headers, &self.context(), &self.body)
    }

    fn context(&self) -> CallContext {
        CallContext::new(Arc::clone(&self.host), Mode::Anonymous, self.arrived)
            .with_transport(Arc::clone(&self.transport))
    }
}

impl Wire {
    /// Sends a letter once.
    pub(crate) async fn post(&self, letter: Letter<'_>) -> Result<Answer, Error> {
        let (limit, asked) = (letter.limit, self.clock.now());
        let exchange = pin!(self.exchange(letter, asked));
        match select(exchange, self.clock.limit(limit)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(too_late(limit)),
        }
    }

    async fn exchange(&self, letter: Letter<'_>, asked: SystemTime) -> Result<Answer, Error> {
        let (origin, secrets) = (letter.origin, letter.secrets);
        let host = HostConfig::to(Some(origin), &*self.connector, &self.config, &self.proxies);
        let context =
            CallContext::new(origin.authority(), Mode::Anonymous, asked).with_transport(Arc::clone(&host.in_use));
        let failed = |error| Error::new(ErrorKind::Transport, diagnose_transport(&error, &context)).with_source(error);
        let transport = self.transport(origin, &host.config).map_err(failed)?;
        let mut request = http::Request::new(letter.body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = origin.uri(letter.target);
        *request.headers_mut() = letter.headers;
        request.headers_mut().insert(USER_AGENT, self.user_agent.clone());
        request.headers_mut().entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        let exchange = transport.send(request).await.map_err(failed)?;
        let (head, body) = exchange.response.into_parts();
        tracing::debug!(host = %origin.authority(), status = head.status.as_u16(), "CSC answered");
        if head.status.is_redirection() {
            return Err(redirected(origin, head.status, head.headers.get(LOCATION)));
        }
        let facts = exchange.facts;
        let body = WatchedBody::new(body, Arc::clone(&self.clock), self.idle_limit, facts.clone());
        let body = if head.status.as_u16() < 400 {
            collect_body(body, self.max_body).await.map_err(|error| seam::of_body(error, &context))?
        } else {
            let beginning = seam::beginning(body).await;
            secrets.iter().fold(beginning, |body, secret| seam::without(body, secret.as_bytes()))
        };
        let (status, headers, arrived) = (head.status, head.headers, self.clock.now());
        Ok(Answer { host: origin.authority(), transport: host.in_use, status, headers, body, facts, asked, arrived })
    }

    /// Makes new connections to this origin from now on; calls in flight end on theirs.
    pub(crate) fn renew(&self, origin: &Origin) {
        let mut transports = self.transports.lock().unwrap_or_else(PoisonError::into_inner);
        transports.retain(|(known, _)| !same_place(known, origin));
    }

    /// The transport to this origin: the proxy may be another for each.
    fn transport(&self, origin: &Origin, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        let mut transports = self.transports.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, transport)) = transports.iter().find(|(known, _)| same_place(known, origin)) {
            return Ok(Arc::clone(transport));
        }
        let transport = self.connector.connect(config)?;
        transports.push((origin.clone(), Arc::clone(&transport)));
        Ok(transport)
    }
}

/// Whether two origins are the same scheme, host and port, whatever their prefix.
pub(crate) fn same_place(one: &Origin, other: &Origin) -> bool {
    one.is_https() == other.is_https() && one.authority() == other.authority()
}

pub(crate) fn too_late(limit: Duration) -> Error {
    let summary = format!("the call did not end within {} seconds.", limit.as_secs_f32());
    Error::new(ErrorKind::Transport, Diagnosis::of(Code::NET_08, summary))
}

/// Names the host that the answer points to, and nothing else of it.
fn redirected(origin: &Origin, status: StatusCode, location: Option<&HeaderValue>) -> Error {
    let target = location
        .and_then(|value| value.to_str().ok()?.parse::<http::Uri>().ok())
        .and_then(|uri| Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?.as_str().rsplit('@').next()?)))
        .unwrap_or_else(|| "another path".to_owned());
    let summary =
        format!("{origin} redirected to {target} (HTTP {}); not followed, nothing was sent there.", status.as_u16());
    let cause = "CSC and OAuth answer where they are asked: a wrong host or path, or somebody between";
    Error::new(ErrorKind::Redirect, Diagnosis::new(Code::SEC_01, summary, cause))
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("connector", &self.connector.info().name).finish_non_exhaustive()
    }
}

//! One hyper client: one identity, one pool. Its connector is ours, so the facts of a connection travel with it: as an extra
//! of its responses, and as the connection info of its errors.

use std::cell::Cell;
use std::fmt;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_core::{
    ConnectionFacts, Delivery, Exchange, HeadLimit, ResponseBody, Transport, TransportConfig, TransportError,
    TransportErrorKind, UploadBody, UploadWatch, announce_empty_body,
};
use http::{Uri, Version};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use tokio::time::{Instant, sleep_until};

use crate::body::StreamedBody;
use crate::config::RequestBody;
use crate::dial::Dialer;
use crate::engine::Engine;
use crate::handshake::{CALL, Handshake};
use crate::lost_request::LostRequest;
use crate::{config, error};

/// Thirty years: later than any call.
const FAR: Duration = Duration::from_secs(1_000_000_000);

/// How often a call that waits looks whether its connection still stands.
const PATIENCE: Duration = Duration::from_millis(250);

/// A transport over hyper on the TLS of an [`Engine`].
pub struct HyperTransport<E: Engine> {
    client: Client<Dialer<E>, RequestBody>,
    limit: Duration,
}

impl<E: Engine> HyperTransport<E> {
    /// A transport with exactly this configuration. Opens no connection.
    ///
    /// # Errors
    /// A setting that the engine or hyper cannot honour, or that is invalid.
    pub fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        let timeouts = config.timeouts();
        let client = config::client(config::dialer::<E>(config)?, timeouts.pool_idle().min(FAR));
        Ok(Self { client, limit: timeouts.total() })
    }
}

/// How the wait for a response ended.
enum SendOutcome<T> {
    Ended(T),
    /// The connection is gone with the request, and hyper does not say so.
    Lost(Arc<Handshake>),
    /// The whole call's limit ran out.
    Late,
}

#[async_trait]
impl<E: Engine> Transport for HyperTransport<E> {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<Exchange, TransportError> {
        announce_empty_body(&mut request);
        self.call(request.map(|body| Either::Left(Full::new(body)))).await
    }

    async fn upload(&self, mut request: http::Request<UploadBody>) -> Result<Exchange, TransportError> {
        let watch = UploadWatch::begin(&mut request)?;
        watch.outcome(self.call(request.map(Either::Right)).await)
    }
}

impl<E: Engine> HyperTransport<E> {
    async fn call(&self, mut request: http::Request<RequestBody>) -> Result<Exchange, TransportError> {
        // Without a runtime tokio panics in its first timer.
        if let Err(error) = tokio::runtime::Handle::try_current() {
            return Err(TransportError::new(TransportErrorKind::NoRuntime, Delivery::NotSent).with_source(error));
        }
        check(request.uri())?;
        // ALPN decides; a version in the request could only contradict it.
        *request.version_mut() = Version::HTTP_11;
        let carrier = capture_connection(&mut request);
        let now = Instant::now();
        // A limit beyond the range of the clock means unlimited.
        let deadline = now.checked_add(self.limit).unwrap_or_else(|| now + FAR);
        let mut call = pin!(self.client.request(request));
        let mut look = pin!(sleep_until(deadline.min(now + PATIENCE)));
        // The connection that this call began to make, if it began one.
        let mut begun = None;
        let mut lost = LostRequest::default();
        let outcome = poll_fn(|cx| {
            let polled = CALL.sync_scope(Cell::new(begun.take()), || {
                let polled = call.as_mut().poll(cx);
                begun = CALL.with(Cell::take);
                polled
            });
            if let Poll::Ready(outcome) = polled {
                return Poll::Ready(SendOutcome::Ended(outcome));
            }
            while look.as_mut().poll(cx).is_ready() {
                let now = Instant::now();
                if now >= deadline {
                    return Poll::Ready(SendOutcome::Late);
                }
                if let Some(connection) = lost.look(carried_by(&carrier), begun.as_deref()) {
                    return Poll::Ready(SendOutcome::Lost(connection));
                }
                look.as_mut().reset(deadline.min(now + PATIENCE));
            }
            Poll::Pending
        });
        match outcome.await {
            SendOutcome::Ended(Ok(response)) => exchange(response, deadline),
            SendOutcome::Ended(Err(failure)) => Err(error::of_call::<E>(failure, begun.as_deref())),
            SendOutcome::Lost(connection) => Err(error::of_lost_call(&connection)),
            SendOutcome::Late => Err(error::of_late_call(carried_by(&carrier).as_deref(), begun.as_deref())),
        }
    }
}

/// The connection that was given the request, once one was.
fn carried_by(carrier: &CaptureConnection) -> Option<Arc<Handshake>> {
    let mut extras = http::Extensions::new();
    carrier.connection_metadata().as_ref()?.get_extras(&mut extras);
    extras.remove::<Arc<Handshake>>()
}

fn exchange(response: http::Response<Incoming>, deadline: Instant) -> Result<Exchange, TransportError> {
    let (mut head, inner) = response.into_parts();
    let facts = match head.extensions.get::<Arc<Handshake>>() {
        Some(connection) => connection.facts_of_answer(),
        None => ConnectionFacts::unknown(),
    };
    HeadLimit::check(&head.headers).map_err(|size| size.error().with_facts(facts.clone()))?;
    // Types of the libraries below have no business above the seam.
    head.extensions.clear();
    let body = ResponseBody::new(StreamedBody::new(inner, head.version, deadline, facts.clone()));
    Ok(Exchange::new(http::Response::from_parts(head, body), facts))
}

fn check(uri: &Uri) -> Result<(), TransportError> {
    let why = if !matches!(uri.scheme_str(), Some("https" | "http")) || uri.host().is_none_or(str::is_empty) {
        "the address must begin with https:// (or http:// for a loopback server) and name a host"
    } else if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        "the address holds a user name or a password; credentials do not belong there"
    } else {
        return Ok(());
    };
    Err(TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(why))
}

impl<E: Engine> fmt::Debug for HyperTransport<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport").finish_non_exhaustive()
    }
}

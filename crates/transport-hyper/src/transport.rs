//! One identity, one pool. A call holds its connection until its response has been read, so the facts of the connection are at
//! hand for the response and for each failure.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_core::{
    BoxError, Delivery, Exchange, HeadLimit, ResponseBody, Transport, TransportConfig, TransportError,
    TransportErrorKind, UploadBody, UploadGuard, frame_body,
};
use http::header::HOST;
use http::uri::Parts;
use http::{Uri, Version};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::body::{Held, StreamedBody};
use crate::config::RequestBody;
use crate::connection::{Connection, Sender, Sent};
use crate::dial::Dialer;
use crate::engine::Engine;
use crate::handshake::Handshake;
use crate::lost_request::LostRequest;
use crate::pool::{Destination, Pool};
use crate::streams::NoStream;
use crate::{config, error};

/// Thirty years: later than any call.
const FAR: Duration = Duration::from_secs(1_000_000_000);

/// How long a call waits for a connection whose last response was just read, before it makes another one.
const TURNAROUND: Duration = Duration::from_millis(5);

/// How often a call that waits looks whether its connection still stands.
const PATIENCE: Duration = Duration::from_millis(250);

/// A transport over hyper on the TLS of an [`Engine`].
pub struct HyperTransport<E: Engine> {
    dialer: Dialer<E>,
    pool: Pool,
    limit: Duration,
}

impl<E: Engine> HyperTransport<E> {
    /// A transport with exactly this configuration. Opens no connection.
    ///
    /// # Errors
    /// A setting that the engine or hyper cannot honour, or that is invalid.
    pub fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        let timeouts = config.timeouts();
        let idle_limit = Some(timeouts.pool_idle()).filter(|limit| *limit < FAR);
        Ok(Self { dialer: config::dialer(config)?, pool: Pool::new(idle_limit), limit: timeouts.total() })
    }
}

#[async_trait]
impl<E: Engine> Transport for HyperTransport<E> {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<Exchange, TransportError> {
        frame_body(&mut request);
        self.call(request.map(|body| Either::Left(Full::new(body)))).await
    }

    async fn upload(&self, mut request: http::Request<UploadBody>) -> Result<Exchange, TransportError> {
        let watch = UploadGuard::begin(&mut request)?;
        watch.outcome(self.call(request.map(Either::Right)).await)
    }
}

impl<E: Engine> HyperTransport<E> {
    async fn call(&self, mut request: http::Request<RequestBody>) -> Result<Exchange, TransportError> {
        // Without a runtime tokio panics in its first timer.
        if let Err(error) = tokio::runtime::Handle::try_current() {
            return Err(TransportError::new(TransportErrorKind::NoRuntime, Delivery::NotSent).with_source(error));
        }
        let place = self.place(request.uri())?;
        // ALPN decides; a version in the request could only contradict it.
        *request.version_mut() = Version::HTTP_11;
        let now = Instant::now();
        // A limit beyond the range of the clock means unlimited.
        let deadline = now.checked_add(self.limit).unwrap_or_else(|| now + FAR);
        loop {
            let (mut connection, is_fresh) = match self.pooled(&place, deadline).await {
                Some(connection) => (connection, false),
                None => Box::pin(self.connect(&place, deadline)).await?,
            };
            let reused = connection.handshake.has_answered();
            let permit = match &connection.sender {
                Sender::One(_) => None,
                Sender::Two(_, streams) => match streams.permit(&connection.handshake, deadline).await {
                    Ok(permit) => Some(permit),
                    Err(NoStream::Gone) if !is_fresh => {
                        self.pool.forget(&place, &connection);
                        continue;
                    }
                    Err(NoStream::Gone) => return Err(error::of_unsent_call(&connection.handshake, reused)),
                    Err(NoStream::Late) => return Err(error::of_waiting_call(&connection.handshake, reused)),
                },
            };
            let waiting = match &mut connection.sender {
                Sender::One(sender) => {
                    request.headers_mut().entry(HOST).or_insert_with(|| place.host().clone());
                    shorten(request.uri_mut());
                    wait(sender.try_send_request(request), &connection.handshake, deadline).await
                }
                Sender::Two(sender, _) => wait(sender.try_send_request(request), &connection.handshake, deadline).await,
            };
            match waiting {
                Ok(Ok(response)) => {
                    let held = match permit {
                        Some(permit) => Held::Stream(permit, Arc::clone(&connection.handshake)),
                        None => Held::Connection { pool: self.pool.downgrade(), place, connection },
                    };
                    return exchange(response, held, reused, deadline);
                }
                Ok(Err(mut failure)) => match failure.take_message() {
                    // The connection had ended before it took the request.
                    Some(unsent) if !is_fresh => {
                        self.pool.forget(&place, &connection);
                        request = unsent;
                        lengthen(request.uri_mut(), &place);
                    }
                    _ => return Err(error::of_call::<E>(failure.into_error(), &connection.handshake, reused)),
                },
                Err(NoResponse::Lost) => return Err(error::of_lost_call(&connection.handshake, reused)),
                Err(NoResponse::Late) => return Err(error::of_late_call(Some((&connection.handshake, reused)), None)),
            }
        }
    }

    /// A connection that stands and takes the request at once.
    async fn pooled(&self, place: &Destination, deadline: Instant) -> Option<Connection> {
        while let Some(mut connection) = self.pool.take(place) {
            if connection.is_ready() {
                return Some(connection);
            }
            // Its last response was read; hyper is about to notice, unless the request before is still being uploaded.
            match timeout_at(deadline.min(Instant::now() + TURNAROUND), connection.ready()).await {
                Ok(true) => return Some(connection),
                Ok(false) => {}
                Err(_) => {
                    self.pool.put(place, connection);
                    return None;
                }
            }
        }
        None
    }

    /// A new connection, or one that another call made meanwhile and that can be shared; and whether it is new.
    async fn connect(&self, place: &Destination, deadline: Instant) -> Result<(Connection, bool), TransportError> {
        let begun = Arc::new(Handshake::default());
        let mut making = pin!(timeout_at(deadline, self.make(place, &begun)));
        loop {
            let mut shared = pin!(place.shared());
            let outcome = poll_fn(|cx| match making.as_mut().poll(cx) {
                Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                Poll::Pending => shared.as_mut().poll(cx).map(|()| None),
            });
            match outcome.await {
                Some(Ok(outcome)) => {
                    let connection = outcome?;
                    let is_fresh = Arc::ptr_eq(&connection.handshake, &begun);
                    return Ok((connection, is_fresh));
                }
                Some(Err(_)) => return Err(error::of_late_call(None, Some(&begun))),
                None => {
                    if let Some(connection) = self.pool.take(place) {
                        return Ok((connection, false));
                    }
                }
            }
        }
    }

    async fn make(&self, place: &Destination, begun: &Arc<Handshake>) -> Result<Connection, TransportError> {
        let destination = place.origin().map_err(invalid)?;
        let stream = self.dialer.dial(&destination, begun).await.map_err(|failure| error::of_dial(failure, begun))?;
        let started = Connection::start(stream, Arc::clone(begun)).await;
        let connection = started.map_err(|failure| error::of_start::<E>(failure, begun))?;
        Ok(self.pool.share(place, connection))
    }

    fn place(&self, uri: &Uri) -> Result<Destination, TransportError> {
        let why = match (uri.scheme(), uri.authority()) {
            (Some(scheme), Some(authority))
                if matches!(scheme.as_str(), "https" | "http") && !authority.host().is_empty() =>
            {
                if !authority.as_str().contains('@') {
                    return self.pool.place(scheme, authority).map_err(invalid);
                }
                "the address holds a user name or a password; credentials do not belong there"
            }
            _ => "the address must begin with https:// (or http:// for a loopback server) and name a host",
        };
        Err(invalid(why))
    }
}

fn exchange(
    response: http::Response<Incoming>,
    held: Held,
    reused: bool,
    deadline: Instant,
) -> Result<Exchange, TransportError> {
    let (mut head, inner) = response.into_parts();
    let handshake = held.handshake();
    handshake.note_response();
    let facts = handshake.facts(reused);
    HeadLimit::check(&head.headers).map_err(|size| size.error().with_facts(facts.clone()))?;
    // Types of the libraries below have no business above the seam.
    head.extensions.clear();
    let body = StreamedBody::new(inner, head.version, deadline, facts.clone()).then(held);
    Ok(Exchange::new(http::Response::from_parts(head, ResponseBody::new(body)), facts))
}

/// Why hyper says nothing to a request.
enum NoResponse {
    /// The connection is gone with it.
    Lost,
    /// The whole call's limit ran out.
    Late,
}

async fn wait(sending: impl Future<Output = Sent>, carrier: &Handshake, deadline: Instant) -> Result<Sent, NoResponse> {
    let mut sending = pin!(sending);
    let mut look = pin!(sleep_until(deadline.min(Instant::now() + PATIENCE)));
    let mut lost = LostRequest::default();
    poll_fn(|cx| {
        if let Poll::Ready(outcome) = sending.as_mut().poll(cx) {
            return Poll::Ready(Ok(outcome));
        }
        while look.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now >= deadline {
                return Poll::Ready(Err(NoResponse::Late));
            }
            if lost.look(carrier) {
                return Poll::Ready(Err(NoResponse::Lost));
            }
            look.as_mut().reset(deadline.min(now + PATIENCE));
        }
        Poll::Pending
    })
    .await
}

/// HTTP/1.1 sends the path alone (RFC 9112 section 3.2.1).
fn shorten(uri: &mut Uri) {
    let mut parts = Parts::default();
    parts.path_and_query = std::mem::take(uri).into_parts().path_and_query;
    *uri = Uri::from_parts(parts).unwrap_or_default();
}

/// The whole address again, for a connection that may be of HTTP/2.
fn lengthen(uri: &mut Uri, place: &Destination) {
    let mut parts = std::mem::take(uri).into_parts();
    (parts.scheme, parts.authority) = (Some(place.scheme().clone()), Some(place.authority().clone()));
    *uri = Uri::from_parts(parts).unwrap_or_default();
}

fn invalid(source: impl Into<BoxError>) -> TransportError {
    TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(source)
}

impl<E: Engine> fmt::Debug for HyperTransport<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport").finish_non_exhaustive()
    }
}

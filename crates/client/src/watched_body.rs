//! The body of a response with an idle timeout. Its call counts as in flight until the body is dropped.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{
    Clock, ConnectionFacts, Delivery, Phase, ResponseBody, TransportError, TransportErrorKind, next_chunk,
};
use http_body::{Body, Frame, SizeHint};

use crate::in_flight::InFlightCall;

/// A response body with an idle timeout.
pub(crate) struct WatchedBody {
    inner: ResponseBody,
    clock: Arc<dyn Clock>,
    idle_timeout: Duration,
    /// Runs while the body is pending.
    timer: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    facts: ConnectionFacts,
    _flight: Option<InFlightCall>,
}

impl WatchedBody {
    /// Adds the idle timeout to this body.
    pub(crate) fn new(
        inner: ResponseBody,
        clock: Arc<dyn Clock>,
        idle_timeout: Duration,
        facts: ConnectionFacts,
    ) -> Self {
        Self { inner, clock, idle_timeout, timer: None, facts, _flight: None }
    }

    /// The facts about its connection.
    pub(crate) fn facts(&self) -> &ConnectionFacts {
        &self.facts
    }

    /// Keeps this call in flight until the body is dropped.
    pub(crate) fn carry(&mut self, flight: InFlightCall) {
        self._flight = Some(flight);
    }

    /// At most this many bytes from the beginning; fewer if the body fails.
    pub(crate) async fn beginning(mut self, most: usize) -> Bytes {
        let mut read = Vec::new();
        while let Ok(Some(chunk)) = next_chunk(&mut self).await {
            read.extend_from_slice(&chunk[..chunk.len().min(most - read.len())]);
            if read.len() == most {
                break;
            }
        }
        read.into()
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            this.timer = None;
            return Poll::Ready(frame);
        }
        let timer = this.timer.get_or_insert_with(|| this.clock.limit(this.idle_timeout));
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        this.timer = None;
        let what = format!("no byte of the body arrived for {} seconds", this.idle_timeout.as_secs_f32());
        let error = TransportError::new(TransportErrorKind::Timeout(Phase::Body), Delivery::Sent);
        Poll::Ready(Some(Err(error.with_facts(this.facts.clone()).with_source(what))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl fmt::Debug for WatchedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

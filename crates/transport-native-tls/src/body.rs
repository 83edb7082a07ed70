//! The body of an answer: hyper's stream under the limit of the whole call, with errors in our vocabulary.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use digicert_one_core::{ConnectionFacts, Delivery, Phase, TransportError, TransportErrorKind};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

/// hyper's body until `end`.
pub(crate) struct TimedBody {
    inner: Incoming,
    end: Instant,
    /// Made when a frame is waited for: most bodies are there at once.
    alarm: Option<Pin<Box<Sleep>>>,
    facts: ConnectionFacts,
}

impl TimedBody {
    pub(crate) fn new(inner: Incoming, end: Instant, facts: ConnectionFacts) -> Self {
        Self { inner, end, alarm: None, facts }
    }

    fn failed(&self, kind: TransportErrorKind) -> TransportError {
        TransportError::new(kind, Delivery::Sent).with_facts(self.facts.clone())
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            let cut = |error| this.failed(TransportErrorKind::BodyCut).with_source(error);
            return Poll::Ready(frame.map(|frame| frame.map_err(cut)));
        }
        let end = this.end;
        ready!(this.alarm.get_or_insert_with(|| Box::pin(sleep_until(end))).as_mut().poll(cx));
        Poll::Ready(Some(Err(this.failed(TransportErrorKind::Timeout(Phase::Body)))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

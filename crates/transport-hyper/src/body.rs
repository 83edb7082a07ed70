//! The body of a response: hyper's stream with the call's time limit and errors in our vocabulary.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use digicert_one_core::{ConnectionFacts, TransportError};
use http::Version;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::connection::Connection;
use crate::error;
use crate::pool::{Destination, WeakPool};

/// hyper's body; its errors carry the facts of the connection.
pub(crate) struct StreamedBody {
    inner: Incoming,
    version: Version,
    deadline: Instant,
    /// Made when a chunk has to be waited for, which a short body never asks.
    alarm: Option<Pin<Box<Sleep>>>,
    /// That of the call: a body may be read where none was entered.
    runtime: Option<Handle>,
    facts: ConnectionFacts,
    returning: Option<Returning>,
}

/// An HTTP/1.1 connection on its way back to the pool, which it reaches with the end of the body.
pub(crate) struct Returning {
    pub(crate) pool: WeakPool,
    pub(crate) place: Destination,
    pub(crate) connection: Connection,
}

impl Returning {
    pub(crate) fn arrive(self) {
        self.pool.put(&self.place, self.connection);
    }
}

impl StreamedBody {
    pub(crate) fn new(inner: Incoming, version: Version, deadline: Instant, facts: ConnectionFacts) -> Self {
        Self { inner, version, deadline, alarm: None, runtime: Handle::try_current().ok(), facts, returning: None }
    }

    /// Returns this connection to the pool when the body has been read to its end.
    pub(crate) fn then(mut self, returning: Option<Returning>) -> Self {
        self.returning = returning;
        self.arrive_at_end();
        self
    }

    fn arrive_at_end(&mut self) {
        if self.inner.is_end_stream()
            && let Some(returning) = self.returning.take()
        {
            returning.arrive();
        }
    }

    /// Whether hyper's end is not the server's. It takes a stream that is reset without an error for one that has ended (RFC 9113
    /// section 8.1 allows such a reset only after a whole response), and so for whole what was cut.
    fn is_cut(&self) -> bool {
        self.version == Version::HTTP_2 && !self.inner.is_end_stream() && self.inner.size_hint().exact() != Some(0)
    }
}

impl Body for StreamedBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            this.arrive_at_end();
            return Poll::Ready(match frame {
                // A server that never pauses is held to the limit, too.
                Some(Ok(_)) if Instant::now() >= this.deadline => Some(Err(error::of_late_body(&this.facts))),
                None if this.is_cut() => Some(Err(error::of_reset_body(&this.facts))),
                other => other.map(|frame| frame.map_err(|failure| error::of_body(failure, &this.facts))),
            });
        }
        let deadline = this.deadline;
        let alarm = this.alarm.get_or_insert_with(|| {
            let _entered = this.runtime.as_ref().map(Handle::enter);
            Box::pin(sleep_until(deadline))
        });
        match alarm.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(error::of_late_body(&this.facts)))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // Of a response to HEAD over HTTP/2 hyper says the length that its head announces.
        if self.inner.is_end_stream() { SizeHint::with_exact(0) } else { self.inner.size_hint() }
    }
}

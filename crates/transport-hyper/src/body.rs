//! The body of a response: hyper's stream with the call's time limit and errors in our vocabulary.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
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
use crate::handshake::Handshake;
use crate::pool::{Destination, WeakPool};
use crate::streams::StreamPermit;

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
    held: Option<Held>,
}

/// What a body holds until its end.
pub(crate) enum Held {
    /// An HTTP/1.1 connection, which then returns to the pool.
    Connection {
        /// Its pool.
        pool: WeakPool,
        /// Its place in there.
        place: Destination,
        /// The connection.
        connection: Connection,
    },
    /// A stream of an HTTP/2 connection.
    Stream(StreamPermit, Arc<Handshake>),
}

impl Held {
    /// The notes of the connection.
    pub(crate) fn handshake(&self) -> &Handshake {
        match self {
            Self::Connection { connection, .. } => &connection.handshake,
            Self::Stream(_, handshake) => handshake,
        }
    }

    fn release(self) {
        match self {
            Self::Connection { pool, place, connection } => pool.put(&place, connection),
            Self::Stream(permit, _) => drop(permit),
        }
    }
}

impl StreamedBody {
    pub(crate) fn new(inner: Incoming, version: Version, deadline: Instant, facts: ConnectionFacts) -> Self {
        Self { inner, version, deadline, alarm: None, runtime: Handle::try_current().ok(), facts, held: None }
    }

    /// Releases this when the body has been read to its end.
    pub(crate) fn then(mut self, held: Held) -> Self {
        self.held = Some(held);
        self.release_at_end();
        self
    }

    fn release_at_end(&mut self) {
        if self.inner.is_end_stream()
            && let Some(held) = self.held.take()
        {
            held.release();
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
            this.release_at_end();
            if !matches!(frame, Some(Ok(_))) {
                // Its stream has ended, or its connection cannot be used again.
                this.held = None;
            }
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

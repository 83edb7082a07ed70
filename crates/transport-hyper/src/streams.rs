//! The streams of an HTTP/2 connection that calls may open at once (RFC 9113 section 5.1.2).
//!
//! hyper hands h2 one request more than the server allows, and sends it when a stream becomes free, even if its call was
//! dropped meanwhile. So a call waits here and is given to hyper when it can be sent.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use digicert_one_core::TransportErrorKind as Kind;
use digicert_one_error_kinds::http_kind;
use hyper::client::conn::http2;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::config::RequestBody;
use crate::engine::Engine;
use crate::handshake::Handshake;
use crate::stream::Stream;

/// How often a call that waits looks whether the server allows more streams now, or the connection is gone.
const LOOK: Duration = Duration::from_millis(50);

type Connection<E> = http2::Connection<Box<Stream<E>>, RequestBody, TokioExecutor>;

/// hyper's connection, shared by the task that drives it and the calls that ask it for the limit.
pub(crate) struct Driver<E: Engine> {
    connection: Arc<Mutex<Connection<E>>>,
    notes: Arc<Handshake>,
}

/// The streams of one connection.
pub(crate) struct Streams {
    limit: Weak<Mutex<dyn Limit>>,
    /// The limit when it was last looked at.
    known: AtomicUsize,
    open: AtomicUsize,
    freed: Notify,
}

/// The right to one stream, returned when dropped.
pub(crate) struct StreamPermit(Arc<Streams>);

/// Why a call got no stream.
pub(crate) enum NoStream {
    /// The connection is gone.
    Gone,
    /// The limit of the whole call ran out.
    Late,
}

/// The number of streams that the server allows.
trait Limit: Send {
    fn limit(&self) -> usize;
}

impl<E: Engine> Limit for Connection<E> {
    fn limit(&self) -> usize {
        self.current_max_send_streams()
    }
}

impl<E: Engine> Driver<E> {
    pub(crate) fn new(connection: Connection<E>, notes: Arc<Handshake>) -> Self {
        Self { connection: Arc::new(Mutex::new(connection)), notes }
    }

    pub(crate) fn streams(&self) -> Arc<Streams> {
        let shared: Arc<Mutex<dyn Limit>> = Arc::<Mutex<Connection<E>>>::clone(&self.connection);
        let limit = Arc::downgrade(&shared);
        Arc::new(Streams { limit, known: AtomicUsize::new(1), open: AtomicUsize::new(0), freed: Notify::new() })
    }
}

impl<E: Engine> Future for Driver<E> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = ready!(Pin::new(&mut *connection).poll(cx));
        // Noted while the connection is there: the calls do not know yet that it has ended.
        let reason = ended.err().and_then(|error| http_kind(&error));
        if let Some(kind @ (Kind::Protocol | Kind::Http11Required)) = reason {
            self.notes.note_end(kind);
        }
        Poll::Ready(())
    }
}

impl Streams {
    /// Waits for the right to one stream.
    pub(crate) async fn permit(
        self: &Arc<Self>,
        carrier: &Handshake,
        deadline: Instant,
    ) -> Result<StreamPermit, NoStream> {
        loop {
            if let Some(permit) = self.free() {
                return Ok(permit);
            }
            if carrier.is_gone() || self.limit.strong_count() == 0 {
                return Err(NoStream::Gone);
            }
            let now = Instant::now();
            if now >= deadline {
                return Err(NoStream::Late);
            }
            let _ = timeout_at(deadline.min(now + LOOK), self.freed.notified()).await;
        }
    }

    fn free(self: &Arc<Self>) -> Option<StreamPermit> {
        let limit = self.limit();
        let more = |open: usize| (open < limit).then_some(open + 1);
        self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(StreamPermit(Arc::clone(self)))
    }

    fn limit(&self) -> usize {
        // Of a connection that has ended hyper says so itself.
        let Some(connection) = self.limit.upgrade() else { return usize::MAX };
        match connection.try_lock() {
            Ok(connection) => {
                let limit = connection.limit();
                self.known.store(limit, Ordering::Relaxed);
                limit
            }
            // hyper has it at work: no call waits for that.
            Err(_) => self.known.load(Ordering::Relaxed),
        }
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Allowed(AtomicUsize);

    impl Limit for Arc<Allowed> {
        fn limit(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn call_beyond_the_limit_waits_until_a_stream_is_free_or_more_are_allowed() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(async {
            let (allowed, carrier) = (Arc::new(Allowed(AtomicUsize::new(1))), Handshake::default());
            let connection: Arc<Mutex<dyn Limit>> = Arc::new(Mutex::new(Arc::clone(&allowed)));
            let limit = Arc::downgrade(&connection);
            let streams = Arc::new(Streams {
                limit,
                known: AtomicUsize::new(1),
                open: AtomicUsize::new(0),
                freed: Notify::new(),
            });
            let soon = || Instant::now() + Duration::from_millis(100);

            let first = streams.permit(&carrier, soon()).await.ok().expect("a stream");
            assert!(matches!(streams.permit(&carrier, soon()).await, Err(NoStream::Late)));
            drop(first);
            let second = streams.permit(&carrier, soon()).await.ok().expect("the freed stream");
            allowed.0.store(2, Ordering::Relaxed);
            let third = streams.permit(&carrier, soon()).await.ok().expect("another stream");
            carrier.note_gone();
            assert!(matches!(streams.permit(&carrier, soon()).await, Err(NoStream::Gone)));
            drop((second, third));
        });
    }
}

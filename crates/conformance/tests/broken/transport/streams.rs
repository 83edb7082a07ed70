//! The streams that an HTTP/2 server allows at a time. hyper gives h2 one request more than that, and it is sent even if its call was
//! dropped meanwhile; so a call waits here.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use hyper::client::conn::http2::Connection;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::watch;

use super::message::Upload;
use super::patched::Patched;

type Driven = Connection<TokioIo<Patched>, Upload, TokioExecutor>;

/// The streams of one connection.
#[derive(Clone)]
pub(super) struct Streams {
    connection: Weak<Mutex<Driven>>,
    open: Arc<AtomicUsize>,
}

/// One that is open until this is dropped.
pub(super) struct Stream(Arc<AtomicUsize>);

impl Streams {
    /// Those of this connection, and what drives it.
    pub(super) fn of(connection: Driven) -> (Self, impl Future<Output = hyper::Result<()>>) {
        let shared = Arc::new(Mutex::new(connection));
        let streams = Self { connection: Arc::downgrade(&shared), open: Arc::default() };
        let locked = move |cx: &mut std::task::Context<'_>| {
            Pin::new(&mut *shared.lock().unwrap_or_else(PoisonError::into_inner)).poll(cx)
        };
        (streams, std::future::poll_fn(locked))
    }

    /// Waits for a stream; `None` when the connection is gone.
    pub(super) async fn next(&self, gone: &watch::Receiver<()>) -> Option<Stream> {
        loop {
            let connection = self.connection.upgrade().filter(|_| gone.has_changed().is_ok())?;
            let limit = connection.lock().unwrap_or_else(PoisonError::into_inner).current_max_send_streams();
            drop(connection);
            let taken =
                self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| (open < limit).then_some(open + 1));
            if taken.is_ok() {
                return Some(Stream(Arc::clone(&self.open)));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

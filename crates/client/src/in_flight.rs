//! Counts the calls in flight, and refuses new ones after a shutdown.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

/// Counts the calls of one client, including bodies that are still being read.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    count: AtomicUsize,
    closed: AtomicBool,
    watchers: Mutex<Vec<Waker>>,
}

/// One call in flight, until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlightCall(Arc<Shared>);

impl InFlight {
    /// Counts another call, unless the client is shut down.
    pub(crate) fn begin(&self) -> Option<InFlightCall> {
        // Counted first, so that a shutdown either sees the call or refuses it.
        self.0.count.fetch_add(1, Ordering::SeqCst);
        let flight = InFlightCall(Arc::clone(&self.0));
        (!self.0.closed.load(Ordering::SeqCst)).then_some(flight)
    }

    /// Counts a call that is part of another one, also after a shutdown.
    pub(crate) fn join(&self) -> InFlightCall {
        self.0.count.fetch_add(1, Ordering::SeqCst);
        InFlightCall(Arc::clone(&self.0))
    }

    /// Takes no new calls.
    pub(crate) fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.count.load(Ordering::SeqCst)
    }

    /// Completes when no call is in flight.
    pub(crate) async fn landed(&self) {
        std::future::poll_fn(|context| {
            let mut watchers = self.0.watchers.lock().unwrap_or_else(PoisonError::into_inner);
            if self.count() == 0 {
                return Poll::Ready(());
            }
            watchers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Drop for InFlightCall {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::SeqCst) == 1 && self.0.closed.load(Ordering::SeqCst) {
            let watchers = std::mem::take(&mut *self.0.watchers.lock().unwrap_or_else(PoisonError::into_inner));
            watchers.into_iter().for_each(Waker::wake);
        }
    }
}

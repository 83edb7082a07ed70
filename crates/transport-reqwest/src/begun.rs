//! The connection that a call begins to make: whether it was busy with it when it ended.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use crate::handshake::Handshake;

tokio::task_local! {
    static CALL: Arc<BegunConnection>;
}

/// The connection that one call began to make, if it began one.
#[derive(Debug, Default)]
pub(crate) struct BegunConnection(Mutex<Begun>);

#[derive(Debug, Default)]
struct Begun {
    handshake: Option<Arc<Handshake>>,
    /// Whether the call was busy with it when it was polled last. When the call can go over another connection meanwhile,
    /// hyper-util makes this one in the background.
    busy: bool,
    /// The same at the poll before that.
    was_busy: bool,
    /// Whether it came to stand while the call was busy with it.
    stands: bool,
    polled: bool,
    /// Whether the call had been polled before its last poll.
    polled_again: bool,
}

impl BegunConnection {
    /// Runs `future` so that the handshakes it starts are noted in `self`.
    pub(crate) async fn observe<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
        let mut future = std::pin::pin!(CALL.scope(Arc::clone(self), future));
        std::future::poll_fn(|cx| {
            self.begun(|begun| {
                begun.was_busy = std::mem::take(&mut begun.busy);
                begun.polled_again = std::mem::replace(&mut begun.polled, true);
            });
            future.as_mut().poll(cx)
        })
        .await
    }

    /// The connection that this call began to make and did not leave to the background.
    pub(crate) fn handshake(&self) -> Option<Arc<Handshake>> {
        self.begun(|begun| begun.handshake.clone().filter(|_| begun.busy || begun.stands))
    }

    /// A limit of time ended the call. reqwest looks at its clock first, so the last poll did not come as far as the connection, and
    /// what the previous one observed still holds. If there was none, the call has not even begun to connect.
    pub(crate) fn note_timeout(&self) {
        self.begun(|begun| begun.busy |= begun.was_busy || !begun.polled_again);
    }

    /// Whether this call was still making a connection when it ended.
    pub(crate) fn was_connecting(&self) -> bool {
        self.begun(|begun| begun.busy && !begun.stands)
    }

    /// This task begins to make a connection.
    pub(crate) fn note_begin(handshake: &Arc<Handshake>) {
        Self::note(|begun| {
            (begun.handshake, begun.stands) = (Some(Arc::clone(handshake)), false);
            (begun.busy, begun.was_busy) = (false, false);
        });
    }

    /// This task is busy with its connection.
    pub(crate) fn note_busy() {
        Self::note(|begun| begun.busy = true);
    }

    /// The connection of this task stands.
    pub(crate) fn note_stands() {
        Self::note(|begun| begun.stands = true);
    }

    fn begun<T>(&self, look: impl FnOnce(&mut Begun) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes something of the call that this task is busy with, if it is busy with one.
    fn note(change: impl FnOnce(&mut Begun)) {
        let _ = CALL.try_with(|call| call.begun(change));
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn call_whose_limit_is_over_at_its_first_poll_has_not_connected() {
        let mut cx = Context::from_waker(Waker::noop());
        let at_once = Arc::new(BegunConnection::default());
        assert!(pin!(at_once.observe(async {})).poll(&mut cx).is_ready());
        at_once.note_timeout();
        assert!(at_once.was_connecting());
        // From its second poll on it may have been given a connection of the pool.
        let later = Arc::new(BegunConnection::default());
        let mut call = pin!(later.observe(tokio::task::yield_now()));
        assert!(call.as_mut().poll(&mut cx).is_pending() && call.as_mut().poll(&mut cx).is_ready());
        later.note_timeout();
        assert!(!later.was_connecting());
    }
}

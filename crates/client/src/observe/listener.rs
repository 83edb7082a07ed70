//! Calls a function of the program with values, one after the other, on a thread of its own: it never blocks a call, and a panic in
//! it is logged. The queue is bounded. The thread starts with the first value and ends after the last one.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

/// The length of the queue; further values are dropped and counted.
const WAITING: usize = 4096;
/// How long the thread waits for a further value, so that not each value starts a thread.
const LINGER: Duration = Duration::from_millis(100);

type Function<T> = dyn Fn(&T, u64) + Send + Sync;

/// Receives values, each with the number of values that were dropped before it.
pub(crate) struct Listener<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Clone for Listener<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

struct Shared<T> {
    function: Box<Function<T>>,
    state: Mutex<State<T>>,
    /// Notified of a value while the thread lingers.
    arrived: Condvar,
}

struct State<T> {
    /// Each with the number that were dropped before it.
    waiting: VecDeque<(T, u64)>,
    missed: u64,
    /// Whether a thread is running: at work, or lingering.
    has_thread: bool,
    /// Whether there are values left, in the queue or in the function.
    at_work: bool,
    watchers: Vec<Waker>,
}

impl<T: Send + 'static> Listener<T> {
    pub(crate) fn new(function: impl Fn(&T, u64) + Send + Sync + 'static) -> Self {
        let state =
            State { waiting: VecDeque::new(), missed: 0, has_thread: false, at_work: false, watchers: Vec::new() };
        let (function, state, arrived) = (Box::new(function), Mutex::new(state), Condvar::new());
        Self { shared: Arc::new(Shared { function, state, arrived }) }
    }

    /// Queues a value; never blocks.
    pub(crate) fn send(&self, value: T) {
        let mut state = self.shared.lock();
        if state.waiting.len() == WAITING {
            if state.missed == 0 {
                tracing::error!(waiting = WAITING, "a listener is too slow: further values are dropped");
            }
            state.missed += 1;
            return;
        }
        let missed = std::mem::take(&mut state.missed);
        state.waiting.push_back((value, missed));
        if std::mem::replace(&mut state.at_work, true) {
            return;
        }
        if state.has_thread {
            self.shared.arrived.notify_one();
            return;
        }
        let shared = Arc::clone(&self.shared);
        match thread::Builder::new().name("digicert-one-listener".to_owned()).spawn(move || shared.work_off()) {
            Ok(_detached) => state.has_thread = true,
            Err(error) => {
                // The next value starts one, if it can.
                state.at_work = false;
                tracing::error!(%error, "failed to start a thread for a listener");
            }
        }
    }

    /// Completes when the function has been called with all queued values.
    pub(crate) async fn drained(&self) {
        std::future::poll_fn(|context| {
            let mut state = self.shared.lock();
            if !state.at_work {
                return Poll::Ready(());
            }
            state.watchers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl<T> Shared<T> {
    fn work_off(&self) {
        let mut state = self.lock();
        loop {
            if let Some((value, missed)) = state.waiting.pop_front() {
                drop(state);
                if catch_unwind(AssertUnwindSafe(|| (self.function)(&value, missed))).is_err() {
                    tracing::error!("a listener panicked");
                }
                drop(value);
                state = self.lock();
                continue;
            }
            state.at_work = false;
            let watchers = std::mem::take(&mut state.watchers);
            drop(state);
            watchers.into_iter().for_each(Waker::wake);
            let lingering = self.arrived.wait_timeout_while(self.lock(), LINGER, |state| state.waiting.is_empty());
            state = lingering.unwrap_or_else(PoisonError::into_inner).0;
            if state.waiting.is_empty() {
                state.has_thread = false;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Listener<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn listener_gets_values_in_order_also_after_a_panic() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Listener::new({
            let heard = Arc::clone(&heard);
            move |value: &u32, _| {
                assert_ne!(*value, 1, "the listener's own fault");
                heard.lock().expect("unpoisoned").push(*value);
            }
        });
        (0..4).for_each(|value| listener.send(value));
        futures_executor::block_on(listener.drained());
        assert_eq!(*heard.lock().expect("unpoisoned"), [0, 2, 3]);
    }

    #[test]
    fn listener_that_blocks_delays_no_sender_and_gets_the_dropped_count() {
        let (go, may_go) = channel::<()>();
        let may_go = Mutex::new(may_go);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Listener::new({
            let heard = Arc::clone(&heard);
            move |value: &usize, missed| {
                if *value == 0 {
                    let _ = may_go.lock().expect("unpoisoned").recv();
                }
                heard.lock().expect("unpoisoned").push((*value, missed));
            }
        });
        listener.send(0);
        // The first may have left the queue already; the last is dropped in any case.
        (1..=WAITING + 1).for_each(|value| listener.send(value));
        assert!(listener.drained().now_or_never().is_none(), "it is still at the first");
        go.send(()).expect("it waits");
        futures_executor::block_on(listener.drained());
        listener.send(usize::MAX);
        futures_executor::block_on(listener.drained());
        let heard = heard.lock().expect("unpoisoned");
        let (last, missed) = *heard.last().expect("heard");
        assert!(last == usize::MAX && (1..=2).contains(&missed), "{missed}");
        assert_eq!(heard.len() + usize::try_from(missed).expect("small"), WAITING + 3);
    }
}

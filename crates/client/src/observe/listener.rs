//! Calls a function of the program with values, one after the other, on a thread for blocking work: it never blocks a call, and a panic in
//! it is logged. The queue is bounded.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// The length of the queue; further values are dropped and counted.
const WAITING: usize = 4096;

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
}

struct State<T> {
    /// Each with the number that were dropped before it.
    waiting: VecDeque<(T, u64)>,
    missed: u64,
    /// Whether a thread is running.
    at_work: bool,
    watchers: Vec<Waker>,
}

impl<T: Send + 'static> Listener<T> {
    pub(crate) fn new(function: impl Fn(&T, u64) + Send + Sync + 'static) -> Self {
        let state = State { waiting: VecDeque::new(), missed: 0, at_work: false, watchers: Vec::new() };
        Self { shared: Arc::new(Shared { function: Box::new(function), state: Mutex::new(state) }) }
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
        if !std::mem::replace(&mut state.at_work, true) {
            let shared = Arc::clone(&self.shared);
            blocking::unblock(move || shared.work_off()).detach();
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
        loop {
            let mut state = self.lock();
            let Some((value, missed)) = state.waiting.pop_front() else {
                state.at_work = false;
                let watchers = std::mem::take(&mut state.watchers);
                drop(state);
                return watchers.into_iter().for_each(Waker::wake);
            };
            drop(state);
            if catch_unwind(AssertUnwindSafe(|| (self.function)(&value, missed))).is_err() {
                tracing::error!("a listener panicked");
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

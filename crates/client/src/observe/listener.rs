//! A function of the program that is to hear of things, kept away from the calls: it runs on a thread for blocking work, one value
//! after the other, so that neither its panic nor its slowness reaches a call. A bounded number of values waits for it.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// Values that wait at most; more are counted as missed.
const WAITING: usize = 4096;

type Function<T> = dyn Fn(&T, u64) + Send + Sync;

/// Hears of values, with the number of values that it missed just before.
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
    /// Each with the number that was missed before it.
    waiting: VecDeque<(T, u64)>,
    missed: u64,
    /// Whether a thread is at it.
    at_work: bool,
    watchers: Vec<Waker>,
}

impl<T: Send + 'static> Listener<T> {
    pub(crate) fn new(function: impl Fn(&T, u64) + Send + Sync + 'static) -> Self {
        let state = State { waiting: VecDeque::new(), missed: 0, at_work: false, watchers: Vec::new() };
        Self { shared: Arc::new(Shared { function: Box::new(function), state: Mutex::new(state) }) }
    }

    /// Hands a value over; never waits.
    pub(crate) fn send(&self, value: T) {
        let mut state = self.shared.lock();
        if state.waiting.len() == WAITING {
            if state.missed == 0 {
                tracing::error!(waiting = WAITING, "a listener is too slow: what follows is not told to it");
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

    /// Ends when everything that was told has been heard.
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
    fn values_are_heard_in_order_and_a_panic_ends_nothing() {
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
    fn a_listener_that_blocks_holds_nobody_up_and_hears_how_much_it_missed() {
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
        // Whether the first was taken up already is a matter of luck; that the last is missed is not.
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

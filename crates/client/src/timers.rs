//! The timers of the process: one thread, which sleeps until the earliest end.
//!
//! Nearly every timer is the limit of a call that ends long before. So setting one wakes the thread only if it would sleep too
//! long, and dropping one never does: with 32 calls at once, a thread that wakes for each costs a tenth of what the calls cost
//! (docs/decisions/0036-timers.md).

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// Completes at an instant.
pub(crate) struct Timer {
    /// None is beyond the clock.
    end: Option<Instant>,
    /// Its place among the waiting ones, from the first time that it was polled.
    waiting: Option<(Key, Waker)>,
}

/// The end, and a number, since several may end at once.
type Key = (Instant, u64);

struct Timers {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<Key, Waker>,
    count: u64,
    has_thread: bool,
    /// When the thread looks again; without an instant it sleeps until it is woken.
    looks_at: Option<Instant>,
}

// No waker is dropped under the lock: it may be the last reference to a task that has timers of its own.
static TIMERS: OnceLock<Timers> = OnceLock::new();

impl Timer {
    pub(crate) fn new(duration: Duration) -> Self {
        Self { end: Instant::now().checked_add(duration), waiting: None }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(end) = self.end else { return Poll::Pending };
        if end <= Instant::now() {
            return Poll::Ready(());
        }
        let timers = Timers::of_process();
        match &mut self.waiting {
            Some((_, waker)) if waker.will_wake(cx.waker()) => {}
            Some((key, waker)) => {
                waker.clone_from(cx.waker());
                let before = timers.lock().waiting.insert(*key, waker.clone());
                drop(before);
            }
            None => self.waiting = Some((timers.set(end, cx.waker()), cx.waker().clone())),
        }
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some((key, _)) = &self.waiting {
            let waker = Timers::of_process().lock().waiting.remove(key);
            drop(waker);
        }
    }
}

impl Timers {
    fn of_process() -> &'static Self {
        TIMERS.get_or_init(|| Self { state: Mutex::default(), changed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&'static self, end: Instant, waker: &Waker) -> Key {
        let mut state = self.lock();
        if !state.has_thread {
            // If the thread cannot be started, the next timer tries again; until then a timer ends only when it is polled.
            let started = thread::Builder::new().name("digicert-one-timers".to_owned()).spawn(move || self.run());
            state.has_thread = started.is_ok();
        }
        let (key, is_earliest) = state.set(end, waker);
        drop(state);
        if is_earliest {
            self.changed.notify_one();
        }
        key
    }

    fn run(&self) {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let due = state.due(now);
            if !due.is_empty() {
                drop(state);
                due.into_iter().for_each(Waker::wake);
                state = self.lock();
                continue;
            }
            let rest = state.looks_at.map(|end| end.saturating_duration_since(now));
            state = match rest {
                Some(rest) => self.changed.wait_timeout(state, rest).map_or_else(|it| it.into_inner().0, |it| it.0),
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl State {
    /// Adds a timer, and returns whether the thread would sleep beyond its end.
    fn set(&mut self, end: Instant, waker: &Waker) -> (Key, bool) {
        self.count += 1;
        let key = (end, self.count);
        self.waiting.insert(key, waker.clone());
        let is_earliest = self.looks_at.is_none_or(|looks_at| end < looks_at);
        if is_earliest {
            self.looks_at = Some(end);
        }
        (key, is_earliest)
    }

    /// Takes those that have ended, and notes when the next one does.
    fn due(&mut self, now: Instant) -> Vec<Waker> {
        let mut due = Vec::new();
        while let Some(first) = self.waiting.first_entry().filter(|first| first.key().0 <= now) {
            due.push(first.remove());
        }
        self.looks_at = self.waiting.keys().next().map(|key| key.0);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timer_that_is_not_the_earliest_wakes_no_thread() {
        let (mut state, now) = (State::default(), Instant::now());
        let mut set = |second| state.set(now + Duration::from_secs(second), Waker::noop());
        let (first, is_earliest) = set(30);
        assert!(is_earliest && !set(31).1 && !set(30).1 && set(1).1 && !set(2).1);
        // A dropped one stays the instant at which the thread looks, so that the next call wakes nothing.
        state.waiting.remove(&first);
        assert!(!state.set(now + Duration::from_secs(30), Waker::noop()).1);
    }

    #[test]
    fn due_timers_are_taken_and_the_next_one_is_waited_for() {
        let (mut state, now) = (State::default(), Instant::now());
        let at = |second| now + Duration::from_secs(second);
        for second in [3, 1, 2, 1] {
            state.set(at(second), Waker::noop());
        }
        assert_eq!((state.due(now).len(), state.looks_at), (0, Some(at(1))));
        assert_eq!((state.due(at(1)).len(), state.looks_at), (2, Some(at(2))));
        assert_eq!((state.due(at(9)).len(), state.looks_at), (2, None));
    }

    #[test]
    fn timers_end_in_any_order_and_one_beyond_the_clock_never() {
        let timer = |milliseconds| Timer::new(Duration::from_millis(milliseconds));
        let (later, sooner) = (timer(20), timer(5));
        futures_executor::block_on(async { futures_util::join!(later, sooner, timer(0)) });
        let mut never = Timer::new(Duration::MAX);
        assert!(Pin::new(&mut never).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(never.waiting.is_none(), "nothing waits for it");
    }

    #[test]
    fn waker_that_is_replaced_or_removed_may_drop_timers_of_its_own() {
        struct Task(#[expect(dead_code, reason = "dropped with the task")] Mutex<Timer>);
        impl std::task::Wake for Task {
            fn wake(self: std::sync::Arc<Self>) {}
        }
        let hour = || {
            let mut timer = Timer::new(Duration::from_secs(3600));
            assert!(Pin::new(&mut timer).poll(&mut Context::from_waker(Waker::noop())).is_pending());
            timer
        };
        let mut timer = Timer::new(Duration::from_secs(3600));
        for _ in 0..2 {
            let last = Waker::from(std::sync::Arc::new(Task(Mutex::new(hour()))));
            assert!(Pin::new(&mut timer).poll(&mut Context::from_waker(&last)).is_pending());
        }
    }

    #[test]
    fn moved_timer_wakes_its_last_task_and_a_dropped_one_is_gone() {
        let mut timer = Timer::new(Duration::from_secs(3600));
        assert!(Pin::new(&mut timer).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let (key, _) = timer.waiting.clone().expect("it waits");
        let other = Waker::from(std::sync::Arc::new(Other));
        assert!(Pin::new(&mut timer).poll(&mut Context::from_waker(&other)).is_pending());
        let waits = |key: &Key| Timers::of_process().lock().waiting.get(key).cloned();
        assert!(waits(&key).is_some_and(|waker| waker.will_wake(&other)));
        drop(timer);
        assert!(waits(&key).is_none());
    }

    struct Other;

    impl std::task::Wake for Other {
        fn wake(self: std::sync::Arc<Self>) {}
    }
}

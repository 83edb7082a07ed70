//! A clock that stands until it is moved: for tests, ours and those of programs that use the SDK.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use crate::{Clock, Sleep};

/// Virtual time. Clones show the same time.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use digicert_one_core::{Clock, ManualClock};
///
/// let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: SystemTime,
    next: u64,
    sleepers: Vec<Sleeper>,
    watchers: Vec<Waker>,
}

/// A wait that somebody is in.
#[derive(Debug)]
struct Sleeper {
    id: u64,
    end: SystemTime,
    waker: Waker,
}

impl ManualClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn new(now: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(State { now, next: 0, sleepers: Vec::new(), watchers: Vec::new() })))
    }

    /// Moves the time on, and ends the waits that are over then.
    ///
    /// # Panics
    /// The time is beyond what the system can represent.
    pub fn advance(&self, by: Duration) {
        let mut state = self.lock();
        state.now += by;
        // Each looks for itself whether its time has come.
        let sleepers = std::mem::take(&mut state.sleepers);
        drop(state);
        sleepers.into_iter().for_each(|sleeper| sleeper.waker.wake());
    }

    /// Waits until somebody waits for this clock, and tells how long the shortest such wait still is.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use digicert_one_core::{Clock, ManualClock};
    ///
    /// # futures_executor::block_on(async {
    /// let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    /// let driver = async {
    ///     let wait = clock.waited_for().await;
    ///     clock.advance(wait);
    ///     wait
    /// };
    /// let (wait, ()) = futures_util::join!(driver, clock.sleep(Duration::from_secs(2)));
    /// assert_eq!(wait, Duration::from_secs(2));
    /// # });
    /// ```
    pub async fn waited_for(&self) -> Duration {
        poll_fn(|context| {
            let mut state = self.lock();
            match state.sleepers.iter().map(|sleeper| sleeper.end).min() {
                Some(end) => Poll::Ready(end.duration_since(state.now).unwrap_or_default()),
                None => {
                    state.watchers.push(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.lock().now
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        // A wait beyond what the system can represent never ends, as it would not.
        let end = state.now.checked_add(duration);
        drop(state);
        Box::pin(Wait { clock: self.clone(), id, end })
    }
}

struct Wait {
    clock: ManualClock,
    id: u64,
    end: Option<SystemTime>,
}

impl Wait {
    fn forget(&self, state: &mut State) {
        state.sleepers.retain(|sleeper| sleeper.id != self.id);
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(end) = self.end else { return Poll::Pending };
        let mut state = self.clock.lock();
        self.forget(&mut state);
        if state.now >= end {
            return Poll::Ready(());
        }
        state.sleepers.push(Sleeper { id: self.id, end, waker: context.waker().clone() });
        let watchers = std::mem::take(&mut state.watchers);
        drop(state);
        watchers.into_iter().for_each(Waker::wake);
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.forget(&mut self.clock.lock());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_when_the_clock_was_moved_far_enough() {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let mut sleep = clock.sleep(Duration::from_secs(10));
        let mut context = Context::from_waker(Waker::noop());
        for (by, ready) in [(0, false), (9, false), (1, true)] {
            clock.advance(Duration::from_secs(by));
            assert_eq!(sleep.as_mut().poll(&mut context).is_ready(), ready);
        }
    }
}

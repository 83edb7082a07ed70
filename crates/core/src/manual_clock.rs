//! A clock that stands until it is moved: for tests, ours and those of programs that use the SDK.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
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
    sleepers: Vec<Waker>,
}

impl ManualClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn new(now: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(State { now, sleepers: Vec::new() })))
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
        sleepers.into_iter().for_each(Waker::wake);
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
        let clock = self.clone();
        let end = clock.now() + duration;
        Box::pin(poll_fn(move |context| {
            let mut state = clock.lock();
            if state.now >= end {
                return Poll::Ready(());
            }
            state.sleepers.push(context.waker().clone());
            Poll::Pending
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::task::Context;

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

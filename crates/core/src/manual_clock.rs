//! A clock that stands still until it is moved: for tests of the SDK and of programs that use it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use crate::Clock;

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

/// The purpose of a sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Wait,
    Limit,
}

/// A pending sleep.
#[derive(Debug)]
struct Sleeper {
    id: u64,
    kind: Kind,
    end: SystemTime,
    waker: Waker,
}

impl ManualClock {
    /// Creates a clock that shows this time.
    #[must_use]
    pub fn new(now: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(State { now, next: 0, sleepers: Vec::new(), watchers: Vec::new() })))
    }

    /// Advances the time and completes the sleeps that are due.
    ///
    /// # Panics
    /// Panics if the time is beyond what the system can represent.
    pub fn advance(&self, by: Duration) {
        let mut state = self.lock();
        state.now += by;
        // Each sleeper checks whether its time has come.
        let sleepers = std::mem::take(&mut state.sleepers);
        drop(state);
        sleepers.into_iter().for_each(|sleeper| sleeper.waker.wake());
    }

    /// Waits until a task [sleeps](Clock::sleep) on this clock, and returns the shortest remaining sleep. A
    /// [limit](Clock::limit) does not count as a sleep.
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
        self.first(Kind::Wait).await
    }

    /// Same as [`waited_for`](Self::waited_for), for a [limit](Clock::limit).
    pub async fn limited_for(&self) -> Duration {
        self.first(Kind::Limit).await
    }

    async fn first(&self, kind: Kind) -> Duration {
        poll_fn(|context| {
            let mut state = self.lock();
            match state.sleepers.iter().filter(|sleeper| sleeper.kind == kind).map(|sleeper| sleeper.end).min() {
                Some(end) => Poll::Ready(end.duration_since(state.now).unwrap_or_default()),
                None => {
                    state.watchers.push(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Runs `work`, completes each sleep as soon as it is pending, and returns the sleeps in order. Limits
    /// complete only if the sleeps take that long.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use digicert_one_core::{Clock, ManualClock};
    ///
    /// # futures_executor::block_on(async {
    /// let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    /// let ((), waits) = clock.run(clock.sleep(Duration::from_secs(3600))).await;
    /// assert_eq!(waits, [Duration::from_secs(3600)]);
    /// # });
    /// ```
    pub async fn run<F: Future>(&self, work: F) -> (F::Output, Vec<Duration>) {
        let mut work = pin!(work);
        let mut waits = Vec::new();
        let output = poll_fn(|context| {
            loop {
                if let Poll::Ready(output) = work.as_mut().poll(context) {
                    return Poll::Ready(output);
                }
                let Poll::Ready(wait) = pin!(self.waited_for()).poll(context) else { return Poll::Pending };
                waits.push(wait);
                self.advance(wait);
            }
        })
        .await;
        (output, waits)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.lock().now
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.until(Kind::Wait, duration)
    }

    fn limit(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.until(Kind::Limit, duration)
    }
}

impl ManualClock {
    fn until(&self, kind: Kind, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        // A sleep beyond what the system can represent never completes.
        let end = state.now.checked_add(duration);
        drop(state);
        Box::pin(Sleeping { clock: self.clone(), kind, id, end })
    }
}

struct Sleeping {
    clock: ManualClock,
    kind: Kind,
    id: u64,
    end: Option<SystemTime>,
}

impl Sleeping {
    fn forget(&self, state: &mut State) {
        state.sleepers.retain(|sleeper| sleeper.id != self.id);
    }
}

impl Future for Sleeping {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(end) = self.end else { return Poll::Pending };
        let mut state = self.clock.lock();
        self.forget(&mut state);
        if state.now >= end {
            return Poll::Ready(());
        }
        state.sleepers.push(Sleeper { id: self.id, kind: self.kind, end, waker: context.waker().clone() });
        let watchers = std::mem::take(&mut state.watchers);
        drop(state);
        watchers.into_iter().for_each(Waker::wake);
        Poll::Pending
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        self.forget(&mut self.clock.lock());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_completes_once_clock_has_advanced_far_enough() {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let mut sleep = clock.sleep(Duration::from_secs(10));
        let mut context = Context::from_waker(Waker::noop());
        for (by, ready) in [(0, false), (9, false), (1, true)] {
            clock.advance(Duration::from_secs(by));
            assert_eq!(sleep.as_mut().poll(&mut context).is_ready(), ready);
        }
    }
}

//! The emulator's time: a clock that can be moved and stopped.
//!
//! One clock decides on end dates, rate limits, `Retry-After` and the `Date` of each response. Handshakes go by the system's time
//! all the same: no TLS stack lets its server move it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// The source of the time.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// A clock that can be set. Clones are the same clock.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use digicert_one_emulator::{Emulator, EmulatorClock, EmulatorOptions};
///
/// let clock = EmulatorClock::fixed(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
/// let emulator = Emulator::start_blocking(EmulatorOptions::default().emulator_clock(&clock))?;
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(emulator.control().now(), clock.now());
/// # Ok::<_, digicert_one_emulator::EmulatorError>(())
/// ```
#[derive(Clone)]
pub struct EmulatorClock(Arc<Shared>);

struct Shared {
    base: Clock,
    position: Mutex<Position>,
}

#[derive(Clone, Copy, Debug)]
enum Position {
    /// It runs with its base, and was `set` when the base was at `base`.
    Running { set: SystemTime, base: SystemTime },
    /// It stands still.
    Fixed(SystemTime),
}

/// The same time as the base.
const UNMOVED: Position = Position::Running { set: SystemTime::UNIX_EPOCH, base: SystemTime::UNIX_EPOCH };

impl EmulatorClock {
    /// The system's time, until it is moved.
    pub fn system() -> Self {
        EmulatorClock::over(Arc::new(SystemTime::now))
    }

    /// The time of another clock, until it is moved.
    pub fn over(base: Clock) -> Self {
        EmulatorClock(Arc::new(Shared { base, position: Mutex::new(UNMOVED) }))
    }

    /// A clock that stands still at this moment.
    pub fn fixed(moment: SystemTime) -> Self {
        let clock = EmulatorClock::system();
        clock.fix(moment);
        clock
    }

    /// The current time.
    pub fn now(&self) -> SystemTime {
        match *self.position() {
            Position::Fixed(moment) => moment,
            Position::Running { set, base } => {
                let now = (self.0.base)();
                let moved = match now.duration_since(base) {
                    Ok(passed) => set.checked_add(passed),
                    Err(back) => set.checked_sub(back.duration()),
                };
                moved.unwrap_or(now)
            }
        }
    }

    /// Moves it forward, running or not. It stays where the system's time cannot express the result.
    pub fn advance(&self, by: Duration) {
        let (fixed, now) = (self.is_fixed(), self.now());
        let moment = now.checked_add(by).unwrap_or(now);
        if fixed { self.fix(moment) } else { self.set(moment) }
    }

    /// Sets it, forward or backward; it runs on from there.
    pub fn set(&self, moment: SystemTime) {
        let base = (self.0.base)();
        *self.position() = Position::Running { set: moment, base };
    }

    /// Stops it at this moment.
    pub fn fix(&self, moment: SystemTime) {
        *self.position() = Position::Fixed(moment);
    }

    /// Whether it stands still.
    pub fn is_fixed(&self) -> bool {
        matches!(*self.position(), Position::Fixed(_))
    }

    /// Back to the time of the clock below.
    pub fn reset(&self) {
        *self.position() = UNMOVED;
    }

    /// The same clock as a function.
    pub fn as_clock(&self) -> Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }

    fn position(&self) -> MutexGuard<'_, Position> {
        self.0.position.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for EmulatorClock {
    fn default() -> Self {
        EmulatorClock::system()
    }
}

impl fmt::Debug for EmulatorClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("EmulatorClock").field(&*self.position()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn clock_runs_with_its_base_and_moves_across_it() {
        let base = Arc::new(Mutex::new(at(1000)));
        let read = Arc::clone(&base);
        let clock = EmulatorClock::over(Arc::new(move || *read.lock().expect("unpoisoned")));
        for (set, expected) in [(5000, 5100), (10, 110)] {
            *base.lock().expect("unpoisoned") = at(1000);
            clock.set(at(set));
            *base.lock().expect("unpoisoned") = at(1100);
            assert_eq!(clock.now(), at(expected));
        }
        clock.reset();
        assert_eq!(clock.now(), at(1100));
        clock.set(at(900));
        for (by, expected) in [(50, 950), (150, 1100), (300, 1400)] {
            clock.advance(Duration::from_secs(by));
            assert_eq!(clock.now(), at(expected));
        }
        clock.reset();
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), at(1100), "beyond what the system's time can express");
        clock.fix(at(7));
        clock.advance(Duration::from_secs(1));
        clock.advance(Duration::MAX);
        assert_eq!((clock.now(), clock.is_fixed()), (at(8), true));
    }
}

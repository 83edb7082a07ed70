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
/// assert_eq!(emulator.control().clock().now(), clock.now());
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
    /// It is stopped.
    Fixed(SystemTime),
}

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

    /// Creates a clock that is stopped at this moment.
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

    /// Sets it, forward or backward; it continues from there.
    pub fn set(&self, moment: SystemTime) {
        let base = (self.0.base)();
        *self.position() = Position::Running { set: moment, base };
    }

    /// Stops it at this moment.
    pub fn fix(&self, moment: SystemTime) {
        *self.position() = Position::Fixed(moment);
    }

    /// Returns whether it is stopped.
    pub fn is_fixed(&self) -> bool {
        matches!(*self.position(), Position::Fixed(_))
    }

    /// Back to the time of the clock below.
    pub fn reset(&self) {
        *self.position() = UNMOVED;
    }

    fn position(&self) -> MutexGuard<'_, Position> {
        self.0.position.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for EmulatorClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("EmulatorClock").field(&*self.position()).finish()
    }
}

//! The system's time as a [`Clock`], for any executor.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use digicert_one_core::Clock;

use crate::timers::Timer;

/// The wall clock of this machine. Needs no runtime: one thread of the process serves all timers.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl SystemClock {
    /// The system's clock.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(Timer::new(duration))
    }
}

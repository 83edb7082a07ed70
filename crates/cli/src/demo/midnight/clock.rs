//! The emulator's time as the client's: one clock for both, so that a month passes in a moment.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use digicert_one::core::Clock;
use digicert_one_emulator::EmulatorClock;

/// Virtual time, which passes without waiting.
#[derive(Clone, Debug)]
pub(super) struct VirtualClock(pub(super) EmulatorClock);

impl Clock for VirtualClock {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    /// A wait is over at once, and it is so much later.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let clock = self.0.clone();
        Box::pin(async move { clock.advance(duration) })
    }

    /// What a limit bounds is real: the wire.
    fn limit(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

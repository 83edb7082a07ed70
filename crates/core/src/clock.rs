//! Time as a trait, so that every delay and every end date can be tested in virtual time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// The SDK's only source of time and delays.
///
/// `core` has no clock of its own; the client provides one for the system's time.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the wall-clock time, which end dates of keys and certificates are compared with.
    fn now(&self) -> SystemTime;

    /// Returns a future that completes `duration` from now: an intended delay.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Returns a future that completes `duration` from now, used as a timeout for something else. Same as
    /// [`sleep`](Self::sleep) by default, but lets a test clock distinguish timeouts from delays, so that no virtual
    /// time passes while only the network is slow.
    fn limit(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.sleep(duration)
    }
}

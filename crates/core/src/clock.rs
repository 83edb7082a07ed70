//! Time as the SDK sees it: a trait, so that every wait and every end date is tested in virtual time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// A wait that is over when the clock says so.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The only way in which the SDK learns the time or waits.
///
/// `core` has no clock of its own; the client brings one for the system's time.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The wall clock, as the end dates of keys and certificates use it.
    fn now(&self) -> SystemTime;

    /// A future that ends `duration` from now: a wait that somebody means to make.
    fn sleep(&self, duration: Duration) -> Sleep;

    /// A future that ends `duration` from now and bounds how long something else may take. As [`sleep`](Self::sleep), but a clock
    /// for tests can tell a limit from a wait, and let no time pass while only the wire is slow.
    fn limit(&self, duration: Duration) -> Sleep {
        self.sleep(duration)
    }
}

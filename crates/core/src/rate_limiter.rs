//! How fast a caller may call. DigiCert ONE counts per API key, so a fleet that shares a key shares its limit: the state may live outside
//! of this process, and asking it may wait or fail. What is here is the seam; the client brings the rate limiter of one process.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::{BoxError, Clock, Code, Fingerprint};

/// Says when the next request of a caller may go out, and hears when the platform found them too many.
///
/// Asked before each attempt. Requests without a credential are not limited.
#[async_trait]
pub trait RateLimiter: fmt::Debug + Send + Sync + 'static {
    /// Waits until this caller may send one more request. The permit is dropped when the head of the answer is there.
    ///
    /// # Errors
    /// The turn would come too late, or the state cannot be asked. Either ends the call, and nothing is sent: a limiter that would
    /// rather go on without its state gives a permit.
    async fn permit(&self, turn: &Turn<'_>) -> Result<Permit, RateLimitError>;

    /// The platform answered 429.
    async fn throttled(&self, notice: &Throttled);

    /// The platform took a request.
    fn accepted(&self, caller: Fingerprint, now: SystemTime) {
        let _ = (caller, now);
    }
}

/// A request that waits for its turn.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Turn<'a> {
    /// Whom the platform will count.
    pub caller: Fingerprint,
    /// The only source of time and waits.
    pub clock: &'a Arc<dyn Clock>,
    /// How long the call can wait.
    pub within: Duration,
}

impl<'a> Turn<'a> {
    /// A request of `caller` that can wait this long.
    #[must_use]
    pub fn new(caller: Fingerprint, clock: &'a Arc<dyn Clock>, within: Duration) -> Self {
        Self { caller, clock, within }
    }
}

/// An answer of 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Throttled {
    /// Whom the platform counted.
    pub caller: Fingerprint,
    /// When the answer came.
    pub now: SystemTime,
    /// The wait that it asks for.
    pub retry_after: Option<Duration>,
}

impl Throttled {
    /// A 429 for `caller`.
    #[must_use]
    pub fn new(caller: Fingerprint, now: SystemTime, retry_after: Option<Duration>) -> Self {
        Self { caller, now, retry_after }
    }
}

/// The right to send one request. Dropping it gives back what it holds.
#[must_use = "the place is given back at once"]
pub struct Permit(Option<Box<dyn Send + Sync>>);

impl Permit {
    /// A permit that holds nothing.
    pub fn free() -> Self {
        Self(None)
    }

    /// A permit that gives `place` back when the request is over.
    pub fn holding(place: impl Send + Sync + 'static) -> Self {
        Self(Some(Box::new(place)))
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Permit(a place)" } else { "Permit(nothing)" })
    }
}

/// No permit, so nothing is sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RateLimitError {
    /// The turn comes after the deadline of the call.
    #[error("the call's turn comes in {} seconds at the earliest, after its deadline", .wait.as_secs_f32().ceil())]
    TooLate {
        /// The wait until then.
        wait: Duration,
    },
    /// The state that several processes share cannot be asked.
    #[error("the shared rate limiter cannot be asked")]
    Unavailable(#[source] BoxError),
}

impl RateLimitError {
    /// The diagnosis code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::TooLate { .. } => Code::PACE_01,
            Self::Unavailable(_) => Code::PACE_02,
        }
    }
}

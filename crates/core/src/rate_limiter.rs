//! The interface of rate limiters. DigiCert ONE counts requests per API key, so a fleet that shares a key
//! shares its limit: the state may be outside this process, and asking it may wait or fail. The client has
//! the implementation for one process.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::{BoxError, Clock, Code, Fingerprint, span};

/// A rate limiter: decides when a caller may send its next request, and is notified when the platform throttles.
///
/// Asked before each attempt. Requests without a credential are not limited.
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use std::time::{Duration, SystemTime};
///
/// use async_trait::async_trait;
/// use digicert_one_core::{Fingerprint, Permit, PermitRequest, RateLimitError, RateLimiter};
///
/// /// Sends nothing more once the platform has throttled a call.
/// #[derive(Debug, Default)]
/// struct StopWhenThrottled(AtomicBool);
///
/// #[async_trait]
/// impl RateLimiter for StopWhenThrottled {
///     async fn permit(&self, request: &PermitRequest<'_>) -> Result<Permit, RateLimitError> {
///         match self.0.load(Ordering::Relaxed) {
///             true => Err(RateLimitError::TooLate { wait: request.within }),
///             false => Ok(Permit::free()),
///         }
///     }
///
///     async fn throttled(&self, _: Fingerprint, _: Option<Duration>, _: SystemTime) {
///         self.0.store(true, Ordering::Relaxed);
///     }
/// }
/// ```
#[async_trait]
pub trait RateLimiter: fmt::Debug + Send + Sync + 'static {
    /// Waits until this caller may send one more request. The permit is dropped when the response head arrives.
    ///
    /// # Errors
    /// Returns an error if the permit would come too late, or the shared state cannot be reached. Either ends
    /// the call, and nothing is sent; a limiter that prefers to continue without its state returns a permit.
    async fn permit(&self, request: &PermitRequest<'_>) -> Result<Permit, RateLimitError>;

    /// Called when the platform responded with 429 to a request of this caller, which asks for a delay of `retry_after`.
    async fn throttled(&self, caller: Fingerprint, retry_after: Option<Duration>, now: SystemTime);

    /// Called when the platform accepted a request.
    fn accepted(&self, caller: Fingerprint, now: SystemTime) {
        let _ = (caller, now);
    }
}

/// A request for a permit.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PermitRequest<'a> {
    /// The caller that the platform counts.
    pub caller: Fingerprint,
    /// The only source of time and delays.
    pub clock: &'a Arc<dyn Clock>,
    /// How long the call can wait.
    pub within: Duration,
}

impl<'a> PermitRequest<'a> {
    /// Creates a permit request of `caller` that can wait this long.
    #[must_use]
    pub fn new(caller: Fingerprint, clock: &'a Arc<dyn Clock>, within: Duration) -> Self {
        Self { caller, clock, within }
    }

    /// Waits for `future` until `limit` has passed. A future that is ready at once costs no timer.
    ///
    /// # Errors
    /// Returns [`RateLimitError::TooLate`] if it takes longer.
    pub async fn bounded<F: Future>(&self, limit: Duration, future: F) -> Result<F::Output, RateLimitError> {
        let mut future = pin!(future);
        let mut timer = None;
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            let timer = timer.get_or_insert_with(|| self.clock.limit(limit));
            timer.as_mut().poll(context).map(|()| Err(RateLimitError::TooLate { wait: limit }))
        })
        .await
    }
}

/// Permission to send one request. Dropping it releases what it holds.
#[must_use = "a permit that is dropped is released at once"]
pub struct Permit(Option<Box<dyn Send + Sync>>);

impl Permit {
    /// Returns a permit that holds nothing.
    pub fn free() -> Self {
        Self(None)
    }

    /// Returns a permit that drops `place` when the request is over.
    pub fn holding(place: impl Send + Sync + 'static) -> Self {
        Self(Some(Box::new(place)))
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Permit(held)" } else { "Permit(free)" })
    }
}

/// Error returned when no permit is given; nothing is sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RateLimitError {
    /// The permit would come after the deadline of the call.
    #[error("rate limit: a permit is available in {} at the earliest, after the deadline of the call", span::delay(*.wait))]
    TooLate {
        /// The remaining delay.
        wait: Duration,
    },
    /// The state that several processes share cannot be reached.
    #[error("failed to reach the shared rate limiter")]
    Unavailable(#[source] BoxError),
    /// The store of the shared state refused this process.
    #[error("the store of the shared rate limiter refused this process")]
    Denied(#[source] BoxError),
    /// The store of the shared state responded, but cannot be used.
    #[error("the store of the shared rate limiter cannot be used")]
    Unusable(#[source] BoxError),
}

impl RateLimitError {
    /// Returns the diagnosis code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::TooLate { .. } => Code::PACE_01,
            Self::Unavailable(_) => Code::PACE_02,
            Self::Denied(_) => Code::PACE_03,
            Self::Unusable(_) => Code::PACE_04,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::pin::Pin;
    use std::sync::Mutex;

    use super::*;
    use crate::ApiKey;

    /// Notes the delays that it is asked for, which are over at once.
    #[derive(Debug, Default)]
    struct NotingClock(Mutex<Vec<Duration>>);

    impl Clock for NotingClock {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }

        fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            self.0.lock().expect("not poisoned").push(duration);
            Box::pin(ready(()))
        }
    }

    #[test]
    fn bounded_wait_ends_at_its_limit_and_needs_no_timer_when_over() {
        let noting = Arc::new(NotingClock::default());
        let clock: Arc<dyn Clock> = Arc::clone(&noting) as _;
        let caller = ApiKey::new("01ab-canary").expect("a key").fingerprint();
        let request = PermitRequest::new(caller, &clock, Duration::from_secs(9));
        let limit = Duration::from_secs(5);
        let output = futures_executor::block_on(request.bounded(limit, ready(7)));
        assert!(matches!(output, Ok(7)) && noting.0.lock().expect("not poisoned").is_empty());
        let late = futures_executor::block_on(request.bounded(limit, pending::<()>()));
        assert!(matches!(late, Err(RateLimitError::TooLate { wait }) if wait == limit), "{late:?}");
        assert_eq!(*noting.0.lock().expect("not poisoned"), [limit]);
    }
}

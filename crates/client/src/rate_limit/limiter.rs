//! The rate limiter of a client: the local one, or another one.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use digicert_one_core::{Fingerprint, Permit, PermitRequest, RateLimitError, RateLimiter};

use super::caller_limiter::{CallerLimiter, Slot};
use super::local::LocalRateLimiter;

/// The permit for one request, held until the head of its response has arrived.
pub(crate) enum HeldPermit {
    /// A slot of the local limiter, without a box.
    Local(Slot),
    Other(#[expect(dead_code, reason = "released when it is dropped")] Permit),
}

impl HeldPermit {
    /// Whether the request may have waited for it.
    pub(crate) fn waited(&self) -> bool {
        match self {
            Self::Local(slot) => slot.waited,
            Self::Other(_) => true,
        }
    }
}

/// A caller, with its place in the local limiter once that was looked up.
#[derive(Clone, Debug)]
pub(crate) struct LimitedCaller {
    fingerprint: Fingerprint,
    local: OnceLock<Arc<CallerLimiter>>,
}

impl LimitedCaller {
    pub(crate) fn new(fingerprint: Fingerprint) -> Self {
        Self { fingerprint, local: OnceLock::new() }
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

/// The rate limiter of a client. The local one needs no boxed future.
#[derive(Clone, Debug)]
pub(crate) enum Limiter {
    Local(LocalRateLimiter),
    Other(Arc<dyn RateLimiter>),
}

impl Limiter {
    /// Waits for a permit. `now` is the current time; `caller` is that of the request, if its place is to be remembered.
    pub(crate) async fn permit(
        &self,
        request: &PermitRequest<'_>,
        caller: Option<&LimitedCaller>,
        now: SystemTime,
    ) -> Result<HeldPermit, RateLimitError> {
        match self {
            Self::Local(limiter) => {
                let slot = match caller {
                    // Without the lock that all callers share.
                    Some(caller) => {
                        limiter.slot_of(caller.local.get_or_init(|| limiter.caller(request)), request, now).await
                    }
                    None => limiter.slot(request, now).await,
                };
                slot.map(HeldPermit::Local)
            }
            Self::Other(limiter) => limiter.permit(request).await.map(HeldPermit::Other),
        }
    }

    pub(crate) async fn throttled(&self, caller: Fingerprint, retry_after: Option<Duration>, now: SystemTime) {
        match self {
            Self::Local(limiter) => limiter.throttled(caller, retry_after, now),
            Self::Other(limiter) => limiter.throttled(caller, retry_after, now).await,
        }
    }

    pub(crate) fn accepted(&self, caller: Fingerprint, now: SystemTime) {
        match self {
            Self::Local(limiter) => limiter.accepted(caller, now),
            Self::Other(limiter) => limiter.accepted(caller, now),
        }
    }
}

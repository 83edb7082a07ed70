//! The rate limiter of a client: the local one, or another one.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one_core::{Fingerprint, Permit, PermitRequest, RateLimitError, RateLimiter};

use super::caller_limiter::Slot;
use super::local::LocalRateLimiter;

/// The permit for one request, held until the head of its response has arrived.
pub(crate) enum Held {
    /// A slot of the local limiter, without a box.
    Local(Slot),
    Other(#[expect(dead_code, reason = "released when it is dropped")] Permit),
}

impl Held {
    /// Whether the request may have waited for it.
    pub(crate) fn waited(&self) -> bool {
        match self {
            Self::Local(slot) => slot.waited,
            Self::Other(_) => true,
        }
    }
}

/// The rate limiter of a client. The local one needs no boxed future.
#[derive(Clone, Debug)]
pub(crate) enum Limiter {
    Local(LocalRateLimiter),
    Other(Arc<dyn RateLimiter>),
}

impl Limiter {
    /// Waits for a permit. `now` is the current time.
    pub(crate) async fn permit(&self, request: &PermitRequest<'_>, now: SystemTime) -> Result<Held, RateLimitError> {
        match self {
            Self::Local(limiter) => limiter.slot(request, now).await.map(Held::Local),
            Self::Other(limiter) => limiter.permit(request).await.map(Held::Other),
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

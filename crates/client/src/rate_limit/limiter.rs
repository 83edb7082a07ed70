//! The rate limiter of a client, whichever it is.

use std::sync::Arc;
use std::time::SystemTime;

use digicert_one_core::{Fingerprint, Permit, RateLimitError, RateLimiter, Throttled, Turn};

use super::lane;
use super::local::LocalRateLimiter;

/// What is held while a request is sent.
#[expect(dead_code, reason = "held until it is dropped, and never looked at")]
pub(crate) enum Held {
    /// A place of the usual limiter, without a box of its own.
    Local(lane::Place),
    Other(Permit),
}

/// The rate limiter of a client. The usual one is asked without a boxed future.
#[derive(Clone, Debug)]
pub(crate) enum Limiter {
    Local(LocalRateLimiter),
    Other(Arc<dyn RateLimiter>),
}

impl Limiter {
    pub(crate) async fn permit(&self, turn: &Turn<'_>) -> Result<Held, RateLimitError> {
        match self {
            Self::Local(limiter) => limiter.place(turn).await.map(Held::Local),
            Self::Other(limiter) => limiter.permit(turn).await.map(Held::Other),
        }
    }

    pub(crate) async fn throttled(&self, notice: &Throttled) {
        match self {
            Self::Local(limiter) => limiter.throttled(notice),
            Self::Other(limiter) => limiter.throttled(notice).await,
        }
    }

    pub(crate) fn accepted(&self, caller: Fingerprint, now: SystemTime) {
        match self {
            Self::Local(limiter) => limiter.accepted(caller, now),
            Self::Other(limiter) => limiter.accepted(caller, now),
        }
    }
}

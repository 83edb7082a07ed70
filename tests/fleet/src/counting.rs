//! A rate limiter that notes every 429 on standard output.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use digicert_one::core::{Fingerprint, Permit, PermitRequest, RateLimitError, RateLimiter};

use crate::note::note;

#[derive(Debug)]
pub(crate) struct Counting<L>(pub(crate) L);

#[async_trait]
impl<L: RateLimiter + Debug> RateLimiter for Counting<L> {
    async fn permit(&self, request: &PermitRequest<'_>) -> Result<Permit, RateLimitError> {
        self.0.permit(request).await
    }

    async fn throttled(&self, caller: Fingerprint, retry_after: Option<Duration>, now: SystemTime) {
        note("t");
        self.0.throttled(caller, retry_after, now).await;
    }

    fn accepted(&self, caller: Fingerprint, now: SystemTime) {
        self.0.accepted(caller, now);
    }
}

//! Faults of the rate limiter: a call without a permit is not sent.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use digicert_one_client::LocalRateLimiter;
use digicert_one_core::{BoxError, Code, Fingerprint, Permit, PermitRequest, RateLimitError, RateLimiter};
use digicert_one_testbed::FrontOptions;

use super::fault::{Fault, fault};
use super::lab::client;
use crate::world::{front, key};

const HOUR: Duration = Duration::from_secs(60 * 60);

pub(super) const FAULTS: &[Fault] = &[
    fault("a turn that comes after the deadline", Code::PACE_01, &[], |world| {
        Box::pin(async move {
            let front = front(FrontOptions::default());
            let limiter = LocalRateLimiter::new().rate(NonZeroU32::MIN, HOUR);
            let client = client(world.builder(front.port()).rate_limiter(limiter), key());
            client.get("/").send().await.expect("the first call of the hour").bytes().await.expect("a body");
            let error = client.get("/").send().await.expect_err("the second has to wait for an hour");
            assert_eq!(front.ledger().requests().len(), 1, "it was not sent");
            error.into()
        })
    }),
    fault("a shared limiter that does not answer", Code::PACE_02, &[], |world| {
        Box::pin(async move {
            let front = front(FrontOptions::default());
            let client = client(world.builder(front.port()).rate_limiter(Lost(RateLimitError::Unavailable)), key());
            let error = client.get("/").send().await.expect_err("no permit");
            assert!(front.ledger().connections().is_empty(), "it was not sent");
            error.into()
        })
    }),
    fault("a shared limiter whose store refuses the password", Code::PACE_03, &[], |world| {
        Box::pin(async move {
            let front = front(FrontOptions::default());
            let client = client(world.builder(front.port()).rate_limiter(Lost(RateLimitError::Denied)), key());
            let error = client.get("/").send().await.expect_err("no permit");
            assert!(front.ledger().connections().is_empty(), "it was not sent");
            error.into()
        })
    }),
    fault("a shared limiter whose store is a read-only replica", Code::PACE_04, &[], |world| {
        Box::pin(async move {
            let front = front(FrontOptions::default());
            let client = client(world.builder(front.port()).rate_limiter(Lost(RateLimitError::Unusable)), key());
            let error = client.get("/").send().await.expect_err("no permit");
            assert!(front.ledger().connections().is_empty(), "it was not sent");
            error.into()
        })
    }),
];

/// A rate limiter whose store cannot be used, with the error that it gives.
#[derive(Debug)]
struct Lost(fn(BoxError) -> RateLimitError);

#[async_trait]
impl RateLimiter for Lost {
    async fn permit(&self, _turn: &PermitRequest<'_>) -> Result<Permit, RateLimitError> {
        Err((self.0)("the store cannot be used".into()))
    }

    async fn throttled(&self, _: Fingerprint, _: Option<Duration>, _: SystemTime) {}
}

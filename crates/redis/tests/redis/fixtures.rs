//! What the tests share: a clock, a caller, limiters and counts.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one_core::{ApiKey, Clock, Fingerprint, Permit, PermitRequest, RateLimitError, RateLimiter as _};
use digicert_one_redis::{Limits, RedisConfig, RedisRateLimiter};

/// The system's time, moved by this many seconds: another machine, whose clock is wrong.
#[derive(Debug)]
pub(crate) struct SkewedClock(pub(crate) i64);

impl Clock for SkewedClock {
    fn now(&self) -> SystemTime {
        let by = Duration::from_secs(self.0.unsigned_abs());
        if self.0 < 0 { SystemTime::now() - by } else { SystemTime::now() + by }
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SkewedClock(0))
}

pub(crate) fn caller() -> Fingerprint {
    ApiKey::new("01ab-canary").expect("a key").fingerprint()
}

pub(crate) fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not zero")
}

/// For tests that do not measure it: a busy machine must not look like a lost Redis.
pub(crate) fn patient(url: &str) -> RedisConfig {
    RedisConfig::new(url.parse().expect("an address")).wait(Duration::from_secs(5))
}

pub(crate) fn limiter(url: &str, limits: Limits) -> RedisRateLimiter {
    RedisRateLimiter::new(patient(url), limits).expect("a limiter")
}

/// A permit that a test may drop at once.
#[derive(Debug)]
pub(crate) struct Held(#[expect(dead_code, reason = "released when it is dropped")] Permit);

pub(crate) async fn permit(limiter: &RedisRateLimiter, within: Duration) -> Result<Held, RateLimitError> {
    permit_at(limiter, within, &clock()).await
}

pub(crate) async fn permit_at(
    limiter: &RedisRateLimiter,
    within: Duration,
    clock: &Arc<dyn Clock>,
) -> Result<Held, RateLimitError> {
    limiter.permit(&PermitRequest::new(caller(), clock, within)).await.map(Held)
}

/// The most of these times in any interval of this length.
pub(crate) fn most_in(times: &mut [SystemTime], period: Duration) -> usize {
    times.sort_unstable();
    (0..times.len())
        .map(|first| {
            let inside = |time: &&SystemTime| time.duration_since(times[first]).unwrap_or_default() < period;
            times[first..].iter().take_while(inside).count()
        })
        .max()
        .unwrap_or_default()
}

/// Measures up to three times: a machine that is busy with other work makes counts too low and waits too long, but not each time.
pub(crate) async fn in_three_tries<F: Future<Output = Result<(), String>>>(measure: impl Fn() -> F) {
    let mut seen = Vec::new();
    while let Err(what) = measure().await {
        seen.push(what);
        assert!(seen.len() < 3, "{seen:?}");
    }
}

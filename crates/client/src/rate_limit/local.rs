//! The limiter of one process: a ceiling if one is configured, a place for each call in flight, and by itself slower after a
//! 429 and faster again later. A lane for each caller; callers do not see each other.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use digicert_one_core::{Clock, Fingerprint, Permit, RateLimitError, RateLimiter, Throttled, Turn};
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};

use super::lane::{Lane, Place};
use super::limits::{Limits, RateLimitState};

/// Callers whose lanes are kept. A client has one caller at a time; a limiter that several clients share may have more.
const LANES: usize = 64;

/// Paces the callers of one process.
///
/// By default it does nothing until the platform answers 429. Then it holds all calls of that caller for as long as `Retry-After`
/// says, halves the rate that was measured, and raises it again while no 429 comes.
///
/// Calls that wait go in the order in which they asked. Clones share their state, so that several clients with one key can share one limiter.
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
/// use digicert_one_client::LocalRateLimiter;
///
/// // At most 100 requests in 5 seconds, at most 16 of them at once.
/// let limiter = LocalRateLimiter::new()
///     .rate(NonZeroU32::new(100).expect("not zero"), Duration::from_secs(5))
///     .concurrency(16);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct LocalRateLimiter {
    limits: Limits,
    /// Few, so that a tree finds one sooner than a hash.
    lanes: Arc<Mutex<BTreeMap<Fingerprint, Arc<Lane>>>>,
}

impl LocalRateLimiter {
    /// No ceiling, at most 64 requests at once, and a rate that is learnt from 429 answers.
    pub fn new() -> Self {
        Self { limits: Limits { rate: None, concurrency: 64, adaptive: true }, lanes: Arc::default() }
    }

    /// At most so many requests in `period`. Up to this number may go out at once after a rest.
    pub fn rate(mut self, requests: NonZeroU32, period: Duration) -> Self {
        self.limits.rate = Some((requests, period));
        self
    }

    /// At most so many requests at once, counted until the head of the answer is there; 0 counts as 1.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.limits.concurrency = requests.max(1);
        self
    }

    /// Whether the rate follows 429 answers (it does by default).
    pub fn adaptive(mut self, adaptive: bool) -> Self {
        self.limits.adaptive = adaptive;
        self
    }

    /// How this caller is paced now; nothing before its first call.
    #[must_use]
    pub fn state(&self, caller: Fingerprint, now: SystemTime) -> Option<RateLimitState> {
        self.lanes().get(&caller).map(|lane| lane.state(now))
    }

    pub(super) async fn place(&self, turn: &Turn<'_>) -> Result<Place, RateLimitError> {
        let lane = self.lane(turn);
        let start = turn.clock.now();
        let place = match lane.free_place() {
            Some(place) => place,
            None => {
                let _waiting = lane.queue();
                within(turn.clock, turn.within, lane.place()).await?
            }
        };
        if lane.goes_now(start) {
            return Ok(place);
        }
        let _waiting = lane.queue();
        let left = || turn.within.saturating_sub(turn.clock.now().duration_since(start).unwrap_or_default());
        // Waiters are woken in the order in which they came.
        let _head = within(turn.clock, left(), lane.head.acquire()).await?;
        loop {
            let now = turn.clock.now();
            match lane.wait(now) {
                None => return Ok(place),
                Some(wait) if wait > left() => return Err(RateLimitError::TooLate { wait }),
                Some(wait) => turn.clock.sleep(wait).await,
            }
        }
    }

    pub(super) fn throttled(&self, notice: &Throttled) {
        if let Some(lane) = self.lanes().get(&notice.caller).cloned() {
            lane.throttled(&self.limits, notice);
        }
    }

    pub(super) fn accepted(&self, caller: Fingerprint, now: SystemTime) {
        if let Some(lane) = self.lanes().get(&caller) {
            lane.accepted(now);
        }
    }

    fn lane(&self, turn: &Turn<'_>) -> Arc<Lane> {
        let mut lanes = self.lanes();
        if let Some(lane) = lanes.get(&turn.caller) {
            return Arc::clone(lane);
        }
        if lanes.len() >= LANES {
            // A lane without calls forgets its rate; a rotated key has a new one anyway.
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        }
        let lane = Arc::new(Lane::new(&self.limits, turn.clock));
        lanes.insert(turn.caller, Arc::clone(&lane));
        lane
    }

    fn lanes(&self) -> std::sync::MutexGuard<'_, BTreeMap<Fingerprint, Arc<Lane>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for LocalRateLimiter {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl RateLimiter for LocalRateLimiter {
    async fn permit(&self, turn: &Turn<'_>) -> Result<Permit, RateLimitError> {
        self.place(turn).await.map(Permit::holding)
    }

    async fn throttled(&self, notice: &Throttled) {
        self.throttled(notice);
    }

    fn accepted(&self, caller: Fingerprint, now: SystemTime) {
        self.accepted(caller, now);
    }
}

/// `future`, unless it takes longer than this. What is ready at once costs no timer.
async fn within<F: Future>(clock: &Arc<dyn Clock>, limit: Duration, future: F) -> Result<F::Output, RateLimitError> {
    let mut future = std::pin::pin!(future);
    if let Some(output) = future.as_mut().now_or_never() {
        return Ok(output);
    }
    match select(future, clock.limit(limit)).await {
        Either::Left((output, _)) => Ok(output),
        Either::Right(_) => Err(RateLimitError::TooLate { wait: limit }),
    }
}

//! The rate limiter of one process: an optional rate, a concurrency limit, and a rate that falls after a 429 and rises again. Each caller
//! has its own.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use digicert_one_core::{Fingerprint, Permit, PermitRequest, RateLimitError, RateLimiter};

use super::caller_limiter::{CallerLimiter, Slot};
use super::limits::Limits;

/// The most callers. A client has one caller at a time; a limiter that several clients share may have more.
const CALLERS: usize = 64;

/// A rate limiter for the callers of one process.
///
/// By default it does nothing until the platform responds with 429. Then it holds all calls of that caller for the time of `Retry-After`,
/// halves the measured rate, and raises it again while no further 429 arrives.
///
/// Queued calls are served in order (FIFO). Clones share their state, so that several clients with one key can share one limiter.
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
    /// Few, so that a tree is faster than a hash map.
    callers: Arc<Mutex<BTreeMap<Fingerprint, Arc<CallerLimiter>>>>,
    /// Whether there ever was a 429, so that there may be a rate to raise.
    was_throttled: Arc<AtomicBool>,
}

impl LocalRateLimiter {
    /// No configured rate, at most 64 requests at once, and a rate that is learnt from 429 responses.
    pub fn new() -> Self {
        Self {
            limits: Limits { rate: None, concurrency: 64, adaptive: true },
            callers: Arc::default(),
            was_throttled: Arc::default(),
        }
    }

    /// The most requests in `period`. After a pause, all of them may be sent at once.
    pub fn rate(mut self, requests: NonZeroU32, period: Duration) -> Self {
        self.limits.rate = Some((requests, period));
        self
    }

    /// The most requests at once, counted until the head of the response has arrived; 0 counts as 1.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.limits.concurrency = requests.max(1);
        self
    }

    /// Whether the rate adapts to 429 responses (by default it does).
    pub fn adaptive(mut self, adaptive: bool) -> Self {
        self.limits.adaptive = adaptive;
        self
    }

    /// Returns the rate that was learnt from 429 responses to this caller, in requests a second, if there is one.
    #[must_use]
    pub fn learnt_rate(&self, caller: Fingerprint) -> Option<f64> {
        self.callers().get(&caller)?.learnt_rate()
    }

    /// Returns the time before which no request of this caller is sent, if there is one.
    #[must_use]
    pub fn held_until(&self, caller: Fingerprint, now: SystemTime) -> Option<SystemTime> {
        self.callers().get(&caller)?.held_until().filter(|held| *held > now)
    }

    /// Returns the number of queued calls of this caller.
    #[must_use]
    pub fn waiting(&self, caller: Fingerprint) -> usize {
        self.callers().get(&caller).map_or(0, |caller| caller.waiting())
    }

    /// Returns the number of requests of this caller without a response yet.
    #[must_use]
    pub fn in_flight(&self, caller: Fingerprint) -> usize {
        self.callers().get(&caller).map_or(0, |caller| caller.in_flight())
    }

    /// A permit for one request. `now` is the current time.
    pub(super) async fn slot(&self, request: &PermitRequest<'_>, now: SystemTime) -> Result<Slot, RateLimitError> {
        self.slot_of(&self.caller(request), request, now).await
    }

    /// A permit for one request of this caller.
    pub(super) async fn slot_of(
        &self,
        caller: &Arc<CallerLimiter>,
        request: &PermitRequest<'_>,
        now: SystemTime,
    ) -> Result<Slot, RateLimitError> {
        match caller.free_slot() {
            Some(slot) if caller.goes_now(now) => Ok(slot),
            // Boxed, since it is rare and large: the future of every call would be as large.
            slot => Box::pin(queued(Arc::clone(caller), slot, request, now)).await,
        }
    }

    pub(super) fn throttled(&self, caller: Fingerprint, retry_after: Option<Duration>, now: SystemTime) {
        self.was_throttled.store(true, Ordering::Relaxed);
        if let Some(caller) = self.callers().get(&caller).cloned() {
            caller.throttled(&self.limits, retry_after, now);
        }
    }

    pub(super) fn accepted(&self, caller: Fingerprint, now: SystemTime) {
        if !self.was_throttled.load(Ordering::Relaxed) {
            return;
        }
        if let Some(caller) = self.callers().get(&caller) {
            caller.accepted(now);
        }
    }

    /// The state of the caller of this request.
    pub(super) fn caller(&self, request: &PermitRequest<'_>) -> Arc<CallerLimiter> {
        let mut callers = self.callers();
        if let Some(caller) = callers.get(&request.caller) {
            return Arc::clone(caller);
        }
        if callers.len() >= CALLERS {
            // A caller without calls loses its rate; a rotated key is a new caller anyway.
            callers.retain(|_, caller| Arc::strong_count(caller) > 1 || caller.in_flight() > 0);
        }
        let caller = Arc::new(CallerLimiter::new(&self.limits));
        callers.insert(request.caller, Arc::clone(&caller));
        caller
    }

    fn callers(&self) -> std::sync::MutexGuard<'_, BTreeMap<Fingerprint, Arc<CallerLimiter>>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for LocalRateLimiter {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl RateLimiter for LocalRateLimiter {
    async fn permit(&self, request: &PermitRequest<'_>) -> Result<Permit, RateLimitError> {
        self.slot(request, request.clock.now()).await.map(Permit::holding)
    }

    async fn throttled(&self, caller: Fingerprint, retry_after: Option<Duration>, now: SystemTime) {
        self.throttled(caller, retry_after, now);
    }

    fn accepted(&self, caller: Fingerprint, now: SystemTime) {
        self.accepted(caller, now);
    }
}

/// A permit for a request that has to wait for a slot, or for the rate.
async fn queued(
    caller: Arc<CallerLimiter>,
    slot: Option<Slot>,
    request: &PermitRequest<'_>,
    start: SystemTime,
) -> Result<Slot, RateLimitError> {
    let mut slot = match slot {
        Some(slot) => slot,
        None => {
            let slot = {
                let _waiting = caller.queue();
                request.bounded(request.within, caller.slot()).await?
            };
            if caller.goes_now(request.clock.now()) {
                return Ok(slot);
            }
            slot
        }
    };
    slot.waited = true;
    let _waiting = caller.queue();
    let left = || request.within.saturating_sub(request.clock.now().duration_since(start).unwrap_or_default());
    // Waiters are woken in the order in which they came.
    let _head = request.bounded(left(), caller.head.acquire()).await?;
    loop {
        match caller.wait(request.clock.now()) {
            None => return Ok(slot),
            Some(wait) if wait > left() => return Err(RateLimitError::TooLate { wait }),
            Some(wait) => request.clock.sleep(wait).await,
        }
    }
}

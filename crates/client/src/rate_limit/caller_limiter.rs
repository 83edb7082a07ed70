//! The rate limit of one caller: the configured rate, the rate learnt from 429 responses, the concurrency limit, and the queue.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::gcra::Gcra;
use super::limits::Limits;
use super::semaphore::{Permit, Semaphore};

/// The interval over which the rate of a caller is measured, and in which further 429s count as one.
const SPAN: Duration = Duration::from_secs(1);
/// The time without a 429 after which the learnt rate rises.
const RISE_AFTER: Duration = Duration::from_secs(5);
const FALL: f64 = 0.5;
const RISE: f64 = 1.25;
/// The lowest learnt rate, in requests a second.
const SLOWEST: f64 = 0.5;
/// The learnt rate is dropped when it has risen to this multiple of the rate that led to a 429.
const FORGET: f64 = 2.0;

#[derive(Debug)]
pub(super) struct CallerLimiter {
    slots: Arc<Semaphore>,
    /// Held by the call at the head of the queue.
    pub(super) head: Arc<Semaphore>,
    waiting: AtomicUsize,
    rates: Mutex<Rates>,
}

#[derive(Debug)]
struct Rates {
    configured: Option<Gcra>,
    held_until: Option<SystemTime>,
    learnt: Option<LearntRate>,
    span: Option<Span>,
}

/// A rate learnt from a 429.
#[derive(Debug)]
struct LearntRate {
    per_second: f64,
    limit: Gcra,
    /// The rate that led to the 429.
    too_fast: f64,
    fell: SystemTime,
    changed: SystemTime,
}

/// Counts the requests of the current and the previous interval.
#[derive(Clone, Copy, Debug)]
struct Span {
    begin: SystemTime,
    now: u32,
    before: u32,
}

/// A slot of the concurrency limit, released when it is dropped.
pub(crate) struct Slot {
    #[expect(dead_code, reason = "given back when it is dropped")]
    permit: Permit,
    /// Whether the call had to wait, for the slot or for the rate.
    pub(super) waited: bool,
}

/// Counts a call as queued until it is dropped.
pub(super) struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl CallerLimiter {
    pub(super) fn new(limits: &Limits) -> Self {
        let configured = limits.rate.map(|(requests, period)| {
            let each = (period / requests.get()).max(Duration::from_nanos(1));
            Gcra::new(each, requests)
        });
        Self {
            slots: Semaphore::new(limits.concurrency),
            head: Semaphore::new(1),
            waiting: AtomicUsize::new(0),
            rates: Mutex::new(Rates { configured, held_until: None, learnt: None, span: None }),
        }
    }

    /// A free slot, unless other calls are queued.
    pub(super) fn free_slot(&self) -> Option<Slot> {
        if self.waiting.load(Ordering::Acquire) > 0 {
            return None;
        }
        self.slots.try_acquire().map(|permit| Slot { permit, waited: false })
    }

    /// A slot as soon as one is free.
    pub(super) async fn slot(&self) -> Slot {
        Slot { permit: self.slots.acquire().await, waited: true }
    }

    pub(super) fn queue(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        Waiting(&self.waiting)
    }

    /// Whether a call may be sent without waiting; it then counts as sent. FIFO: queued calls go first.
    pub(super) fn goes_now(&self, now: SystemTime) -> bool {
        self.waiting.load(Ordering::Acquire) == 0 && self.wait(now).is_none()
    }

    /// How long the next call has to wait; `None` if it may be sent, and then it counts as sent.
    pub(super) fn wait(&self, now: SystemTime) -> Option<Duration> {
        let mut rates = self.rates();
        if let Some(held) = rates.held_until {
            match held.duration_since(now) {
                Ok(wait) if !wait.is_zero() => return Some(wait),
                _ => rates.held_until = None,
            }
        }
        // The learnt rate comes last, so that requests stopped by the configured rate do not count against it.
        if let Some(wait) = rates.configured.as_mut().and_then(|limit| limit.wait(now)) {
            return Some(wait);
        }
        if let Some(wait) = rates.learnt.as_mut().and_then(|learnt| learnt.limit.wait(now)) {
            return Some(wait);
        }
        rates.count(now);
        None
    }

    pub(super) fn throttled(&self, limits: &Limits, retry_after: Option<Duration>, now: SystemTime) {
        let mut rates = self.rates();
        if let Some(until) = retry_after.and_then(|wait| now.checked_add(wait)) {
            rates.held_until = rates.held_until.max(Some(until));
        }
        if !limits.adaptive {
            return;
        }
        let measured = rates.measured(now);
        let (present, too_fast) = match &rates.learnt {
            // Of the same burst: these requests were sent before the rate fell.
            Some(learnt) if now.duration_since(learnt.fell).unwrap_or_default() < SPAN => return,
            Some(learnt) => (learnt.per_second.min(measured), learnt.per_second),
            None => (measured, measured),
        };
        let per_second = (present * FALL).max(SLOWEST);
        tracing::warn!(per_second, "rate limited by the platform (429); this caller slows down");
        rates.learnt = Some(LearntRate { per_second, limit: smooth(per_second), too_fast, fell: now, changed: now });
    }

    pub(super) fn accepted(&self, now: SystemTime) {
        let mut rates = self.rates();
        let Some(learnt) = &mut rates.learnt else { return };
        if now.duration_since(learnt.changed).unwrap_or_default() < RISE_AFTER {
            return;
        }
        learnt.per_second *= RISE;
        learnt.changed = now;
        if learnt.per_second >= learnt.too_fast * FORGET {
            rates.learnt = None;
        } else {
            learnt.limit = smooth(learnt.per_second);
        }
    }

    pub(super) fn learnt_rate(&self) -> Option<f64> {
        self.rates().learnt.as_ref().map(|learnt| learnt.per_second)
    }

    pub(super) fn held_until(&self) -> Option<SystemTime> {
        self.rates().held_until
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.slots.taken()
    }

    fn rates(&self) -> MutexGuard<'_, Rates> {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rates {
    fn count(&mut self, now: SystemTime) {
        let span = self.span.get_or_insert(Span { begin: now, now: 0, before: 0 });
        let passed = now.duration_since(span.begin).unwrap_or_default();
        if passed >= SPAN * 2 {
            *span = Span { begin: now, now: 0, before: 0 };
        } else if passed >= SPAN {
            *span = Span { begin: span.begin + SPAN, now: 0, before: span.now };
        }
        span.now = span.now.saturating_add(1);
    }

    /// Requests a second, over the current and the previous interval.
    fn measured(&self, now: SystemTime) -> f64 {
        let Some(span) = self.span else { return SLOWEST };
        let passed = now.duration_since(span.begin).unwrap_or_default().max(SPAN / 10);
        f64::from(span.now + span.before)
            / (if span.before > 0 { passed + SPAN } else { passed.max(SPAN) }).as_secs_f64()
    }
}

/// Evenly spaced requests.
fn smooth(per_second: f64) -> Gcra {
    Gcra::new(Duration::from_secs_f64(1.0 / per_second), NonZeroU32::MIN)
}

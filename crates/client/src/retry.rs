//! Decides whether a call is retried, and after which delay. Whether a retry could help is the advice of the diagnosis; whether it is safe
//! and allowed is decided here. Nothing in here waits or sends.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use digicert_one_core::{Advice, Delivery};
use http::Method;

use crate::call::Call;
use crate::error::{Error, ErrorKind};
use crate::tried::Stop;

/// The cost of a retry, and the gain of a success.
const COST: u32 = 5;
const GAIN: u32 = 1;

/// A retry policy.
///
/// A call is retried only if that may help (the diagnosis says so), if it is safe (the method is idempotent, or the call is marked
/// as such, or the request was certainly not processed), and while attempts, budget and [deadline] last. The delay is random, up to a
/// backoff that doubles each time ("full jitter"), and never shorter than `Retry-After`.
///
/// The budget is shared by all clones of a client: each retry costs 5, each call that succeeds returns 1. It keeps a program from
/// multiplying its own load while the platform is down.
///
/// [deadline]: crate::ClientBuilder::deadline
///
/// ```
/// use std::time::Duration;
/// use digicert_one_client::Retry;
///
/// let patient = Retry::new().attempts(6).backoff(Duration::from_secs(1), Duration::from_secs(60));
/// let never = Retry::never();
/// ```
#[derive(Debug)]
#[must_use]
pub struct Retry {
    attempts: u32,
    first: Duration,
    longest: Duration,
    budget: u32,
    left: AtomicU32,
}

impl Retry {
    /// At most 4 attempts, a backoff from 0.5 to 20 seconds, and a budget of 500.
    pub fn new() -> Self {
        let budget = 500;
        let (first, longest) = (Duration::from_millis(500), Duration::from_secs(20));
        Self { attempts: 4, first, longest, budget, left: AtomicU32::new(budget) }
    }

    /// One attempt. A refused credential is still replaced once by a newer one.
    pub fn never() -> Self {
        Self::new().attempts(1)
    }

    /// The same policy with a budget of its own.
    pub(crate) fn with_own_budget(&self) -> Self {
        let Self { attempts, first, longest, budget, .. } = *self;
        Self { attempts, first, longest, budget, left: AtomicU32::new(budget) }
    }

    /// The number of attempts, including the first one; 0 counts as 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The first and the longest backoff.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        (self.first, self.longest) = (first, longest.max(first));
        self
    }

    /// The retry budget that all clones of the client share: each retry costs 5, each call that succeeds returns 1.
    pub fn budget(mut self, budget: u32) -> Self {
        self.budget = budget;
        self.left = AtomicU32::new(budget);
        self
    }

    /// The most attempts of a call.
    pub(crate) fn most(&self) -> u32 {
        self.attempts
    }

    /// Records that a call succeeded.
    pub(crate) fn succeeded(&self) {
        // The budget is usually full; then nothing is written, and clones on other cores keep their cache.
        if self.left.load(Ordering::Relaxed) < self.budget {
            let more = |left: u32| (left < self.budget).then(|| (left + GAIN).min(self.budget));
            let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }

    /// Decides what follows after `error` of this attempt (counted from 1).
    pub(crate) fn next(&self, call: &Call, error: &Error, attempt: u32) -> NextStep {
        match error.diagnosis().advice {
            Advice::NewerCredential | Advice::Retry { .. } if call.body.is_spent() => NextStep::Stop(Stop::Spent),
            Advice::NewerCredential if is_safe(call, error) => NextStep::NewerCredential,
            Advice::Retry { not_before } if is_safe(call, error) => {
                if attempt >= self.attempts {
                    return NextStep::Stop(Stop::Attempts);
                }
                let less = |left: u32| left.checked_sub(COST);
                match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
                    // `Retry-After` is a floor: zero must not remove the backoff.
                    Ok(_) => NextStep::After(self.wait(attempt).max(not_before.unwrap_or_default())),
                    Err(_) => NextStep::Stop(Stop::Budget),
                }
            }
            Advice::Retry { .. } => NextStep::Stop(Stop::Unsafe),
            _ => NextStep::Stop(Stop::Useless),
        }
    }

    /// A random delay up to a backoff that doubles with each attempt.
    fn wait(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let span = self.first.saturating_mul(1 << doublings).min(self.longest);
        // Whole microseconds, so that every clock can represent it: that of Windows counts in 100 ns.
        Duration::from_micros(fastrand::u64(..=u64::try_from(span.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::new()
    }
}

/// The decision after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    Stop(Stop),
    /// Once, if the credential has a newer generation than the refused one.
    NewerCredential,
    After(Duration),
}

/// Whether it is safe to send the call again after this error.
fn is_safe(call: &Call, error: &Error) -> bool {
    if call.idempotent || is_idempotent(&call.method) {
        return true;
    }
    match (error.kind(), error.status().map(|status| status.as_u16())) {
        // Refused before it was processed: the credential, or the rate limiter (RFC 6585 section 4).
        (ErrorKind::Platform, Some(400 | 401 | 429)) => true,
        // Not processed on this connection (RFC 9110 section 15.5.20, RFC 8470 section 5.2). Not 408: some servers
        // send it when their backend is slow.
        (ErrorKind::Platform, Some(421 | 425)) => true,
        (ErrorKind::RateLimit, _) => true,
        (ErrorKind::Transport, _) => {
            error.transport().is_some_and(|transport| transport.delivery() == Delivery::NotSent)
        }
        _ => false,
    }
}

/// RFC 9110 section 9.2.2.
fn is_idempotent(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS, Method::TRACE].contains(method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_the_longest_with_full_jitter() {
        let retry = Retry::new().backoff(Duration::from_secs(1), Duration::from_secs(4));
        for (attempt, span) in [(1, 1), (2, 2), (3, 4), (4, 4), (400, 4)] {
            let waits: Vec<_> = (0..200).map(|_| retry.wait(attempt)).collect();
            let longest = waits.iter().max().expect("some");
            assert!(*longest <= Duration::from_secs(span) && *longest > Duration::from_secs(span).mul_f64(0.8));
            assert!(waits.iter().min().expect("some") < &Duration::from_secs(span).mul_f64(0.2));
        }
    }

    #[test]
    fn budget_stays_between_empty_and_full() {
        let retry = Retry::new().budget(7);
        retry.succeeded();
        assert_eq!(retry.left.load(Ordering::Relaxed), 7);
    }
}

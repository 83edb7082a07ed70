//! When a call is repeated, and after which wait. Whether repeating could help is the diagnosis's advice; whether it is safe
//! and still allowed is decided here. Nothing in here waits or sends.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use digicert_one_core::{Advice, Delivery};
use http::Method;

use crate::call::Call;
use crate::error::{Error, ErrorKind};
use crate::tried::Stop;

/// What one repetition takes from the budget, and what one success gives back.
const COST: u32 = 5;
const GAIN: u32 = 1;

/// How failed attempts are repeated.
///
/// A call is repeated only where that may help (the diagnosis says so), where it is safe (the method is idempotent, or the call
/// is marked so, or the request was surely not processed), while attempts, budget and [deadline] last. The wait is a random
/// part of a span that doubles each time ("full jitter"), and never shorter than what the platform asks for in `Retry-After`.
///
/// The budget is shared by all clones of a client: each repetition takes 5 of it, each call that succeeds gives 1 back. When a
/// platform is down, it keeps a program from multiplying its own load.
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
    /// At most 4 attempts; the first wait is up to 0.5 seconds, no wait is longer than 20; a budget of 500.
    pub fn new() -> Self {
        let budget = 500;
        let (first, longest) = (Duration::from_millis(500), Duration::from_secs(20));
        Self { attempts: 4, first, longest, budget, left: AtomicU32::new(budget) }
    }

    /// One attempt, whatever happens. A credential that was refused while a newer one is at hand is still replaced once.
    pub fn never() -> Self {
        Self::new().attempts(1)
    }

    /// The same rules with a budget of their own.
    pub(crate) fn anew(&self) -> Self {
        let Self { attempts, first, longest, budget, .. } = *self;
        Self { attempts, first, longest, budget, left: AtomicU32::new(budget) }
    }

    /// The number of attempts, the first one included; 0 counts as 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The span of the first wait and the longest span.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        (self.first, self.longest) = (first, longest.max(first));
        self
    }

    /// The budget of repetitions that all clones of the client share: 5 for each, 1 back for each call that succeeds.
    pub fn budget(mut self, budget: u32) -> Self {
        self.budget = budget;
        self.left = AtomicU32::new(budget);
        self
    }

    /// What is left of the budget.
    #[must_use]
    pub fn budget_left(&self) -> u32 {
        self.left.load(Ordering::Relaxed)
    }

    /// The number of attempts of a call at most.
    pub(crate) fn most(&self) -> u32 {
        self.attempts
    }

    /// A call succeeded.
    pub(crate) fn succeeded(&self) {
        // Mostly the budget is full; then nothing is written, and clones on other cores keep their cache.
        if self.left.load(Ordering::Relaxed) < self.budget {
            let more = |left: u32| (left < self.budget).then(|| (left + GAIN).min(self.budget));
            let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }

    /// What to do after `error`, the `attempt`-th of this call (counted from 1).
    pub(crate) fn next(&self, call: &Call, error: &Error, attempt: u32) -> Next {
        match error.diagnosis().advice {
            Advice::NewerCredential | Advice::Repeat { .. } if call.body.is_spent() => Next::Stop(Stop::Spent),
            Advice::NewerCredential if is_safe(call, error) => Next::NewerCredential,
            Advice::Repeat { not_before } if is_safe(call, error) => {
                if attempt >= self.attempts {
                    return Next::Stop(Stop::Attempts);
                }
                let less = |left: u32| left.checked_sub(COST);
                match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
                    // What the platform asks for is a floor: a wait of zero must not take our own away.
                    Ok(_) => Next::After(self.wait(attempt).max(not_before.unwrap_or_default())),
                    Err(_) => Next::Stop(Stop::Budget),
                }
            }
            Advice::Repeat { .. } => Next::Stop(Stop::Unsafe),
            _ => Next::Stop(Stop::Useless),
        }
    }

    /// A random part of a span that doubles with each attempt.
    fn wait(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let span = self.first.saturating_mul(1 << doublings).min(self.longest);
        span.mul_f64(fastrand::f64())
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::new()
    }
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Stop(Stop),
    /// Once, if the source has a generation newer than the refused one.
    NewerCredential,
    After(Duration),
}

/// Whether the call may be sent again after this failure.
fn is_safe(call: &Call, error: &Error) -> bool {
    if call.idempotent || is_idempotent(&call.method) {
        return true;
    }
    match (error.kind(), error.status().map(|status| status.as_u16())) {
        // Refused before it was processed: the credential, or the rate limiter (RFC 6585 section 4).
        (ErrorKind::Platform, Some(400 | 401 | 429)) => true,
        // Not processed on this connection (RFC 9110 section 15.5.20, RFC 8470 section 5.2). 408 is not among them: some servers
        // give it when what stands behind them is slow.
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
    fn waits_double_up_to_the_longest_and_are_a_part_of_their_span() {
        let retry = Retry::new().backoff(Duration::from_secs(1), Duration::from_secs(4));
        for (attempt, span) in [(1, 1), (2, 2), (3, 4), (4, 4), (400, 4)] {
            let waits: Vec<_> = (0..200).map(|_| retry.wait(attempt)).collect();
            let longest = waits.iter().max().expect("some");
            assert!(*longest <= Duration::from_secs(span) && *longest > Duration::from_secs(span).mul_f64(0.8));
            assert!(waits.iter().min().expect("some") < &Duration::from_secs(span).mul_f64(0.2));
        }
    }

    #[test]
    fn the_budget_is_never_more_than_full_and_never_less_than_empty() {
        let retry = Retry::new().budget(7);
        retry.succeeded();
        assert_eq!(retry.budget_left(), 7);
    }
}

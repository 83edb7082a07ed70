//! Decides when a source is read again. Pure: takes times and returns a decision, so that each rule is tested
//! in virtual time.

use std::time::{Duration, SystemTime};

use digicert_one_core::Generation;

/// A century: longer than any program runs, and within what clocks count.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How often a watched source is read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WatchOptions {
    /// How long a reading is trusted without a sign of a change. Randomised by 10 % in both directions, so
    /// that a fleet does not read in step. 60 seconds by default.
    pub poll: Duration,
    /// How long a changed file must be unchanged before it is read. 100 milliseconds by default.
    pub settle: Duration,
    /// The first delay after a failed reading; doubles up to `poll`. 250 milliseconds by default: certificate
    /// and key are often written one after the other.
    pub retry: Duration,
    /// Whether a change of the source's files triggers a reading: calls look at what the file system says about them, every half of
    /// `settle` at most. Without it, and for sources without files, the source is polled only. On by default.
    pub events: bool,
    /// Whether a credential outside its dates is accepted.
    pub allow_expired: bool,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(60),
            settle: Duration::from_millis(100),
            retry: Duration::from_millis(250),
            events: true,
            allow_expired: false,
        }
    }
}

impl WatchOptions {
    /// Returns the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long a reading is trusted.
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Sets how long a changed file must be unchanged.
    #[must_use]
    pub fn settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// Sets the first delay after a failed reading.
    #[must_use]
    pub fn retry(mut self, retry: Duration) -> Self {
        self.retry = retry;
        self
    }

    /// Sets whether a change of the source's files triggers a reading.
    #[must_use]
    pub fn events(mut self, events: bool) -> Self {
        self.events = events;
        self
    }

    /// Sets whether a credential outside its dates is accepted.
    #[must_use]
    pub fn allow_expired(mut self, allow: bool) -> Self {
        self.allow_expired = allow;
        self
    }
}

/// When the next reading is due.
#[derive(Debug)]
pub(super) struct Schedule {
    next: Option<SystemTime>,
    failures: u32,
    /// The refused generation for which the source was last read, and when.
    asked_for: Option<(Generation, SystemTime)>,
}

impl Schedule {
    pub(super) fn new() -> Self {
        Self { next: None, failures: 0, asked_for: None }
    }

    /// Returns whether a reading is due.
    pub(super) fn due(&self, now: SystemTime) -> bool {
        self.next.is_none_or(|next| next <= now)
    }

    /// Returns whether a caller with a refused generation may trigger a reading now: the first one may, and
    /// again after the retry delay. Others would only read the same bytes.
    pub(super) fn may_ask_for_newer(&mut self, refused: Generation, now: SystemTime, options: &WatchOptions) -> bool {
        let asked = self.asked_for.is_some_and(|(generation, at)| {
            generation == refused && now.duration_since(at).is_ok_and(|passed| passed < options.retry)
        });
        if !asked {
            self.asked_for = Some((refused, now));
        }
        !asked
    }

    /// Called after a reading with a usable result. `spread` is random, from 0 to 1.
    pub(super) fn succeeded(&mut self, now: SystemTime, options: &WatchOptions, spread: f64) {
        self.failures = 0;
        self.next = after(now, options.poll.min(NEVER).mul_f64(0.9 + 0.2 * spread));
    }

    /// Called after a failed reading.
    pub(super) fn failed(&mut self, now: SystemTime, options: &WatchOptions) {
        let wait = options.retry.saturating_mul(1 << self.failures.min(20)).min(options.poll.max(options.retry));
        self.failures = self.failures.saturating_add(1);
        self.next = after(now, wait);
    }
}

/// Without a next time a reading is due, so a wait beyond what the clock can count has one too.
fn after(now: SystemTime, wait: Duration) -> Option<SystemTime> {
    now.checked_add(wait.min(NEVER))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    #[test]
    fn reading_is_trusted_for_about_the_poll_time() {
        let options = WatchOptions::new();
        for (spread, seconds) in [(0.0, 54), (0.5, 60), (1.0, 66)] {
            let mut schedule = Schedule::new();
            assert!(schedule.due(START));
            schedule.succeeded(START, &options, spread);
            assert!(!schedule.due(START + Duration::from_secs(seconds - 1)));
            assert!(schedule.due(START + Duration::from_secs(seconds + 1)));
        }
    }

    #[test]
    fn failures_are_retried_with_growing_delays() {
        let options = WatchOptions::new();
        let mut schedule = Schedule::new();
        let mut waits = Vec::new();
        for _ in 0..12 {
            schedule.failed(START, &options);
            waits.push(schedule.next.expect("set").duration_since(START).expect("later").as_millis());
        }
        assert_eq!(&waits[..4], [250, 500, 1000, 2000]);
        assert_eq!(waits[11], 60_000);
        schedule.succeeded(START, &options, 0.5);
        schedule.failed(START, &options);
        assert!(schedule.due(START + Duration::from_millis(250)));
    }

    #[test]
    fn longest_times_mean_never() {
        let options = WatchOptions::new().poll(Duration::MAX).retry(Duration::MAX);
        let mut schedule = Schedule::new();
        schedule.succeeded(START, &options, 1.0);
        assert!(!schedule.due(START + NEVER / 2));
        schedule.failed(START, &options);
        assert!(!schedule.due(START + NEVER / 2));
    }

    #[test]
    fn many_refusals_cause_one_reading() {
        let options = WatchOptions::new();
        let mut schedule = Schedule::new();
        assert!(schedule.may_ask_for_newer(Generation::FIRST, START, &options));
        assert!(!schedule.may_ask_for_newer(Generation::FIRST, START, &options));
        assert!(schedule.may_ask_for_newer(Generation::FIRST, START + Duration::from_secs(1), &options));
        assert!(schedule.may_ask_for_newer(Generation::FIRST.next(), START + Duration::from_secs(1), &options));
    }
}

//! When a source is read again. Pure: times come in, a decision goes out, so that each rule is tested in virtual time.

use std::time::{Duration, SystemTime};

use digicert_one_core::Generation;

/// How often a watched source is read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WatchOptions {
    /// How long a reading is trusted without looking again, if nothing points to a change. Spread by a tenth either way, so
    /// that a fleet does not read in step. 60 seconds by default.
    pub poll: Duration,
    /// How long a changed file must be left alone before it is read. 100 milliseconds by default.
    pub settle: Duration,
    /// How long after a reading that failed the next one comes at the earliest; doubles up to `poll`. 250 milliseconds by
    /// default: certificate and key are often written one after the other.
    pub retry: Duration,
    /// Whether directory events shorten the way; without them the source is polled. On by default.
    pub events: bool,
    /// Whether a credential outside its dates is taken over.
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
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long a reading is trusted.
    #[must_use]
    pub fn with_poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Sets how long a changed file must be left alone.
    #[must_use]
    pub fn with_settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// Sets the first wait after a failed reading.
    #[must_use]
    pub fn with_retry(mut self, retry: Duration) -> Self {
        self.retry = retry;
        self
    }

    /// Switches directory events.
    #[must_use]
    pub fn with_events(mut self, events: bool) -> Self {
        self.events = events;
        self
    }

    /// Takes over a credential outside its dates, too.
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
    /// The refused generation for which the source was last asked, and when.
    asked_for: Option<(Generation, SystemTime)>,
}

impl Schedule {
    pub(super) fn new() -> Self {
        Self { next: None, failures: 0, asked_for: None }
    }

    /// Whether the time for another reading has come.
    pub(super) fn due(&self, now: SystemTime) -> bool {
        self.next.is_none_or(|next| next <= now)
    }

    /// Whether a caller whose generation was refused may have the source read at once: the first one, and again after the
    /// retry time. Others would only read the same bytes.
    pub(super) fn may_ask_for_newer(&mut self, refused: Generation, now: SystemTime, options: &WatchOptions) -> bool {
        let asked = self.asked_for.is_some_and(|(generation, at)| {
            generation == refused && now.duration_since(at).is_ok_and(|passed| passed < options.retry)
        });
        if !asked {
            self.asked_for = Some((refused, now));
        }
        !asked
    }

    /// After a reading that found something usable. `spread` is random, from 0 to 1.
    pub(super) fn succeeded(&mut self, now: SystemTime, options: &WatchOptions, spread: f64) {
        self.failures = 0;
        self.next = now.checked_add(options.poll.mul_f64(0.9 + 0.2 * spread));
    }

    /// After a reading that did not.
    pub(super) fn failed(&mut self, now: SystemTime, options: &WatchOptions) {
        let wait = options.retry.saturating_mul(1 << self.failures.min(20)).min(options.poll.max(options.retry));
        self.failures = self.failures.saturating_add(1);
        self.next = now.checked_add(wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    #[test]
    fn a_reading_is_trusted_for_about_the_poll_time() {
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
    fn failures_are_retried_soon_and_then_less_and_less() {
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
    fn a_storm_of_refusals_reads_once() {
        let options = WatchOptions::new();
        let mut schedule = Schedule::new();
        assert!(schedule.may_ask_for_newer(Generation::FIRST, START, &options));
        assert!(!schedule.may_ask_for_newer(Generation::FIRST, START, &options));
        assert!(schedule.may_ask_for_newer(Generation::FIRST, START + Duration::from_secs(1), &options));
        assert!(schedule.may_ask_for_newer(Generation::FIRST.next(), START + Duration::from_secs(1), &options));
    }
}

//! The generic cell rate algorithm (GCRA, ITU-T I.371): at most so many requests in a period, which may be sent at once after a pause.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

#[derive(Debug)]
pub(super) struct Gcra {
    /// The time between two evenly spaced requests.
    each: Duration,
    /// How far ahead of its even spacing a request may be sent.
    tolerance: Duration,
    /// The theoretical arrival time: when the next request is due in even spacing.
    due: Option<SystemTime>,
}

impl Gcra {
    /// One request in each interval, after a pause as many as `burst` at once.
    pub(super) fn new(each: Duration, burst: NonZeroU32) -> Self {
        Self { each, tolerance: each.saturating_mul(burst.get() - 1), due: None }
    }

    /// How long the next request has to wait; `None` if it may be sent, and then it counts as sent.
    pub(super) fn wait(&mut self, now: SystemTime) -> Option<Duration> {
        let mut ahead = self.due.and_then(|due| due.duration_since(now).ok()).unwrap_or_default();
        let after_burst = self.tolerance.saturating_add(self.each);
        if ahead > after_burst {
            // The clock was set back.
            ahead = after_burst;
            self.due = now.checked_add(ahead);
        }
        if ahead > self.tolerance {
            return Some(ahead - self.tolerance);
        }
        // A time that the system cannot represent is never due.
        self.due = now.checked_add(ahead.saturating_add(self.each)).or(self.due);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn of(each: Duration, burst: u32) -> Gcra {
        Gcra::new(each, NonZeroU32::new(burst).expect("not zero"))
    }

    fn at(time: Duration) -> SystemTime {
        SystemTime::UNIX_EPOCH + SECOND * 1000 + time
    }

    /// How many requests are sent at this time.
    fn sent(limit: &mut Gcra, time: Duration) -> usize {
        std::iter::from_fn(|| limit.wait(at(time)).is_none().then_some(())).take(1000).count()
    }

    #[test]
    fn burst_is_followed_by_even_spacing_and_refills_in_a_pause() {
        let mut limit = of(SECOND, 3);
        assert_eq!(sent(&mut limit, Duration::ZERO), 3);
        assert_eq!(limit.wait(at(SECOND / 4)), Some(SECOND * 3 / 4));
        assert_eq!(sent(&mut limit, SECOND), 1);
        assert_eq!(sent(&mut limit, SECOND * 3), 2);
        assert_eq!(sent(&mut limit, SECOND * 100), 3, "and not more after a longer pause");
    }

    #[test]
    fn refused_request_does_not_count() {
        let mut limit = of(SECOND, 1);
        assert_eq!(sent(&mut limit, Duration::ZERO), 1);
        (0..100).for_each(|_| assert_eq!(limit.wait(at(SECOND / 2)), Some(SECOND / 2)));
        assert_eq!(sent(&mut limit, SECOND), 1);
    }

    #[test]
    fn rate_holds_at_every_start() {
        for step in [1, 7, 99, 100, 101, 250] {
            let mut limit = of(Duration::from_millis(100), 10);
            let times: Vec<u64> = (0..)
                .map(|n| n * step)
                .take(600)
                .filter(|ms| limit.wait(at(Duration::from_millis(*ms))).is_none())
                .collect();
            assert!(times.len() > 5, "{step}");
            for (first, start) in times.iter().enumerate() {
                let within = times[first..].iter().take_while(|time| **time < start + 2000).count();
                assert!(within <= 10 + 20, "{within} in two seconds from {start}, a request each {step} ms");
            }
        }
    }

    #[test]
    fn clock_set_back_delays_by_one_interval_at_most() {
        let mut limit = of(SECOND, 2);
        assert_eq!(sent(&mut limit, SECOND * 100), 2);
        assert_eq!(limit.wait(at(Duration::ZERO)), Some(SECOND));
        assert_eq!(sent(&mut limit, SECOND), 1);
    }

    #[test]
    fn interval_beyond_all_times_refuses_and_does_not_panic() {
        let mut limit = of(Duration::MAX, u32::MAX);
        assert!(limit.wait(at(Duration::ZERO)).is_none());
        let mut limit = of(Duration::MAX, 1);
        assert!(limit.wait(at(Duration::ZERO)).is_none());
    }
}

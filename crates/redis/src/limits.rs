//! The limits of a fleet: rate windows, requests in flight, batches.

use std::num::NonZeroU32;
use std::time::Duration;

/// The longest time for which the permits of a batch are usable.
const LONGEST_VALIDITY: Duration = Duration::from_millis(250);
/// Without a rate: how long permits of a batch are usable.
const UNLIMITED_VALIDITY: Duration = Duration::from_millis(100);
/// How much the time between a permit and the arrival of its request is expected to vary.
const DEFAULT_MARGIN: Duration = Duration::from_millis(20);
/// How long after its last request to Redis a process counts as gone.
const DEFAULT_LEASE: Duration = Duration::from_secs(10);
/// The most permits of one batch.
pub(crate) const MOST_PERMITS: u32 = 64;

/// The rate limits that all processes with one key keep together.
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
/// use digicert_one_redis::Limits;
///
/// // At most 100 requests in any 5 seconds and 1,000 in any minute, at most 64 of them at once.
/// let limits = Limits::new()
///     .window(NonZeroU32::new(100).expect("not zero"), Duration::from_secs(5))
///     .window(NonZeroU32::new(1000).expect("not zero"), Duration::from_secs(60))
///     .concurrency(64);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Limits {
    /// As they were set: requests, period, burst.
    set: Vec<(u32, Duration, Option<u32>)>,
    windows: Vec<Window>,
    concurrency: u32,
    adaptive: bool,
    batches: bool,
    margin: Duration,
    lease: Duration,
}

/// One rate, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    /// The interval of one request.
    pub(crate) each: f64,
    /// The requests that may come at once after a pause.
    pub(crate) burst: f64,
}

impl Window {
    /// The part of a process that counts alone.
    pub(crate) fn shared(self, share: f64) -> Self {
        if share >= 1.0 {
            return self;
        }
        Self { each: self.each / share, burst: (self.burst * share).floor().max(1.0) }
    }
}

impl Limits {
    /// No rate but the one learnt from 429 responses, no limit of requests in flight.
    pub fn new() -> Self {
        Self {
            set: Vec::new(),
            windows: Vec::new(),
            concurrency: 0,
            adaptive: true,
            batches: true,
            margin: DEFAULT_MARGIN,
            lease: DEFAULT_LEASE,
        }
    }

    /// Adds a rate: at most this many requests in any interval of this length. Two percent of them may come at once after a pause.
    pub fn window(self, requests: NonZeroU32, period: Duration) -> Self {
        self.any_window(requests, period, None)
    }

    /// Same as [`window`](Self::window), with the number of requests that may come at once after a pause. The larger it is, the lower is
    /// the steady rate: both together keep the limit.
    pub fn window_with_burst(self, requests: NonZeroU32, period: Duration, burst: NonZeroU32) -> Self {
        self.any_window(requests, period, Some(burst.get()))
    }

    fn any_window(mut self, requests: NonZeroU32, period: Duration, burst: Option<u32>) -> Self {
        self.set.push((requests.get(), period.max(Duration::from_millis(1)), burst));
        // Every process of the fleet numbers the windows in the same order.
        self.set.sort_unstable_by_key(|(_, period, _)| *period);
        self.resolved()
    }

    /// Sets the most requests in flight over all processes, counted until the head of the response has arrived; 0 means unlimited.
    pub fn concurrency(mut self, requests: u32) -> Self {
        self.concurrency = requests;
        self
    }

    /// Sets whether the rate adapts to 429 responses (by default it does).
    pub fn adaptive(mut self, adaptive: bool) -> Self {
        self.adaptive = adaptive;
        self
    }

    /// Sets whether a process asks for several permits at once (by default it does).
    pub fn batches(mut self, batches: bool) -> Self {
        self.batches = batches;
        self.resolved()
    }

    /// Sets how much the time between a permit and the arrival of its request at the platform varies (20 ms by default). The rate is
    /// lowered so that a window keeps its limit nevertheless.
    pub fn margin(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self.resolved()
    }

    /// Sets how long after its last request to Redis a process counts as gone, and its requests in flight with it (10 seconds by default).
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_millis(100));
        self
    }

    /// The most requests that reach the platform in any interval of the length `period` of this window: the stated bound, which is not
    /// above the limit. It counts the burst, the steady rate, and that a permit of a batch is used a little before or after its
    /// scheduled time.
    #[must_use]
    pub fn bound(&self, index: usize) -> Option<f64> {
        let (window, (_, period, _)) = (self.windows.get(index)?, self.set.get(index)?);
        Some(window.burst + ((micros(*period) + self.spread()) / window.each).floor())
    }

    /// In microseconds: a permit is used at most this much away from its scheduled time, before and after.
    fn spread(&self) -> f64 {
        2.0 * micros(self.validity()) + micros(self.margin)
    }

    fn resolved(mut self) -> Self {
        self.windows = self
            .set
            .iter()
            .map(|(requests, period, burst)| {
                let requests = f64::from(*requests);
                let burst = burst.map_or_else(|| (requests / 50.0).floor(), f64::from).clamp(1.0, requests);
                // A little more, so that rounding never adds a request.
                let each = (micros(*period) + self.spread()) / (requests - burst + 1.0) * 1.000_001;
                let each = (each * 1000.0).ceil() / 1000.0;
                Window { each, burst }
            })
            .collect();
        self
    }

    pub(crate) fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// How long the permits of one batch are usable: a hundredth of the shortest window.
    pub(crate) fn validity(&self) -> Duration {
        match self.set.first() {
            _ if !self.batches => Duration::ZERO,
            Some((_, period, _)) => (*period / 100).min(LONGEST_VALIDITY),
            None => UNLIMITED_VALIDITY,
        }
    }

    /// How long after its scheduled time a permit can still be used.
    pub(crate) fn grace(&self) -> Duration {
        self.validity() + self.margin
    }

    pub(crate) fn presence(&self) -> Duration {
        self.lease
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.concurrency
    }

    pub(crate) fn adapts(&self) -> bool {
        self.adaptive
    }

    /// The most permits of one batch.
    pub(crate) fn batch(&self) -> u32 {
        if self.batches { MOST_PERMITS } else { 1 }
    }

    /// The factor by which the learnt rate falls. A 429 below a configured rate needs a smaller step than one without any.
    pub(crate) fn fall(&self) -> f64 {
        if self.windows.is_empty() { 0.5 } else { 0.8 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// Microseconds.
pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(requests: u32, period: u64) -> Limits {
        Limits::new().window(NonZeroU32::new(requests).expect("not zero"), Duration::from_secs(period))
    }

    #[test]
    fn stated_bound_is_never_above_the_limit() {
        for (requests, period) in [(1, 1), (2, 1), (10, 1), (100, 5), (1000, 10), (1000, 60), (5000, 300)] {
            let bound = limits(requests, period).bound(0).expect("a window");
            assert!(bound <= f64::from(requests), "{requests} in {period} s: {bound}");
            assert!(bound >= f64::from(requests) * 0.9 - 1.0, "{requests} in {period} s: {bound}");
        }
    }

    #[test]
    fn steady_rate_is_above_95_percent_of_the_limit() {
        for (requests, period) in [(100, 5), (1000, 10), (1000, 60)] {
            let limits = limits(requests, period);
            let steady = micros(Duration::from_secs(period)) / limits.windows()[0].each;
            assert!(steady >= f64::from(requests) * 0.95, "{requests} in {period} s: {steady}");
        }
    }

    #[test]
    fn windows_have_one_order_in_every_process() {
        let (ten, sixty) = (NonZeroU32::new(10).expect("not zero"), NonZeroU32::new(60).expect("not zero"));
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        let one = Limits::new().window(ten, second).window(sixty, minute);
        assert_eq!(one, Limits::new().window(sixty, minute).window(ten, second));
    }
}

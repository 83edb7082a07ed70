//! The configuration and the state of a rate limiter.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

/// The configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The number of requests in this time.
    pub(super) rate: Option<(NonZeroU32, Duration)>,
    pub(super) concurrency: usize,
    pub(super) adaptive: bool,
}

/// The current rate limit of a caller.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RateLimitState {
    /// The rate learnt from 429 responses, in requests a second, if there is one.
    pub learnt_rate: Option<f64>,
    /// No request is sent before this time.
    pub held_until: Option<SystemTime>,
    /// The number of queued calls.
    pub waiting: usize,
    /// The number of requests without a response yet.
    pub in_flight: usize,
}

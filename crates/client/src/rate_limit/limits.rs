//! What is configured of a limiter, and what it tells of itself.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

/// What is configured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// So many requests in this time.
    pub(super) rate: Option<(NonZeroU32, Duration)>,
    pub(super) concurrency: usize,
    pub(super) adaptive: bool,
}

/// How a caller is paced at this moment.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RateLimitState {
    /// Requests a second, where a rate is in force that was learnt from 429 answers.
    pub learnt_rate: Option<f64>,
    /// Until when no request goes out at all.
    pub held_until: Option<SystemTime>,
    /// Calls that wait for their turn.
    pub waiting: usize,
    /// Requests whose answer has not begun.
    pub in_flight: usize,
}

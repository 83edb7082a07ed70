//! The configuration of a rate limiter.

use std::num::NonZeroU32;
use std::time::Duration;

/// The configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The number of requests in this time.
    pub(super) rate: Option<(NonZeroU32, Duration)>,
    pub(super) concurrency: usize,
    pub(super) adaptive: bool,
}

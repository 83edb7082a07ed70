//! The size of the proof.

use std::time::Duration;

/// How large the proof is.
#[derive(Clone, Debug)]
pub(crate) struct Size {
    pub(crate) processes: u32,
    pub(crate) clients: u32,
    /// How long the longest scene lasts.
    pub(crate) seconds: u64,
    /// How long a call waits for Redis.
    pub(crate) wait: Duration,
    /// The parts that run; all of them if it is empty.
    pub(crate) only: Vec<String>,
}

impl Size {
    /// Whether this part runs.
    pub(crate) fn has(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }

    /// Whether it is long enough for the figures of the guide. In small, on a busy machine, one call is a large part.
    pub(crate) fn is_whole(&self) -> bool {
        self.seconds >= 30
    }
}

//! The notice of a retry: what failed, the delay, and the number of the next attempt.

use std::fmt;
use std::time::Duration;

use digicert_one_core::{Code, TransportError};
use http::StatusCode;

use crate::error::Error;

/// The notice that a call will be retried after a delay. See [`ClientBuilder::on_retry`](crate::ClientBuilder::on_retry).
///
/// `Display` is one line, such as `HTTP 429, retrying in 20 s (attempt 2 of 4)`. It holds no path, no value and no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RetryNotice {
    /// The code of the error.
    pub code: Code,
    /// The status of its response, if there was one.
    pub status: Option<StatusCode>,
    /// A short description of the failure.
    pub failure: String,
    /// The delay before the next attempt.
    pub delay: Duration,
    /// The number of the next attempt, counted from 1.
    pub attempt: u32,
    /// The most attempts.
    pub attempts: u32,
}

impl RetryNotice {
    pub(crate) fn new(error: &Error, delay: Duration, attempt: u32, attempts: u32) -> Self {
        let failure = match (error.status(), error.transport()) {
            (Some(status), _) => format!("HTTP {}", status.as_u16()),
            (None, Some(transport)) => TransportError::to_string(transport),
            (None, None) => error.code().title().to_owned(),
        };
        Self { code: error.code(), status: error.status(), failure, delay, attempt, attempts }
    }
}

impl fmt::Display for RetryNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, retrying in ", self.failure)?;
        match self.delay.as_secs() {
            0..3 => write!(f, "{:.1} s", self.delay.as_secs_f64())?,
            seconds => write!(f, "{} s", seconds + u64::from(self.delay.subsec_millis() >= 500))?,
        }
        write!(f, " (attempt {} of {})", self.attempt, self.attempts)
    }
}

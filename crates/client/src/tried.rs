//! The attempts of a call: their number, their delays, why they failed, and why there was no further one.

use std::fmt;
use std::time::Duration;

use digicert_one_core::{Code, Delivery};
use http::StatusCode;

/// The most lines about earlier attempts in one error; equal ones in a row are one line.
const MAX_LINES: usize = 8;

/// The shortest wait for the rate limiter that is reported: less is the time of asking.
const LEAST_WAIT: Duration = Duration::from_millis(50);

/// An attempt that failed and was followed by another one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedAttempt {
    /// Its number, counted from 1.
    pub number: u32,
    /// The code of its error.
    pub code: Code,
    /// The status of its response, if there was one.
    pub status: Option<StatusCode>,
    /// The delivery of its request, if there was no response.
    pub delivery: Option<Delivery>,
    /// A short description of the failure.
    pub failure: String,
}

impl FailedAttempt {
    /// Whether the platform may have processed this attempt.
    #[must_use]
    pub fn may_have_been_processed(&self) -> bool {
        match (self.status, self.delivery) {
            (Some(status), _) => status.is_server_error(),
            (None, Some(delivery)) => delivery != Delivery::NotSent,
            (None, None) => self.code == Code::NET_08,
        }
    }
}

impl fmt::Display for FailedAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.failure, self.code)
    }
}

/// The attempts of a call, and why there was no further one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tried {
    pub(crate) attempts: u32,
    pub(crate) delays: Vec<Duration>,
    /// How long the first attempt waited for the rate limiter.
    pub(crate) queued_for: Duration,
    pub(crate) earlier: Vec<FailedAttempt>,
    pub(crate) stop: Option<Stop>,
}

impl Tried {
    /// Records how long the current attempt waited for the rate limiter.
    pub(crate) fn queued(&mut self, wait: Duration) {
        if wait < LEAST_WAIT {
            return;
        }
        match self.attempts {
            0 | 1 => self.queued_for += wait,
            attempts if self.delays.len() + 1 < attempts as usize => self.delays.push(wait),
            _ => {
                if let Some(last) = self.delays.last_mut() {
                    *last += wait;
                }
            }
        }
    }

    /// The evidence lines of an error; none if a retry was impossible.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.queued_for >= LEAST_WAIT {
            lines.push(format!("waited {:.1} s for the rate limiter", self.queued_for.as_secs_f64()));
        }
        if self.attempts > 1 {
            let delays: Vec<String> = self.delays.iter().map(|wait| format!("{:.1} s", wait.as_secs_f64())).collect();
            let delays =
                if delays.is_empty() { String::new() } else { format!(", with delays of {}", delays.join(", ")) };
            lines.push(format!("tried {} times{delays}", self.attempts));
        }
        let same =
            |one: &FailedAttempt, other: &FailedAttempt| (&one.failure, one.code) == (&other.failure, other.code);
        for group in self.earlier.chunk_by(same).take(MAX_LINES) {
            if let [first, .., last] = group {
                lines.push(format!("attempts {} to {}: {first}", first.number, last.number));
            } else if let [one] = group {
                lines.push(format!("attempt {}: {one}", one.number));
            }
        }
        if let Some(why) = self.stop.and_then(Stop::explained)
            && (self.attempts > 1
                || matches!(self.stop, Some(Stop::Unsafe | Stop::Spent | Stop::Budget | Stop::Deadline)))
        {
            lines.push(why.to_owned());
        }
        lines
    }
}

impl Tried {
    /// Whether the call was not retried because it may have been processed.
    pub(crate) fn may_be_done(&self) -> bool {
        self.stop == Some(Stop::Unsafe)
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// Why a call is not retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A retry cannot help.
    Useless,
    /// The request may have been processed, and it is not idempotent.
    Unsafe,
    /// The body can be read only once, and it has been read from.
    Spent,
    Attempts,
    Budget,
    Deadline,
}

impl Stop {
    /// The evidence line; `None` if the diagnosis already says it.
    pub(crate) fn explained(self) -> Option<&'static str> {
        match self {
            Self::Useless => None,
            Self::Unsafe => Some("not retried: the request may have been processed, and it is not idempotent"),
            Self::Spent => Some(
                "not retried: the upload had begun, and its body can be read only once (upload_with allows retries)",
            ),
            Self::Attempts => Some("not retried again: all attempts are used up"),
            Self::Budget => Some("not retried: too many calls of this client fail (its retry budget is empty)"),
            Self::Deadline => Some("not retried: the next attempt would begin after the deadline of the call"),
        }
    }
}

//! Options for reading credentials.

use std::time::SystemTime;

/// Options for reading credentials: the time for checking dates, and whether expired credentials are accepted.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReadOptions {
    /// The time that dates are checked against.
    pub now: SystemTime,
    /// Whether a credential outside its dates is accepted, to test how the server responds.
    pub allow_expired: bool,
    /// Whether everything that a server would refuse is a warning instead of an error: for reports about a certificate.
    pub report_only: bool,
}

impl ReadOptions {
    /// Returns the default options at this time.
    #[must_use]
    pub fn at(now: SystemTime) -> Self {
        Self { now, allow_expired: false, report_only: false }
    }

    /// Sets whether a credential outside its dates is accepted.
    #[must_use]
    pub fn allow_expired(mut self, allow: bool) -> Self {
        self.allow_expired = allow;
        self
    }

    /// Makes warnings of everything that a server would refuse: dates, purpose and the size of the key.
    #[must_use]
    pub fn report_only(mut self) -> Self {
        (self.allow_expired, self.report_only) = (true, true);
        self
    }
}

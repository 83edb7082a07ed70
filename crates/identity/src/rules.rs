//! What a credential must be like to be used.

use std::time::SystemTime;

/// The time by which dates are judged, and what is let through.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Rules {
    /// By this time.
    pub now: SystemTime,
    /// Whether a credential outside its dates is let through, to see what the server says to it.
    pub allow_expired: bool,
    /// Whether everything that a server would refuse is a warning instead of an error: for reports about a certificate.
    pub report_only: bool,
}

impl Rules {
    /// The rules at this time.
    #[must_use]
    pub fn at(now: SystemTime) -> Self {
        Self { now, allow_expired: false, report_only: false }
    }

    /// Lets a credential outside its dates through.
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

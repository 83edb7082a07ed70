//! Instants as stored in files: RFC 3339 in UTC. A time beyond the calendar becomes its last or first instant.

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Instant(Timestamp);

impl Instant {
    pub(crate) fn time(self) -> SystemTime {
        let since = self.0.as_duration();
        let (amount, epoch) = (since.unsigned_abs(), SystemTime::UNIX_EPOCH);
        if since.is_negative() { epoch.checked_sub(amount) } else { epoch.checked_add(amount) }.unwrap_or(epoch)
    }
}

impl From<SystemTime> for Instant {
    fn from(time: SystemTime) -> Self {
        let is_late = time >= SystemTime::UNIX_EPOCH;
        Self(Timestamp::try_from(time).unwrap_or(if is_late { Timestamp::MAX } else { Timestamp::MIN }))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn instant_round_trips() {
        let epoch = SystemTime::UNIX_EPOCH;
        for time in [epoch, epoch + Duration::new(1_800_000_000, 5), epoch - Duration::from_secs(1)] {
            assert_eq!(Instant::from(time).time(), time);
        }
        assert_eq!(Instant::from(epoch).to_string(), "1970-01-01T00:00:00Z");
        let beyond = epoch + Duration::from_secs(1 << 39);
        assert!(Instant::from(beyond).time() < beyond && Instant::from(beyond).to_string().starts_with("9999"));
    }
}

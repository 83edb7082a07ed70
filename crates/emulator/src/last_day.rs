//! The last day of a key, a certificate or a user: valid through 23:59:59 UTC of that day, and not a second longer.
//!
//! A day and not an instant, because the platform stores a day; the instant is derived in one place.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use digicert_one_testbed::Validity;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The last day on which something is valid.
///
/// ```
/// use digicert_one_emulator::LastDay;
///
/// let end: LastDay = "2026-12-31".parse()?;
/// assert!(!end.passed(end.last_second()));
/// assert!(end.passed(end.last_second() + std::time::Duration::from_secs(1)));
/// # Ok::<_, digicert_one_emulator::InvalidLastDay>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LastDay(Date);

/// The text is not a date of the form `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an end date is written YYYY-MM-DD, as in 2026-12-31")]
pub struct InvalidLastDay;

impl LastDay {
    /// The UTC day that this moment lies in.
    pub fn day_of(moment: SystemTime) -> Self {
        let timestamp = jiff::Timestamp::try_from(moment).unwrap_or(jiff::Timestamp::MAX);
        LastDay(timestamp.to_zoned_datetime(TimeZone::UTC).date())
    }

    /// The last valid second: 23:59:59 UTC. (What lies before 1970 ends on its first day.)
    pub fn last_second(self) -> SystemTime {
        let midnight = self.0.to_zoned_datetime(TimeZone::UTC).map_or(0, |start| start.timestamp().as_second());
        SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(midnight).unwrap_or(0)) + DAY
            - Duration::from_secs(1)
    }

    /// Whether it is over at this moment.
    pub fn passed(self, now: SystemTime) -> bool {
        now >= self.last_second() + Duration::from_secs(1)
    }
}

impl FromStr for LastDay {
    type Err = InvalidLastDay;

    fn from_str(text: &str) -> Result<Self, InvalidLastDay> {
        text.parse().map(LastDay).map_err(|_| InvalidLastDay)
    }
}

impl fmt::Display for LastDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for LastDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LastDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Returns the X.509 dates of a credential with this end date. The handshake checks them against the system's
/// time, regardless of the emulator's clock, so they are wide enough for both: the caller must meet the
/// platform's own refusal.
pub(crate) fn x509_dates(end: Option<LastDay>, now: SystemTime) -> Validity {
    let real = SystemTime::now();
    let until = match end {
        Some(end) => end.last_second().max(real + DAY),
        None => real.max(now) + 365 * DAY,
    };
    Validity::Between(real.min(now) - DAY, until)
}

/// Seconds since 1970; a moment before is 0.
pub(crate) fn seconds(moment: SystemTime) -> u64 {
    moment.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A moment as the platform writes it: RFC 3339, `Z`, whole seconds.
pub(crate) fn rfc3339(moment: SystemTime) -> String {
    let seconds = i64::try_from(seconds(moment)).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX).to_string()
}

/// Seconds since 1970 as the platform writes a moment.
pub(crate) fn rfc3339_at(seconds: u64) -> String {
    rfc3339(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

//! End dates as DigiCert ONE writes them: a day, valid until its last second in UTC.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::{Code, CredentialError};

/// The last second in which a credential is valid.
///
/// ```
/// use digicert_one_core::EndDate;
/// let day: EndDate = "2026-12-31".parse()?;
/// assert_eq!(day.to_string(), "2026-12-31T23:59:59Z");
/// // A time of day is kept as it is.
/// assert_eq!("2026-12-31T10:00:00Z".parse::<EndDate>()?.to_string(), "2026-12-31T10:00:00Z");
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
///
/// Source: DigiCert ONE, "Authentication": end dates count until 23:59:59 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndDate(Timestamp);

impl EndDate {
    /// Returns the instant. Days before 1970 become the start of 1970, which is also in the past.
    #[must_use]
    pub fn last_second(self) -> SystemTime {
        let since = self.0.as_second();
        match u64::try_from(since) {
            Ok(after) => SystemTime::UNIX_EPOCH + Duration::from_secs(after),
            Err(_) => SystemTime::UNIX_EPOCH,
        }
    }
}

impl FromStr for EndDate {
    type Err = CredentialError;

    /// Parses `2026-12-31`, or an instant in RFC 3339.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        // `Timestamp` does not cover the last hours of the calendar (nor the first).
        let end = |date: Date| match TimeZone::UTC.to_timestamp(date.at(23, 59, 59, 0)) {
            Ok(instant) => instant,
            Err(_) if date.year() > 0 => Timestamp::MAX,
            Err(_) => Timestamp::MIN,
        };
        // Only a bare day: jiff would also accept a longer text that starts with a date.
        let instant = match text.len() {
            10 => text.parse::<Date>().map(end).ok(),
            _ => text.parse::<Timestamp>().ok().or_else(|| beyond_the_clock(text)),
        };
        // The parser's error would quote the text, which may be a secret.
        instant.map(Self).ok_or_else(|| {
            CredentialError::new(
                Code::ID_13,
                "invalid end date: expected a day (2026-12-31) or an instant (2026-12-31T23:59:59Z)",
            )
        })
    }
}

/// Parses an RFC 3339 instant on the first or last days of the calendar, which `Timestamp` does not cover.
fn beyond_the_clock(text: &str) -> Option<Timestamp> {
    let date = text.get(..10)?.parse::<Date>().ok()?;
    let (_, clock) = text.get(10..)?.split_at_checked(1)?;
    let is_separated = matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' '));
    // Parsed on another day, so that hour and offset are checked too.
    let is_time = is_separated && format!("2000-06-15T{clock}").parse::<Timestamp>().is_ok();
    match (is_time, date.year()) {
        (true, 9999) => Some(Timestamp::MAX),
        (true, ..=1) => Some(Timestamp::MIN),
        _ => None,
    }
}

impl fmt::Display for EndDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_at_both_ends_of_the_calendar_are_accepted() {
        let far = |text: &str| text.parse::<EndDate>().expect(text);
        for text in [
            "9999-12-31",
            "9999-12-30",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59.999+00:00",
            "9999-12-31t00:00:00-23:00",
        ] {
            assert!(far(text) > far("9999-12-29"), "{text}");
            assert!(far(text).last_second() > far("9000-01-01").last_second(), "{text}");
            assert!(far(text).to_string().parse::<EndDate>().is_ok(), "{text}: what is written can be read");
        }
        for text in ["0001-01-01", "0000-01-01", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"] {
            assert_eq!(far(text).last_second(), SystemTime::UNIX_EPOCH, "{text}");
            assert!(far(text) < far("1970-01-01"));
        }
        for text in
            ["9999-12-32", "9999-12-31T25:00:00Z", "9999-12-31T", "9999-12-31X00:00:00Z", "10000-01-01", "0001-13-01"]
        {
            assert!(text.parse::<EndDate>().is_err(), "{text}");
        }
    }

    #[test]
    fn text_that_is_not_a_date_is_an_error() {
        for text in ["", "soon", "2026-13-01", "2026-12-31T10:00:00", "31.12.2026", "2026-12-31x"] {
            assert!(text.parse::<EndDate>().is_err(), "{text}");
        }
        assert_eq!(" 2028-02-29\n".parse::<EndDate>().expect("a leap day").to_string(), "2028-02-29T23:59:59Z");
    }
}

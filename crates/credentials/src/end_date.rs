//! End dates as DigiCert ONE writes them: a day, which counts until its last second in UTC.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use digicert_one_core::{Code, CredentialError};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The last second in which something works.
///
/// ```
/// use digicert_one_credentials::EndDate;
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
    /// The instant; a day before 1970 is the beginning of 1970, which is as long past.
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

    /// `2026-12-31`, or an instant in RFC 3339.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let day = |date: Date| TimeZone::UTC.to_timestamp(date.at(23, 59, 59, 0));
        // Only a bare day: jiff would read the date out of a longer text, too.
        let instant = match text.len() {
            10 => text.parse::<Date>().and_then(day),
            _ => text.parse::<Timestamp>(),
        };
        instant.map(Self).map_err(|error| {
            CredentialError::new(
                Code::ID_13,
                "the end date is neither a day (2026-12-31) nor an instant (2026-12-31T23:59:59Z)",
            )
            .with_source(error)
        })
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
    fn what_is_no_date_is_an_error() {
        for text in ["", "soon", "2026-13-01", "2026-12-31T10:00:00", "31.12.2026", "2026-12-31x"] {
            assert!(text.parse::<EndDate>().is_err(), "{text}");
        }
        assert_eq!(" 2028-02-29\n".parse::<EndDate>().expect("a leap day").to_string(), "2028-02-29T23:59:59Z");
    }
}

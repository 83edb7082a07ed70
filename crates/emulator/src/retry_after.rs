//! `Retry-After` in both of its forms (RFC 9110 §10.2.3), and moments as HTTP writes them.
//!
//! The platform may use either form, so whoever is told to wait must be tested with both.

use std::time::{Duration, SystemTime};

use http::HeaderValue;

/// The form of a `Retry-After`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryAfterForm {
    /// A number of seconds.
    #[default]
    Seconds,
    /// An HTTP date, by the emulator's clock.
    Date,
    /// There is no such header.
    Absent,
}

/// How long a caller is told to wait, and in which form.
///
/// ```
/// use std::time::Duration;
///
/// use digicert_one_emulator::{Fault, RetryAfter};
///
/// let storm = Fault::too_many_requests(RetryAfter::date(Duration::from_secs(2))).next(5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    pub(crate) form: RetryAfterForm,
    pub(crate) wait: Duration,
}

impl RetryAfter {
    /// So many seconds, as a number.
    pub fn seconds(seconds: u64) -> Self {
        RetryAfter { form: RetryAfterForm::Seconds, wait: Duration::from_secs(seconds) }
    }

    /// So long from the moment of the answer, as an HTTP date.
    pub fn date(wait: Duration) -> Self {
        RetryAfter { form: RetryAfterForm::Date, wait }
    }

    /// Nothing is said.
    pub fn absent() -> Self {
        RetryAfter { form: RetryAfterForm::Absent, wait: Duration::ZERO }
    }

    /// So long, in this form.
    pub fn new(form: RetryAfterForm, wait: Duration) -> Self {
        RetryAfter { form, wait }
    }

    /// The form.
    pub fn form(self) -> RetryAfterForm {
        self.form
    }

    /// The wait.
    pub fn wait(self) -> Duration {
        self.wait
    }

    /// The header, for an answer of this moment. Parts of a second are rounded up, or the caller would be back too early.
    pub(crate) fn header(self, now: SystemTime) -> Option<HeaderValue> {
        match self.form {
            RetryAfterForm::Absent => None,
            RetryAfterForm::Seconds => Some(whole_seconds(self.wait).into()),
            RetryAfterForm::Date => {
                let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                http_date(Duration::from_secs(whole_seconds(now.saturating_add(self.wait))))
            }
        }
    }
}

impl RetryAfterForm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            RetryAfterForm::Seconds => "seconds",
            RetryAfterForm::Date => "date",
            RetryAfterForm::Absent => "absent",
        }
    }
}

/// A moment as `Date` and `Retry-After` write it; the year has four digits and no more.
pub(crate) fn http_date(since_epoch: Duration) -> Option<HeaderValue> {
    /// 9999-12-31T23:59:59Z.
    const LAST: u64 = 253_402_300_799;
    let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(since_epoch.as_secs().min(LAST));
    HeaderValue::try_from(httpdate::fmt_http_date(moment)).ok()
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_round_up() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_500);
        let wait = Duration::from_millis(1400);
        let text = |form| RetryAfter::new(form, wait).header(now).map(|value| value.to_str().map(str::to_owned));
        assert_eq!(text(RetryAfterForm::Seconds).expect("a header").expect("text"), "2");
        assert_eq!(text(RetryAfterForm::Date).expect("a header").expect("text"), "Sun, 06 Nov 1994 08:49:39 GMT");
        assert!(text(RetryAfterForm::Absent).is_none());
    }

    #[test]
    fn a_date_beyond_the_calendar_is_its_last() {
        let header = RetryAfter::date(Duration::MAX).header(SystemTime::UNIX_EPOCH).expect("a header");
        assert_eq!(header, "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}

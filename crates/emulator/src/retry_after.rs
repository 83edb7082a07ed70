//! `Retry-After` in both of its forms (RFC 9110 §10.2.3), and moments as HTTP writes them.
//!
//! The platform may use either form, so callers must be tested with both.

use std::time::{Duration, SystemTime};

use http::HeaderValue;
use serde::Serialize;

use crate::words::{Fields, words};

words! { "retry_after_form",
    /// The form of a `Retry-After`.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum RetryAfterForm {
        /// A number of seconds.
        #[default]
        Seconds = "seconds",
        /// An HTTP date, by the emulator's clock.
        Date = "date",
        /// No such header.
        Absent = "absent",
    }
}

/// The delay that a caller is asked for, and its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RetryAfter {
    #[serde(rename = "retry_after_form")]
    form: RetryAfterForm,
    #[serde(rename = "retry_after_seconds", with = "crate::words::seconds")]
    wait: Duration,
}

impl RetryAfter {
    /// A number of seconds.
    pub fn seconds(seconds: u64) -> Self {
        RetryAfter::new(RetryAfterForm::Seconds, Duration::from_secs(seconds))
    }

    /// An HTTP date, this long after the response.
    pub fn date(wait: Duration) -> Self {
        RetryAfter::new(RetryAfterForm::Date, wait)
    }

    /// No header.
    pub fn absent() -> Self {
        RetryAfter::new(RetryAfterForm::Absent, Duration::ZERO)
    }

    /// This delay in this form.
    pub fn new(form: RetryAfterForm, wait: Duration) -> Self {
        RetryAfter { form, wait }
    }

    pub(crate) fn take(fields: &mut Fields) -> Result<Self, String> {
        match (fields.take("retry_after_seconds")?, fields.take("retry_after_form")?) {
            (None, None | Some(RetryAfterForm::Absent)) => Ok(RetryAfter::absent()),
            (None, Some(_)) => Err("retry_after_seconds is missing".to_owned()),
            (Some(seconds), form) => Ok(RetryAfter::new(form.unwrap_or_default(), Duration::from_secs(seconds))),
        }
    }

    /// Returns the header of a response at this moment. Fractions of a second are rounded up, or the caller
    /// would retry too early.
    pub(crate) fn header(self, now: SystemTime) -> Option<HeaderValue> {
        let whole = |duration: Duration| duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
        match self.form {
            RetryAfterForm::Absent => None,
            RetryAfterForm::Seconds => Some(whole(self.wait).into()),
            RetryAfterForm::Date => {
                let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().saturating_add(self.wait);
                http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(whole(since).min(LAST_SECOND)))
            }
        }
    }
}

/// The last second of the year 9999. The time of Windows ends before the year 30829.
const LAST_SECOND: u64 = 253_402_300_799;

/// A moment as `Date` and `Retry-After` write it, 9999-12-31T23:59:59Z at the latest: the year has four digits.
pub(crate) fn http_date(moment: SystemTime) -> Option<HeaderValue> {
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(LAST_SECOND);
    HeaderValue::try_from(httpdate::fmt_http_date(moment.clamp(SystemTime::UNIX_EPOCH, last))).ok()
}

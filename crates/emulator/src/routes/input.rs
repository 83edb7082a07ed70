//! The rules for what callers write: names, end dates, e-mail addresses. A rejection names the field and never repeats the value.

use std::time::SystemTime;

use serde::{Deserialize, Deserializer};

use crate::last_day::LastDay;
use crate::response::Rejection;
use crate::state::User;

/// Not published; long enough for everybody.
const LONGEST_NAME: usize = 255;

/// A field that may be absent, `null` or present, with three different meanings.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(field: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(field).map(Some)
}

/// A name of a user, a token or a certificate: letters, digits, space, `-` and `_`. (That letters are those of ASCII is inferred.)
pub(crate) fn name(field: &'static str, value: Option<String>) -> Result<String, Rejection> {
    let value = value.filter(|value| !value.trim().is_empty());
    let value = value.ok_or_else(|| Rejection::invalid(field, format!("{field} is missing or blank")))?;
    if !value.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, ' ' | '-' | '_')) {
        let message = format!("{field} may hold letters, digits, spaces, - and _ only");
        return Err(Rejection::invalid(field, message));
    }
    if value.len() > LONGEST_NAME {
        return Err(Rejection::invalid(field, format!("{field} is longer than {LONGEST_NAME} characters")));
    }
    Ok(value)
}

/// An e-mail address, checked for its form only. Absent is empty.
pub(crate) fn email(value: Option<String>) -> Result<String, Rejection> {
    let value = value.unwrap_or_default();
    let (name, host) = value.split_once('@').unwrap_or_default();
    let plausible = !name.is_empty() && !host.is_empty() && !value.contains(char::is_whitespace);
    if value.is_empty() || plausible {
        return Ok(value);
    }
    Err(Rejection::invalid("email", "email is not an e-mail address"))
}

pub(crate) fn end_date(value: Option<String>, now: SystemTime) -> Result<Option<LastDay>, Rejection> {
    let Some(value) = value else { return Ok(None) };
    let end: LastDay = value.parse().map_err(|error| Rejection::invalid("end_date", format!("end_date: {error}")))?;
    if end.passed(now) {
        return Err(Rejection::invalid("end_date", "end_date is in the past"));
    }
    Ok(Some(end))
}

/// The same for what belongs to a user: not after its owner's.
pub(crate) fn end_date_under(
    value: Option<String>,
    owner: &User,
    now: SystemTime,
) -> Result<Option<LastDay>, Rejection> {
    let end = end_date(value, now)?;
    match (end, owner.end_date) {
        (Some(end), Some(limit)) if end > limit => {
            let message = format!("end_date is after the end date of its owner, {limit}: extend the owner's first");
            Err(Rejection::invalid("end_date", message))
        }
        _ => Ok(end),
    }
}

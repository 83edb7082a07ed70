//! The end date of a credential in words, and the warning that every command prints when it is near.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use digicert_one::core::Validity;
use jiff::Timestamp;

use crate::output::Output;
use crate::whole_file::{Existing, Readers, write_whole};

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// When other commands begin to warn.
pub(crate) const NEAR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Warns of a near end date: without a terminal once a day, so that a loop does not repeat the warning.
pub(crate) fn warn(validity: &Validity, who: &str, output: Output) {
    let now = SystemTime::now();
    let Some(end) = validity.expiry().filter(|end| end.remaining(now) < NEAR) else { return };
    if output.is_watched() || first_of_the_day(who, now) {
        output.warning(&format!("the {} {} ({}); see `d1 expiry`", end.cause, until(end.at, now), shown(end.at)));
    }
}

/// Whether this caller was not warned yet today. Where that cannot be stored, the warning is repeated.
fn first_of_the_day(who: &str, now: SystemTime) -> bool {
    let variable = if cfg!(windows) { "LOCALAPPDATA" } else { "XDG_STATE_HOME" };
    let state = std::env::var_os(variable).filter(|path| Path::new(path).is_absolute()).map(Into::into);
    let home = || {
        let home = PathBuf::from(std::env::var_os("HOME")?);
        // A home that is not there is not made.
        home.is_dir().then(|| home.join(".local").join("state"))
    };
    let Some(directory) = state.or_else(home).map(|path: PathBuf| path.join("d1")) else { return true };
    let name: String = who.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '-' }).collect();
    let (path, today) = (directory.join(format!("warned-{name}")), shown(now)[..10].to_owned());
    if std::fs::read_to_string(&path).is_ok_and(|warned| warned == today) {
        return false;
    }
    let _ = std::fs::create_dir_all(&directory)
        .and_then(|()| write_whole(&path, today.as_bytes(), Readers::All, Existing::Replace));
    true
}

/// `expires in 12 days`, `expired 3 hours ago`: in whole days, and in hours or minutes where it is less than a day.
pub(crate) fn until(at: SystemTime, now: SystemTime) -> String {
    let seconds = seconds_left(at, now);
    let span = span(Duration::from_secs(seconds.unsigned_abs()));
    if seconds < 0 { format!("expired {span} ago") } else { format!("expires in {span}") }
}

/// `12 days`, `3 hours`, `1 minute`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (size, unit) = match seconds {
        left if left >= DAY.as_secs() => (DAY.as_secs(), "day"),
        left if left >= 3600 => (3600, "hour"),
        _ => (60, "minute"),
    };
    let count = seconds / size;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Whole days; the last one counts as 0.
pub(crate) fn days_left(at: SystemTime, now: SystemTime) -> i64 {
    seconds_left(at, now) / 86_400
}

/// Less than nothing where it is past.
pub(crate) fn seconds_left(at: SystemTime, now: SystemTime) -> i64 {
    let seconds = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    at.duration_since(now).map_or_else(|error| -seconds(error.duration()), seconds)
}

/// `2026-12-31T23:59:59Z`.
pub(crate) fn shown(time: SystemTime) -> String {
    Timestamp::try_from(time).unwrap_or(Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_in_whole_days_and_in_smaller_units_below_one() {
        let now = SystemTime::UNIX_EPOCH + 1000 * DAY;
        let minutes = |count: u64| Duration::from_secs(60 * count);
        for (at, text) in [
            (now + 12 * DAY + DAY / 2, "expires in 12 days"),
            (now + DAY, "expires in 1 day"),
            (now + DAY / 2, "expires in 12 hours"),
            (now + minutes(59), "expires in 59 minutes"),
            (now, "expires in 0 minutes"),
            (now - minutes(1), "expired 1 minute ago"),
            (now - DAY / 2, "expired 12 hours ago"),
            (now - 3 * DAY, "expired 3 days ago"),
        ] {
            assert_eq!(until(at, now), text);
        }
    }
}

//! Unique names with their time of creation: `ci-bot-20260701T091500Z-1a2b3c4d`. Names of tokens and
//! nicknames of certificates may have only letters, digits, blanks, `-` and `_` (documented).

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Longer bases are truncated, to stay below the platform's limit, which is not documented.
const LONGEST_PREFIX: usize = 40;
const TIME: &str = "%Y%m%dT%H%M%SZ";
const RANDOM: usize = 8;

/// Removes characters from the base that a name may not have.
pub(super) fn legal(name_prefix: &str) -> String {
    let legal = |one: char| if one.is_ascii_alphanumeric() || matches!(one, ' ' | '-' | '_') { one } else { '-' };
    let text: String = name_prefix.trim().chars().map(legal).take(LONGEST_PREFIX).collect();
    let text = text.trim();
    if text.is_empty() { "d1".to_owned() } else { text.to_owned() }
}

/// Returns date and time in UTC.
pub(super) fn utc(time: SystemTime) -> Option<DateTime> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let time = Timestamp::from_second(i64::try_from(since.as_secs()).ok()?).ok()?;
    Some(TimeZone::UTC.to_datetime(time))
}

/// Returns a new name with this base.
pub(super) fn fresh(name_prefix: &str, now: SystemTime) -> String {
    // Only a time beyond the year 9999 cannot be formatted.
    let time = utc(now).map(|now| now.strftime(TIME).to_string()).unwrap_or_default();
    format!("{}-{time}-{:08x}", legal(name_prefix), fastrand::u32(..))
}

/// Returns base and time of a name generated here.
fn parts(name: &str) -> Option<(&str, SystemTime)> {
    let (rest, random) = name.rsplit_once('-')?;
    let (name_prefix, time) = rest.rsplit_once('-')?;
    let is_random = random.len() == RANDOM && random.bytes().all(|one| one.is_ascii_hexdigit());
    let time = TimeZone::UTC.to_timestamp(DateTime::strptime(TIME, time).ok()?).ok()?;
    let since = Duration::from_secs(u64::try_from(time.as_second()).ok()?);
    is_random.then(|| (name_prefix, SystemTime::UNIX_EPOCH + since))
}

/// Returns the base of a name generated here.
pub(super) fn prefix_of(name: &str) -> Option<&str> {
    parts(name).map(|(name_prefix, _)| name_prefix)
}

/// Returns when a name was generated here.
pub(super) fn made_at(name: &str) -> Option<SystemTime> {
    parts(name).map(|(_, time)| time)
}

/// Returns whether a name is this base, or was generated from it.
pub(super) fn is_of(name: &str, name_prefix: &str) -> bool {
    let name_prefix = legal(name_prefix);
    name == name_prefix || prefix_of(name) == Some(&name_prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_has_base_and_time_and_is_legal() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_782_820_800);
        for (name_prefix, legal) in
            [("ci-bot", "ci-bot"), ("Zürich.prod/1", "Z-rich-prod-1"), (" ", "d1"), ("a b_c", "a b_c")]
        {
            let name = fresh(name_prefix, now);
            assert!(name.starts_with(&format!("{legal}-20260630T120000Z-")), "{name}");
            assert!(name.chars().all(|one| one.is_ascii_alphanumeric() || " -_".contains(one)), "{name}");
            assert_eq!((prefix_of(&name), made_at(&name)), (Some(legal), Some(now)));
            assert!(is_of(&name, name_prefix) && is_of(legal, name_prefix));
            assert_ne!(name, fresh(name_prefix, now));
        }
        assert_eq!(legal(&"x".repeat(99)).len(), LONGEST_PREFIX);
    }

    #[test]
    fn longer_name_does_not_match_a_shorter_base() {
        let name = fresh("ci-prod", SystemTime::UNIX_EPOCH);
        assert!(!is_of(&name, "ci"));
        for other in ["ci-prod", "ci", "x-y-z", "ci-20260630T120000Z-xyz", "ci-20269930T120000Z-1a2b3c4d", ""] {
            assert_eq!(prefix_of(other), None, "{other}");
        }
    }
}

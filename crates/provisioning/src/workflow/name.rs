//! Unique names with their time of creation: `ci-bot-20260701T091500Z-1a2b3c4d`. Names of tokens and
//! nicknames of certificates may have only letters, digits, blanks, `-` and `_` (documented).

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Longer bases are truncated, to stay below the platform's limit, which is not documented.
const LONGEST_BASE: usize = 40;
const TIME: &str = "%Y%m%dT%H%M%SZ";
const RANDOM: usize = 8;

/// Removes characters from the base that a name may not have.
pub(super) fn legal(base: &str) -> String {
    let legal = |one: char| if one.is_ascii_alphanumeric() || matches!(one, ' ' | '-' | '_') { one } else { '-' };
    let text: String = base.trim().chars().map(legal).take(LONGEST_BASE).collect();
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
pub(super) fn fresh(base: &str, now: SystemTime) -> String {
    // Only a time beyond the year 9999 cannot be formatted.
    let time = utc(now).map(|now| now.strftime(TIME).to_string()).unwrap_or_default();
    format!("{}-{time}-{:08x}", legal(base), fastrand::u32(..))
}

/// Returns base and time of a name generated here.
fn parts(name: &str) -> Option<(&str, SystemTime)> {
    let (rest, random) = name.rsplit_once('-')?;
    let (base, time) = rest.rsplit_once('-')?;
    let is_random = random.len() == RANDOM && random.bytes().all(|one| one.is_ascii_hexdigit());
    let time = TimeZone::UTC.to_timestamp(DateTime::strptime(TIME, time).ok()?).ok()?;
    let since = Duration::from_secs(u64::try_from(time.as_second()).ok()?);
    is_random.then(|| (base, SystemTime::UNIX_EPOCH + since))
}

/// Returns the base of a name generated here.
pub(super) fn base_of(name: &str) -> Option<&str> {
    parts(name).map(|(base, _)| base)
}

/// Returns when a name was generated here.
pub(super) fn made_at(name: &str) -> Option<SystemTime> {
    parts(name).map(|(_, time)| time)
}

/// Returns whether a name is this base, or was generated from it.
pub(super) fn is_of(name: &str, base: &str) -> bool {
    let base = legal(base);
    name == base || base_of(name) == Some(&base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_has_base_and_time_and_is_legal() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_782_820_800);
        for (base, legal) in [("ci-bot", "ci-bot"), ("Zürich.prod/1", "Z-rich-prod-1"), (" ", "d1"), ("a b_c", "a b_c")]
        {
            let name = fresh(base, now);
            assert!(name.starts_with(&format!("{legal}-20260630T120000Z-")), "{name}");
            assert!(name.chars().all(|one| one.is_ascii_alphanumeric() || " -_".contains(one)), "{name}");
            assert_eq!((base_of(&name), made_at(&name)), (Some(legal), Some(now)));
            assert!(is_of(&name, base) && is_of(legal, base));
            assert_ne!(name, fresh(base, now));
        }
        assert_eq!(legal(&"x".repeat(99)).len(), LONGEST_BASE);
    }

    #[test]
    fn longer_name_does_not_match_a_shorter_base() {
        let name = fresh("ci-prod", SystemTime::UNIX_EPOCH);
        assert!(!is_of(&name, "ci"));
        for other in ["ci-prod", "ci", "x-y-z", "ci-20260630T120000Z-xyz", "ci-20269930T120000Z-1a2b3c4d", ""] {
            assert_eq!(base_of(other), None, "{other}");
        }
    }
}

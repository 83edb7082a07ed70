//! Computes the end date of a new credential: as requested, and never after its owner's. End dates are days
//! here, as on the platform.

use std::time::{Duration, SystemTime};

use digicert_one_core::{Code, EndDate};
use jiff::Span;
use jiff::civil::Date;

use super::{EndDatePolicy, IssueError, IssueErrorKind, TaskStep, name};

/// A larger clock difference may change the day of an end date.
const CLOCKS: Duration = Duration::from_secs(5 * 60);

/// Returns the last second of the new credential; `None` if neither it nor its owner expires.
pub(super) fn resolve(
    end_date: EndDatePolicy,
    owner: Option<EndDate>,
    now: SystemTime,
) -> Result<Option<EndDate>, IssueError> {
    let failed = |message: String| IssueError::new(IssueErrorKind::EndDate, TaskStep::WhoAmI, message);
    let owner_day = owner.map(|end| last_whole_day(end).ok_or_else(|| failed(unreadable("owner's")))).transpose()?;
    let wanted = match end_date {
        EndDatePolicy::WithOwner => None,
        EndDatePolicy::On(end) if !is_whole_day(end) => {
            return Err(failed("invalid end date: expected a day without a time".to_owned()));
        }
        EndDatePolicy::On(end) => Some(end),
        EndDatePolicy::AfterDays(days) => {
            Some(after(days, now).ok_or_else(|| failed("invalid end date: out of range".to_owned()))?)
        }
    };
    let over = |end: EndDate| end.last_second() < now;
    if let Some(end) = owner.filter(|end| over(*end)) {
        let message =
            format!("the owner expired {end}, and new credentials expire with it; have its end date extended first");
        return Err(failed(message).code(Code::ID_15));
    }
    if let Some(end) = wanted.filter(|end| over(*end)) {
        return Err(failed(format!("the requested end date {end} has passed")));
    }
    match (wanted, owner_day) {
        (_, Some(day)) if over(day) => {
            let message = "the owner expires today, before the end of the day; have its end date extended first";
            Err(failed(message.to_owned()).code(Code::ID_15))
        }
        (Some(wanted), Some(day)) => Ok(Some(wanted.min(day))),
        (wanted, day) => Ok(wanted.or(day)),
    }
}

fn unreadable(whose: &str) -> String {
    format!("failed to parse the {whose} end date as a day")
}

/// Returns whether two clocks differ too much for end dates.
pub(super) fn clocks_differ(ours: SystemTime, theirs: SystemTime) -> bool {
    let difference = ours.duration_since(theirs).unwrap_or_else(|error| error.duration());
    difference > CLOCKS
}

fn is_whole_day(end: EndDate) -> bool {
    end.to_string().get(10..).is_some_and(|time| time.starts_with("T23:59:59"))
}

/// Returns the last day that is complete at this end date.
fn last_whole_day(end: EndDate) -> Option<EndDate> {
    let day: Date = end.to_string().get(..10)?.parse().ok()?;
    let day = if is_whole_day(end) { day } else { day.yesterday().ok()? };
    day.to_string().parse().ok()
}

fn after(days: u32, now: SystemTime) -> Option<EndDate> {
    let today = name::utc(now)?.date();
    today.checked_add(Span::new().try_days(days).ok()?).ok()?.to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> EndDate {
        text.parse().expect("a date")
    }

    fn now() -> SystemTime {
        end("2026-06-30T12:00:00Z").last_second()
    }

    #[test]
    fn earlier_of_requested_and_owner_end_date_counts() {
        let owner = Some(end("2026-12-31"));
        for (end_date, owner, expected) in [
            (EndDatePolicy::WithOwner, None, None),
            (EndDatePolicy::WithOwner, owner, Some("2026-12-31")),
            (EndDatePolicy::On(end("2026-08-01")), owner, Some("2026-08-01")),
            (EndDatePolicy::On(end("2027-08-01")), owner, Some("2026-12-31")),
            (EndDatePolicy::On(end("2027-08-01")), None, Some("2027-08-01")),
            (EndDatePolicy::AfterDays(0), owner, Some("2026-06-30")),
            (EndDatePolicy::AfterDays(7), None, Some("2026-07-07")),
            (EndDatePolicy::AfterDays(365), owner, Some("2026-12-31")),
            // It must not outlive an owner that expires in the middle of a day.
            (EndDatePolicy::AfterDays(365), Some(end("2026-12-31T10:00:00Z")), Some("2026-12-30")),
        ] {
            let resolved = resolve(end_date, owner, now()).unwrap_or_else(|error| panic!("{end_date:?}: {error}"));
            assert_eq!(resolved, expected.map(end), "{end_date:?}");
        }
    }

    #[test]
    fn end_date_in_the_past_is_refused() {
        for (end_date, owner) in [
            (EndDatePolicy::WithOwner, Some(end("2026-06-29"))),
            (EndDatePolicy::AfterDays(7), Some(end("2026-06-30T11:59:59Z"))),
            (EndDatePolicy::AfterDays(7), Some(end("2026-06-30T13:00:00Z"))),
            (EndDatePolicy::On(end("2026-06-29")), None),
            (EndDatePolicy::On(end("2026-07-29T10:00:00Z")), None),
            (EndDatePolicy::AfterDays(u32::MAX), None),
        ] {
            let error = resolve(end_date, owner, now()).expect_err("refused");
            assert_eq!(error.kind(), IssueErrorKind::EndDate, "{end_date:?} {owner:?}");
        }
    }

    #[test]
    fn clocks_may_differ_by_minutes() {
        let later = |seconds| now() + Duration::from_secs(seconds);
        assert!(!clocks_differ(now(), later(300)) && !clocks_differ(later(300), now()));
        assert!(clocks_differ(now(), later(301)) && clocks_differ(later(301), now()));
    }
}

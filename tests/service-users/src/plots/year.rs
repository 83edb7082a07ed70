//! A year of a service user: API keys of 90 days, each replaced 14 days before its end, and at last the end of the service user itself,
//! which no key outlives. The warnings are those of a client that is asked for the end date once a day.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use digicert_one_client::{Client, Reminder};
use digicert_one_core::{
    ApiKey, CredentialError, EndDate, Generation, Instance, Lease, ManualClock, Material, Validity,
};

use super::held::Held;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const YEAR: u32 = 365;
const RENEW_BEFORE: u64 = 14;
const KEY_DAYS: u32 = 90;

/// Plays the year; the rows of the table: `left`, `warning` or `rotation`, the day, and the days left.
///
/// # Errors
/// The client cannot be made, or does not know the end date.
pub async fn play() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let first: EndDate = "2026-01-01".parse()?;
    let start = first.last_second() + Duration::from_secs(1) - DAY + DAY / 2;
    let owner_ends: EndDate = "2026-12-31".parse()?;
    let clock = ManualClock::new(start);
    let key = |generation: Generation, today: SystemTime| -> Result<Lease, CredentialError> {
        // A key ends with a day, and never after its service user.
        let ends = (today + DAY / 2 - Duration::from_secs(1) + KEY_DAYS * DAY).min(owner_ends.last_second());
        let validity = Validity::default().with_key_ends(Some(ends)).with_owner_ends(Some(owner_ends.last_second()));
        let key = ApiKey::new(format!("01a-key-of-generation-{}", generation.number()))?;
        Ok(Lease::new(Material::api_key(key), generation, "the run").with_validity(validity))
    };
    let held = Arc::new(Held(Mutex::new(key(Generation::FIRST, start)?)));
    let warned: Arc<Mutex<Vec<Reminder>>> = Arc::default();
    let listener = Arc::clone(&warned);
    let client = Client::builder()
        .instance(Instance::parse("one.digicert.com")?)
        .connector(digicert_one_rustls::Connector::new())
        .shared_credential(Arc::clone(&held) as _)
        .clock(Arc::new(clock.clone()))
        .on_reminder(move |reminder| {
            listener.lock().unwrap_or_else(PoisonError::into_inner).push(reminder.clone());
        })
        .build()?;
    let mut rows = Vec::new();
    for day in 0..YEAR {
        let now = start + day * DAY;
        let expiry = client.expiry().await?.ok_or("missing end date")?;
        let left = expiry.at.duration_since(now)?.as_secs() / DAY.as_secs();
        rows.push(format!("left\t{day}\t{left}"));
        if left < RENEW_BEFORE && expiry.at < owner_ends.last_second() {
            let mut current = held.0.lock().unwrap_or_else(PoisonError::into_inner);
            *current = key(current.generation().next(), now)?;
            rows.push(format!("rotation\t{day}\t{left}"));
        }
        clock.advance(DAY);
    }
    // Listeners have a thread of their own, which this waits for.
    client.shut_down(Duration::from_secs(10)).await;
    for reminder in warned.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let at = reminder.expiry.at - reminder.remaining;
        let day = at.duration_since(start)?.as_secs() / DAY.as_secs();
        rows.push(format!("warning\t{day}\t{}", reminder.days));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn year_has_warnings_before_each_end_and_all_before_the_last() {
        let rows = play().await.expect("a year");
        let of = |kind: &str| rows.iter().filter(|row| row.starts_with(kind)).cloned().collect::<Vec<_>>();
        assert_eq!((of("left").len(), of("rotation").len()), (365, 4), "{:?}", of("rotation"));
        let warnings = of("warning");
        assert!(warnings.iter().filter(|row| row.ends_with("\t30")).count() >= 4, "{warnings:?}");
        assert_eq!(warnings.iter().filter(|row| row.ends_with("\t1")).count(), 1, "{warnings:?}");
    }
}

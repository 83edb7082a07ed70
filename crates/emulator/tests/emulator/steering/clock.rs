//! The emulator's clock, end dates, and `Retry-After` by that clock.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use digicert_one_emulator::{
    Emulator, EmulatorClock, EmulatorOptions, Fault, InvalidLastDay, LastDay, RetryAfter, RetryAfterForm,
};

use crate::caller::{Caller, ME};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[test]
fn clock_runs_with_its_base_and_moves_across_it() {
    let base = Arc::new(Mutex::new(at(1000)));
    let read = Arc::clone(&base);
    let clock = EmulatorClock::over(Arc::new(move || *read.lock().unwrap()));
    for (set, expected) in [(5000, 5100), (10, 110)] {
        *base.lock().unwrap() = at(1000);
        clock.set(at(set));
        *base.lock().unwrap() = at(1100);
        assert_eq!(clock.now(), at(expected));
    }
    clock.reset();
    assert_eq!(clock.now(), at(1100));
    clock.set(at(900));
    for (by, expected) in [(50, 950), (150, 1100), (300, 1400)] {
        clock.advance(Duration::from_secs(by));
        assert_eq!(clock.now(), at(expected));
    }
    clock.reset();
    clock.advance(Duration::MAX);
    assert_eq!(clock.now(), at(1100), "beyond what the system's time can express");
    clock.fix(at(7));
    clock.advance(Duration::from_secs(1));
    clock.advance(Duration::MAX);
    assert_eq!((clock.now(), clock.is_fixed()), (at(8), true));
}

#[test]
fn end_date_lasts_through_its_last_second_in_utc() {
    let end: LastDay = "2026-12-31".parse().unwrap();
    // 2027-01-01T00:00:00Z
    let new_year = at(1_798_761_600);
    assert_eq!(end.last_second(), new_year - Duration::from_secs(1));
    assert!(!end.passed(new_year - Duration::from_micros(1)) && end.passed(new_year));
    assert_eq!(LastDay::day_of(new_year - Duration::from_secs(1)), end);
    assert_eq!(end.to_string(), "2026-12-31");
    for text in ["", "31.12.2026", "2026-13-01", "2026-02-30", "tomorrow"] {
        assert_eq!(text.parse::<LastDay>(), Err(InvalidLastDay), "{text}");
    }
}

#[tokio::test]
async fn times_are_written_in_whole_seconds_and_delays_rounded_up() {
    let clock = EmulatorClock::fixed(SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_500));
    let emulator = Emulator::start_blocking(EmulatorOptions::default().emulator_clock(&clock)).unwrap();
    assert_eq!(emulator.control().state()["clock"]["now"], "1994-11-06T08:49:37Z");
    let wait = Duration::from_millis(1400);
    for (form, wait, expected) in [
        (RetryAfterForm::Seconds, wait, Some("2")),
        (RetryAfterForm::Date, wait, Some("Sun, 06 Nov 1994 08:49:39 GMT")),
        // The year has four digits.
        (RetryAfterForm::Date, Duration::MAX, Some("Fri, 31 Dec 9999 23:59:59 GMT")),
        (RetryAfterForm::Absent, wait, None),
    ] {
        emulator.control().fault(Fault::unavailable(RetryAfter::new(form, wait)).next(1));
        let response = Caller::platform(&emulator).get(ME).await;
        assert_eq!((response.status, response.header("retry-after").as_deref()), (503, expected), "{form} {wait:?}");
    }
}

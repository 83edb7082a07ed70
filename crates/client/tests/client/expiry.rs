//! Expiry: expired credentials are not sent, and reminders come ahead of the end date.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use digicert_one_client::ErrorKind;
use digicert_one_core::{Clock, Code, Expiry, ExpiryCause, FixedCredential, Generation, Lease, ManualClock, Validity};
use futures_executor::block_on;

use crate::scripted::{Scripted, builder, key};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn end() -> SystemTime {
    SystemTime::UNIX_EPOCH + DAY * 20_000 - Duration::from_secs(1)
}

fn ending() -> FixedCredential {
    let lease = Lease::new(key(), Generation::FIRST, "variable DC_API_KEY");
    FixedCredential::from_lease(lease.with_validity(Validity::default().with_key_ends(Some(end()))))
}

fn shared(clock: &ManualClock) -> Arc<dyn Clock> {
    Arc::new(clock.clone())
}

#[test]
fn cred_11_ended_key_is_a_local_error_unless_allowed() {
    let scripted = Scripted::default();
    let clock = ManualClock::new(end());
    let client = builder(&scripted).credential(ending()).clock(shared(&clock)).build().expect("complete");
    block_on(client.get("/").send()).expect("the last second");
    clock.advance(Duration::from_secs(1));
    let error = block_on(client.get("/").send()).expect_err("over");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Credential, Code::ID_15));
    assert!(error.to_string().contains("DC_API_KEY"), "{error}");
    assert_eq!(scripted.requests().len(), 1);
    let client = builder(&scripted).credential(ending()).clock(shared(&clock)).allow_expired(true).build();
    block_on(client.expect("complete").get("/").send()).expect("allowed");
}

#[test]
fn obs_08_one_reminder_at_each_step_and_none_twice() {
    let scripted = Scripted::default();
    let clock = ManualClock::new(end() - DAY * 100);
    let reminded = Arc::new(Mutex::new(Vec::new()));
    let client = builder(&scripted).credential(ending()).clock(shared(&clock)).on_reminder({
        let reminded = Arc::clone(&reminded);
        move |reminder| reminded.lock().expect("unpoisoned").push((reminder.days, reminder.expiry))
    });
    let client = client.build().expect("complete");
    // A call every six hours.
    for _ in 0..4 * 100 {
        block_on(client.get("/").send()).expect("a response");
        clock.advance(DAY / 4);
    }
    let expiry = Expiry::new(end(), ExpiryCause::Key);
    assert_eq!(block_on(client.expiry()).expect("the last second"), Some(expiry));
    block_on(client.shut_down(DAY));
    assert_eq!(*reminded.lock().expect("unpoisoned"), [30, 14, 7, 1].map(|days| (days, expiry)));
}

#[test]
fn program_that_starts_late_hears_of_the_nearest_step_only() {
    let clock = ManualClock::new(end() - DAY * 5);
    let reminded = Arc::new(Mutex::new(Vec::new()));
    let client = builder(&Scripted::default()).credential(ending()).clock(shared(&clock)).on_reminder({
        let reminded = Arc::clone(&reminded);
        move |reminder| reminded.lock().expect("unpoisoned").push(reminder.to_string())
    });
    let client = client.build().expect("complete");
    for _ in 0..3 {
        block_on(client.expiry()).expect("good");
    }
    block_on(client.shut_down(DAY));
    let expected =
        "the API key from variable DC_API_KEY expires in 5 days; every integration that uses it stops working then"
            .to_owned();
    assert_eq!(*reminded.lock().expect("unpoisoned"), [expected]);
}

#[test]
fn listener_that_panics_does_not_break_the_call() {
    let clock = ManualClock::new(end() - DAY);
    let client = builder(&Scripted::default()).credential(ending()).clock(shared(&clock));
    let client = client.on_reminder(|_| panic!("a listener's own fault"));
    block_on(client.build().expect("complete").get("/").send()).expect("a response");
}

//! Locks that are taken over after their expiry, in virtual time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use digicert_one_core::{Clock, ManualClock};

use super::{Lock, LockError, Owner, is_still};

const START: SystemTime = SystemTime::UNIX_EPOCH;
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("rotation.lock");
    (directory, path)
}

fn owner(host: &str) -> Owner {
    Owner::new(host).expect("random numbers")
}

fn take(path: &Path, owner: &Owner, now: SystemTime) -> Result<Lock, LockError> {
    Lock::try_acquire(path, owner, MINUTE, now)
}

/// Leaves the lock as a killed process does.
fn abandon(lock: Lock) {
    std::mem::forget(lock);
}

#[test]
fn held_lock_error_names_owner_and_expiry() {
    let (_directory, path) = place();
    let _held = take(&path, &owner("first-host"), START).expect("free");
    let error = take(&path, &owner("second"), START + MINUTE - SECOND).expect_err("held");
    let text = error.to_string();
    assert!(text.contains("first-host") && text.contains("1970-01-01T00:01:00Z"), "{text}");
    assert!(text.contains(&std::process::id().to_string()), "{text}");
}

#[test]
fn lock_of_killed_owner_is_taken_over_only_after_expiry() {
    let (_directory, path) = place();
    abandon(take(&path, &owner("killed"), START).expect("free"));
    let next = owner("next");
    for second in [0, 30, 59] {
        assert!(matches!(take(&path, &next, START + SECOND * second), Err(LockError::Held { .. })), "{second}");
    }
    let lock = take(&path, &next, START + MINUTE).expect("it has ended");
    assert_eq!(lock.until(), START + MINUTE * 2);
    assert!(matches!(take(&path, &owner("third"), START + MINUTE), Err(LockError::Held { .. })));
}

#[test]
fn slow_owner_detects_loss_and_does_not_release_anothers_lock() {
    let (_directory, path) = place();
    let mut slow = take(&path, &owner("slow"), START).expect("free");
    slow.check(START + MINUTE - SECOND).expect("still ours");
    assert!(matches!(slow.check(START + MINUTE), Err(LockError::Lost { .. })), "past its end, taken or not");
    let next = take(&path, &owner("next"), START + MINUTE).expect("it has ended");
    assert!(matches!(slow.check(START), Err(LockError::Lost { .. })));
    assert!(matches!(slow.renew(MINUTE, START + MINUTE), Err(LockError::Lost { .. })));
    drop(slow);
    next.check(START + MINUTE).expect("untouched");
}

#[test]
fn renewal_extends_expiry_and_same_owner_may_reacquire() {
    let (_directory, path) = place();
    let owner_one = owner("one");
    let mut lock = take(&path, &owner_one, START).expect("free");
    lock.renew(MINUTE, START + SECOND * 50).expect("ours");
    assert!(take(&path, &owner("two"), START + SECOND * 100).is_err());
    lock.check(START + SECOND * 100).expect("ours");
    abandon(lock);
    abandon(take(&path, &owner_one, START + SECOND * 100).expect("the same owner"));
    assert!(take(&path, &owner("two"), START + SECOND * 159).is_err());
}

#[test]
fn released_lock_leaves_no_file() {
    let (directory, path) = place();
    for _ in 0..3 {
        take(&path, &owner("one"), START).expect("free").release().expect("given back");
        drop(take(&path, &owner("two"), START).expect("free"));
    }
    assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 0);
}

#[test]
fn one_of_many_concurrent_callers_acquires_it() {
    let (directory, path) = place();
    // Three rounds: a free lock, and twice an expired one.
    for round in 0..3 {
        let now = START + MINUTE * round;
        let winners = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for number in 0..12 {
                let (path, winners) = (&path, &winners);
                scope.spawn(move || match take(path, &owner(&format!("host-{number}")), now) {
                    Ok(lock) => {
                        winners.fetch_add(1, Ordering::SeqCst);
                        abandon(lock);
                    }
                    Err(LockError::Held { .. }) => {}
                    Err(error) => panic!("{error}"),
                });
            }
        });
        assert_eq!(winners.load(Ordering::SeqCst), 1, "round {round}");
    }
    assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 1);
}

#[test]
fn waiter_acquires_it_after_expiry_or_times_out() {
    let (_directory, path) = place();
    abandon(take(&path, &owner("killed"), START).expect("free"));
    let clock = ManualClock::new(START);
    let wait = |timeout| {
        let (clock, path) = (clock.clone(), path.clone());
        async move { Lock::acquire(path, &owner("waiting"), MINUTE, timeout, &clock).await }
    };
    let error = run(&clock, wait(SECOND * 20)).expect_err("it is held for longer");
    assert!(matches!(error, LockError::Held { .. }), "{error}");
    assert!(clock.now() <= START + SECOND * 20);
    let lock = run(&clock, wait(MINUTE * 2)).expect("it ends in time");
    assert!(lock.until() >= START + MINUTE * 2);
    assert!(clock.now() >= START + MINUTE && clock.now() < START + SECOND * 70, "{:?}", clock.now());
}

/// Runs a future; advances the time whenever it waits for the clock.
fn run<T>(clock: &ManualClock, future: impl Future<Output = T>) -> T {
    futures_executor::block_on(clock.run(future)).0
}

#[test]
fn file_that_is_not_a_lock_is_unchanged() {
    let (_directory, path) = place();
    for content in ["", "canary", "{\"owner\":1}"] {
        fs::write(&path, content).expect("written");
        let error = take(&path, &owner("one"), START).expect_err("no lock file");
        assert!(matches!(error, LockError::Damaged { .. }), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("there"), content);
    }
    let error = take(&path.join("inside"), &owner("one"), START).expect_err("no directory");
    assert!(matches!(error, LockError::File(_)), "{error}");
}

#[test]
fn path_of_a_replaced_or_removed_file_is_not_that_of_the_open_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let (path, other) = (directory.path().join("lock"), directory.path().join("other"));
    fs::write(&path, "old").expect("written");
    let file = File::open(&path).expect("there");
    assert!(is_still(&path, &file));
    fs::rename(&path, &other).expect("renamed");
    fs::write(&path, "new").expect("written");
    assert!(!is_still(&path, &file) && is_still(&other, &file));
    fs::remove_file(&path).expect("removed");
    assert!(!is_still(&path, &file));
}

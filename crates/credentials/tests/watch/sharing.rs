//! Concurrent callers: one reads, and none sees a partial result.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use digicert_one_core::{Clock, Credential, CredentialError, Generation, LeaseRequest, Secret};
use digicert_one_credentials::{Fetched, RawCredential, Source, WatchOptions, WatchingCredential};
use futures_executor::block_on;
use futures_util::future::{join, join_all};
use futures_util::{FutureExt, poll};

use crate::held::{Content, Held, clock, watching};

/// Returns a new key each time, only when it is released.
#[derive(Debug)]
struct Slow {
    gate: Mutex<Receiver<()>>,
    fetches: Arc<Mutex<u32>>,
}

impl Slow {
    fn new() -> (Self, Sender<()>, Arc<Mutex<u32>>) {
        let (open, gate) = channel();
        let fetches = Arc::default();
        (Self { gate: Mutex::new(gate), fetches: Arc::clone(&fetches) }, open, fetches)
    }
}

impl Source for Slow {
    fn name(&self) -> String {
        "a slow source".to_owned()
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        self.gate.lock().expect("unpoisoned").recv().expect("the test lives");
        let mut fetches = self.fetches.lock().expect("unpoisoned");
        *fetches += 1;
        let key = Secret::new(format!("key-{fetches}"), "a slow source");
        Ok(Fetched::Found(RawCredential::new().with_api_key(key)))
    }
}

#[test]
fn cred_09_hundred_callers_share_one_reading() {
    let (source, open, fetches) = Slow::new();
    let clock = clock();
    let options = WatchOptions::new().events(false);
    let credential = WatchingCredential::lazy(Arc::new(source), Arc::new(clock.clone()), options);
    let need = LeaseRequest::at(clock.now());
    let callers = join_all((0..100).map(|_| credential.lease(&need)));
    // Joined last, so that every caller has asked before the source is released.
    let release = async { open.send(()).expect("the source waits") };
    let (leases, ()) = block_on(join(callers, release));
    for lease in leases {
        let lease = lease.expect("read");
        assert_eq!(lease.generation(), Generation::FIRST);
        assert_eq!(lease.material().key().expect("a key").header_value(), "key-1");
    }
    assert_eq!(*fetches.lock().expect("unpoisoned"), 1);
}

/// Returns a credential that was read once and must be read again, and what releases its source.
fn about_to_read() -> (WatchingCredential, LeaseRequest, Sender<()>, Arc<Mutex<u32>>) {
    let (source, open, fetches) = Slow::new();
    let clock = clock();
    open.send(()).expect("the channel is open");
    let options = WatchOptions::new().events(false);
    let credential = WatchingCredential::open(source, clock.clone(), options).expect("read");
    credential.request_reload();
    (credential, LeaseRequest::at(clock.now()), open, fetches)
}

#[test]
fn callers_use_current_credential_while_one_reads() {
    let (credential, need, open, _) = about_to_read();
    block_on(async {
        let mut reading = credential.lease(&need);
        assert!(poll!(&mut reading).is_pending(), "this one reads");
        let other = credential.lease(&need).now_or_never().expect("no waiting").expect("in use");
        assert_eq!(other.generation(), Generation::FIRST);
        open.send(()).expect("the source waits");
        assert_eq!(reading.await.expect("read").generation(), Generation::FIRST.next());
    });
}

#[test]
fn caller_does_not_wait_for_a_reading_that_hangs() {
    let (source, open, fetches) = Slow::new();
    let clock = clock();
    open.send(()).expect("the channel is open");
    let options = WatchOptions::new().events(false);
    let credential = WatchingCredential::open(source, clock.clone(), options).expect("read");
    let need = LeaseRequest::at(clock.now());
    block_on(async {
        credential.request_reload();
        let patience = async {
            let limit = clock.limited_for().await;
            clock.advance(limit);
        };
        let (lease, ()) = join(credential.lease(&need), patience).await;
        assert_eq!(lease.expect("in use").generation(), Generation::FIRST);
        // There is one reading, however often it is asked for.
        credential.request_reload();
        let error = credential.reload().await.expect_err("it still reads");
        assert!(error.to_string().contains("has not ended"), "{error}");
        open.send(()).expect("the source waits");
        while credential.generation() == Some(Generation::FIRST) {
            std::thread::yield_now();
        }
        assert_eq!(*fetches.lock().expect("unpoisoned"), 2, "what was read late is used");
    });
}

/// Panics at its second reading.
#[derive(Debug, Default)]
struct Panicking(Mutex<u32>);

impl Source for Panicking {
    fn name(&self) -> String {
        "a panicking source".to_owned()
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        let fetches = {
            let mut fetches = self.0.lock().expect("unpoisoned");
            *fetches += 1;
            *fetches
        };
        assert_ne!(fetches, 2, "a defect of the source, meant by this test");
        let key = Secret::new(format!("key-{fetches}"), "a panicking source");
        Ok(Fetched::Found(RawCredential::new().with_api_key(key)))
    }
}

#[test]
fn source_that_panicked_is_read_again() {
    let clock = clock();
    let options = WatchOptions::new().events(false);
    let credential = WatchingCredential::open(Panicking::default(), clock.clone(), options).expect("read");
    block_on(async {
        let error = credential.reload().await.expect_err("it panicked");
        assert!(error.to_string().contains("panicked"), "{error}");
        // Longer than a reading may take.
        clock.advance(std::time::Duration::from_secs(60));
        assert_eq!(credential.reload().await.expect("read"), Some(Generation::FIRST.next()));
    });
}

#[test]
fn refused_callers_wait_for_a_reading_of_another_one() {
    let (credential, need, open, fetches) = about_to_read();
    let mut refused = LeaseRequest::at(need.now);
    refused.newer_than = Some(Generation::FIRST);
    block_on(async {
        let mut reading = credential.lease(&need);
        assert!(poll!(&mut reading).is_pending(), "this one reads");
        let mut others = join_all((0..10).map(|_| credential.lease(&refused)));
        assert!(poll!(&mut others).is_pending(), "the credential in use does not help them");
        open.send(()).expect("the source waits");
        let (first, others) = join(reading, others).await;
        for lease in others.into_iter().chain([first]) {
            assert_eq!(lease.expect("read").generation(), Generation::FIRST.next());
        }
    });
    assert_eq!(*fetches.lock().expect("unpoisoned"), 2);
}

#[test]
fn cancelled_reading_is_repeated() {
    let (credential, need, open, fetches) = about_to_read();
    block_on(async {
        let mut cancelled = credential.lease(&need);
        assert!(poll!(&mut cancelled).is_pending(), "this one reads");
        drop(cancelled);
        open.send(()).expect("the source waits");
        open.send(()).expect("the source waits");
        let lease = credential.lease(&need).await.expect("read by the next caller");
        assert!(lease.generation() > Generation::FIRST, "its own reading, or the cancelled one and its own");
    });
    assert!(*fetches.lock().expect("unpoisoned") >= 2);
}

#[test]
fn panicking_listener_does_not_break_the_reading() {
    let (held, clock) = (Held::holding(Content::Key("old")), clock());
    let (credential, _) = watching(&held, &clock);
    let credential = credential.on_event(|_| panic!("a listener's own fault"));
    held.put(Content::Key("new"));
    block_on(credential.reload()).expect("read");
    assert_eq!(credential.generation(), Some(Generation::FIRST.next()));
}

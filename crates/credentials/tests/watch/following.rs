//! When the credential in use is replaced, and when not.

use std::time::Duration;

use digicert_one_core::{Clock, Code, Credential, Generation, Lease, LeaseRequest, ManualClock};
use digicert_one_credentials::{WatchEvent, WatchOptions, WatchingCredential};
use futures_executor::block_on;

use crate::held::{Content, Held, bundle, clock, mismatched, watching};

const SECOND: Duration = Duration::from_secs(1);
const FIRST: Generation = Generation::FIRST;

fn lease(credential: &WatchingCredential, clock: &ManualClock) -> Lease {
    block_on(credential.lease(&LeaseRequest::at(clock.now()))).expect("something is in use")
}

#[test]
fn change_is_used_from_the_next_poll_on() {
    let (held, clock) = (Held::holding(Content::Key("old")), clock());
    let (credential, events) = watching(&held, &clock);
    held.put(Content::Key("new"));
    clock.advance(53 * SECOND);
    assert_eq!(lease(&credential, &clock).generation(), FIRST);
    clock.advance(14 * SECOND);
    let lease = lease(&credential, &clock);
    assert_eq!(lease.generation(), FIRST.next());
    assert_eq!(lease.material().key().expect("a key").header_value(), "new");
    assert!(matches!(events.lock().expect("unpoisoned").as_slice(), [WatchEvent::Replaced { .. }]));
}

#[test]
fn rotate_05_unusable_content_is_reported_once_and_ignored() {
    let (held, clock) = (Held::holding(Content::Pem(bundle("first"))), clock());
    let (credential, events) = watching(&held, &clock);
    let in_use = lease(&credential, &clock).material().identity().expect("one").thumbprint();
    let broken = [
        (Content::Pem(mismatched()), Code::ID_01),
        (Content::Pem("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".to_owned()), Code::ID_07),
        (Content::Missing, Code::ID_13),
        (Content::Unreadable("permission denied"), Code::ID_13),
    ];
    for (content, code) in broken {
        events.lock().expect("unpoisoned").clear();
        held.put(content);
        for _ in 0..3 {
            assert_eq!(block_on(credential.reload()).expect_err("unusable").code(), code);
            let lease = lease(&credential, &clock);
            assert_eq!(lease.material().identity().expect("one").thumbprint(), in_use);
            assert_eq!(lease.generation(), FIRST);
        }
        let events = events.lock().expect("unpoisoned");
        let [WatchEvent::Rejected { error, .. }] = events.as_slice() else { panic!("reported once: {events:?}") };
        assert_eq!(error.code(), code);
    }
}

#[test]
fn expired_replacement_is_not_used_unless_allowed() {
    let expired = |name: &str| {
        use digicert_one_testbed::{ClientSpec, Pki, Validity};
        let spec = ClientSpec { common_name: name.to_owned(), validity: Validity::Expired, ..ClientSpec::default() };
        Content::Pem(Pki::shared().client(spec).bundle_pem())
    };
    let (held, clock) = (Held::holding(Content::Pem(bundle("first"))), clock());
    let (credential, _) = watching(&held, &clock);
    held.put(expired("ended"));
    assert_eq!(block_on(credential.reload()).expect_err("ended").code(), Code::ID_09);
    let lenient = WatchOptions::new().events(false).allow_expired(true);
    WatchingCredential::open(held, clock, lenient).expect("allowed");
}

#[test]
fn rotate_10_same_content_is_not_a_new_generation() {
    let pem = bundle("same");
    let (held, clock) = (Held::holding(Content::Pem(pem.clone())), clock());
    let (credential, events) = watching(&held, &clock);
    // Rewritten, and then with other bytes around the same certificate and key.
    for content in [pem.clone(), format!("a preamble\n{pem}")] {
        held.put(Content::Pem(content));
        assert_eq!(block_on(credential.reload()).expect("usable"), None);
    }
    assert_eq!(held.fetches(), 3);
    assert!(events.lock().expect("unpoisoned").is_empty());
}

#[test]
fn rotate_08_torn_pair_causes_no_failed_call() {
    let (held, clock) = (Held::holding(Content::Pem(bundle("first"))), clock());
    let (credential, events) = watching(&held, &clock);
    held.put(Content::Pem(mismatched()));
    credential.request_reload();
    assert_eq!(lease(&credential, &clock).generation(), FIRST);
    held.put(Content::Pem(bundle("second")));
    // The retry comes soon, since certificate and key are usually written one after the other.
    clock.advance(Duration::from_millis(249));
    assert_eq!(lease(&credential, &clock).generation(), FIRST);
    clock.advance(Duration::from_millis(1));
    assert_eq!(lease(&credential, &clock).generation(), FIRST.next());
    let events = events.lock().expect("unpoisoned");
    assert!(matches!(events.as_slice(), [WatchEvent::Rejected { .. }, WatchEvent::Replaced { .. }]), "{events:?}");
}

#[test]
fn credential_in_use_is_recognised_after_a_fault() {
    let (held, clock) = (Held::holding(Content::Key("same")), clock());
    let (credential, events) = watching(&held, &clock);
    held.put(Content::Missing);
    block_on(credential.reload()).expect_err("gone");
    held.put(Content::Key("same"));
    assert_eq!(block_on(credential.reload()).expect("back"), None);
    let events = events.lock().expect("unpoisoned");
    assert!(matches!(events.as_slice(), [WatchEvent::Rejected { .. }, WatchEvent::Recovered { .. }]), "{events:?}");
}

#[test]
fn unusable_source_is_detected_on_open() {
    let clock = clock();
    for (content, code) in [(Content::Pem(mismatched()), Code::ID_01), (Content::Missing, Code::ID_13)] {
        let error =
            WatchingCredential::open(Held::holding(content), clock.clone(), WatchOptions::new()).expect_err("unusable");
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains("the hand") || error.to_string().contains("the test's hand"), "{error}");
    }
}

#[test]
fn refused_generation_triggers_one_reading() {
    let (held, clock) = (Held::holding(Content::Key("old")), clock());
    let (credential, _) = watching(&held, &clock);
    let mut need = LeaseRequest::at(clock.now());
    need.newer_than = Some(FIRST);
    for _ in 0..100 {
        assert_eq!(block_on(credential.lease(&need)).expect("what is in use").generation(), FIRST);
    }
    assert_eq!(held.fetches(), 2);
    held.put(Content::Key("new"));
    clock.advance(SECOND);
    need.now = clock.now();
    assert_eq!(block_on(credential.lease(&need)).expect("the new one").generation(), FIRST.next());
}

#[cfg(unix)]
#[test]
fn rotate_16_sighup_triggers_a_reading() {
    let (held, clock) = (Held::holding(Content::Key("old")), clock());
    let (credential, _) = watching(&held, &clock);
    credential.reload_on_sighup().expect("the handler is taken");
    held.put(Content::Key("new"));
    assert_eq!(lease(&credential, &clock).generation(), FIRST);
    signal_hook::low_level::raise(signal_hook::consts::SIGHUP).expect("a signal to this process");
    assert_eq!(lease(&credential, &clock).generation(), FIRST.next());
}

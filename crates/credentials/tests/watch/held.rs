//! A source that the test controls.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use digicert_one_core::{Code, CredentialError, ManualClock, Secret};
use digicert_one_credentials::{Fetched, RawCredential, Source, WatchEvent, WatchOptions, WatchingCredential};
use digicert_one_testbed::{ClientSpec, Pki};

/// The next content of the source.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Key(&'static str),
    /// Certificate and key in PEM.
    Pem(String),
    Missing,
    Unreadable(&'static str),
}

#[derive(Debug)]
struct Inner {
    content: Content,
    fetches: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Held(Arc<Mutex<Inner>>);

impl Held {
    pub(crate) fn holding(content: Content) -> Self {
        Self(Arc::new(Mutex::new(Inner { content, fetches: 0 })))
    }

    pub(crate) fn put(&self, content: Content) {
        self.0.lock().expect("unpoisoned").content = content;
    }

    pub(crate) fn fetches(&self) -> usize {
        self.0.lock().expect("unpoisoned").fetches
    }
}

impl Source for Held {
    fn name(&self) -> String {
        "the test's hand".to_owned()
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        let mut inner = self.0.lock().expect("unpoisoned");
        inner.fetches += 1;
        let raw = RawCredential::new();
        match &inner.content {
            Content::Key(text) => Ok(Fetched::Found(raw.with_api_key(Secret::new(*text, "the hand's key")))),
            Content::Pem(pem) => {
                Ok(Fetched::Found(raw.with_certificate(Secret::new(pem.as_bytes(), "the hand's certificate"))))
            }
            Content::Missing => Ok(Fetched::Absent("the hand is empty".to_owned())),
            Content::Unreadable(why) => Err(CredentialError::new(Code::ID_13, *why).at("the test's hand")),
        }
    }
}

/// The real time, read once: the test's certificates are valid around it.
pub(crate) fn clock() -> ManualClock {
    ManualClock::new(SystemTime::now())
}

/// Returns a credential over the controlled source, and its events.
pub(crate) fn watching(held: &Held, clock: &ManualClock) -> (WatchingCredential, Arc<Mutex<Vec<WatchEvent>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&events);
    let credential = WatchingCredential::open(held.clone(), clock.clone(), WatchOptions::new().events(false))
        .expect("usable")
        .on_event(move |event| listener.lock().expect("unpoisoned").push(event.clone()));
    (credential, events)
}

/// Chain and key of a new certificate.
pub(crate) fn bundle(name: &str) -> String {
    Pki::shared().client(ClientSpec { common_name: name.to_owned(), ..ClientSpec::default() }).bundle_pem()
}

/// The chain of one certificate with the key of another.
pub(crate) fn mismatched() -> String {
    let (one, other) = (bundle("one"), bundle("other"));
    let key = other.find("-----BEGIN PRIVATE KEY").expect("a key");
    let chain = one.find("-----BEGIN PRIVATE KEY").expect("a key");
    format!("{}{}", &one[..chain], &other[key..])
}

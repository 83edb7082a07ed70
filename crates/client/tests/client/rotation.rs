//! Rotation: what goes live, and what stays live because its replacement is not usable.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use digicert_one_client::Client;
use digicert_one_core::{
    ApiKey, Capabilities, Clock, Connector, ConnectorInfo, Credential, CredentialError, Generation, Lease,
    LeaseRequest, ManualClock, Material, Transport, TransportConfig, TransportError, Validity,
};
use futures_executor::block_on;

use crate::scripted::{Scripted, builder, identity, response};

/// Hands out the generation that a test set.
#[derive(Clone, Debug)]
struct Set(Arc<Mutex<Lease>>);

impl Set {
    fn to(number: u64, material: Material) -> Self {
        Self(Arc::new(Mutex::new(lease(number, material))))
    }

    fn now(&self, number: u64, material: Material) {
        *self.0.lock().expect("unpoisoned") = lease(number, material);
    }
}

fn lease(number: u64, material: Material) -> Lease {
    let generation = (1..number).fold(Generation::FIRST, |generation, _| generation.next());
    // Without the certificate's dates: the clock of these tests starts in 1970.
    Lease::new(material, generation, format!("source {number}")).with_validity(Validity::default())
}

#[async_trait]
impl Credential for Set {
    async fn lease(&self, _need: &LeaseRequest) -> Result<Lease, CredentialError> {
        Ok(self.0.lock().expect("unpoisoned").clone())
    }
}

fn keyed(text: &str) -> Material {
    Material::api_key(ApiKey::new(text).expect("a key"))
}

/// The keys of all requests so far, with their paths.
fn sent(scripted: &Scripted) -> Vec<(String, String)> {
    let requests = scripted.0.requests.lock().expect("unpoisoned");
    let key = |request: &http::Request<bytes::Bytes>| {
        request.headers().get("x-api-key").map_or("none".into(), |key| key.to_str().expect("text").to_owned())
    };
    requests.iter().map(|request| (key(request), request.uri().path().to_owned())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(key, path)| ((*key).to_owned(), (*path).to_owned())).collect()
}

fn call(client: &Client) {
    block_on(client.get("/call").send()).expect("a response");
}

#[test]
fn rotate_12_unverified_generation_stays_out_and_is_tried_later() {
    let source = Set::to(1, keyed("old"));
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let refusal = || response(401, None, "");
    let scripted = Scripted::responding([response(200, None, ""), refusal()]);
    let client = builder(&scripted)
        .credential(source.clone())
        .clock(Arc::new(clock.clone()) as Arc<dyn Clock>)
        .verify_rotations()
        .build()
        .expect("complete");
    call(&client);
    source.now(2, keyed("new"));
    call(&client);
    call(&client);
    let me = "/account/api/v1/user/me";
    let so_far = [("old", "/call"), ("new", me), ("old", "/call"), ("old", "/call")];
    assert_eq!(sent(&scripted), pairs(&so_far));
    assert_eq!(client.generation(), Some(Generation::FIRST));
    clock.advance(Duration::from_secs(31));
    call(&client);
    call(&client);
    assert_eq!(sent(&scripted)[4..], pairs(&[("new", me), ("new", "/call"), ("new", "/call")]));
}

#[test]
fn refused_generation_gives_way_to_a_newer_one_without_proof() {
    let source = Set::to(1, keyed("old"));
    let scripted = Scripted::responding([response(401, None, "")]);
    let client = builder(&scripted).credential(source.clone()).verify_rotations().build().expect("complete");
    block_on(client.get("/call").send()).expect_err("refused");
    source.now(2, keyed("new"));
    call(&client);
    assert_eq!(sent(&scripted), pairs(&[("old", "/call"), ("new", "/call")]));
}

/// Callers of one generation in the test below.
const CALLERS: usize = 8;

/// A stack that takes its time to make a transport: until all callers have their lease and come for it, too.
#[derive(Debug)]
struct Slow(Scripted, Arc<AtomicUsize>);

impl Connector for Slow {
    fn info(&self) -> ConnectorInfo {
        self.0.info()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        while self.1.load(Ordering::Relaxed) < CALLERS {
            std::thread::yield_now();
        }
        self.0.connect(config)
    }
}

/// Counts the leases that it hands out.
#[derive(Debug)]
struct Counted(Set, Arc<AtomicUsize>);

#[async_trait]
impl Credential for Counted {
    async fn lease(&self, need: &LeaseRequest) -> Result<Lease, CredentialError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.lease(need).await
    }
}

#[test]
fn generation_that_many_bring_at_once_gets_one_transport() {
    let source = Set::to(1, Material::certificate(identity("first")));
    let (scripted, leases) = (Scripted::default(), Arc::new(AtomicUsize::new(CALLERS)));
    let client = builder(&scripted)
        .credential(Counted(source.clone(), Arc::clone(&leases)))
        .connector(Slow(scripted.clone(), Arc::clone(&leases)))
        .build()
        .expect("complete");
    call(&client);
    for number in 2..20 {
        source.now(number, Material::certificate(identity("next")));
        leases.store(0, Ordering::Relaxed);
        std::thread::scope(|scope| {
            for _ in 0..CALLERS {
                scope.spawn(|| call(&client));
            }
        });
        assert_eq!(scripted.connects() as u64, number);
    }
}

#[test]
fn generations_never_go_back() {
    let source = Set::to(2, keyed("new"));
    let scripted = Scripted::default();
    let client = builder(&scripted).credential(source.clone()).build().expect("complete");
    call(&client);
    source.now(1, keyed("old"));
    call(&client);
    assert_eq!(sent(&scripted), pairs(&[("new", "/call"), ("new", "/call")]));
}

#[test]
fn generation_that_has_ended_does_not_replace_one_that_works() {
    let source = Set::to(1, keyed("old"));
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(100));
    let scripted = Scripted::default();
    let client = builder(&scripted).credential(source.clone()).clock(Arc::new(clock.clone()) as Arc<dyn Clock>);
    let client = client.build().expect("complete");
    call(&client);
    let ended = Validity::default().with_key_ends(Some(SystemTime::UNIX_EPOCH));
    *source.0.lock().expect("unpoisoned") = lease(2, keyed("ended")).with_validity(ended);
    call(&client);
    assert_eq!(sent(&scripted), pairs(&[("old", "/call"), ("old", "/call")]));
}

#[test]
fn rotate_15_key_of_a_drained_identity_is_wiped() {
    let (old, new) = (identity("old"), identity("new"));
    let drop_probe = old.drop_probe();
    let source = Set::to(1, Material::certificate(old));
    let scripted = Scripted::default();
    let client = builder(&scripted).credential(source.clone()).build().expect("complete");
    call(&client);
    source.now(2, Material::certificate(new));
    assert!(!drop_probe());
    call(&client);
    assert!(drop_probe());
    assert_eq!(client.draining(), 0);
}

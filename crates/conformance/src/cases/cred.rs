//! CRED: who is calling is shown in the way that the mode says, once, and never by default.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use digicert_one_core::{ApiKey, Code, Credential, CredentialError, Generation, Lease, LeaseNeed, Material};
use digicert_one_testbed::{ClientAuth, Front, FrontOptions};

use crate::world::{HOST, KEY, World, certificate, front, identity, key};

fn asking() -> Front {
    front(FrontOptions::default().client_auth(ClientAuth::Optional))
}

pub(crate) async fn cred_01_a_key_is_sent_once_and_exactly(world: World) {
    let front = asking();
    world.client(front.port(), key()).get("/").send().await.expect("answered");
    let arrived = front.ledger().requests().remove(0);
    assert_eq!(arrived.header_values("x-api-key"), [KEY]);
    assert_eq!(arrived.header_values("host"), [format!("{HOST}:{}", front.port())]);
    assert_eq!(front.ledger().connections()[0].peer_fingerprint, None);
}

pub(crate) async fn cred_02_a_certificate_goes_alone(world: World) {
    let front = asking();
    let certificate = certificate();
    world.client(front.port(), Material::certificate(identity(&certificate))).get("/").send().await.expect("answered");
    let arrived = front.ledger().requests().remove(0);
    assert!(arrived.header_values("x-api-key").is_empty());
    assert_eq!(arrived.header_values("host"), [format!("clientauth.{HOST}:{}", front.port())]);
    assert_eq!(front.ledger().connections()[0].peer_fingerprint, Some(certificate.fingerprint()));
}

pub(crate) async fn cred_03_both_go_together(world: World) {
    let front = asking();
    let certificate = certificate();
    let material = Material::certificate_and_key(identity(&certificate), ApiKey::new(KEY).expect("a key"));
    world.client(front.port(), material).get("/").send().await.expect("answered");
    let arrived = front.ledger().requests().remove(0);
    assert_eq!(arrived.header_values("x-api-key"), [KEY]);
    assert_eq!(arrived.header_values("host"), [format!("clientauth.{HOST}:{}", front.port())]);
    assert_eq!(front.ledger().connections()[0].peer_fingerprint, Some(certificate.fingerprint()));
}

pub(crate) async fn cred_04_a_callers_own_key_header_is_a_local_error(world: World) {
    let front = asking();
    let client = world.client(front.port(), key());
    for name in ["x-api-key", "X-API-Key", "X-Api-KEY", "Host", "authorization"] {
        let error = client.get("/").header(name, "mine").send().await.expect_err("a local error");
        assert_eq!(error.code(), Code::CFG_01, "{name}");
    }
    assert!(front.ledger().connections().is_empty());
}

pub(crate) async fn cred_06_an_empty_key_is_a_local_error(world: World) {
    let front = asking();
    let refusal = ApiKey::new("").expect_err("empty").at("variable DC_API_KEY");
    assert!(refusal.to_string().contains("DC_API_KEY"), "{refusal}");
    // A source that can give no key leaves the client without material, and so without a call.
    let client = world.builder(front.port()).credential(Failing).build().expect("complete");
    client.get("/").send().await.expect_err("no material");
    assert!(front.ledger().connections().is_empty());
}

#[derive(Debug)]
struct Failing;

#[async_trait]
impl Credential for Failing {
    async fn lease(&self, _need: &LeaseNeed) -> Result<Lease, CredentialError> {
        ApiKey::new("")
            .map_err(|error| error.at("variable DC_API_KEY"))
            .map(|key| Lease::new(Material::api_key(key), Generation::FIRST, "variable DC_API_KEY"))
    }
}

/// Hands out another key at every call.
#[derive(Debug, Default)]
struct Counting(AtomicU64);

#[async_trait]
impl Credential for Counting {
    async fn lease(&self, _need: &LeaseNeed) -> Result<Lease, CredentialError> {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        let generation = (0..count).fold(Generation::FIRST, |generation, _| generation.next());
        Ok(Lease::new(Material::api_key(ApiKey::new(format!("key-{count}"))?), generation, "the case"))
    }
}

pub(crate) async fn cred_07_a_changed_key_needs_no_new_client(world: World) {
    let front = asking();
    let client = world.builder(front.port()).credential(Counting::default()).build().expect("complete");
    for _ in 0..2 {
        client.get("/").send().await.expect("answered").bytes().await.expect("a body");
    }
    let keys: Vec<String> = front.ledger().requests().iter().flat_map(|one| one.header_values("x-api-key")).collect();
    assert_eq!(keys, ["key-0", "key-1"]);
}

pub(crate) async fn cred_08_a_failing_credential_sends_nothing(world: World) {
    let front = asking();
    let client = world.builder(front.port()).credential(Failing).build().expect("complete");
    let error = client.get("/").send().await.expect_err("no material");
    assert!(error.to_string().contains("variable DC_API_KEY"), "{error}");
    assert!(front.ledger().connections().is_empty());
}

pub(crate) async fn cred_12_an_unauthenticated_call_shows_nothing(world: World) {
    let front = asking();
    let material = Material::certificate_and_key(identity(&certificate()), ApiKey::new(KEY).expect("a key"));
    let client = world.client(front.port(), material);
    client.get("/").send().await.expect("answered");
    client.get("/open").unauthenticated().send().await.expect("answered");
    let open = front.ledger().requests().into_iter().find(|one| one.target == "/open").expect("arrived");
    assert!(open.header_values("x-api-key").is_empty());
    let connections = front.ledger().connections();
    let carried = connections.iter().find(|one| one.id == open.connection).expect("listed");
    assert_eq!(carried.peer_fingerprint, None);
}

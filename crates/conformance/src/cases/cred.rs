//! CRED: credentials are sent once, as the mode requires, and never by default.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use digicert_one_client::SystemClock;
use digicert_one_core::{
    ApiKey, Capability, ClientIdentity, Code, Credential, CredentialError, FixedCredential, Generation, Lease,
    LeaseRequest, Material, Secret,
};
use digicert_one_credentials::{Fetched, RawCredential, Source, WatchOptions, WatchingCredential};
use digicert_one_identity::ReadOptions;
use digicert_one_testbed::{
    ClientAuth, ClientSpec, Front, FrontOptions, HttpVersions, Pki, RawOptions, RawServer, Recording, Step, Validity,
};
use futures_util::future::join_all;

use crate::setting::{Crossing, Setting, Settings};
use crate::world::{HOST, KEY, World, certificate, front, identity, identity_at, key, untouched, up};

fn asking() -> Front {
    front(FrontOptions::default().client_auth(ClientAuth::Optional))
}

/// Calls in every setting with this material, each on a new connection and on a reused one, with the
/// credentials that each server receives.
async fn shown(world: &World, material: fn(Option<ClientIdentity>) -> Material, has_key: bool, has_certificate: bool) {
    // The identity is the material's.
    let settings = Settings::where_(|one| !one.with_identity);
    let crossing = Crossing::plain(world, &settings, FrontOptions::default());
    let identity = has_certificate.then(|| identity(crossing.certificate()));
    let host = if has_certificate { format!("clientauth.{HOST}") } else { HOST.to_owned() };
    for setting in crossing.settings() {
        let (front, client) = (crossing.front(setting), crossing.client(setting, material(identity.clone())));
        let setting = Setting { with_identity: has_certificate, ..setting };
        for call in [client.get("/"), client.post("/").json(&["a body"]), client.get("/"), client.delete("/")] {
            let response = call.send().await.unwrap_or_else(|error| panic!("{setting}: {error}"));
            response.bytes().await.unwrap_or_else(|error| panic!("{setting}: {error}"));
            let seen = front.ledger().snapshot();
            let arrived = seen.requests.last().expect("arrived");
            let what = format!("{} {setting}", arrived.method);
            let keys: &[&str] = if has_key { &[KEY] } else { &[] };
            assert_eq!(arrived.header_values("x-api-key"), keys, "{what}");
            assert_eq!(arrived.header_values("host"), [format!("{host}:{}", front.port())], "{what}");
            let connection = seen.connections.iter().find(|one| one.id == arrived.connection).expect("listed");
            let fingerprint = has_certificate.then(|| crossing.certificate().fingerprint());
            assert_eq!(connection.peer_fingerprint, fingerprint, "{what}");
            assert_eq!(connection.sni.as_ref(), Some(&host), "{what}");
        }
    }
    if let Some(proxy) = crossing.proxy() {
        let asked = proxy.ledger().requests();
        assert!(
            !asked.is_empty() && asked.iter().all(|one| one.method == "CONNECT"),
            "or this shows nothing: {asked:?}"
        );
        assert!(asked.iter().all(|one| one.header_values("x-api-key").is_empty()), "the proxy was shown the key");
    }
}

fn api_key() -> ApiKey {
    ApiKey::new(KEY).expect("the canary is a key")
}

pub(crate) async fn cred_01_a_key_is_sent_once_and_exactly(world: World) {
    shown(&world, |_| Material::api_key(api_key()), true, false).await;
}

pub(crate) async fn cred_02_a_certificate_goes_alone(world: World) {
    let material = |identity: Option<ClientIdentity>| Material::certificate(identity.expect("one is given"));
    shown(&world, material, false, true).await;
}

pub(crate) async fn cred_03_both_go_together(world: World) {
    let both =
        |identity: Option<ClientIdentity>| Material::certificate_and_key(identity.expect("one is given"), api_key());
    shown(&world, both, true, true).await;
}

pub(crate) async fn cred_04_a_callers_own_key_header_is_a_local_error(world: World) {
    let front = asking();
    let client = world.client(front.port(), key());
    for name in ["x-api-key", "X-API-Key", "X-Api-KEY", "Host", "authorization"] {
        let error = client.get("/").header(name, "mine").send().await.expect_err("a local error");
        assert_eq!(error.code(), Code::CFG_01, "{name}");
    }
    untouched(&front, "nothing is to come here").await;
}

pub(crate) async fn cred_06_an_empty_key_is_a_local_error(world: World) {
    let front = asking();
    let refusal = ApiKey::new("").expect_err("empty").at("variable DC_API_KEY");
    assert!(refusal.to_string().contains("DC_API_KEY"), "{refusal}");
    // A source without a key leaves the client without material, and so without a call.
    let client = world.builder(front.port()).credential(Failing).build().expect("complete");
    client.get("/").send().await.expect_err("no material");
    untouched(&front, "nothing is to come here").await;
}

#[derive(Debug)]
struct Failing;

#[async_trait]
impl Credential for Failing {
    async fn lease(&self, _need: &LeaseRequest) -> Result<Lease, CredentialError> {
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
    async fn lease(&self, _need: &LeaseRequest) -> Result<Lease, CredentialError> {
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
    untouched(&front, "nothing is to come here").await;
}

/// A source that is slow enough for everybody to be waiting, and counts.
#[derive(Clone, Debug, Default)]
struct Slow(Arc<AtomicU64>);

impl Source for Slow {
    fn name(&self) -> String {
        "a slow source".to_owned()
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(200));
        let key = Secret::new(format!("key-{count}"), "a slow source");
        Ok(Fetched::Found(RawCredential::new().with_api_key(key)))
    }
}

pub(crate) async fn cred_09_a_slow_source_is_read_once_for_a_hundred_calls(world: World) {
    let front = asking();
    let source = Slow::default();
    let options = WatchOptions::new().events(false);
    let credential = WatchingCredential::lazy(Arc::new(source.clone()), Arc::new(SystemClock::new()), options);
    let client = world.builder(front.port()).credential(credential).build().expect("complete");
    let calls = join_all((0..100).map(|_| client.get("/").send())).await;
    assert!(calls.iter().all(Result::is_ok), "{:?}", calls.iter().find_map(|call| call.as_ref().err()));
    assert_eq!(source.0.load(Ordering::Relaxed), 1, "one reading for all");
    let requests = front.ledger().requests();
    assert_eq!(requests.len(), 100);
    assert!(requests.iter().all(|request| request.header_values("x-api-key") == ["key-0"]));
}

pub(crate) async fn cred_10_the_key_is_never_indexed_in_http2(world: World) {
    if world.leaves_out(Capability::Http2) {
        return;
    }
    // RFC 7541: a literal that is never indexed, with a new name (section 6.2.3) in Huffman code (appendix B): x-api-key.
    const NAME: [u8; 7] = [0xf2, 0xb0, 0xeb, 0x32, 0xdd, 0x4b, 0xeb];
    const NEVER_INDEXED: [u8; 2] = [0x10, 0x80 | NAME.len() as u8];
    let recording = Recording::default();
    // An empty SETTINGS frame is a server's whole preface (RFC 9113 section 3.4).
    let script = vec![
        Step::write(&b"\0\0\0\x04\0\0\0\0\0"[..]),
        Step::ReadUntil(recording.clone(), NAME.to_vec().into()),
        Step::CloseClean,
    ];
    let server =
        up(RawServer::start(RawOptions::tls_with(FrontOptions::default().http(HttpVersions::Only2), [script])));
    world.client(server.port(), key()).get("/").send().await.expect_err("the server only listens");
    let sent = recording.bytes();
    let at = sent.windows(NAME.len()).position(|window| window == NAME).expect("the name of the header was sent");
    assert_eq!(sent[at - 2..at], NEVER_INDEXED, "the key may be stored in compression tables");
}

pub(crate) async fn cred_11_an_ended_credential_is_a_local_error_unless_allowed(world: World) {
    let now = SystemTime::now();
    let day = Duration::from_secs(24 * 3600);
    let spec = ClientSpec { validity: Validity::Between(now - 30 * day, now - 2 * day), ..ClientSpec::default() };
    let ended = identity_at(&Pki::shared().client(spec), now - 10 * day);
    let lease = |material: Material| Lease::new(material, Generation::FIRST, "the case");
    let key_ends = |ends| digicert_one_core::Validity::default().with_key_ends(Some(ends));
    let cases = [
        (lease(Material::certificate(ended)), Code::ID_09),
        (lease(key()).with_validity(key_ends(now - day)), Code::ID_15),
        (lease(key()).with_validity(key_ends(now + day).with_owner_ends(Some(now - day))), Code::ID_15),
    ];
    for (lease, code) in cases {
        let front = asking();
        let build = |allow| {
            let credential = FixedCredential::from_lease(lease.clone());
            world.builder(front.port()).credential(credential).allow_expired(allow).build().expect("complete")
        };
        let error = build(false).get("/").send().await.expect_err("it has ended");
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains("the case") && error.to_string().contains("ago"), "{error}");
        untouched(&front, "nothing was sent").await;
        let _ = build(true).get("/").send().await;
        assert!(!front.ledger().connections().is_empty(), "when allowed, the server decides");
    }
}

pub(crate) async fn cred_05_what_surrounds_a_pasted_key_is_left_out_with_a_warning(world: World) {
    for pasted in [format!("{KEY}\r\n\n"), format!("  {KEY} "), format!("\"{KEY}\"\n"), format!("\u{feff}{KEY}")] {
        let front = asking();
        let raw = RawCredential::new().with_api_key(Secret::new(pasted, "file /run/secrets/api-key"));
        let reading = raw.read(&ReadOptions::at(SystemTime::now())).expect("trimmed");
        let warnings: Vec<String> = reading.warnings.iter().map(ToString::to_string).collect();
        let [warning] = warnings.as_slice() else { panic!("one warning: {warnings:?}") };
        assert!(warning.contains("/run/secrets/api-key") && !warning.contains(&KEY[..8]), "{warning}");
        let client = world.builder(front.port()).credential(reading.fixed()).build().expect("complete");
        client.get("/").send().await.expect("answered");
        assert_eq!(front.ledger().requests()[0].header_values("x-api-key"), [KEY]);
    }
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

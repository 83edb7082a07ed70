//! ROTATE: after a rotation new calls use the new identity, calls in flight end with the old one, and none fails.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{ApiKey, Capability, HttpVersions, Material, TrustRoots};
use digicert_one_testbed::{
    ClientAuth, ClientCert, ClientSpec, Front, FrontOptions, Handshake, Pki, Sessions, TlsRange, handler,
};
use futures_util::future::join;
use tokio::sync::Notify;

use crate::load::{self, Load};
use crate::switch::Switch;
use crate::world::{HOST, KEY, World, front, identity, servers, up};

fn pair() -> [ClientCert; 2] {
    ["before", "after"]
        .map(|name| Pki::shared().client(ClientSpec { common_name: name.to_owned(), ..ClientSpec::default() }))
}

fn requiring(range: TlsRange) -> Front {
    front(FrontOptions::default().client_auth(ClientAuth::Required).tls(range))
}

fn certificate(one: &ClientCert) -> Material {
    Material::certificate(identity(one))
}

/// The fingerprint of the client on the connection of each request.
fn callers(front: &Front) -> Vec<Option<String>> {
    let seen = front.ledger().snapshot();
    let caller =
        |id: u64| seen.connections.iter().find(|one| one.id == id).and_then(|one| one.peer_fingerprint.clone());
    seen.requests.iter().map(|request| caller(request.connection)).collect()
}

pub(crate) async fn rotate_01_the_call_after_a_swap_is_made_as_the_new_one(world: World) {
    let [before, after] = pair();
    let front = requiring(TlsRange::Both);
    let switch = Switch::new(certificate(&before));
    let client = world.builder(front.port()).credential(switch.clone()).build().expect("complete");
    client.get("/").send().await.expect("answered").bytes().await.expect("a body");
    switch.turn(certificate(&after));
    client.get("/").send().await.expect("answered").bytes().await.expect("a body");
    assert_eq!(callers(&front), [Some(before.fingerprint()), Some(after.fingerprint())]);
}

pub(crate) async fn rotate_02_no_new_request_goes_over_an_old_connection(world: World) {
    let [before, after] = pair();
    for versions in world.http_versions() {
        let front = requiring(TlsRange::Both);
        let switch = Switch::new(certificate(&before));
        let config = world.config().with_http_versions(versions);
        let builder = world.builder(front.port()).transport_config(config).credential(switch.clone());
        let client = builder.build().expect("complete");
        for _ in 0..4 {
            client.get("/").send().await.expect("answered").bytes().await.expect("a body");
        }
        switch.turn(certificate(&after));
        for _ in 0..4 {
            client.get("/").send().await.expect("answered").bytes().await.expect("a body");
        }
        let callers = callers(&front);
        assert!(callers[..4].iter().all(|caller| *caller == Some(before.fingerprint())), "{versions:?} {callers:?}");
        assert!(callers[4..].iter().all(|caller| *caller == Some(after.fingerprint())), "{versions:?} {callers:?}");
        // The old connections have no more use, so they are closed and not kept for later.
        let old_closed = |seen: &digicert_one_testbed::Snapshot| {
            let old = seen.connections.iter().filter(|one| one.peer_fingerprint == Some(before.fingerprint()));
            old.clone().count() > 0 && old.clone().all(|one| one.closed)
        };
        let closed = front.ledger().wait_until(old_closed, Duration::from_secs(20)).await;
        assert!(closed, "idle connections of the old identity stay open {versions:?}");
    }
}

pub(crate) async fn rotate_03_a_session_of_the_old_identity_is_never_resumed(world: World) {
    let [before, after] = pair();
    let kinds = [TlsRange::Only12, TlsRange::Only13]
        .into_iter()
        .flat_map(|range| [Sessions::Tickets, Sessions::Ids].map(|sessions| (range, sessions)))
        .flat_map(|(range, sessions)| servers().map(move |server| server.tls(range).sessions(sessions)));
    for options in kinds {
        let front = front(options.client_auth(ClientAuth::Required));
        let switch = Switch::new(certificate(&before));
        let client = world.builder(front.port()).credential(switch.clone()).build().expect("complete");
        client.get("/").send().await.expect("answered").bytes().await.expect("a body");
        switch.turn(certificate(&after));
        client.get("/").send().await.expect("answered").bytes().await.expect("a body");
        let seen = front.ledger().snapshot();
        let carrier = seen.requests.last().expect("two came").connection;
        let connection = seen.connections.iter().find(|one| one.id == carrier).expect("listed");
        assert_eq!(connection.handshake, Handshake::Full, "{connection:?}");
        assert_eq!(connection.peer_fingerprint, Some(after.fingerprint()), "{connection:?}");
    }
}

pub(crate) async fn rotate_04_what_is_in_flight_ends_as_it_began(world: World) {
    let [before, after] = pair();
    for versions in world.http_versions() {
        let release = Arc::new(Notify::new());
        let gate = Arc::clone(&release);
        let front = up(Front::start(
            FrontOptions::default().client_auth(ClientAuth::Required),
            handler(move |request, _peer| {
                let (gate, slow) = (Arc::clone(&gate), request.uri().path() == "/slow");
                async move {
                    if slow {
                        gate.notified().await;
                    }
                    http::Response::new(Bytes::from_static(b"{}"))
                }
            }),
        ));
        let switch = Switch::new(certificate(&before));
        let config = world.config().with_http_versions(versions);
        let builder = world.builder(front.port()).transport_config(config).credential(switch.clone());
        let client = builder.build().expect("complete");
        let slow = async { client.get("/slow").send().await.expect("answered").bytes().await.expect("a body") };
        let swap = async {
            let arrived = front.ledger().wait_until(|seen| !seen.requests.is_empty(), Duration::from_secs(20)).await;
            assert!(arrived, "the slow call never arrived");
            switch.turn(certificate(&after));
            client.get("/fast").send().await.expect("answered").bytes().await.expect("a body");
            release.notify_one();
        };
        join(slow, swap).await;
        assert_eq!(callers(&front), [Some(before.fingerprint()), Some(after.fingerprint())], "{versions:?}");
    }
}

pub(crate) async fn rotate_11_a_thousand_calls_and_twenty_swaps_without_a_failure(world: World) {
    let mut report = load::run(&world, Load::new(1000, 20)).await;
    // Other cases run in the same process; growth is measured in a separate run.
    report.process = None;
    assert!(report.faults().is_empty(), "{:?}\n{report}", report.faults());
}

pub(crate) async fn rotate_12_a_replacement_that_the_platform_refuses_does_not_go_live(world: World) {
    let [before, after] = pair();
    let refused = after.fingerprint();
    let front = up(Front::start(
        FrontOptions::default().client_auth(ClientAuth::Required),
        handler(move |_request, peer| {
            let status = if peer.fingerprint.as_ref() == Some(&refused) { 401 } else { 200 };
            async move {
                let mut response = http::Response::new(Bytes::from_static(b"{}"));
                *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
                response
            }
        }),
    ));
    let switch = Switch::new(certificate(&before));
    let builder = world.builder(front.port()).credential(switch.clone()).verify_rotations();
    let client = builder.build().expect("complete");
    client.get("/").send().await.expect("answered").bytes().await.expect("a body");
    switch.turn(certificate(&after));
    for _ in 0..3 {
        client.get("/").send().await.expect("the old one still works").bytes().await.expect("a body");
    }
    let shown = callers(&front);
    let proofs = shown.iter().filter(|caller| **caller == Some(after.fingerprint())).count();
    assert_eq!((shown.len(), proofs), (5, 1), "four calls as before and one proof: {shown:?}");
}

pub(crate) async fn rotate_13_another_key_alone_keeps_the_connections(world: World) {
    let [one, _] = pair();
    let front = requiring(TlsRange::Both);
    let keyed = |key: &str| Material::certificate_and_key(identity(&one), ApiKey::new(key).expect("a key"));
    let switch = Switch::new(keyed(KEY));
    // One connection carries all calls there, so a new one can only come from the rotation.
    let versions = if world.has(Capability::Http2) { HttpVersions::Both } else { HttpVersions::Http1 };
    let config = world.config().with_http_versions(versions);
    let builder = world.builder(front.port()).transport_config(config).credential(switch.clone());
    let client = builder.build().expect("complete");
    for key in ["key-two", "key-three"] {
        client.get("/").send().await.expect("answered").bytes().await.expect("a body");
        switch.turn(keyed(key));
    }
    client.get("/").send().await.expect("answered").bytes().await.expect("a body");
    let seen = front.ledger().snapshot();
    let keys: Vec<String> = seen.requests.iter().flat_map(|request| request.header_values("x-api-key")).collect();
    assert_eq!(keys, [KEY, "key-two", "key-three"]);
    if world.has(Capability::Http2) {
        assert_eq!(seen.connections.len(), 1, "a new key must not open a connection");
    }
}

pub(crate) async fn rotate_14_both_authorities_in_one_bundle_leave_no_gap(world: World) {
    let next = Pki::generate();
    let server = next.server(&["localhost", HOST, "clientauth.one.digicert.test"]);
    let fronts = [front(FrontOptions::default()), front(FrontOptions::new(server, &next))];
    let roots = [Pki::shared().root_der(), next.root_der()].map(|root| root.to_vec().into()).to_vec();
    let trust = if world.has(Capability::TrustOnly) { TrustRoots::Only(roots) } else { TrustRoots::SystemAnd(roots) };
    let transport = world.transport(&world.config().with_trust(trust));
    for front in &fronts {
        transport.send(crate::world::get(front.url(HOST))).await.expect("both authorities are trusted");
    }
}

pub(crate) async fn rotate_15_the_key_of_a_drained_identity_is_wiped(world: World) {
    let [before, after] = pair();
    let front = requiring(TlsRange::Both);
    let old = identity(&before);
    let witness = old.drop_probe();
    let switch = Switch::new(Material::certificate(old));
    let client = world.builder(front.port()).credential(switch.clone()).build().expect("complete");
    client.get("/").send().await.expect("answered").bytes().await.expect("a body");
    assert!(!witness(), "it is in use");
    switch.turn(certificate(&after));
    client.get("/").send().await.expect("answered").bytes().await.expect("a body");
    assert_eq!(client.draining(), 0);
    assert!(witness(), "the old private key is still in memory");
}

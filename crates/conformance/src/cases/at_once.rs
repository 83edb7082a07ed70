//! OBS, TRUST and UPLOAD, continued: what happens at the same time is kept apart. Under TLS 1.2 each handshake waits for its server
//! once more after it has verified it.

use std::time::Duration;

use digicert_one_core::{Capability, HttpVersions, Transport, TransportErrorKind};
use digicert_one_testbed::{
    Authority, ClientAuth, FrontOptions, Gate, Pki, ServerSpec, TlsRange, Validity, sha256_hex,
};
use futures_util::future::{join, join_all};
use futures_util::stream::{self, StreamExt as _};
use http::Method;

use crate::cases::time::in_time;
use crate::cases::upload::{Feed, content, pieces, refuses_uploads, upload};
use crate::world::{HOST, World, certificate, collect, front, get, identity, local_proxy};

/// This many calls are made to each server at a time.
const EACH: usize = 4;

pub(crate) async fn obs_23_handshakes_at_the_same_time_keep_their_facts_and_identity(world: World) {
    const NAMES: [&str; 2] = ["first.test", "second.test"];
    let (ours, proxy) = (certificate(), local_proxy());
    for versions in world.http_versions() {
        let fronts = NAMES.map(|name| {
            let options = FrontOptions::default().server(Pki::shared().server(&[HOST, name]));
            let options = if world.has(Capability::Tls12) { options.tls(TlsRange::Only12) } else { options };
            front(options.client_auth(if name == NAMES[0] { ClientAuth::Optional } else { ClientAuth::Off }))
        });
        let given = world.has(Capability::ClientIdentity).then(|| identity(&ours));
        let config = world.config().with_http_versions(versions);
        // Handshakes through a proxy are apart, too.
        let is_proxied = versions != HttpVersions::Http1 && world.has(Capability::HttpProxy);
        let config = if is_proxied { world.through(&proxy, config) } else { config };
        let transport = world.transport(&config.with_identity(given.clone()));
        let calls = (0..2 * EACH).map(|number| (number % 2, transport.send(get(fronts[number % 2].url(HOST)))));
        let calls = calls.map(async |(index, call)| (index, call.await.expect("answered")));
        for (index, exchange) in join_all(calls).await {
            let (facts, own) = (exchange.facts.clone(), if is_proxied { proxy.addr() } else { fronts[index].addr() });
            let what = format!("server {index} of two at the same time, {versions:?}: {facts:?}");
            collect(exchange).await.expect("a body");
            assert!(facts.peer.is_none_or(|peer| peer == own), "the peer is wrong, {what}");
            let asked = facts.identity_requested.filter(|_| facts.tls_resumed != Some(true));
            assert!(asked.is_none_or(|asked| asked == (index == 0)), "identity_requested is wrong, {what}");
            if let Some(server) = &facts.server_certificate {
                assert!(server.names.iter().any(|name| name == NAMES[index]), "another server's, {what}");
            }
        }
        let seen = fronts[0].ledger().settle().await;
        let shown = given.is_some().then(|| ours.fingerprint());
        let carriers = seen.connections.iter().filter(|one| seen.requests.iter().any(|call| call.connection == one.id));
        for connection in carriers {
            assert_eq!(connection.peer_fingerprint, shown, "the identity was not presented, {versions:?}");
        }
    }
}

pub(crate) async fn trust_61_servers_called_at_the_same_time_are_judged_each_by_itself(world: World) {
    let good = ServerSpec { names: vec![HOST.to_owned()], ..ServerSpec::default() };
    let specs = [
        good.clone(),
        ServerSpec { authority: Authority::Foreign, ..good.clone() },
        ServerSpec { names: vec!["other.digicert.test".to_owned()], ..good.clone() },
        ServerSpec { validity: Validity::Expired, ..good },
    ];
    let ranges = [(Capability::Tls12, TlsRange::Only12), (Capability::Tls13, TlsRange::Only13)];
    for (range, versions) in ranges
        .into_iter()
        .filter(|(capability, _)| world.has(*capability))
        .flat_map(|(_, range)| world.http_versions().into_iter().map(move |versions| (range, versions)))
    {
        let fronts =
            specs.clone().map(|spec| front(FrontOptions::default().server(Pki::shared().server_with(spec)).tls(range)));
        let config = world.config().with_http_versions(versions);
        let called = async |number: usize, transport: &dyn Transport| {
            let outcome = transport.send(get(fronts[number].url(HOST))).await;
            outcome.map(drop).map_err(|error| (error.kind(), error.delivery()))
        };
        let mut alone = Vec::new();
        for number in 0..fronts.len() {
            alone.push(called(number, &*world.transport(&config)).await);
        }
        let transport = world.transport(&config);
        // Each is beside each, before and after it.
        let order: Vec<_> = (0..EACH * fronts.len()).map(|turn| (turn + turn / fronts.len()) % fronts.len()).collect();
        let outcomes = join_all(order.iter().map(|number| called(*number, &*transport))).await;
        for (number, outcome) in order.into_iter().zip(outcomes) {
            let what = format!("server {number} beside others, {range:?}, {versions:?}");
            assert_eq!(outcome, alone[number], "{what}: at the same time (left), alone (right)");
            let is_right = match outcome {
                Ok(()) => number == 0,
                Err((kind, _)) => number > 0 && matches!(kind, TransportErrorKind::PeerUntrusted(_)),
            };
            assert!(is_right, "{what}: {outcome:?}");
        }
        for (number, front) in fronts.iter().enumerate().skip(1) {
            let requests = front.ledger().settle().await.requests;
            assert!(requests.is_empty(), "server {number} received a request, {range:?}, {versions:?}");
        }
    }
}

pub(crate) async fn upload_24_uploads_at_the_same_time_arrive_each_whole(world: World) {
    const PIECE: usize = 3000;
    if refuses_uploads(&world).await {
        return;
    }
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        let bodies: Vec<_> = (0..EACH).map(|number| content(40_000 + 1000 * number).slice(number * 7..)).collect();
        let gate = Gate::new();
        let calls = bodies.iter().enumerate().map(async |(number, bytes)| {
            let opened = gate.clone();
            let waits = stream::once(async move { opened.passed().await }).filter_map(async |()| None);
            // Each piece gives the others their turn.
            let rest = pieces(&bytes.slice(PIECE..), PIECE).then(async |piece| {
                tokio::task::yield_now().await;
                piece
            });
            let body = Feed::default().body(pieces(&bytes.slice(..PIECE), PIECE).chain(waits).chain(rest));
            let call = upload(Method::POST, format!("{}/{number}", front.url(HOST)), body);
            collect(in_time(transport.upload(call)).await.expect("answered")).await.expect("a body");
        });
        let begun = async {
            let limit = Duration::from_secs(20);
            assert!(front.ledger().wait_until(|seen| seen.requests.len() == EACH, limit).await, "not all have begun");
            gate.open();
        };
        join(join_all(calls), begun).await;
        let arrived = front.ledger().requests();
        for (number, bytes) in bodies.iter().enumerate() {
            let own = arrived.iter().find(|one| one.target == format!("/{number}")).expect("it arrived");
            assert_eq!(own.body_sha256, sha256_hex(bytes), "other bytes arrived of {number} of {EACH}, {versions:?}");
        }
    }
}

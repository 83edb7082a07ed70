//! OBS, continued: the facts of a connection are those in the server's ledger, for each of several
//! connections, for resumed sessions, and in errors. Unknown facts are unset.

use std::time::Duration;

use digicert_one_core::{ClientIdentity, ConnectionFacts, HttpVersions, TlsVersion};
use digicert_one_testbed as testbed;
use digicert_one_testbed::{
    Authority, ClientAuth, ClientSpec, Connection, Front, FrontOptions, Handshake, Pki, RawOptions, RawServer,
    Recording, Sessions, Snapshot, Step, TlsRange,
};
use http::Response;

use crate::cases::alerts::{after_hello, alert, hello_of_tls_1_1};
use crate::world::{HOST, World, certificate, collect, front, front_responding, get, identity, scripted, up};

/// Panics where a fact contradicts the ledger.
fn agree(facts: &ConnectionFacts, connection: &Connection, setting: &str) {
    let spoken = connection.tls_version.map(|version| match version {
        testbed::TlsVersion::Tls13 => TlsVersion::Tls13,
        _ => TlsVersion::Tls12,
    });
    let resumed = connection.handshake == Handshake::Resumed;
    let right = |reported: Option<bool>, is: bool| reported.is_none_or(|reported| reported == is);
    let shown = format!("{setting}: {facts:?} of {connection:?}");
    assert!(facts.tls_version.is_none() || facts.tls_version == spoken, "the TLS version is wrong, {shown}");
    assert!(right(facts.tls_resumed, resumed), "tls_resumed is wrong, {shown}");
    if resumed {
        // A resumed handshake asks nothing, and its session may have started with a certificate.
        assert_ne!(facts.identity_requested, Some(false), "a resumed session shows nothing of that, {shown}");
    } else {
        assert!(right(facts.identity_requested, connection.requested_client_cert), "identity_requested, {shown}");
        assert!(right(facts.identity_sent, connection.peer_fingerprint.is_some()), "identity_sent, {shown}");
    }
}

/// Panics where a fact of the last call to this server is not that of its connection. Its certificate has this name, too.
fn belong(facts: &ConnectionFacts, front: &Front, own: &str, setting: &str) {
    let seen = front.ledger().snapshot();
    let (last, earlier) = seen.requests.split_last().expect("arrived");
    let connection = seen.connections.iter().find(|one| one.id == last.connection).expect("listed");
    agree(facts, connection, setting);
    let reused = earlier.iter().any(|one| one.connection == last.connection);
    assert!(facts.reused.is_none_or(|reported| reported == reused), "reused is wrong, {setting}: {facts:?}");
    if let Some(server) = &facts.server_certificate {
        assert!(server.names.iter().any(|name| name == own), "another server's, {setting}: {server:?}");
    }
}

pub(crate) async fn obs_10_facts_belong_to_the_connection_that_carried_the_call(world: World) {
    const NAMES: [&str; 2] = ["first.test", "second.test"];
    let fronts = || {
        let first = FrontOptions::default().tls(TlsRange::Only13).client_auth(ClientAuth::Optional);
        let second = FrontOptions::default().tls(TlsRange::Only12);
        let named = |name| Pki::shared().server(&[HOST, name]);
        [front(first.server(named(NAMES[0]))), front(second.server(named(NAMES[1])))]
    };
    let config = world.config().with_identity(Some(identity(&certificate())));
    for versions in world.http_versions() {
        let transport = world.transport(&config.clone().with_http_versions(versions));
        let fronts = fronts();
        for index in [0, 1, 0, 1] {
            let front = &fronts[index];
            let exchange = transport.send(get(front.url(HOST))).await.expect("answered");
            let facts = exchange.facts.clone();
            collect(exchange).await.expect("a body");
            let setting = format!("server {index}, {versions:?}");
            belong(&facts, front, NAMES[index], &setting);
            assert!(facts.peer.is_none_or(|peer| peer == front.addr()), "the peer is wrong, {setting}: {facts:?}");
        }
    }
    // At one address, where one server follows the other.
    for versions in world.http_versions() {
        let transport = world.transport(&config.clone().with_http_versions(versions));
        let [old, new] = fronts();
        let relay = up(RawServer::start(RawOptions::plain([&old, &new].map(|front| vec![Step::Tunnel(front.addr())]))));
        let call = || transport.send(get(format!("https://{HOST}:{}/", relay.port())));
        collect(call().await.expect("answered")).await.expect("a body");
        let ledger = old.ledger().clone();
        drop(old);
        let closed = |seen: &Snapshot| seen.connections.iter().all(|one| one.closed);
        assert!(ledger.wait_until(closed, Duration::from_secs(20)).await, "the old server is gone");
        // The first call after that may be the one that finds the connection closed.
        let exchange = match call().await {
            Err(_) => call().await.expect("answered"),
            Ok(exchange) => exchange,
        };
        belong(&exchange.facts, &new, NAMES[1], &format!("the second server of one address, {versions:?}"));
    }
    // In errors, too.
    let good = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let dying = scripted([vec![Step::ReadRequest, Step::write(good), Step::ReadRequest, Step::CloseClean]]);
    let transport = world.transport(&world.config().with_http_versions(HttpVersions::Http1));
    collect(transport.send(get(dying.url(HOST))).await.expect("answered")).await.expect("a body");
    if let Err(error) = transport.send(get(dying.url(HOST))).await {
        let requests = dying.ledger().requests();
        let reused = requests.len() == 2 && requests[0].connection == requests[1].connection;
        assert!(!reused || error.facts().reused != Some(false), "the connection was reused: {error:?}");
    }
    let closing = scripted([vec![Step::ReadRequest, Step::CloseClean]]);
    let error = transport.send(get(closing.url(HOST))).await.expect_err("no response");
    assert_ne!(error.facts().reused, Some(true), "the connection was new: {error:?}");
}

pub(crate) async fn obs_15_facts_of_a_resumed_session_are_those_of_the_ledger(world: World) {
    for range in [TlsRange::Only12, TlsRange::Only13] {
        for sessions in [Sessions::Tickets, Sessions::Ids] {
            let options = FrontOptions::default().tls(range).sessions(sessions).client_auth(ClientAuth::Optional);
            // Each call needs a new connection, and may resume the session of the last.
            let front = front_responding(options, |_| {
                let mut response = Response::new("{}".into());
                response.headers_mut().insert("connection", http::HeaderValue::from_static("close"));
                response
            });
            for given in [None, Some(identity(&certificate()))] {
                let config = world.config().with_http_versions(HttpVersions::Http1).with_identity(given);
                let transport = world.transport(&config);
                for call in 0..3 {
                    let exchange = transport.send(get(front.url(HOST))).await.expect("answered");
                    let facts = exchange.facts.clone();
                    collect(exchange).await.expect("a body");
                    let seen = front.ledger().snapshot();
                    let carrier = seen.requests.last().expect("arrived").connection;
                    let connection = seen.connections.iter().find(|one| one.id == carrier).expect("listed");
                    agree(&facts, connection, &format!("call {call}, {range:?}, {sessions:?}"));
                }
            }
        }
    }
}

pub(crate) async fn obs_20_facts_of_a_failed_handshake_are_what_was_seen_of_it(world: World) {
    let ours = identity(&certificate());
    // Handshakes that end before a server could ask.
    let responses = [
        ("a hello of TLS 1.1", vec![Step::write(hello_of_tls_1_1()), Step::Stall]),
        ("alert 70", vec![Step::write(alert(70)), Step::Stall]),
        ("the end of the connection", vec![Step::CloseClean]),
    ];
    for (response, steps) in responses {
        for given in [None, Some(ours.clone())] {
            let server = after_hello(&Recording::default(), steps.clone());
            let transport = world.transport(&world.config().with_identity(given));
            let call = transport.send(get(format!("https://{HOST}:{}/", server.port())));
            let error = call.await.expect_err("no handshake");
            let (facts, setting) = (error.facts(), format!("{response}: {error:?}"));
            assert_ne!(facts.identity_requested, Some(true), "nothing was asked for, {setting}");
            assert_ne!(facts.identity_sent, Some(true), "nothing was sent, {setting}");
            assert_eq!(facts.tls_version, None, "no version was agreed on, {setting}");
        }
    }
    // And those that end because of what the server asked for.
    for range in [TlsRange::Only12, TlsRange::Only13] {
        for (given, sent) in [(None, false), (Some(foreign_identity()), true)] {
            let front = front(FrontOptions::default().client_auth(ClientAuth::Required).tls(range));
            let transport = world.transport(&world.config().with_identity(given));
            let error = transport.send(get(front.url(HOST))).await.expect_err("the server refuses");
            let (facts, setting) = (error.facts(), format!("{range:?}: {error:?}"));
            let right = |reported: Option<bool>, is: bool| reported.is_none_or(|reported| reported == is);
            let requested = front.ledger().settle().await.connections.iter().any(|one| one.requested_client_cert);
            assert!(requested, "the server asked, or this shows nothing");
            assert!(right(facts.identity_requested, true), "the server asked, {setting}");
            assert!(right(facts.identity_sent, sent), "identity_sent is wrong, {setting}");
        }
    }
}

/// Of an authority that no server of the tests trusts.
fn foreign_identity() -> ClientIdentity {
    identity(&Pki::shared().client(ClientSpec { authority: Authority::Foreign, ..ClientSpec::default() }))
}

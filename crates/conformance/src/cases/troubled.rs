//! TRUST, RETRY and BODY, continued: servers that are not trusted, connections that end and calls that run out are told the same in
//! each setting, and none of them makes a transport try once more.

use std::net::SocketAddr;
use std::time::Duration;

use digicert_one_client::SystemClock;
use digicert_one_core::{
    Capability, Clock as _, Delivery, HttpVersions, PeerFault, Phase, Proxy, Timeouts, TransportConfig,
    TransportErrorKind,
};
use digicert_one_testbed::{
    Authority, ClientAuth, Front, FrontOptions, Gate, HttpVersions as Spoken, Pki, RawOptions, RawServer, Recording,
    ServerCert, ServerFlaw, ServerSpec, Sessions, Snapshot, Step, Validity, handler,
};
use futures_util::future::join_all;
use http::{Method, Response};

use crate::cases::facts::agree;
use crate::cases::http2::{DATA, after_request, frame, head, reset};
use crate::cases::scene::Scene;
use crate::cases::server_proof::is_one_error_for_all;
use crate::cases::time::{in_time, total_limit};
use crate::world::{HOST, World, collect, front, get, request, up};

/// What is wrong with a server, the host that it is called by, and what a stack that tells the reason says.
fn untrusted() -> Vec<(&'static str, ServerCert, String, Option<PeerFault>)> {
    let spec =
        |names: &[&str]| ServerSpec { names: names.iter().map(ToString::to_string).collect(), ..ServerSpec::default() };
    let made = |spec: ServerSpec| Pki::shared().server_with(spec);
    let here = || spec(&[HOST]);
    let (host, below) = (HOST.to_owned(), format!("clientauth.{HOST}"));
    let foreign = made(ServerSpec { authority: Authority::Foreign, ..here() });
    vec![
        ("expired", made(ServerSpec { validity: Validity::Expired, ..here() }), host.clone(), Some(PeerFault::Expired)),
        (
            "of tomorrow",
            made(ServerSpec { validity: Validity::NotYetValid, ..here() }),
            host.clone(),
            Some(PeerFault::NotYetValid),
        ),
        ("of another name", made(spec(&["other.digicert.test"])), host.clone(), Some(PeerFault::NameMismatch)),
        ("of a name above", made(spec(&["digicert.test", "*.test"])), host.clone(), Some(PeerFault::NameMismatch)),
        ("of a wildcard too high", made(spec(&["*.digicert.test"])), below, Some(PeerFault::NameMismatch)),
        ("of another issuer", foreign.clone(), host.clone(), Some(PeerFault::UnknownIssuer)),
        (
            "without intermediate",
            made(ServerSpec { send_intermediate: false, ..here() }),
            host.clone(),
            Some(PeerFault::UnknownIssuer),
        ),
        ("for clients", made(ServerSpec { flaw: Some(ServerFlaw::ForClientsOnly), ..here() }), host.clone(), None),
        ("with another key", made(here()).with_key_of(&foreign), host, None),
        ("localhost", made(here()), "localhost".to_owned(), Some(PeerFault::NameMismatch)),
    ]
}

pub(crate) async fn trust_50_a_server_is_refused_in_each_setting(world: World) {
    let options = || FrontOptions::default().client_auth(ClientAuth::Optional);
    let good = front(options());
    let fronts: Vec<_> = untrusted()
        .into_iter()
        .map(|(what, server, host, fault)| (what, front(options().server(server)), host, fault))
        .collect();
    for scene in Scene::pairs(&world) {
        let (config, _proxy) = scene.config(&world.config(), good.addr());
        // A server that is trusted, before: what was found of one says nothing of another.
        collect(world.transport(&config).send(get(good.url(HOST))).await.expect("trusted")).await.expect("a body");
        for (what, front, host, fault) in &fronts {
            let what = format!("a server {what}, {scene}");
            let (config, _proxy) = scene.config(&world.config(), front.addr());
            let before = front.ledger().connections().len();
            let outcome = world.transport(&config).send(get(front.url(host))).await;
            let error = outcome.err().unwrap_or_else(|| panic!("it is trusted: {what}"));
            let seen = settled(front).await;
            assert!(seen.requests.is_empty(), "a request reached {what}");
            assert_eq!(seen.connections.len() - before, 1, "{what} was tried once more");
            assert_eq!(error.delivery(), Delivery::NotSent, "{what} {error:?}");
            let is_wider = error.kind() == TransportErrorKind::Tls && is_one_error_for_all(&world);
            let wanted = match fault {
                _ if !world.has(Capability::PeerFaultDetail) => Some(PeerFault::Unspecified),
                fault => *fault,
            };
            let is_right = |told| wanted.is_none_or(|wanted| wanted == told);
            let told = matches!(error.kind(), TransportErrorKind::PeerUntrusted(told) if is_right(told));
            assert!(told || is_wider, "{what} {error:?}");
            assert_ne!(error.facts().identity_sent, Some(true), "{what} {error:?}");
        }
    }
}

/// What arrived, once no handshake is pending.
async fn settled(front: &Front) -> Snapshot {
    front.ledger().wait_until(Snapshot::settled, Duration::from_secs(5)).await;
    front.ledger().snapshot()
}

const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// A scripted server of this HTTP version whose every connection does this after its first request, or after a good response.
pub(crate) fn after(scene: Scene, reused: bool, end: &[Step]) -> RawServer {
    let options = FrontOptions::default().client_auth(ClientAuth::Optional).sessions(Sessions::Off);
    let steps = end.iter().cloned();
    let (options, script) = match scene.http {
        HttpVersions::Http1 if reused => {
            let good = [Step::ReadRequest, Step::write(GOOD), Step::ReadRequest];
            (options.http(Spoken::Only1), good.into_iter().chain(steps).collect())
        }
        HttpVersions::Http1 => (options.http(Spoken::Only1), [Step::ReadRequest].into_iter().chain(steps).collect()),
        _ => (options.http(Spoken::Only2), after_request(&Recording::default(), steps)),
    };
    up(RawServer::start(RawOptions::tls_with(options, [script])))
}

/// How a body of 100 bytes ends after five of them.
fn cuts(scene: Scene) -> Vec<(&'static str, Vec<Step>)> {
    if scene.http == HttpVersions::Both {
        let begin = |fields: &[(&str, &str)]| Step::write([head(0, fields), frame(DATA, 0, 1, b"begin")].concat());
        let known = [(":status", "200"), ("content-length", "100")];
        return vec![
            ("a reset", vec![begin(&known), Step::write(reset(2)), Step::Stall]),
            ("a reset without a length", vec![begin(&known[..1]), Step::write(reset(8)), Step::Stall]),
            ("a reset without an error", vec![begin(&known), Step::write(reset(0)), Step::Stall]),
            ("a close", vec![begin(&known), Step::CloseClean]),
        ];
    }
    let known = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegin\r\n";
    let until_the_end = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nbegin";
    vec![
        ("a close", vec![Step::write(known), Step::CloseClean]),
        ("a close between chunks", vec![Step::write(chunked), Step::CloseClean]),
        ("an end without close_notify", vec![Step::write(known), Step::CloseAbrupt]),
        ("a truncated stream", vec![Step::write(until_the_end), Step::CloseAbrupt]),
    ]
}

pub(crate) async fn body_30_a_cut_body_is_an_error_in_each_setting(world: World) {
    for scene in Scene::all(&world) {
        for (what, end) in cuts(scene) {
            for reused in [false, true] {
                if reused && scene.http == HttpVersions::Both {
                    continue;
                }
                let server = after(scene, reused, &end);
                let (config, _proxy) = scene.config(&world.config(), server.addr());
                let transport = world.transport(&config);
                if reused {
                    collect(transport.send(get(server.url(HOST))).await.expect("answered")).await.expect("a body");
                }
                let what = format!("{what}, reused: {reused}, {scene}");
                let call = if reused { request(Method::POST, server.url(HOST), "{}") } else { get(server.url(HOST)) };
                let outcome = transport.send(call).await;
                if reused && server.ledger().connections().len() > 1 {
                    // It went over a connection of its own, which begins with a good response.
                    continue;
                }
                let error = match outcome {
                    Ok(exchange) => {
                        collect(exchange).await.err().unwrap_or_else(|| panic!("taken for whole after {what}"))
                    }
                    Err(error) => error,
                };
                let cut = (TransportErrorKind::BodyCut, Delivery::Sent);
                assert_eq!((error.kind(), error.delivery()), cut, "{what} {error:?}");
            }
        }
    }
}

pub(crate) async fn retry_21_an_interrupted_call_is_sent_once_in_each_setting(world: World) {
    for scene in Scene::all(&world) {
        for (method, body) in [(Method::GET, ""), (Method::POST, "{}")] {
            let what = format!("{method}, {scene}");
            let server = after(scene, false, &[Step::CloseClean]);
            let (config, proxy) = scene.config(&world.config(), server.addr());
            let outcome = world.transport(&config).send(request(method.clone(), server.url(HOST), body)).await;
            let error = outcome.err().unwrap_or_else(|| panic!("there is no response, {what}"));
            let seen = server.ledger().snapshot();
            // A stack that sends what is not safe to repeat over HTTP/1.1 alone finds no such server.
            if scene.http == HttpVersions::Both
                && method != Method::GET
                && seen.connections.iter().all(|one| one.alpn.is_none())
            {
                continue;
            }
            assert_eq!(seen.connections.len(), 1, "it was tried once more, {what}");
            // To some stacks an HTTP/2 connection that ends without GOAWAY breaks the protocol.
            let is_broken = error.kind() == TransportErrorKind::Protocol && scene.http == HttpVersions::Both;
            assert!(is_broken || error.kind() == TransportErrorKind::Interrupted, "{what} {error:?}");
            assert_eq!(error.delivery(), Delivery::Unknown, "{what} {error:?}");
            let facts = error.facts();
            agree(facts, &seen.connections[0], &what);
            assert_ne!(facts.reused, Some(true), "{what}");
            let tells = |capability, fact: bool| fact || !world.has(capability);
            assert!(
                tells(Capability::TlsVersionFact, facts.tls_version.is_some()),
                "the TLS version, {what} {error:?}"
            );
            assert!(
                tells(Capability::ClientAuthSignal, facts.identity_requested.is_some()),
                "the signal, {what} {error:?}"
            );
            assert_eq!(facts.renegotiated, None, "{what}");
            if scene.http == HttpVersions::Both {
                reset_before_its_response(&world, scene, &method).await;
            }
            let other_end = proxy.as_ref().map_or(server.addr(), |proxy| proxy.addr());
            assert!(facts.peer.is_none_or(|peer| peer == other_end), "the peer {:?}, {what}", facts.peer);
        }
    }
}

/// A stream that fails in the server may have been carried out.
async fn reset_before_its_response(world: &World, scene: Scene, method: &Method) {
    let server = after(scene, false, &[Step::write(reset(2)), Step::Stall]);
    let (config, _proxy) = scene.config(&world.config(), server.addr());
    let error =
        world.transport(&config).send(request(method.clone(), server.url(HOST), "")).await.expect_err("a reset");
    let is_asked = server.ledger().connections().iter().any(|one| one.alpn.is_some());
    assert!(!is_asked || error.delivery() == Delivery::Unknown, "{method}, {scene} {error:?}");
}

/// TIME-12 and TIME-16 in each setting: a handshake that stalls, a tunnel that is not made, and a response that does not come.
pub(crate) async fn limits_hold_in_each_setting(world: &World) {
    let quick = Timeouts::new().with_connect(Duration::from_millis(300)).with_total(Duration::from_secs(30));
    let silent = up(RawServer::silent());
    let mute = up(RawServer::start(RawOptions::plain([vec![Step::ReadRequest, Step::Stall]])));
    let calls = Scene::all(world).into_iter().map(|scene| {
        let quick = world.config().with_timeouts(quick.clone());
        let (silent, mute) = (silent.addr(), mute.addr());
        async move {
            connect_limit_holds(world, scene, &quick, silent, mute).await;
            response_limit_holds(world, scene).await;
        }
    });
    join_all(calls).await;
}

async fn response_limit_holds(world: &World, scene: Scene) {
    let never = Gate::new();
    let gate = never.clone();
    let server = up(Front::start(
        FrontOptions::default().client_auth(ClientAuth::Optional),
        handler(move |_request, _peer| {
            let gate = gate.clone();
            async move {
                gate.passed().await;
                Response::new("{}".into())
            }
        }),
    ));
    let (config, _proxy) = scene.config(&total_limit(world), server.addr());
    // A machine that is busy may not connect within its limit of two seconds: then this shows nothing.
    for _ in 0..5 {
        let error = in_time(world.transport(&config).send(get(server.url(HOST)))).await.expect_err("no response");
        if error.delivery() != Delivery::NotSent {
            let late = (TransportErrorKind::Timeout(Phase::Response), Delivery::Unknown);
            assert_eq!((error.kind(), error.delivery()), late, "{scene} {error:?}");
            assert_eq!(server.ledger().requests().len(), 1, "it was sent once more, {scene}");
            never.open();
            return;
        }
    }
    panic!("the time limit ran out five times before there was a connection, {scene}");
}

async fn connect_limit_holds(
    world: &World,
    scene: Scene,
    quick: &TransportConfig,
    silent: SocketAddr,
    mute: SocketAddr,
) {
    let (config, proxy) = scene.config(quick, silent);
    let stalled = |config: TransportConfig| async move {
        let transport = world.transport(&config);
        let call = transport.send(request(Method::POST, format!("https://{HOST}:{}/", silent.port()), "{}"));
        // Ten times the limit. The call must have ended by then.
        let later = SystemClock::new().sleep(Duration::from_secs(3));
        match futures_util::future::select(std::pin::pin!(call), std::pin::pin!(later)).await {
            futures_util::future::Either::Left((outcome, _)) => {
                let error = outcome.expect_err("no connection");
                let phases =
                    [Phase::Connect, Phase::Handshake, Phase::ConnectOrHandshake].map(TransportErrorKind::Timeout);
                assert!(phases.contains(&error.kind()), "{scene} {error:?}");
                assert_eq!(error.delivery(), Delivery::NotSent, "{scene} {error:?}");
            }
            futures_util::future::Either::Right(_) => panic!("ten times the connect limit has passed, {scene}"),
        }
    };
    stalled(config.clone()).await;
    if proxy.is_some() {
        stalled(config.with_proxy(Proxy::Http(format!("http://{mute}").parse().expect("a proxy address")))).await;
    }
}

/// POOL-16 in each setting.
pub(crate) async fn idle_limit_holds_in_each_setting(world: &World) {
    let limits = Timeouts::new().with_pool_idle(Duration::from_secs(1));
    let calls = Scene::pairs(world).into_iter().map(|scene| {
        let limits = limits.clone();
        async move {
            let front = front(FrontOptions::default().client_auth(ClientAuth::Optional));
            let (config, _proxy) = scene.config(&world.config().with_timeouts(limits), front.addr());
            let transport = world.transport(&config);
            for pause in [Duration::ZERO, Duration::from_secs(3)] {
                // A stack may count in whole seconds.
                SystemClock::new().sleep(pause).await;
                let exchange = transport.send(get(front.url(HOST))).await.expect("answered");
                collect(exchange).await.expect("a body");
            }
            let used: Vec<_> = front.ledger().requests().iter().map(|one| one.connection).collect();
            assert_ne!(used[0], used[1], "used again three seconds later, with an idle limit of one ({scene})");
        }
    });
    join_all(calls).await;
}

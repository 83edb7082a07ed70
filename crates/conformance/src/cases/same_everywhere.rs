//! RETRY, CRED, POOL and TRUST, continued: what a transport does besides a successful call is the same in
//! every setting: its failures, its log, which connections it closes, and the separation of transports.

use std::time::Duration;

use data_encoding::BASE64;
use digicert_one_core::{
    Capability, Delivery, Proxy, TransportConfig, TransportError, TransportErrorKind, TrustRoots, causes,
};
use digicert_one_testbed::{
    Authority, ClientAuth, ClientSpec, ConnectProxy, Front, FrontOptions, Gate, HttpVersions, Pki, RawOptions,
    RawServer, Recording, RequestProgress, ServerSpec, Sessions, Snapshot, Step, handler, name_without_address,
    refused_addr, sha256_hex,
};
use http::{HeaderValue, Method, Response};
use rustls_pki_types::CertificateDer;

use crate::cases::http2::{after_request, reset};
use crate::cases::time::in_time;
use crate::life::dropped;
use crate::log_scan::LogScan;
use crate::setting::{Setting, Settings, leading, method};
use crate::world::{
    HOST, KEY, World, certificate, collect, front, front_responding, get, identity, key_value, request, untouched, up,
};

/// The password of every proxy that wants one.
const PASSWORD: &str = "settingcanary5ecret";

/// A script speaks HTTP/1.1.
const OVER_HTTP1: Settings = Settings::where_(|one| !one.http2);
const DIRECT: Settings = Settings::where_(|one| !one.proxied);
const PROXIED: Settings = Settings::where_(|one| one.proxied);

/// A failure, and its origin.
struct ReportedFailure {
    what: String,
    setting: Setting,
    error: TransportError,
}

/// One failure has one kind and one delivery, whatever else is configured.
fn all_the_same(reported: &[ReportedFailure]) {
    let Some(first) = reported.first() else { return };
    for ReportedFailure { what, setting, error } in reported {
        let (left, right) = ((error.kind(), error.delivery()), (first.error.kind(), first.error.delivery()));
        assert_eq!(left, right, "{what}: {setting} (left) and {} (right) {error:?}", first.setting);
        let text = causes(error).map(|cause| format!("{cause} {cause:?} ")).collect::<String>();
        let shown = [KEY, PASSWORD, "canary-query"].into_iter().find(|canary| text.contains(canary));
        assert_eq!(shown, None, "{what}: {setting} shows it in {text}");
        assert!(std::error::Error::source(error).is_some(), "{what}: {setting} has no cause {error:?}");
    }
}

/// So many calls of a transport fail one after the other, each with the next method.
const FAILURES: usize = 2;

async fn failed(
    world: &World,
    what: &str,
    (turn, setting): (usize, Setting),
    config: &TransportConfig,
    base: &str,
) -> Vec<ReportedFailure> {
    let (transport, mut reported) = (world.transport(config), Vec::new());
    for time in 0..FAILURES {
        let (method, body) = method(FAILURES * turn + time);
        let what = format!("{what}, {method}, call {}", time + 1);
        let mut call = request(method, format!("{base}/path?q=canary-query"), body);
        call.headers_mut().insert("x-api-key", key_value());
        match transport.send(call).await {
            Ok(exchange) => panic!("{base} cannot be called, {what}: {exchange:?}"),
            Err(error) => reported.push(ReportedFailure { what, setting, error }),
        }
    }
    reported
}

pub(crate) async fn retry_22_a_failure_is_reported_the_same_in_each_setting(world: World) {
    let ours = certificate();
    let clear = up(RawServer::plain_http());
    let mut places = vec![
        ("nothing listens", format!("https://{HOST}:{}", refused_addr().port()), DIRECT),
        ("another scheme", "ftp://127.0.0.1:1".to_owned(), DIRECT),
        ("clear text", format!("https://{HOST}:{}", clear.port()), DIRECT),
    ];
    // Looking up a name may take its time.
    let unknown = name_without_address();
    places.extend(unknown.map(|name| ("a name without address", format!("https://{name}"), DIRECT.pairwise())));
    for (what, base, settings) in &places {
        let mut reported = Vec::new();
        for (turn, setting) in settings.chosen(&world).into_iter().enumerate() {
            let config = setting.config(world.config(), &ours, None);
            reported.extend(failed(&world, what, (turn, setting), &config, base).await);
        }
        all_the_same(&reported);
    }
    proxies_fail(&world).await;
    for reused in [false, true] {
        let mut reported = Vec::new();
        for (turn, setting) in OVER_HTTP1.chosen(&world).into_iter().enumerate() {
            reported.extend(garbled(&world, setting, method(turn), reused).await);
        }
        all_the_same(&reported);
    }
    refused_by_alert(&world).await;
}

async fn proxies_fail(world: &World) {
    let ours = certificate();
    let refusal = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
    let refusing =
        up(RawServer::start(RawOptions::plain([vec![Step::ReadRequest, Step::write(refusal), Step::CloseClean]])));
    let hangs_up = up(RawServer::start(RawOptions::plain([vec![Step::ReadRequest, Step::CloseClean]])));
    let there = front(FrontOptions::default());
    let proxies = [
        ("a proxy that is not there", refused_addr()),
        ("a proxy that refuses", refusing.addr()),
        ("a proxy that hangs up", hangs_up.addr()),
    ];
    let settings = PROXIED.chosen(world);
    for (what, address) in proxies {
        let mut reported = Vec::new();
        for (turn, setting) in settings.iter().enumerate() {
            let url = format!("http://user:{PASSWORD}@{address}").parse().expect("a proxy address");
            let config = setting.config(world.config(), &ours, None).with_proxy(Proxy::Http(url));
            reported.extend(failed(world, what, (turn, *setting), &config, &there.url(HOST)).await);
        }
        for ReportedFailure { what: call, setting, error } in &reported {
            let TransportErrorKind::Proxy(status) = error.kind() else { panic!("{call} {setting} {error:?}") };
            let expected = if address == refusing.addr() { Some(403) } else { None };
            assert!(
                status.is_none() || status == expected,
                "the status of {what} is {expected:?}, {call}, {setting}: {error:?}"
            );
        }
        all_the_same(&reported);
    }
    untouched(&there, "a proxy was gone around").await;
    for proxy in [&refusing, &hangs_up] {
        assert_eq!(proxy.ledger().connections().len(), FAILURES * settings.len(), "a proxy was asked once more");
    }
}

/// A response that is not HTTP.
async fn garbled(
    world: &World,
    setting: Setting,
    call: (Method, &'static str),
    reused: bool,
) -> Option<ReportedFailure> {
    const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let before = if reused { vec![Step::ReadRequest, Step::write(GOOD)] } else { Vec::new() };
    let garbage = [Step::ReadRequest, Step::write("SSH-2.0-OpenSSH_9.9\r\n\r\n"), Step::CloseClean];
    let options = setting.server(FrontOptions::default()).http(HttpVersions::Only1);
    let server = up(RawServer::start(RawOptions::tls_with(options, [before.into_iter().chain(garbage).collect()])));
    let proxy = setting.proxy(server.addr());
    let transport = world.transport(&setting.config(world.config(), &certificate(), proxy.as_ref()));
    if reused {
        collect(transport.send(get(server.url(HOST))).await.expect("answered")).await.expect("a body");
    }
    let before = server.ledger().requests().len();
    let what = format!("garbage, {}, reused: {reused}", call.0);
    let outcome = transport.send(request(call.0, server.url(HOST), call.1)).await;
    if reused && server.ledger().connections().len() > 1 {
        // It used a new connection, which starts with a good response.
        return None;
    }
    let error = outcome.err().unwrap_or_else(|| panic!("{what} {setting}"));
    assert_eq!(server.ledger().requests().len() - before, 1, "it was sent once more, {what} {setting}");
    let reported = (error.kind(), error.delivery());
    assert_eq!(reported, (TransportErrorKind::Protocol, Delivery::Unknown), "{what} {setting} {error:?}");
    Some(ReportedFailure { what, setting, error })
}

/// A TLS 1.2 server that requires a certificate and gets none, or an unknown one: it refuses in the handshake.
async fn refused_by_alert(world: &World) {
    const OF_TLS12: Settings = Settings::where_(|one| !one.tls13 && !one.with_identity);
    let foreign = Pki::shared().client(ClientSpec { authority: Authority::Foreign, ..ClientSpec::default() });
    for has_foreign in [false, true] {
        let what = format!("refused by the server, with a foreign certificate: {has_foreign}");
        let mut reported = Vec::new();
        for (turn, setting) in OF_TLS12.chosen(world).into_iter().enumerate() {
            let wants = front(setting.server(FrontOptions::default()).client_auth(ClientAuth::Required));
            let proxy = setting.proxy(wants.addr());
            let config = setting.config(world.config(), &foreign, proxy.as_ref());
            let config = config.with_identity(has_foreign.then(|| identity(&foreign)));
            let failures = failed(world, &what, (turn, setting), &config, &wants.url(HOST)).await;
            let seen = wants.ledger().settle().await;
            assert_eq!(seen.connections.len(), FAILURES, "it was tried once more, {what}, {setting}");
            assert!(seen.requests.is_empty(), "{what}, {setting}");
            for ReportedFailure { what, error, .. } in failures.iter().filter(|_| world.has(Capability::AlertDetail)) {
                assert!(matches!(error.kind(), TransportErrorKind::PeerAlert(_)), "{what}, {setting} {error:?}");
            }
            reported.extend(failures);
        }
        all_the_same(&reported);
    }
}

/// A server of this setting whose every connection continues like this after its first request.
fn after(setting: Setting, steps: Vec<Step>) -> RawServer {
    let options = setting.server(FrontOptions::default());
    let (options, script) = match setting.http2 {
        true => (options.http(HttpVersions::Only2), after_request(&Recording::default(), steps)),
        false => (options.http(HttpVersions::Only1), [Step::ReadRequest].into_iter().chain(steps).collect()),
    };
    up(RawServer::start(RawOptions::tls_with(options, [script])))
}

pub(crate) async fn retry_21_an_interrupted_call_is_sent_once_in_each_setting(world: World) {
    let ours = certificate();
    for (turn, setting) in Settings::ALL.chosen(&world).into_iter().enumerate() {
        for (method, body) in [(Method::GET, ""), method(turn)] {
            let mut ends = vec![("the end of the connection", Step::CloseClean)];
            if setting.http2 {
                // A stream that fails in the server may have been carried out.
                ends.push(("a reset", Step::write(reset(2))));
            }
            for (end, step) in ends {
                let what = format!("{method}, {end}, {setting}");
                let server = after(setting, vec![step, Step::Stall]);
                let proxy = setting.proxy(server.addr());
                let transport = world.transport(&setting.config(world.config(), &ours, proxy.as_ref()));
                let outcome = in_time(transport.send(request(method.clone(), server.url(HOST), body))).await;
                let error = outcome.err().unwrap_or_else(|| panic!("no response, {what}"));
                let connections = server.ledger().connections();
                // A stack that sends what is unsafe to retry over HTTP/1.1 only finds no such server.
                if setting.http2 && method != Method::GET && connections.iter().all(|one| one.alpn.is_none()) {
                    continue;
                }
                assert_eq!(connections.len(), 1, "it was tried once more, {what}");
                // To some stacks an HTTP/2 connection that ends without GOAWAY breaks the protocol.
                let is_broken = error.kind() == TransportErrorKind::Protocol && setting.http2;
                assert!(is_broken || error.kind() == TransportErrorKind::Interrupted, "{what} {error:?}");
                assert_eq!(error.delivery(), Delivery::Unknown, "{what} {error:?}");
                let facts = error.facts();
                let reported = |capability, is_reported: bool| is_reported || !world.has(capability);
                assert!(reported(Capability::TlsVersionFact, facts.tls_version.is_some()), "the TLS version, {what}");
                assert!(
                    reported(Capability::ClientAuthSignal, facts.identity_requested.is_some()),
                    "the signal, {what}"
                );
            }
        }
    }
}

pub(crate) async fn cred_21_no_log_shows_a_secret_in_any_setting(world: World) {
    const UPLOAD: &str = "canaryupload5ecret0021";
    const BODY: &str = "canarybody5ecret0021";
    const TARGET: &str = "canary-target-0021";
    let ours = certificate();
    let proxy_header = BASE64.encode(format!("user:{PASSWORD}").as_bytes());
    let canaries = [KEY, UPLOAD, BODY, PASSWORD, TARGET].map(str::to_owned).into_iter().chain([proxy_header]);
    let scan = LogScan::start(canaries);
    for (turn, setting) in Settings::ALL.chosen(&world).into_iter().enumerate() {
        let front = front_responding(setting.server(FrontOptions::default()), |_| {
            let mut response = Response::new(BODY.into());
            response.headers_mut().insert("x-created-key", HeaderValue::from_static(BODY));
            response
        });
        let routes = leading([(front.port(), front.addr())].into_iter()).credentials("user", PASSWORD);
        let proxy = up(ConnectProxy::start(routes));
        let mut config = setting.config(world.config(), &ours, None);
        if setting.proxied {
            let url = proxy.url().replace("http://", &format!("http://user:{PASSWORD}@"));
            config = config.with_proxy(Proxy::Http(url.parse().expect("a proxy address")));
        }
        let transport = world.transport(&config);
        let nowhere = format!("https://{}/{TARGET}?{TARGET}", refused_addr());
        for time in 0..5 {
            let (method, body) = method(5 * turn + time);
            let body = if body.is_empty() { "" } else { UPLOAD };
            let mut call = request(method.clone(), format!("{}/{TARGET}?token={TARGET}", front.url(HOST)), body);
            call.headers_mut().insert("x-api-key", key_value());
            let mut fails = call.clone();
            *fails.uri_mut() = nowhere.parse().expect("an address");
            let exchange = transport.send(call).await.unwrap_or_else(|error| panic!("{setting}: {error:?}"));
            let body = collect(exchange).await.expect("a body");
            assert_eq!(body, if method == Method::HEAD { "" } else { BODY }, "or this shows nothing");
            transport.send(fails).await.expect_err("nothing listens");
            let (_, shown) = scan.result();
            assert!(shown.is_empty(), "a secret is logged by {shown:?}, {method}, {setting}");
        }
    }
    tracing::trace!("the log is read");
    assert!(scan.result().0 > 0, "nothing was logged, or the log was not captured");
}

pub(crate) async fn pool_22_connections_end_as_they_should_in_each_setting(world: World) {
    let ours = certificate();
    for (turn, setting) in OVER_HTTP1.chosen(&world).into_iter().enumerate() {
        let (method, body) = method(turn);
        let status = ["200 OK", "404 Not Found", "503 Service Unavailable"][turn % 3];
        let content = if method == Method::HEAD { "" } else { "{}" };
        let last = format!("HTTP/1.1 {status}\r\nConnection: close\r\ncontent-length: 2\r\n\r\n{content}");
        let options = setting.server(FrontOptions::default().sessions(Sessions::Off));
        let script = vec![Step::ReadRequest, Step::write(last), Step::Stall];
        let server = up(RawServer::start(RawOptions::tls_with(options, [script])));
        let proxy = setting.proxy(server.addr());
        let transport = world.transport(&setting.config(world.config(), &ours, proxy.as_ref()));
        for _ in 0..3 {
            let call = request(method.clone(), format!("{}/a?b=c", server.url(HOST)), body);
            let exchange = in_time(transport.send(call)).await;
            collect(exchange.unwrap_or_else(|error| panic!("{setting}: {error:?}"))).await.expect("a body");
        }
        let seen = server.ledger().requests();
        let used: Vec<_> = seen.iter().map(|one| (one.connection, &*one.target)).collect();
        assert_eq!(used, [(0, "/a?b=c"), (1, "/a?b=c"), (2, "/a?b=c")], "{method} {status}, {setting}");
        // A later connection is as the first one.
        let chain = if setting.with_identity { ours.chain_der() } else { &[] };
        let chain: Vec<_> = chain.iter().map(|one| sha256_hex(one)).collect();
        for one in server.ledger().connections() {
            assert_eq!(one.peer_chain_fingerprints, chain, "the identity on connection {}, {setting}", one.id);
        }
        let tunnels = proxy.map(|proxy| proxy.ledger().requests().len());
        assert!(tunnels.is_none_or(|tunnels| tunnels == 3), "{tunnels:?} tunnels for 3 connections, {setting}");
    }
    for (turn, setting) in Settings::ALL.chosen(&world).into_iter().enumerate() {
        let never = Gate::new();
        let front = never_answering(setting, &never);
        let proxy = setting.proxy(front.addr());
        let transport = world.transport(&setting.config(world.config(), &ours, proxy.as_ref()));
        collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
        let (method, body) = method(turn);
        dropped(&*transport, request(method.clone(), format!("{}/never", front.url(HOST)), body), front.ledger()).await;
        let abandoned = |seen: &Snapshot| seen.requests[1].progress == RequestProgress::Abandoned;
        let is_over = front.ledger().wait_until(abandoned, Duration::from_secs(10)).await;
        assert!(is_over, "a call that was dropped goes on, {method}, {setting}");
        collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
        drop(transport);
        let closed = |seen: &Snapshot| seen.connections.iter().all(|one| one.closed);
        let is_closed = front.ledger().wait_until(closed, Duration::from_secs(10)).await;
        assert!(is_closed, "a transport that was dropped leaves its connections open, {setting}");
        never.open();
    }
}

/// Responds to `/never` when the gate is open, and to everything else at once.
fn never_answering(setting: Setting, never: &Gate) -> Front {
    let gate = never.clone();
    let response = handler(move |request, _peer| {
        let gate = gate.clone();
        async move {
            if request.uri().path() == "/never" {
                gate.passed().await;
            }
            Response::new("{}".into())
        }
    });
    up(Front::start(setting.server(FrontOptions::default()), response))
}

pub(crate) async fn trust_52_roots_identities_and_names_are_those_of_their_transport(world: World) {
    if world.leaves_out(Capability::TrustOnly) {
        return;
    }
    let foreign = ServerSpec { names: vec![HOST.to_owned()], authority: Authority::Foreign, ..ServerSpec::default() };
    let foreign = Pki::shared().server_with(foreign);
    let [own_root, other_root] =
        [Pki::shared().root_der(), Pki::shared().foreign_root_der()].map(|der| CertificateDer::from(der.to_vec()));
    let people = ["alice", "bob"]
        .map(|name| Pki::shared().client(ClientSpec { common_name: name.to_owned(), ..ClientSpec::default() }));
    for setting in DIRECT.chosen(&world) {
        let options = setting.server(FrontOptions::default());
        let (own, other) = (front(options.clone()), front(options.server(foreign.clone())));
        let config = setting.config(world.config(), &people[0], None);
        for (roots, trusted) in [
            (vec![&own_root], [true, false]),
            (vec![&other_root], [false, true]),
            (vec![&own_root, &other_root], [true, true]),
            (vec![&other_root, &own_root], [true, true]),
        ] {
            let given = TrustRoots::Only(roots.iter().map(|root| (*root).clone()).collect());
            let transport = world.transport(&config.clone().with_trust(given));
            for (server, trusted) in [&own, &other].into_iter().zip(trusted) {
                let outcome = transport.send(get(server.url(HOST))).await;
                assert_eq!(outcome.is_ok(), trusted, "{} roots, {setting}: {outcome:?}", roots.len());
            }
        }
        if setting.with_identity {
            let transports =
                people.each_ref().map(|one| world.transport(&config.clone().with_identity(Some(identity(one)))));
            for (transport, person) in transports.iter().zip(&people).chain(transports.iter().zip(&people)) {
                collect(transport.send(get(own.url(HOST))).await.expect("answered")).await.expect("a body");
                let seen = own.ledger().snapshot();
                let carrier = seen.requests.last().expect("arrived").connection;
                let shown =
                    seen.connections.iter().find(|one| one.id == carrier).and_then(|one| one.peer_fingerprint.clone());
                assert_eq!(shown, Some(person.fingerprint()), "the identity of another transport, {setting}");
            }
        }
        one_connection_for_each_name(&world, setting, &config).await;
    }
}

/// One server with three names: each needs its own connection.
async fn one_connection_for_each_name(world: &World, setting: Setting, config: &TransportConfig) {
    let front = front(setting.server(FrontOptions::default()));
    let transport = world.transport(config);
    for name in [HOST.to_owned(), format!("clientauth.{HOST}"), format!("demo.{HOST}"), HOST.to_owned()] {
        collect(transport.send(get(front.url(&name))).await.expect("answered")).await.expect("a body");
        let seen = front.ledger().snapshot();
        let arrived = seen.requests.last().expect("arrived");
        assert_eq!(arrived.header_values("host"), [format!("{name}:{}", front.port())], "{setting}");
        let sni = seen.connections.iter().find(|one| one.id == arrived.connection).and_then(|one| one.sni.clone());
        assert_eq!(sni, Some(name), "a connection that was made for another name, {setting}");
    }
}

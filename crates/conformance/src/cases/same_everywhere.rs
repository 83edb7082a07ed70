//! ERR, CRED, POOL, TIME and TRUST, continued: what a transport does beside a call that succeeds is the same in each setting: how it
//! tells failures, what it logs, which connections it gives up, how long it waits, and what belongs to which transport.

use std::time::Duration;

use data_encoding::BASE64;
use digicert_one_client::SystemClock;
use digicert_one_core::{
    Capability, Clock as _, Delivery, HttpVersions, Phase, Proxy, Timeouts, TlsVersion, TransportConfig,
    TransportError, TransportErrorKind, TrustRoots, causes,
};
use digicert_one_testbed::{
    Authority, ClientAuth, ClientSpec, FrontOptions, Gate, Pki, RawOptions, RawServer, Recording, ServerSpec, Snapshot,
    Step, blackhole, name_without_address, refused_addr,
};
use futures_util::future::{Either, join_all, select};
use http::{HeaderValue, Method, Response};
use rustls_pki_types::CertificateDer;

use crate::cases::scene::{PASSWORD, Scene};
use crate::cases::time::in_time;
use crate::log_scan::LogScan;
use crate::world::{HOST, KEY, World, collect, front, front_answering, get, identity, request, up};

/// The key, as a client gives it.
pub(crate) fn secret() -> HeaderValue {
    let mut value = HeaderValue::from_static(KEY);
    value.set_sensitive(true);
    value
}

/// A failure before HTTP: how it is told, and where it came from.
struct Told {
    what: String,
    scene: Scene,
    error: TransportError,
}

/// Each kind of failure has one kind and one delivery, whatever else is set.
fn all_the_same(told: &[Told]) {
    let Some(first) = told.first() else { return };
    for one in told {
        let (left, right) = ((one.error.kind(), one.error.delivery()), (first.error.kind(), first.error.delivery()));
        assert_eq!(left, right, "{}: {} (left) and {} (right) {:?}", one.what, one.scene, first.scene, one.error);
        let text = causes(&one.error).map(|cause| format!("{cause} {cause:?} ")).collect::<String>();
        let shown = [KEY, PASSWORD, "canary-query"].into_iter().find(|canary| text.contains(canary));
        assert_eq!(shown, None, "{}: {} shows it in {text}", one.what, one.scene);
        assert!(
            std::error::Error::source(&one.error).is_some(),
            "{}: {} has no cause {:?}",
            one.what,
            one.scene,
            one.error
        );
    }
}

async fn failed(world: &World, scene: Scene, config: &TransportConfig, base: &str) -> TransportError {
    let (method, body) = if scene.tls == TlsVersion::Tls12 { (Method::GET, "") } else { (Method::POST, "{}") };
    let mut call = request(method, format!("{base}/path?q=canary-query"), body);
    call.headers_mut().insert("x-api-key", secret());
    match world.transport(config).send(call).await {
        Ok(exchange) => panic!("{base} cannot be called: {exchange:?}"),
        Err(error) => error,
    }
}

pub(crate) async fn retry_22_a_failure_is_told_the_same_in_each_setting(world: World) {
    let nobody = refused_addr();
    let clear = up(RawServer::plain_http());
    let asked = || Step::ReadUntil(Recording::default(), b"\r\n\r\n"[..].into());
    let refusal = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
    let refusing = up(RawServer::start(RawOptions::plain([vec![asked(), Step::write(refusal), Step::CloseClean]])));
    let hangs_up = up(RawServer::start(RawOptions::plain([vec![asked(), Step::CloseClean]])));
    let there = front(FrontOptions::default());
    let proxies = [
        ("a proxy that is not there", nobody),
        ("a proxy that refuses", refusing.addr()),
        ("a proxy that hangs up", hangs_up.addr()),
    ];
    let mut direct = vec![
        ("nobody listens", format!("https://{HOST}:{}", nobody.port())),
        ("another scheme", "ftp://127.0.0.1:1".to_owned()),
        ("clear text", format!("https://{HOST}:{}", clear.port())),
    ];
    direct.extend(name_without_address().map(|name| ("a name without address", format!("https://{name}"))));
    for (what, base) in &direct {
        let mut told = Vec::new();
        // Through a proxy it is for the proxy to find.
        for scene in Scene::all(&world).into_iter().filter(|scene| !scene.through_proxy) {
            let (config, _proxy) = scene.config(&world.config(), clear.addr());
            told.push(Told { what: (*what).to_owned(), scene, error: failed(&world, scene, &config, base).await });
        }
        all_the_same(&told);
    }
    for (what, address) in proxies {
        let mut told = Vec::new();
        for scene in Scene::all(&world).into_iter().filter(|scene| scene.through_proxy) {
            let (config, _proxy) = scene.config(&world.config(), there.addr());
            let url = format!("http://user:{PASSWORD}@{address}").parse().expect("a proxy address");
            let error = failed(&world, scene, &config.with_proxy(Proxy::Http(url)), &there.url(HOST)).await;
            assert!(matches!(error.kind(), TransportErrorKind::Proxy(_)), "{what} {scene} {error:?}");
            told.push(Told { what: what.to_owned(), scene, error });
        }
        all_the_same(&told);
    }
    assert!(there.ledger().connections().is_empty(), "a proxy was gone around");
    let calls = Scene::all(&world).into_iter().filter(|scene| scene.through_proxy).count();
    for proxy in [&refusing, &hangs_up] {
        assert_eq!(proxy.ledger().connections().len(), calls, "a proxy was asked once more");
    }
    for reused in [false, true] {
        let mut told = Vec::new();
        for scene in Scene::all(&world).into_iter().filter(|scene| scene.http == HttpVersions::Http1) {
            told.extend(garbled(&world, scene, reused).await);
        }
        all_the_same(&told);
    }
    refused_by_alert(&world).await;
}

/// A response that is not HTTP.
async fn garbled(world: &World, scene: Scene, reused: bool) -> Option<Told> {
    const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let before = if reused { vec![Step::ReadRequest, Step::write(GOOD)] } else { Vec::new() };
    let garbage = [Step::ReadRequest, Step::write("SSH-2.0-OpenSSH_9.9\r\n\r\n"), Step::CloseClean];
    let script = before.into_iter().chain(garbage).collect();
    let options = FrontOptions::default().client_auth(ClientAuth::Optional);
    let server =
        up(RawServer::start(RawOptions::tls_with(options.http(digicert_one_testbed::HttpVersions::Only1), [script])));
    let (config, _proxy) = scene.config(&world.config(), server.addr());
    let transport = world.transport(&config);
    if reused {
        collect(transport.send(get(server.url(HOST))).await.expect("answered")).await.expect("a body");
    }
    let before = server.ledger().requests().len();
    let what = format!("garbage, reused: {reused}");
    let outcome = transport.send(request(Method::POST, server.url(HOST), "{}")).await;
    if reused && server.ledger().connections().len() > 1 {
        // It went over a connection of its own, which begins with a good response.
        return None;
    }
    let error = outcome.err().unwrap_or_else(|| panic!("{what} {scene}"));
    assert_eq!(server.ledger().requests().len() - before, 1, "it was sent once more, {what} {scene}");
    assert_eq!(
        (error.kind(), error.delivery()),
        (TransportErrorKind::Protocol, Delivery::Unknown),
        "{what} {scene} {error:?}"
    );
    Some(Told { what, scene, error })
}

/// A server of TLS 1.2 that wants a certificate and gets none, or one that it does not know: it says so in the handshake.
async fn refused_by_alert(world: &World) {
    let foreign = Pki::shared().client(ClientSpec { authority: Authority::Foreign, ..ClientSpec::default() });
    let wants = front(FrontOptions::default().client_auth(ClientAuth::Required));
    for has_foreign in [false, true] {
        let mut told = Vec::new();
        for scene in Scene::all(world).into_iter().filter(|scene| scene.tls == TlsVersion::Tls12 && !scene.has_identity)
        {
            let (config, _proxy) = scene.config(&world.config(), wants.addr());
            let config = if has_foreign { config.with_identity(Some(identity(&foreign))) } else { config };
            let before = wants.ledger().connections().len();
            let what = format!("refused by the server, with a foreign certificate: {has_foreign}");
            let error = failed(world, scene, &config, &wants.url(HOST)).await;
            assert_eq!(wants.ledger().connections().len() - before, 1, "it was tried once more, {what}, {scene}");
            if world.has(Capability::AlertDetail) {
                assert!(matches!(error.kind(), TransportErrorKind::PeerAlert(_)), "{what}, {scene} {error:?}");
            }
            told.push(Told { what, scene, error });
        }
        all_the_same(&told);
    }
    assert!(wants.ledger().requests().is_empty());
}

pub(crate) async fn cred_21_no_log_shows_a_secret_in_any_setting(world: World) {
    const UPLOAD: &str = "canaryupload5ecret0021";
    const BODY: &str = "canarybody5ecret0021";
    let proxy_header = BASE64.encode(format!("user:{PASSWORD}").as_bytes());
    let canaries = [KEY, UPLOAD, BODY, PASSWORD].map(str::to_owned).into_iter().chain([proxy_header]);
    let scan = LogScan::start(canaries);
    for scene in Scene::all(&world) {
        let front = front_answering(FrontOptions::default().client_auth(ClientAuth::Optional), |_| {
            let mut response = Response::new(BODY.into());
            response.headers_mut().insert("x-created-key", HeaderValue::from_static(BODY));
            response
        });
        let (config, _proxy) = scene.config(&world.config(), front.addr());
        let transport = world.transport(&config);
        for (method, body) in [(Method::GET, ""), (Method::POST, UPLOAD)] {
            let mut call = request(method, front.url(HOST), body);
            call.headers_mut().insert("x-api-key", secret());
            let exchange = transport.send(call).await.unwrap_or_else(|error| panic!("{scene}: {error:?}"));
            assert_eq!(collect(exchange).await.expect("a body"), BODY, "or this shows nothing");
        }
        let (_, shown) = scan.result();
        assert!(shown.is_empty(), "a secret is logged by {shown:?}, {scene}");
    }
    tracing::trace!("the log is read");
    assert!(scan.result().0 > 0, "nothing was logged, or nobody read it");
}

pub(crate) async fn pool_22_connections_end_as_they_should_in_each_setting(world: World) {
    const LAST: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 2\r\n\r\n{}";
    for scene in Scene::all(&world) {
        if scene.http == HttpVersions::Http1 {
            let options = FrontOptions::default().client_auth(ClientAuth::Optional);
            let script = vec![Step::ReadRequest, Step::write(LAST), Step::Stall];
            let server = up(RawServer::start(RawOptions::tls_with(
                options.http(digicert_one_testbed::HttpVersions::Only1),
                [script],
            )));
            let (config, _proxy) = scene.config(&world.config(), server.addr());
            let transport = world.transport(&config);
            for _ in 0..3 {
                let exchange = in_time(transport.send(get(format!("{}/a?b=c", server.url(HOST))))).await;
                collect(exchange.unwrap_or_else(|error| panic!("{scene}: {error:?}"))).await.expect("a body");
            }
            let seen = server.ledger().requests();
            let used: Vec<_> = seen.iter().map(|one| (one.connection, &*one.target)).collect();
            assert_eq!(used, [(0, "/a?b=c"), (1, "/a?b=c"), (2, "/a?b=c")], "{scene}");
        }
        let never = Gate::new();
        let gate = never.clone();
        let front = up(digicert_one_testbed::Front::start(
            FrontOptions::default().client_auth(ClientAuth::Optional),
            digicert_one_testbed::handler(move |request, _peer| {
                let gate = gate.clone();
                async move {
                    if request.uri().path() == "/never" {
                        gate.passed().await;
                    }
                    Response::new("{}".into())
                }
            }),
        ));
        let (config, _proxy) = scene.config(&world.config(), front.addr());
        let transport = world.transport(&config);
        collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
        let call = Box::pin(transport.send(get(format!("{}/never", front.url(HOST)))));
        let arrived = Box::pin(front.ledger().wait_until(|seen| seen.requests.len() == 2, Duration::from_secs(20)));
        match select(call, arrived).await {
            Either::Left((outcome, _)) => panic!("the server has not answered, {scene}: {outcome:?}"),
            Either::Right((arrived, call)) => {
                assert!(arrived, "{scene}");
                drop(call);
            }
        }
        let abandoned = |seen: &Snapshot| seen.requests[1].outcome == digicert_one_testbed::Outcome::Abandoned;
        let is_over = front.ledger().wait_until(abandoned, Duration::from_secs(10)).await;
        assert!(is_over, "a call that was dropped goes on, {scene}");
        collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
        drop(transport);
        let closed = |seen: &Snapshot| seen.connections.iter().all(|one| one.closed);
        let is_closed = front.ledger().wait_until(closed, Duration::from_secs(10)).await;
        assert!(is_closed, "a transport that was dropped leaves its connections open, {scene}");
        never.open();
    }
}

/// TIME-12 and TIME-01, continued: a body that stalls after its head, a response that takes its time, an address that swallows packets.
pub(crate) async fn limits_are_those_of_their_phase(world: &World) {
    let calls = Scene::all(world).into_iter().map(|scene| async move {
        futures_util::future::join3(
            body_stalls(world, scene),
            takes_its_time(world, scene),
            never_connects(world, scene),
        )
        .await
    });
    join_all(calls).await;
}

async fn body_stalls(world: &World, scene: Scene) {
    let steps = match scene.http {
        HttpVersions::Http1 => vec![Step::write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin"), Step::Stall],
        _ => {
            let fields = [(":status", "200"), ("content-length", "100")];
            let begin = [crate::cases::http2::head(0, &fields), crate::cases::http2::frame(0, 0, 1, b"begin")].concat();
            vec![Step::write(begin), Step::Stall]
        }
    };
    let server = crate::cases::troubled::after(scene, false, &steps);
    let (config, _proxy) = scene.config(&crate::cases::time::total_limit(world), server.addr());
    for _ in 0..5 {
        let exchange = match in_time(world.transport(&config).send(get(server.url(HOST)))).await {
            Ok(exchange) => exchange,
            // The machine is too busy to connect within the limit.
            Err(error) if error.delivery() == Delivery::NotSent => continue,
            Err(error) if error.kind() == TransportErrorKind::Timeout(Phase::Response) => continue,
            Err(error) => panic!("a head came, {scene}: {error:?}"),
        };
        let error = in_time(collect(exchange)).await.expect_err("the body stalls");
        let late = (TransportErrorKind::Timeout(Phase::Body), Delivery::Sent);
        assert_eq!((error.kind(), error.delivery()), late, "{scene} {error:?}");
        return;
    }
    panic!("the time limit ran out five times before there was a head, {scene}");
}

/// The limit for connecting ends with the connection, and the one for the call is as long as it was given.
async fn takes_its_time(world: &World, scene: Scene) {
    let limits = Timeouts::new().with_connect(Duration::from_secs(2)).with_total(Duration::from_secs(30));
    let front = up(digicert_one_testbed::Front::start(
        FrontOptions::default().client_auth(ClientAuth::Optional),
        digicert_one_testbed::handler(|_request, _peer| async {
            SystemClock::new().sleep(Duration::from_millis(2500)).await;
            Response::new("{}".into())
        }),
    ));
    let (config, _proxy) = scene.config(&world.config().with_timeouts(limits), front.addr());
    for _ in 0..5 {
        match world.transport(&config).send(get(front.url(HOST))).await {
            Ok(exchange) => return drop(collect(exchange).await.expect("a body")),
            // The machine is too busy to connect within the limit.
            Err(error) if error.delivery() == Delivery::NotSent => {}
            Err(error) => panic!("a limit ended the call early, {scene}: {error:?}"),
        }
    }
    panic!("the time limit ran out five times before there was a connection, {scene}");
}

async fn never_connects(world: &World, scene: Scene) {
    if scene.through_proxy {
        return;
    }
    let nowhere = blackhole().expect("a full backlog on loopback");
    let limits = Timeouts::new().with_connect(Duration::from_millis(300)).with_total(Duration::from_secs(30));
    let (config, _proxy) = scene.config(&world.config().with_timeouts(limits), nowhere.addr());
    let call = world.transport(&config);
    let error = in_time(call.send(get(format!("https://{}/", nowhere.addr())))).await.expect_err("no connection");
    let phase = if world.has(Capability::TimeoutPhase) { Phase::Connect } else { Phase::ConnectOrHandshake };
    assert_eq!(
        (error.kind(), error.delivery()),
        (TransportErrorKind::Timeout(phase), Delivery::NotSent),
        "{scene} {error:?}"
    );
}

pub(crate) async fn trust_52_roots_identities_and_names_are_those_of_their_transport(world: World) {
    if !world.has(Capability::TrustOnly) {
        return;
    }
    let options = || FrontOptions::default().client_auth(ClientAuth::Optional);
    let foreign = ServerSpec { names: vec![HOST.to_owned()], authority: Authority::Foreign, ..ServerSpec::default() };
    let (own, other) = (front(options()), front(options().server(Pki::shared().server_with(foreign))));
    let [own_root, other_root] =
        [Pki::shared().root_der(), Pki::shared().foreign_root_der()].map(|der| CertificateDer::from(der.to_vec()));
    let people = ["alice", "bob"]
        .map(|name| Pki::shared().client(ClientSpec { common_name: name.to_owned(), ..ClientSpec::default() }));
    for scene in Scene::all(&world).into_iter().filter(|scene| !scene.through_proxy) {
        let with = |roots: &[&CertificateDer<'static>]| {
            let roots = TrustRoots::Only(roots.iter().map(|root| (*root).clone()).collect());
            world.transport(&scene.config(&world.config(), own.addr()).0.with_trust(roots))
        };
        for (roots, trusted) in [
            (vec![&own_root], [true, false]),
            (vec![&other_root], [false, true]),
            (vec![&own_root, &other_root], [true, true]),
            (vec![&other_root, &own_root], [true, true]),
        ] {
            let transport = with(&roots);
            for (server, trusted) in [&own, &other].into_iter().zip(trusted) {
                let outcome = transport.send(get(server.url(HOST))).await;
                assert_eq!(outcome.is_ok(), trusted, "{} roots, {scene}: {outcome:?}", roots.len());
            }
        }
        if scene.has_identity {
            let transports = people.each_ref().map(|one| {
                world.transport(&scene.config(&world.config(), own.addr()).0.with_identity(Some(identity(one))))
            });
            for (transport, person) in transports.iter().zip(&people).chain(transports.iter().zip(&people)) {
                collect(transport.send(get(own.url(HOST))).await.expect("answered")).await.expect("a body");
                let seen = own.ledger().snapshot();
                let carrier = seen.requests.last().expect("arrived").connection;
                let shown =
                    seen.connections.iter().find(|one| one.id == carrier).and_then(|one| one.peer_fingerprint.clone());
                assert_eq!(shown, Some(person.fingerprint()), "the identity of another transport, {scene}");
            }
        }
        one_connection_for_each_name(&world, scene).await;
    }
}

/// One server of three names: each has a connection of its own.
async fn one_connection_for_each_name(world: &World, scene: Scene) {
    let front = front(FrontOptions::default().client_auth(ClientAuth::Optional));
    let transport = world.transport(&scene.config(&world.config(), front.addr()).0);
    for name in [HOST.to_owned(), format!("clientauth.{HOST}"), format!("demo.{HOST}"), HOST.to_owned()] {
        collect(transport.send(get(front.url(&name))).await.expect("answered")).await.expect("a body");
        let seen = front.ledger().snapshot();
        let arrived = seen.requests.last().expect("arrived");
        assert_eq!(arrived.header_values("host"), [format!("{name}:{}", front.port())], "{scene}");
        let sni = seen.connections.iter().find(|one| one.id == arrived.connection).and_then(|one| one.sni.clone());
        assert_eq!(sni, Some(name), "a connection that was made for another name, {scene}");
    }
}

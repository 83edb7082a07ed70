//! REQ, POOL, CRED and TRUST, continued: what a transport must not do on its own. It calls no other server
//! than that of the request, makes no call wait for another, writes no credential anywhere, and does not
//! retry in a weaker way.

use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{Capability, HttpVersions, Transport, TransportErrorKind};
use digicert_one_testbed::{
    Ending, Front, FrontOptions, Gate, Pki, RawOptions, RawServer, Recording, Snapshot, Step, TlsVersion, blackhole,
    handler, refused_addr,
};
use futures_util::future::{Either, join_all, select};
use http::{HeaderValue, Method, Request, Response, Version};

use crate::cases::alerts::{alert, answering_hello};
use crate::cases::http2::{END_STREAM, after_request, head, server};
use crate::cases::time::{in_time, total_limit};
use crate::child::{self, Parent};
use crate::life::dropped;
use crate::setting::{Settings, calls};
use crate::witness::Witness;
use crate::world::{
    HOST, KEY, World, certificate, collect, front, front_responding, get, identity, key_value, local_proxy, request,
    scripted, untouched, up,
};

pub(crate) async fn req_21_a_response_without_a_body_keeps_its_length(world: World) {
    const LENGTH: &str = "5000";
    let not_modified = format!("HTTP/1.1 304 Not Modified\r\ncontent-length: {LENGTH}\r\netag: \"E\"\r\n\r\n");
    let of_head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\netag: \"E\"\r\n\r\n");
    let mut calls = vec![
        (HttpVersions::Http1, Method::HEAD, scripted([vec![Step::ReadRequest, Step::write(of_head), Step::Stall]])),
        (HttpVersions::Http1, Method::GET, scripted([vec![Step::ReadRequest, Step::write(not_modified), Step::Stall]])),
    ];
    if world.http_versions().len() > 1 {
        let fields = [(":status", "200"), ("content-length", LENGTH), ("etag", "\"E\"")];
        let script = after_request(&Recording::default(), [Step::write(head(END_STREAM, &fields)), Step::Stall]);
        calls.push((HttpVersions::Both, Method::HEAD, server([script])));
    }
    for (versions, method, server) in calls {
        let what = format!("{method} {versions:?}");
        let transport = world.transport(&world.config().with_http_versions(versions));
        let exchange = transport
            .send(request(method, server.url(HOST), ""))
            .await
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let field = |name: &str| exchange.response.headers().get(name).map(HeaderValue::as_bytes).map(<[u8]>::to_vec);
        assert_eq!((field("content-length"), field("etag")), (Some(LENGTH.into()), Some(b"\"E\"".to_vec())), "{what}");
        assert!(in_time(collect(exchange)).await.expect("no body").is_empty(), "{what}");
    }
    head_with_framing(&world).await;
}

/// The response to HEAD has no body, whatever its framing says of that of a GET.
async fn head_with_framing(world: &World) {
    let response = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let server = scripted([vec![Step::ReadRequest, Step::write(response), Step::Stall]]);
    let transport = world.transport(&total_limit(world).with_http_versions(HttpVersions::Http1));
    let exchange = in_time(transport.send(request(Method::HEAD, server.url(HOST), ""))).await;
    let exchange = exchange.unwrap_or_else(|error| panic!("HEAD, chunked: {error:?}"));
    let body = in_time(collect(exchange)).await.unwrap_or_else(|error| panic!("HEAD, chunked: {error:?}"));
    assert!(body.is_empty(), "HEAD, chunked");
}

pub(crate) async fn req_22_no_response_header_leads_to_another_server(world: World) {
    let other = front(FrontOptions::default());
    let clear = up(RawServer::start(RawOptions::plain([vec![Step::ReadRequest]])));
    let response = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    let unencrypted = up(RawServer::start(RawOptions::plain([vec![Step::ReadRequest, Step::write(response)]])));
    let (port, place, plain) = (other.port(), other.url(HOST), clear.url("localhost"));
    for versions in world.http_versions() {
        let (place, plain) = (place.clone(), plain.clone());
        let front = front_responding(FrontOptions::default(), move |_| {
            let headers = [
                ("alt-svc", format!("h2=\":{port}\"; ma=3600, http/1.1=\"localhost:{port}\"; ma=3600")),
                ("refresh", format!("0; url={place}/refresh")),
                ("location", format!("{place}/location")),
                ("content-location", format!("{place}/content")),
                ("link", format!("<{place}/link>; rel=preload")),
                ("strict-transport-security", "max-age=31536000; includeSubDomains".to_owned()),
                ("report-to", format!("{{\"endpoints\":[{{\"url\":\"{plain}/report\"}}]}}")),
            ];
            let response =
                headers.into_iter().fold(Response::builder().status(201), |one, (name, value)| one.header(name, value));
            response.body(Bytes::from_static(b"{}")).expect("a response")
        });
        let transport = world.transport(&world.config().with_http_versions(versions));
        for method in [Method::GET, Method::POST, Method::GET] {
            let exchange = transport.send(request(method, front.url(HOST), "")).await.expect("answered");
            collect(exchange).await.expect("a body");
        }
        assert_eq!(front.ledger().requests().len(), 3, "{versions:?}");
        untouched(&other, &format!("a header led to another server, {versions:?}")).await;
        untouched(&clear, &format!("a header led to another server, {versions:?}")).await;
        // The same name in clear text, as the client asks for it on loopback.
        let url = format!("http://{HOST}:{}/clear", unencrypted.port());
        let exchange = in_time(transport.send(get(url))).await.expect("clear text as asked for");
        collect(exchange).await.expect("a body");
    }
}

pub(crate) async fn req_26_the_version_of_a_request_decides_nothing(world: World) {
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        let mut spoken = Vec::new();
        for version in [Version::HTTP_11, Version::HTTP_10, Version::HTTP_2, Version::HTTP_09, Version::HTTP_3] {
            for (method, body) in [(Method::GET, ""), (Method::POST, "{}")] {
                let mut call = request(method.clone(), front.url(HOST), body);
                *call.version_mut() = version;
                let what = format!("{method} of {version:?}, {versions:?}");
                let outcome = transport.send(call).await;
                collect(outcome.unwrap_or_else(|error| panic!("{what}: {error:?}"))).await.expect("a body");
                let arrived = front.ledger().requests().pop().expect("arrived");
                assert_eq!(arrived.method, method.as_str(), "{what}");
                spoken.push((method, arrived.version, what));
            }
        }
        for (method, version, what) in &spoken {
            let first = spoken.iter().find(|(one, ..)| one == method).map(|(_, version, _)| *version);
            assert_eq!(Some(*version), first, "the caller's request does not choose the version: {what}");
        }
    }
}

pub(crate) async fn pool_20_no_call_waits_for_another(world: World) {
    const AT_ONCE: usize = 16;
    for versions in world.http_versions() {
        let front = together(AT_ONCE);
        let transport = world.transport(&world.config().with_http_versions(versions));
        let calls = join_all((0..AT_ONCE).map(|_| transport.send(get(format!("{}/same", front.url(HOST))))));
        // The server responds to none of them before it has all.
        let exchanges = in_time(calls).await;
        assert_eq!(front.ledger().requests().len(), AT_ONCE, "each call is a request of its own, {versions:?}");
        // Nor does an unread body block another call.
        let unread: Vec<_> = exchanges.into_iter().map(|one| one.expect("answered")).collect();
        let exchange = in_time(transport.send(get(format!("{}/alone", front.url(HOST))))).await.expect("answered");
        assert_eq!(in_time(collect(exchange)).await.expect("a body").len(), LARGE, "{versions:?}");
        drop(unread);
    }
}

const LARGE: usize = 200_000;

/// Responds to `/same` when this many requests have arrived.
pub(crate) async fn pool_42_calls_that_hang_hold_up_none_to_another_server(world: World) {
    const EACH: usize = 12;
    for versions in world.http_versions() {
        let (never, nowhere) = (Gate::new(), blackhole().expect("a full backlog on loopback"));
        let gate = never.clone();
        let holding = handler(move |request: Request<Bytes>, _peer| {
            let gate = gate.clone();
            async move {
                if request.uri().path() == "/never" {
                    gate.passed().await;
                }
                Response::new(Bytes::from(vec![b'x'; LARGE]))
            }
        });
        let (silent, front) = (up(RawServer::silent()), up(Front::start(FrontOptions::default(), holding)));
        let transport = world.transport(&world.config().with_http_versions(versions));
        let unread = join_all((0..EACH).map(|_| transport.send(get(format!("{}/unread", front.url(HOST))))));
        let unread = in_time(unread).await;
        let stuck = [
            format!("https://{}/", nowhere.addr()),
            format!("https://{}/", silent.addr()),
            format!("{}/never", front.url(HOST)),
        ];
        let stuck = stuck.iter().flat_map(|url| std::iter::repeat_n(url, EACH));
        let stuck = join_all(stuck.map(|url| transport.send(get(url))));
        let others = async {
            let (seen, asked) = (silent.ledger(), front.ledger());
            let hangs = |seen: &Snapshot| !seen.connections.is_empty();
            assert!(seen.wait_until(hangs, LONG).await, "no call hangs in its handshake, {versions:?}");
            let hangs = |seen: &Snapshot| seen.requests.iter().filter(|one| one.target == "/never").count() == EACH;
            assert!(asked.wait_until(hangs, LONG).await, "calls wait for others before they are sent, {versions:?}");
            let free = self::front(FrontOptions::default());
            for url in [free.url(HOST), free.url("127.0.0.1"), front.url(HOST)] {
                let exchange = transport.send(get(url)).await.expect("answered");
                collect(exchange).await.expect("a body");
            }
        };
        match select(stuck, Box::pin(in_time(others))).await {
            Either::Left((ended, _)) => panic!("none of these calls can end, {versions:?}: {ended:?}"),
            Either::Right(((), _)) => drop(unread),
        }
        never.open();
    }
}

const LONG: Duration = Duration::from_secs(20);

fn together(at_once: usize) -> Front {
    let (all, asked) = (Gate::new(), std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0)));
    up(Front::start(
        FrontOptions::default(),
        handler(move |request: Request<Bytes>, _peer| {
            let (all, asked) = (all.clone(), std::sync::Arc::clone(&asked));
            async move {
                if request.uri().path() == "/same" {
                    if asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1 == at_once {
                        all.open();
                    }
                    all.passed().await;
                }
                Response::new(Bytes::from(vec![b'x'; LARGE]))
            }
        }),
    ))
}

pub(crate) async fn pool_21_calls_that_fail_or_are_dropped_take_nothing_from_later_ones(world: World) {
    const TIMES: usize = 40;
    const IN_A_ROW: usize = 12;
    let refusing = format!("https://{}/", refused_addr());
    for versions in world.http_versions() {
        let never = Gate::new();
        let gate = never.clone();
        let front = up(Front::start(
            FrontOptions::default(),
            handler(move |request: Request<Bytes>, _peer| {
                let gate = gate.clone();
                async move {
                    if request.uri().path() == "/never" {
                        gate.passed().await;
                    }
                    let status = if request.uri().path() == "/refused" { 503 } else { 200 };
                    let response = Response::builder().status(status);
                    let response = response.header("x-target", request.uri().path());
                    let mut response: Response<Bytes> =
                        response.body(request.uri().path().repeat(500).into()).expect("a response");
                    match request.uri().path() {
                        "/lost" => drop(response.extensions_mut().insert(Ending::Reset)),
                        "/cut" => drop(response.extensions_mut().insert(Ending::Cut { after: 5 })),
                        _ => {}
                    }
                    response
                }
            }),
        ));
        let transport = world.transport(&world.config().with_http_versions(versions));
        let to = |path: &str| get(format!("{}{path}", front.url(HOST)));
        for _ in 0..TIMES {
            transport.send(get(&refusing)).await.expect_err("refused");
            drop(transport.send(to("/refused")).await.expect("answered"));
            drop(transport.send(to("/unread")).await.expect("answered"));
            dropped(&*transport, to("/never"), front.ledger()).await;
        }
        // Failures of this server, and nothing between them.
        for path in ["/lost", "/cut"].into_iter().cycle().take(IN_A_ROW) {
            let outcome = in_time(async { collect(transport.send(to(path)).await?).await }).await;
            outcome.expect_err(path);
        }
        let hangs_up = std::iter::repeat_n(vec![Step::CloseClean], IN_A_ROW);
        let scripts = hangs_up.chain([vec![Step::Tunnel(front.addr())]]);
        let relay = up(RawServer::start(RawOptions::plain(scripts)));
        let through = || transport.send(get(format!("https://{HOST}:{}/", relay.port())));
        for _ in 0..IN_A_ROW {
            in_time(through()).await.expect_err("no handshake");
        }
        let outcome = in_time(through()).await;
        outcome.unwrap_or_else(|error| panic!("after {IN_A_ROW} handshakes that failed, {versions:?}: {error:?}"));
        let calls = join_all((0..TIMES).map(|number| transport.send(to(&format!("/{number}")))));
        for (number, outcome) in in_time(calls).await.into_iter().enumerate() {
            let exchange =
                outcome.unwrap_or_else(|error| panic!("after {TIMES} calls of each kind, {versions:?}: {error:?}"));
            let target = exchange.response.headers().get("x-target").cloned();
            assert_eq!(target, HeaderValue::try_from(format!("/{number}")).ok(), "another call's, {versions:?}");
            let body = collect(exchange).await.expect("a body");
            assert!(body == format!("/{number}").repeat(500), "the body is another call's, {versions:?}");
        }
        never.open();
    }
}

pub(crate) async fn cred_20_no_output_of_the_process_shows_a_credential(world: World) {
    const BODY: &str = "canarybody5ecret0020";
    let Some(Parent { port, root }) = child::parent() else {
        let front = front_responding(FrontOptions::default(), |_| {
            let mut response = Response::new(Bytes::from_static(BODY.as_bytes()));
            response.headers_mut().insert("x-created-key", HeaderValue::from_static(BODY));
            response
        });
        // Streams belong to the process, so the calls are made in a second one, and everything that it writes
        // is read.
        let mut command = child::command(front.port());
        // What makes some libraries write a log of their own.
        for variable in ["RUST_LOG", "CURL_VERBOSE", "SSLDEBUG"] {
            command.env(variable, "trace");
        }
        let output = command.output().expect("this test can be run again");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{text}");
        assert_eq!(front.ledger().requests().len(), 10 * world.http_versions().len(), "or this shows nothing");
        let shown = [KEY, BODY, "PRIVATE KEY", "canary-target"].into_iter().find(|canary| text.contains(canary));
        assert_eq!(shown, None, "it is written to the output of the process");
        return;
    };
    let (config, proxy) = (world.config().with_trust(world.trusting(&root)), local_proxy());
    let target = "canary-target?token=canary-target";
    let (url, nowhere) = (format!("https://{HOST}:{port}/{target}"), format!("https://{}/{target}", refused_addr()));
    for versions in world.http_versions() {
        let config = config.clone().with_http_versions(versions);
        let transport = world.transport(&match versions {
            HttpVersions::Http1 => config.with_identity(Some(identity(&certificate()))),
            _ => world.through(&proxy, config),
        });
        for (mut call, _) in calls(0, &url) {
            if !call.body().is_empty() {
                *call.body_mut() = BODY.into();
            }
            call.headers_mut().insert("x-api-key", key_value());
            let mut fails = call.clone();
            *fails.uri_mut() = nowhere.parse().expect("an address");
            collect(transport.send(call).await.expect("answered")).await.expect("a body");
            transport.send(fails).await.expect_err("refused");
        }
    }
}

pub(crate) async fn trust_51_a_failed_handshake_is_not_tried_again_in_a_weaker_way(world: World) {
    let ours = certificate();
    let stays = |bytes: Vec<u8>| vec![Step::write(bytes), Step::Stall];
    let ends = [
        ("speaks clear text", stays(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_vec())),
        ("hangs up", vec![Step::CloseClean]),
        ("resets the connection", vec![Step::Reset]),
        // handshake_failure, protocol_version, inappropriate_fallback.
        ("sends alert 40", stays(alert(40))),
        ("sends alert 70", stays(alert(70))),
        ("sends alert 86", stays(alert(86))),
    ];
    let proxy = local_proxy();
    let good = front(FrontOptions::default());
    let best = if world.has(Capability::Tls13) { TlsVersion::Tls13 } else { TlsVersion::Tls12 };
    for setting in Settings::ALL.pairwise().chosen(&world) {
        let config = setting.config(world.config(), &ours, Some(&proxy));
        for (end, steps) in &ends {
            let (what, seen) = (format!("a server that {end}, {setting}"), Recording::default());
            let scripts = [answering_hello(&seen, steps.clone()), vec![Step::Tunnel(good.addr())]];
            let server = up(RawServer::start(RawOptions::plain(scripts)));
            let transport = world.transport(&config);
            called_once(&*transport, &server, &what).await;
            let shown = seen.bytes().windows(KEY.len()).any(|part| part == KEY.as_bytes());
            assert!(!shown, "it was shown the key: {what}");
            // And the next call is made as if nothing had happened.
            let outcome = in_time(transport.send(get(format!("https://{HOST}:{}/", server.port())))).await;
            let exchange = outcome.unwrap_or_else(|error| panic!("the call after {what}: {error:?}"));
            let spoken = good.ledger().connections().pop().and_then(|one| one.tls_version);
            let is_weaker = !setting.held && spoken != Some(best)
                || setting.http2 && exchange.response.version() != Version::HTTP_2;
            assert!(!is_weaker, "the call after {what} is made in a weaker way: {spoken:?} {exchange:?}");
        }
        let options = setting.server(FrontOptions::default()).server(Pki::shared().server(&["other.digicert.test"]));
        let front = front(options);
        let what = format!("a server of another name, {setting}");
        called_once(&*world.transport(&config), &front, &what).await;
        assert!(front.ledger().requests().is_empty(), "the request reached {what}");
    }
}

/// No handshake with this server succeeds, and there is one connection.
async fn called_once(transport: &dyn Transport, server: &impl Witness, what: &str) {
    let port = server.addr().port();
    let mut call = get(format!("https://{HOST}:{port}/"));
    call.headers_mut().insert("x-api-key", key_value());
    let outcome = in_time(transport.send(call)).await;
    let connections = server.ledger().settle().await.connections.len();
    assert_eq!(connections, 1, "it was tried {connections} times: {what}");
    let error = outcome.expect_err("the handshake fails");
    assert!(!matches!(error.kind(), TransportErrorKind::Timeout(_)), "{what}: {error:?}");
}

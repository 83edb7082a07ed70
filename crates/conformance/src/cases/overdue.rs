//! TIME, continued: a call whose limit has expired ends, however much data is ready, and reports its true phase.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::SystemClock;
use digicert_one_core::{
    Capability, Clock as _, Delivery, Phase, Proxy, ResponseBody, Timeouts, TransportError, TransportErrorKind,
    UploadBody, next_chunk,
};
use digicert_one_testbed::{Front, FrontOptions, Gate, RawOptions, RawServer, Step, blackhole, handler};
use futures_util::future::{join, join_all};
use http::{Method, Request, Response};

use crate::cases::time::{in_time, total_limit};
use crate::cases::upload::{heads_only, response, upload};
use crate::world::{HOST, World, collect, front, front_responding, get, request, up};

/// So often a machine that is busy may miss a limit of seconds.
const TRIES: usize = 3;

/// More than all buffers between two ends hold.
const LARGE: usize = 64 << 20;

/// What a library may have buffered when the limit expires. One that reads on has far more: the window of a stream.
const IN_HAND: usize = 256 << 10;

pub(crate) async fn time_20_body_that_is_always_ready_does_not_outrun_the_total_limit(world: World) {
    let large = Bytes::from(vec![b'x'; LARGE]);
    let front = front_responding(FrontOptions::default(), move |_| Response::new(large.clone()));
    let calls = world.http_versions().into_iter().map(|versions| {
        let transport = world.transport(&total_limit(&world).with_http_versions(versions));
        let call = get(front.url(HOST));
        async move {
            let mut body = transport.send(call).await.expect("a head").response.into_body();
            next_chunk(&mut body).await.expect("a body").expect("begins");
            // The limit is three seconds. From now on there is always data to read.
            SystemClock::new().sleep(Duration::from_secs(4)).await;
            (versions, in_time(read(body)).await)
        }
    });
    for (versions, (read, outcome)) in join_all(calls).await {
        let setting = format!("{versions:?}, {read} bytes later");
        let error = outcome.err().filter(|_| read <= IN_HAND);
        let error = error.unwrap_or_else(|| panic!("the body outran the limit, {setting}"));
        let expected = (TransportErrorKind::Timeout(Phase::Body), Delivery::Sent);
        assert_eq!((error.kind(), error.delivery()), expected, "{setting}: {error:?}");
    }
}

/// How much of a body arrives, and how it ends.
async fn read(mut body: ResponseBody) -> (usize, Result<(), TransportError>) {
    let mut read = 0;
    loop {
        match next_chunk(&mut body).await {
            Ok(Some(chunk)) => read += chunk.len(),
            Ok(None) => return (read, Ok(())),
            Err(error) => return (read, Err(error)),
        }
    }
}

pub(crate) async fn time_21_timeout_before_the_request_names_a_phase_before_it(world: World) {
    let (nowhere, silent) = (blackhole().expect("a full backlog on loopback"), up(RawServer::silent()));
    let short = Duration::from_millis(500);
    let limits = [
        ("the connect limit", Timeouts::new().with_connect(short).with_total(Duration::from_secs(30))),
        ("the total limit", Timeouts::new().with_connect(Duration::from_secs(30)).with_total(short)),
    ];
    let places = [("TCP", nowhere.addr(), Phase::Connect), ("TLS", silent.addr(), Phase::Handshake)];
    let mut calls = Vec::new();
    for (limit, timeouts) in &limits {
        for versions in world.http_versions() {
            let config = world.config().with_timeouts(timeouts.clone()).with_http_versions(versions);
            let transport = world.transport(&config);
            for (place, address, phase) in places {
                for method in [Method::GET, Method::POST] {
                    let setting = format!("{limit} in {place}, {method}, {versions:?}");
                    let (transport, call) =
                        (Arc::clone(&transport), request(method, format!("https://{address}/"), "{}"));
                    calls.push(async move { (setting, phase, transport.send(call).await) });
                }
            }
        }
    }
    for (setting, phase, outcome) in in_time(join_all(calls)).await {
        let error = outcome.expect_err("no connection");
        let TransportErrorKind::Timeout(named) = error.kind() else { panic!("{setting}: {error:?}") };
        let possible = [phase, Phase::ConnectOrHandshake, Phase::Call];
        assert!(possible.contains(&named), "the phase {named:?} was not reached, {setting}: {error:?}");
        assert_eq!(error.delivery(), Delivery::NotSent, "{setting}: {error:?}");
    }
}

pub(crate) async fn time_23_the_connect_limit_includes_all_steps_of_connecting(world: World) {
    // Each of two steps takes less than the limit, and both take more.
    let (limit, step) = (Duration::from_secs(2), Duration::from_millis(1500));
    let front = front(FrontOptions::default());
    let (first, second) = (Gate::new(), Gate::new());
    let connected = Step::write("HTTP/1.1 200 Connection established\r\n\r\n");
    let waits = [first.clone(), second.clone()].map(Step::Wait);
    let [before, after] = waits;
    let script = vec![Step::ReadRequest, before, connected, after, Step::Tunnel(front.addr())];
    let proxy = up(RawServer::start(RawOptions::plain([script])));
    let limits = Timeouts::new().with_connect(limit).with_total(Duration::from_secs(30));
    let proxy = Proxy::Http(format!("http://{}", proxy.addr()).parse().expect("an address"));
    let config = world.config().with_timeouts(limits).with_proxy(proxy);
    if world.lacks(Capability::HttpProxy, &config) {
        return;
    }
    let transport = world.transport(&config);
    let steps = async {
        for gate in [first, second] {
            SystemClock::new().sleep(step).await;
            gate.open();
        }
    };
    let (outcome, ()) = join(in_time(transport.send(get(front.url(HOST)))), steps).await;
    let error = outcome.expect_err("connecting took longer than its limit");
    let is_late = matches!(error.kind(), TransportErrorKind::Timeout(_));
    assert!(is_late && error.delivery() == Delivery::NotSent, "{error:?}");
}

pub(crate) async fn time_24_a_limit_of_almost_no_time_is_a_limit(world: World) {
    let silent = up(RawServer::silent());
    let mut calls = Vec::new();
    for limit in [Duration::ZERO, Duration::from_micros(300), Duration::from_millis(1)] {
        for (what, limits) in
            [("connect", Timeouts::new().with_connect(limit)), ("total", Timeouts::new().with_total(limit))]
        {
            let longer = Duration::from_secs(40);
            let limits = if what == "total" { limits.with_connect(longer) } else { limits.with_total(longer) };
            let transport = world.transport(&world.config().with_timeouts(limits));
            let call = get(format!("https://{}/", silent.addr()));
            calls.push(async move { (format!("{what} {limit:?}"), in_time(transport.send(call)).await) });
        }
    }
    for (what, outcome) in join_all(calls).await {
        let error = outcome.expect_err("no response");
        let is_late = matches!(error.kind(), TransportErrorKind::Timeout(_));
        assert!(is_late && error.delivery() == Delivery::NotSent, "{what}: {error:?}");
    }
}

/// How the calls of TIME-25 are made.
const WAYS: [&str; 3] = ["on a new connection", "on a used connection", "an upload"];

pub(crate) async fn time_25_the_total_limit_is_one_for_head_and_body(world: World) {
    // Each of head and body takes less than the limit, and both take more.
    let limit = Duration::from_millis(2500);
    let limits = Timeouts::new().with_connect(limit).with_total(limit);
    // On a new connection, on a used one, and as an upload.
    let ways = if world.has(Capability::StreamingUploads) { &WAYS[..] } else { &WAYS[..2] };
    let calls = world.http_versions().into_iter().flat_map(|versions| ways.iter().map(move |way| (versions, *way)));
    let calls = calls.map(|(versions, way)| {
        let (is_used, is_upload) = (way == WAYS[1], way == WAYS[2]);
        let (first, second) = (Gate::new(), Gate::new());
        let waits = [first.clone(), second.clone()].map(Step::Wait);
        let is_before = AtomicBool::new(is_used);
        let server = heads_only(move |stream| {
            let [begin, rest] = response(stream, "200", "slow");
            let [before, between] = waits.clone();
            match is_before.swap(false, Ordering::Relaxed) {
                true => vec![begin, rest],
                false => vec![before, begin, between, rest],
            }
        });
        let transport = world.transport(&world.config().with_timeouts(limits.clone()).with_http_versions(versions));
        async move {
            if is_used {
                collect(transport.send(get(server.url(HOST))).await.expect("answered")).await.expect("a body");
            }
            let call = async {
                let exchange = match is_upload {
                    true => transport.upload(upload(Method::PUT, server.url(HOST), UploadBody::full("{}"))).await?,
                    false => transport.send(get(server.url(HOST))).await?,
                };
                collect(exchange).await
            };
            let steps = async {
                for gate in [first, second] {
                    SystemClock::new().sleep(Duration::from_millis(2000)).await;
                    gate.open();
                }
            };
            ((versions, way), join(in_time(call), steps).await.0)
        }
    });
    for ((versions, way), outcome) in join_all(calls).await {
        let error = outcome.err().unwrap_or_else(|| panic!("head and body had a limit each, {versions:?}, {way}"));
        assert!(matches!(error.kind(), TransportErrorKind::Timeout(_)), "{versions:?}: {error:?}");
    }
}

pub(crate) async fn time_26_limits_are_not_rounded_to_seconds(world: World) {
    let short = Timeouts::new().with_connect(Duration::from_millis(200)).with_total(Duration::from_millis(200));
    let long = Timeouts::new().with_connect(Duration::from_millis(2900)).with_total(Duration::from_millis(2900));
    let late = handler(move |request: Request<Bytes>, _peer| async move {
        let wait = if request.uri().path() == "/short" { 700 } else { 2300 };
        SystemClock::new().sleep(Duration::from_millis(wait)).await;
        Response::new("{}".into())
    });
    let (short, long) = (&short, &long);
    let (front, world) = (&up(Front::start(FrontOptions::default(), late)), &world);
    join_all(world.http_versions().into_iter().map(|versions| async move {
        let called = async |limits: &Timeouts, path: &str| {
            let config = world.config().with_timeouts(limits.clone()).with_http_versions(versions);
            in_time(world.transport(&config).send(get(format!("{}{path}", front.url(HOST))))).await
        };
        let up = async {
            let outcome = called(short, "/short").await;
            let error = outcome.err().unwrap_or_else(|| panic!("200 milliseconds lasted 700, {versions:?}"));
            assert!(matches!(error.kind(), TransportErrorKind::Timeout(_)), "{versions:?}: {error:?}");
        };
        let down = async {
            for _ in 0..TRIES {
                if called(long, "/long").await.is_ok() {
                    return;
                }
            }
            panic!("2,900 milliseconds ended before 2,300 had passed, {TRIES} times, {versions:?}");
        };
        join(up, down).await;
    }))
    .await;
}

//! RETRY: what is retried over a real network connection, and what is not. Delays are in virtual time; the
//! network is real.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one_client::{Client, Retry};
use digicert_one_core::{Capability, Clock, Code, Delivery, FixedCredential, ManualClock, Material};
use digicert_one_testbed::{
    Authority, ClientAuth, ClientSpec, Front, FrontOptions, HttpVersions, Pki, RawOptions, RawServer, Recording,
    Script, Step, TlsRange,
};
use futures_util::future::join_all;
use http::{Method, Response, StatusCode};
use tokio::net::TcpSocket;

use crate::switch::Switch;
use crate::world::{HOST, KEY, World, front_responding, identity, key, request, scripted, up};

const SECOND: Duration = Duration::from_secs(1);
const RESPONSE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// A separate clock; certificates are not used, so any time works.
pub(crate) fn clock() -> ManualClock {
    ManualClock::new(SystemTime::now())
}

/// Repeats by its own rules, in virtual time.
fn client(world: &World, port: u16, clock: &ManualClock, retry: Retry) -> Client {
    world
        .builder(port)
        .clock(Arc::new(clock.clone()))
        .retry(retry)
        .credential(FixedCredential::new(key(), "the case"))
        .build()
        .expect("complete")
}

/// Sends the responses in order, then 200.
pub(crate) fn responding(responses: impl IntoIterator<Item = Response<Bytes>>) -> Front {
    let responses: Vec<_> = responses.into_iter().collect();
    let next = AtomicUsize::new(0);
    front_responding(FrontOptions::default(), move |_| {
        let index = next.fetch_add(1, Ordering::Relaxed);
        responses.get(index).cloned().unwrap_or_else(|| Response::new(Bytes::from_static(b"{}")))
    })
}

pub(crate) fn status(status: u16) -> Response<Bytes> {
    with_headers(status, &[])
}

fn with_headers(status: u16, headers: &[(&str, &str)]) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"{}"));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().expect("a name");
        response.headers_mut().insert(name, value.parse().expect("a value"));
    }
    response
}

pub(crate) async fn retry_01_a_get_is_repeated_after_a_503(world: World) {
    let (front, clock) = (responding([status(503)]), clock());
    let client = client(&world, front.port(), &clock, Retry::new());
    let (outcome, waits) = clock.run(client.get("/").send()).await;
    assert_eq!((outcome.expect("the second attempt").attempts(), waits.len()), (2, 1));
    assert_eq!(front.ledger().requests().len(), 2);
}

pub(crate) async fn retry_02_a_429_is_waited_out_to_the_second(world: World) {
    let (front, clock) = (responding([with_headers(429, &[("retry-after", "2")])]), clock());
    let start = clock.now();
    let client = client(&world, front.port(), &clock, Retry::new());
    clock.run(client.get("/").send()).await.0.expect("the second attempt");
    assert_eq!(clock.now().duration_since(start).expect("forward"), SECOND * 2);
    assert_eq!(front.ledger().requests().len(), 2);
}

pub(crate) async fn retry_03_a_date_is_measured_by_the_servers_clock(world: World) {
    // The clocks of both sides are decades apart; the second date is past, which leaves a wait of our own.
    for (retry_after, seconds) in [("Sun, 06 Nov 1994 08:49:40 GMT", 3), ("Sun, 06 Nov 1994 08:00:00 GMT", 0)] {
        let headers = [("retry-after", retry_after), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")];
        let (front, clock) = (responding([with_headers(503, &headers)]), clock());
        let start = clock.now();
        let client = client(&world, front.port(), &clock, Retry::new());
        clock.run(client.get("/").send()).await.0.expect("the second attempt");
        let waited = clock.now().duration_since(start).expect("forward");
        let own = Duration::from_millis(500);
        assert!(waited == SECOND * seconds || (seconds == 0 && waited <= own), "{retry_after}: {waited:?}");
    }
}

pub(crate) async fn retry_04_a_wait_beyond_the_deadline_fails_at_once(world: World) {
    for wait in ["3600", "99999999999"] {
        let (front, clock) = (responding([with_headers(429, &[("retry-after", wait)])]), clock());
        let start = clock.now();
        let client = client(&world, front.port(), &clock, Retry::new());
        let error = clock.run(client.get("/").send()).await.0.expect_err("too long");
        assert_eq!((error.code(), error.attempts(), clock.now()), (Code::AUT_04, 1, start));
        let response = error.response().expect("what was read");
        assert!(response.retry_after.is_some_and(|wait| wait >= SECOND * 3600), "says when to retry: {response:?}");
        assert!(error.to_string().contains("deadline"), "{error}");
    }
}

pub(crate) async fn retry_05_a_post_that_was_sent_is_one_attempt_unless_marked(world: World) {
    for (marked, attempts) in [(false, 1), (true, 2)] {
        let server = scripted([
            vec![Step::ReadRequest, Step::Reset],
            vec![Step::ReadRequest, Step::write(RESPONSE), Step::Stall],
        ]);
        let clock = clock();
        let client = client(&world, server.port(), &clock, Retry::new());
        let call = client.post("/x").body("application/json", "{}");
        let call = if marked { call.idempotent() } else { call };
        let (outcome, _) = clock.run(call.send()).await;
        assert_eq!(outcome.is_ok(), marked, "{outcome:?}");
        assert_eq!(server.ledger().requests().len(), attempts);
    }
}

pub(crate) async fn retry_06_a_post_that_was_not_sent_may_be_repeated(world: World) {
    // A port without a listener yet, and kept from the servers of other cases.
    let port = TcpSocket::new_v4().expect("a socket");
    port.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback");
    let bind = port.local_addr().expect("it is bound");
    let clock = clock();
    let client = client(&world, bind.port(), &clock, Retry::new().attempts(20));
    let opens = async {
        clock.waited_for().await;
        let script: Script = vec![Step::ReadRequest, Step::write(RESPONSE), Step::Stall];
        let mut options = RawOptions::tls([script]);
        options.bind = bind;
        drop(port);
        let server = up(RawServer::start(options));
        // From now on the time passes.
        clock.run(std::future::pending::<()>()).await;
        drop(server);
    };
    let call = std::pin::pin!(client.post("/x").body("application/json", "{}").send());
    let opens = std::pin::pin!(opens);
    match futures_util::future::select(call, opens).await {
        futures_util::future::Either::Left((outcome, _)) => assert!(outcome.expect("in the end").attempts() > 1),
        futures_util::future::Either::Right(_) => panic!("time never stops passing"),
    }
}

pub(crate) async fn retry_07_a_refused_certificate_is_one_attempt(world: World) {
    let foreign = Pki::shared().client(ClientSpec { authority: Authority::Foreign, ..ClientSpec::default() });
    for range in [TlsRange::Only12, TlsRange::Only13] {
        let front =
            front_responding(FrontOptions::default().client_auth(ClientAuth::Required).tls(range), |_| status(200));
        let clock = clock();
        let client = world
            .builder(front.port())
            .clock(Arc::new(clock.clone()))
            .credential(FixedCredential::new(Material::certificate(identity(&foreign)), "the case"))
            .build()
            .expect("complete");
        let (outcome, waits) = clock.run(client.get("/").send()).await;
        let error = outcome.expect_err("refused");
        assert_eq!((error.attempts(), waits.len()), (1, 0), "{error}");
        assert_eq!(front.ledger().connections().len(), 1, "{range:?}");
    }
}

pub(crate) async fn retry_08_what_the_platform_refused_is_one_attempt(world: World) {
    for refused in [400, 401, 403, 404, 409, 422] {
        let (front, clock) = (responding([status(refused)]), clock());
        let client = client(&world, front.port(), &clock, Retry::new());
        let (outcome, waits) = clock.run(client.get("/").send()).await;
        assert_eq!((outcome.expect_err("refused").attempts(), waits.len()), (1, 0), "{refused}");
        assert_eq!(front.ledger().requests().len(), 1, "{refused}");
    }
}

pub(crate) async fn retry_09_a_closed_pooled_connection_fails_no_call(world: World) {
    let once = || vec![Step::ReadRequest, Step::write(RESPONSE), Step::CloseClean];
    let (server, clock) = (scripted([once(), once(), once(), once()]), clock());
    let client = client(&world, server.port(), &clock, Retry::new());
    for _ in 0..4 {
        let (outcome, _) = clock.run(client.get("/").send()).await;
        outcome.expect("on another connection").bytes().await.expect("a body");
    }
    let connections: Vec<_> = server.ledger().requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections.len(), 4, "each was answered once: {connections:?}");
}

pub(crate) async fn retry_10_the_budget_bounds_the_load_of_a_hundred_callers(world: World) {
    let front = front_responding(FrontOptions::default(), |_| status(503));
    let clock = clock();
    let client = world
        .builder(front.port())
        .clock(Arc::new(clock.clone()))
        .retry(Retry::new().budget(50).backoff(SECOND, SECOND * 4))
        .credential(FixedCredential::new(key(), "the case"))
        .build()
        .expect("complete");
    let (outcomes, waits) = clock.run(join_all((0..100).map(|_| client.get("/").send()))).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_err_and(|error| error.code() == Code::AUT_04)));
    // Each retry costs 5.
    assert_eq!(front.ledger().requests().len(), 100 + 10);
    assert!(waits.iter().all(|wait| *wait <= SECOND * 4), "{waits:?}");
}

pub(crate) async fn retry_11_a_401_is_repeated_once_with_a_newer_key(world: World) {
    const NEWER: &str = "01canary5ecret0000000000bb_c0ffee00canary00c0ffee00canary00c0ffee00canary00c0ffee00canary1";
    let front = front_responding(FrontOptions::default(), |request| {
        let known = request.headers().get("x-api-key").is_some_and(|key| key == NEWER);
        status(if known { 200 } else { 401 })
    });
    let switch = Switch::new(key());
    let client = world.builder(front.port()).credential(switch.clone()).build().expect("complete");
    assert_eq!(client.post("/").send().await.expect_err("nothing newer").attempts(), 1);
    switch.turn_when_refused(Material::api_key(digicert_one_core::ApiKey::new(NEWER).expect("a key")));
    let response = client.post("/").send().await.expect("the newer key");
    assert_eq!(response.attempts(), 2);
    let keys: Vec<_> = front.ledger().requests().iter().map(|one| one.header_values("x-api-key").join("")).collect();
    assert_eq!(keys, [KEY, KEY, NEWER]);
}

pub(crate) async fn retry_12_a_repeated_put_has_the_same_bytes(world: World) {
    let (front, clock) = (responding([status(503), status(503)]), clock());
    let client = client(&world, front.port(), &clock, Retry::new());
    let body = Bytes::from((0..100_000_u32).flat_map(u32::to_be_bytes).collect::<Vec<_>>());
    let (outcome, _) = clock.run(client.put("/x").body("application/octet-stream", body).send()).await;
    assert_eq!(outcome.expect("the third attempt").attempts(), 3);
    let arrived = front.ledger().requests();
    assert_eq!(arrived.len(), 3);
    assert!(arrived.iter().all(|one| one.body_len == 400_000 && one.body_sha256 == arrived[0].body_sha256));
}

pub(crate) async fn retry_13_attempts_and_waits_are_in_the_last_error(world: World) {
    let front = front_responding(FrontOptions::default(), |_| status(503));
    let clock = clock();
    let client = client(&world, front.port(), &clock, Retry::new().attempts(3));
    let (outcome, waits) = clock.run(client.get("/").send()).await;
    let error = outcome.expect_err("always 503");
    assert_eq!((error.attempts(), error.delays()), (3, &waits[..]));
    assert!(error.to_string().contains("tried 3 times"), "{error}");
}

/// Frames of HTTP/2 (RFC 9113 section 4.1) about stream 1, after an empty SETTINGS.
fn http2_server(recording: &Recording, frames: &'static [u8]) -> RawServer {
    const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
    // The head of a HEADERS frame of stream 1 that ends headers, and with them or later the stream.
    let script = vec![
        Step::write(SETTINGS),
        Step::ReadUntil(recording.clone(), Bytes::from_static(b"PRI * HTTP/2.0")),
        Step::ReadUntil(recording.clone(), Bytes::from_static(b"\0\0\0\x01")),
        Step::write(frames),
        Step::Stall,
    ];
    up(RawServer::start(RawOptions::tls_with(FrontOptions::default().http(HttpVersions::Only2), [script])))
}

pub(crate) async fn retry_14_an_http2_stream_is_repeated_only_if_unprocessed(world: World) {
    const REFUSED: &[u8] = b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x07";
    const INTERNAL: &[u8] = b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x02";
    const GOAWAY: &[u8] = b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0";
    if world.leaves_out(Capability::Http2) {
        return;
    }
    for (frames, unprocessed) in [(REFUSED, true), (GOAWAY, true), (INTERNAL, false)] {
        let recording = Recording::default();
        let server = http2_server(&recording, frames);
        let post = request(Method::POST, server.url(HOST), Bytes::from_static(b"{}"));
        let error = world.transport(&world.config()).send(post).await.expect_err("no response");
        // A stack that sends a POST over HTTP/1.1 only never reaches this.
        let sent = !recording.bytes().is_empty();
        let expected = if unprocessed || !sent { Delivery::NotSent } else { Delivery::Unknown };
        assert_eq!(error.delivery(), expected, "{frames:?} {error:?}");
    }
}

pub(crate) async fn retry_15_a_status_about_the_connection_is_repeated_on_a_new_one(world: World) {
    for status in ["408 Request Timeout", "421 Misdirected Request", "425 Too Early"] {
        // The first connection stays open and would get the same response again.
        let refusal = || [Step::ReadRequest, Step::write(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"))];
        let first: Script = refusal().into_iter().chain(refusal()).chain([Step::Stall]).collect();
        let server = scripted([first, vec![Step::ReadRequest, Step::write(RESPONSE), Step::Stall]]);
        let clock = clock();
        let client = client(&world, server.port(), &clock, Retry::new());
        let (outcome, _) = clock.run(client.get("/").send()).await;
        let attempts = outcome.expect("the second attempt").attempts();
        let connections: Vec<_> = server.ledger().requests().iter().map(|request| request.connection).collect();
        assert_eq!((attempts, connections.len()), (2, 2), "{status}: one attempt, one request: {connections:?}");
        assert_ne!(connections[0], connections[1], "{status}");
    }
}

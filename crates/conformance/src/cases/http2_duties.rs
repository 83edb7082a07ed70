//! BODY and POOL, continued: what an HTTP/2 client owes its server: replies to frames of the connection, windows and limits that are
//! kept, and calls that survive GOAWAY (RFC 9113 sections 5.1.2, 6.5, 6.7, 6.8 and 6.9).

use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::SystemClock;
use digicert_one_core::{Capability, Clock as _, TransportErrorKind};
use digicert_one_testbed::{Front, FrontOptions, Gate, Recording, Step, handler};
use futures_util::future::{Either, join, join_all, select};
use http::{Method, Request, Response};

use crate::cases::http2::{DATA, END_STREAM, PING, SETTINGS, after_request, block, frame, goaway, server};
use crate::cases::http2::{END_HEADERS, HEADERS};
use crate::cases::time::{ended_in_time, in_time, total_limit};
use crate::world::{HOST, World, collect, front_responding, get, request, up};

const ACK: u8 = 1;
const LONG: Duration = Duration::from_secs(10);
const OK: [(&str, &str); 2] = [(":status", "200"), ("content-length", "2")];

/// A whole response on this stream.
fn response(stream: u8) -> Vec<u8> {
    [frame(HEADERS, END_HEADERS, stream, &block(&OK)), frame(DATA, END_STREAM, stream, b"{}")].concat()
}

pub(crate) async fn body_27_http2_request_stays_within_the_window_of_its_server(world: World) {
    const WINDOW: usize = 1000;
    const LENGTH: usize = 20_000;
    /// A byte that is in no head.
    const BYTE: u8 = 0xf5;
    if world.leaves_out(Capability::Http2) {
        return;
    }
    let sent = |seen: &Recording| seen.bytes().iter().filter(|byte| **byte == BYTE).count();
    let (first, second) = (Recording::default(), Recording::default());
    // INITIAL_WINDOW_SIZE; it counts from its acknowledgement on, which comes with the first request.
    let window = u32::try_from(WINDOW).expect("small").to_be_bytes();
    let script = vec![
        Step::write(frame(SETTINGS, 0, 0, &[&[0, 4][..], &window].concat())),
        Step::ReadUntil(first.clone(), Bytes::from_static(b"\0\0\0\x01")),
        Step::ReadUntil(first.clone(), frame(SETTINGS, ACK, 0, &[]).into()),
        Step::write(response(1)),
        Step::ReadUntil(second.clone(), vec![BYTE; WINDOW].into()),
        // What is on its way arrives before the response to this.
        Step::write(frame(PING, 0, 0, b"boundary")),
        Step::ReadUntil(second.clone(), frame(PING, ACK, 0, b"boundary").into()),
        Step::write(response(3)),
        Step::Stall,
    ];
    let server = server([script]);
    let transport = world.transport(&total_limit(&world));
    let exchange = in_time(transport.send(get(server.url(HOST)))).await.expect("answered");
    collect(exchange).await.expect("a body");
    let upload = request(Method::POST, server.url(HOST), vec![BYTE; LENGTH]);
    let outcome = in_time(transport.send(upload)).await;
    if second.bytes().is_empty() && server.ledger().connections().len() > 1 {
        // A stack that sends a POST over HTTP/1.1 only never reaches this.
        return;
    }
    assert_eq!(sent(&second), WINDOW, "bytes were sent, where the server lets {WINDOW} through: {outcome:?}");
    outcome.expect("a response to what was sent");
    widened(&world).await;
}

/// SETTINGS in the middle of a request count too, for the streams that are open.
async fn widened(world: &World) {
    const BYTE: u8 = 0xf5;
    let [first, second, third]: [Recording; 3] = Default::default();
    let window = |size: u32| Step::write(frame(SETTINGS, 0, 0, &[&[0, 4][..], &size.to_be_bytes()].concat()));
    let script = vec![
        window(1000),
        Step::ReadUntil(first.clone(), Bytes::from_static(b"\0\0\0\x01")),
        Step::ReadUntil(first.clone(), frame(SETTINGS, ACK, 0, &[]).into()),
        Step::write(response(1)),
        Step::ReadUntil(second.clone(), vec![BYTE; 1000].into()),
        window(5000),
        Step::ReadUntil(third.clone(), vec![BYTE; 4000].into()),
        Step::write(response(3)),
        Step::Stall,
    ];
    let server = server([script]);
    let transport = world.transport(&total_limit(world));
    let exchange = in_time(transport.send(get(server.url(HOST)))).await.expect("answered");
    collect(exchange).await.expect("a body");
    let outcome = in_time(transport.send(request(Method::POST, server.url(HOST), vec![BYTE; 5000]))).await;
    outcome.unwrap_or_else(|error| panic!("the server has widened the window of an open stream: {error:?}"));
}

pub(crate) async fn pool_27_http2_server_gets_its_acknowledgements(world: World) {
    if world.leaves_out(Capability::Http2) {
        return;
    }
    let seen = Recording::default();
    let steps = [
        Step::write(frame(PING, 0, 0, b"are you?")),
        Step::ReadUntil(seen.clone(), frame(PING, ACK, 0, b"are you?").into()),
        Step::ReadUntil(seen.clone(), frame(SETTINGS, ACK, 0, &[]).into()),
        Step::write(response(1)),
        Step::Stall,
    ];
    let server = server([after_request(&seen, steps)]);
    let outcome = in_time(world.transport(&total_limit(&world)).send(get(server.url(HOST)))).await;
    let holds = |flags, kind, payload: &[u8]| {
        let part = frame(kind, flags, 0, payload);
        seen.bytes().windows(part.len()).any(|window| window == part)
    };
    assert!(holds(ACK, PING, b"are you?"), "a PING got no response: {outcome:?}");
    assert!(holds(ACK, SETTINGS, &[]), "SETTINGS were not acknowledged: {outcome:?}");
    collect(outcome.expect("answered")).await.expect("a body");
}

pub(crate) async fn pool_28_calls_beyond_the_limit_of_streams_wait(world: World) {
    const CALLS: usize = 4;
    if world.leaves_out(Capability::Http2) {
        return;
    }
    let front =
        front_responding(FrontOptions::default().max_streams(1), |_| Response::new(Bytes::from_static(&[b'x'; 1000])));
    let transport = world.transport(&world.config());
    // From this call on the limit is known.
    collect(in_time(transport.send(get(front.url(HOST)))).await.expect("answered")).await.expect("a body");
    let calls = join_all((0..CALLS).map(|_| async {
        match transport.send(get(front.url(HOST))).await {
            Ok(exchange) => collect(exchange).await,
            Err(error) => Err(error),
        }
    }));
    for outcome in in_time(calls).await {
        let body = outcome.unwrap_or_else(|error| panic!("one of {CALLS} calls to a server of one stream: {error:?}"));
        assert_eq!(body.len(), 1000);
    }
    dropped_while_it_waits(&world).await;
}

pub(crate) async fn pool_43_a_call_dropped_while_it_waits_for_a_stream_is_not_sent(world: World) {
    if world.leaves_out(Capability::Http2) {
        return;
    }
    let targets = dropped_while_it_waits(&world).await;
    assert!(!targets.iter().any(|target| target == "/dropped"), "it was sent after it was dropped: {targets:?}");
}

/// A call that is dropped while it waits for a stream is not left to take one for good. Returns what arrived.
async fn dropped_while_it_waits(world: &World) -> Vec<String> {
    let gate = Gate::new();
    let held = gate.clone();
    let holding = handler(move |request: Request<Bytes>, _peer| {
        let held = held.clone();
        async move {
            match request.uri().path() {
                "/held" => held.passed().await,
                "/dropped" => std::future::pending().await,
                _ => {}
            }
            Response::new(Bytes::from_static(b"{}"))
        }
    });
    let front = up(Front::start(FrontOptions::default().max_streams(1), holding));
    let transport = world.new_transport(&world.config());
    let call = async |path: &str| {
        let exchange = ended_in_time(transport.send(get(format!("{}{path}", front.url(HOST))))).await;
        let exchange = exchange.unwrap_or_else(|| panic!("{path} waits for the stream of a call that was dropped"));
        collect(exchange.unwrap_or_else(|error| panic!("{path}: {error:?}"))).await.expect("a body")
    };
    call("/first").await;
    let waits = async {
        front.ledger().wait_until(|seen| seen.requests.iter().any(|one| one.target == "/held"), LONG).await;
        let mut waiting = transport.send(get(format!("{}/dropped", front.url(HOST))));
        let waited = select(waiting.as_mut(), SystemClock::new().sleep(Duration::from_millis(100))).await;
        assert!(matches!(waited, Either::Right(_)), "calls to a server of one stream: one without a stream has ended");
        drop(waited);
        drop(waiting);
        gate.open();
    };
    join(call("/held"), waits).await;
    call("/after").await;
    front.ledger().requests().into_iter().map(|one| one.target).collect()
}

pub(crate) async fn time_32_a_call_that_waits_for_a_stream_ends_by_its_limit(world: World) {
    if world.leaves_out(Capability::Http2) {
        return;
    }
    let never = handler(|request: Request<Bytes>, _peer| async move {
        if request.uri().path() != "/first" {
            std::future::pending::<()>().await;
        }
        Response::new(Bytes::from_static(b"{}"))
    });
    let front = up(Front::start(FrontOptions::default().max_streams(1), never));
    let transport = world.transport(&total_limit(&world));
    // From this call on the limit of streams is known.
    let first = in_time(transport.send(get(format!("{}/first", front.url(HOST))))).await.expect("answered");
    collect(first).await.expect("a body");
    let calls = (0..3).map(|_| in_time(transport.send(get(front.url(HOST)))));
    for outcome in join_all(calls).await {
        let error = outcome.expect_err("no response");
        assert!(matches!(error.kind(), TransportErrorKind::Timeout(_)), "a call that waits for a stream: {error:?}");
    }
}

pub(crate) async fn pool_29_goaway_ends_no_call_that_the_server_still_serves(world: World) {
    if world.leaves_out(Capability::Http2) {
        return;
    }
    let (waits, pauses) = (Recording::default(), || std::iter::repeat_n(Step::Pause, 20));
    let leaving = [Step::write(goaway(1))].into_iter().chain(pauses());
    let leaving = after_request(&waits, leaving.chain([Step::write(response(1)), Step::Stall]));
    let next = after_request(&Recording::default(), [Step::write(response(1)), Step::Stall]);
    let server = server([leaving, next]);
    let transport = world.transport(&total_limit(&world));
    for (call, connections) in [("in flight", 1), ("after it", 2)] {
        let exchange = in_time(transport.send(get(server.url(HOST)))).await;
        let exchange = exchange.unwrap_or_else(|error| panic!("a call {call} failed by GOAWAY: {error:?}"));
        assert_eq!(&in_time(collect(exchange)).await.expect("whole")[..], b"{}", "{call}");
        assert_eq!(server.ledger().connections().len(), connections, "{call}");
    }
}

//! TIME: limits hold in every phase and report which, and a dropped call is closed. No case measures time:
//! one that waits too long exceeds the suite's own limit.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use digicert_one_client::ClientBuilder;
use digicert_one_core::{
    Capability, Clock, Code, Delivery, FixedCredential, ManualClock, Mode, Phase, Proxy, Timeouts, TransportConfig,
    TransportErrorKind,
};
use digicert_one_testbed::{FrontOptions, Gate, Ledger, RawOptions, RawServer, Snapshot, Step, blackhole};
use futures_util::future::{Either, join, join_all, join3, select};
use futures_util::poll;
use http::Method;

use crate::cases::retry;
use crate::world::{HOST, World, collect, diagnose, front, get, key, request, scripted, up};

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(30);
const STALLED: TransportErrorKind = TransportErrorKind::Timeout(Phase::Body);

fn connect_limit(world: &World) -> TransportConfig {
    world.config().with_timeouts(Timeouts::new().with_connect(SHORT).with_total(LONG))
}

pub(crate) fn total_limit(world: &World) -> TransportConfig {
    // The connect limit is the shorter one, so that a stack with one error for both can determine which it was.
    let (connect, total) = (Duration::from_secs(2), Duration::from_secs(3));
    world.config().with_timeouts(Timeouts::new().with_connect(connect).with_total(total))
}

pub(crate) async fn time_01_an_address_that_swallows_packets_times_out(world: World) {
    let nowhere = blackhole().expect("a full backlog on loopback");
    let transport = world.transport(&connect_limit(&world));
    let call = transport.send(get(format!("https://{}/", nowhere.addr())));
    let error = in_time(call).await.expect_err("no connection");
    let phase = if world.has(Capability::TimeoutPhase) { Phase::Connect } else { Phase::ConnectOrHandshake };
    assert_eq!(error.kind(), TransportErrorKind::Timeout(phase), "{error:?}");
    assert_eq!(diagnose(&error, Mode::Key, None).code, Code::NET_01);
}

pub(crate) async fn time_02_a_stalled_handshake_times_out(world: World) {
    let silent = up(RawServer::silent());
    let transport = world.transport(&connect_limit(&world));
    let call = transport.send(get(format!("https://{}/", silent.addr())));
    let error = in_time(call).await.expect_err("no handshake");
    let phase = if world.has(Capability::TimeoutPhase) { Phase::Handshake } else { Phase::ConnectOrHandshake };
    assert_eq!(error.kind(), TransportErrorKind::Timeout(phase), "{error:?}");
    assert_eq!(diagnose(&error, Mode::Key, None).code, Code::NET_01);
}

pub(crate) async fn time_03_a_missing_response_times_out(world: World) {
    let transport = world.transport(&total_limit(&world));
    let no_head = async {
        let server = scripted([vec![Step::ReadRequest, Step::Stall]]);
        let error = in_time(transport.send(get(server.url(HOST)))).await.expect_err("no response");
        assert_eq!(error.kind(), TransportErrorKind::Timeout(Phase::Response), "{error:?}");
        assert_eq!(error.delivery(), Delivery::Unknown, "{error:?}");
        assert_eq!(diagnose(&error, Mode::Key, None).code, Code::NET_08);
    };
    let no_end = async {
        let (head, gate) = ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin", Gate::new());
        let steps = [Step::ReadRequest, Step::write(head), Step::Wait(gate.clone()), Step::write("more"), Step::Stall];
        let server = scripted([steps.to_vec()]);
        let mut body = transport.send(get(server.url(HOST))).await.expect("a head").response.into_body();
        let error = loop {
            match in_time(body.chunk()).await {
                Ok(part) => assert!(part.is_some(), "it has not ended"),
                Err(error) => break error,
            }
        };
        gate.open();
        for _ in 0..2 {
            let more = in_time(body.chunk()).await;
            assert!(!matches!(more, Ok(Some(_))), "a body goes on after its limit: {more:?}");
        }
        assert_eq!(error.kind(), TransportErrorKind::Timeout(Phase::Body), "{error:?}");
        assert_eq!(error.delivery(), Delivery::Sent, "{error:?}");
    };
    // A body that is a signature must not be made twice: what was written may have arrived.
    let no_head_of_others = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE].map(|method| {
        let transport = &transport;
        async move {
            let server = scripted([vec![Step::ReadRequest, Step::Stall]]);
            let error = in_time(transport.send(request(method.clone(), server.url(HOST), "{}"))).await;
            let error = error.expect_err("no response");
            assert_eq!(error.delivery(), Delivery::Unknown, "{method}: {error:?}");
        }
    });
    join3(no_head, no_end, join_all(no_head_of_others)).await;
}

pub(crate) async fn time_06_a_dropped_call_closes_its_connection(world: World) {
    // In the handshake.
    let silent = up(RawServer::silent());
    let transport = world.transport(&world.config());
    let url = format!("https://{}/", silent.addr());
    drop_when(&*transport, &url, silent.ledger(), |seen| !seen.connections.is_empty()).await;
    closes(silent.ledger()).await;

    // While waiting for a tunnel.
    let proxy = up(RawServer::start(RawOptions::plain([vec![Step::ReadRequest, Step::Stall]])));
    let config = world.config().with_proxy(Proxy::parse(&format!("http://{}", proxy.addr())).expect("an address"));
    if !world.refuses(Capability::HttpProxy, &config) {
        let transport = world.transport(&config);
        let url = format!("https://{HOST}/");
        drop_when(&*transport, &url, proxy.ledger(), |seen| !seen.requests.is_empty()).await;
        closes(proxy.ledger()).await;
    }

    // While waiting for the response.
    let server = scripted([vec![Step::ReadRequest, Step::Stall]]);
    let transport = world.transport(&world.config());
    drop_when(&*transport, &server.url(HOST), server.ledger(), |seen| !seen.requests.is_empty()).await;
    closes(server.ledger()).await;
    assert_eq!(server.ledger().requests().len(), 1, "nothing more was written");

    // In the body.
    for status in ["200 OK", "404 Not Found"] {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: 100\r\n\r\nbegin");
        let server = scripted([vec![Step::ReadRequest, Step::write(head), Step::Stall]]);
        let transport = world.transport(&world.config());
        let mut body = transport.send(get(server.url(HOST))).await.expect("a head").response.into_body();
        assert!(body.chunk().await.expect("a beginning").is_some());
        drop(body);
        closes(server.ledger()).await;
    }
}

pub(crate) async fn time_07_a_cancelled_call_leaves_the_pool_usable(world: World) {
    let response = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n";
    let server = scripted([
        vec![Step::ReadRequest, Step::Stall],
        vec![Step::ReadRequest, Step::write(format!("{response}good"))],
    ]);
    let transport = world.transport(&world.config());
    drop_when(&*transport, &server.url(HOST), server.ledger(), |seen| !seen.requests.is_empty()).await;
    let exchange = transport.send(get(server.url(HOST))).await.expect("another connection");
    assert_eq!(&collect(exchange).await.expect("its own response")[..], b"good");

    // Over HTTP/2 the connection stays and the stream alone ends.
    let front = front(FrontOptions::default());
    let transport = world.transport(&world.config());
    collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
    drop(transport.send(get(front.url(HOST))));
    collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
}

pub(crate) async fn time_04_a_body_that_stalls_meets_the_idle_limit(world: World) {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin";
    let (server, clock) = (scripted([vec![Step::ReadRequest, Step::write(head), Step::Stall]]), retry::clock());
    let idle = Duration::from_secs(7);
    let client = timed(&world, &server, &clock).idle_timeout(idle).build().expect("complete");
    let response = client.get("/").send().await.expect("a head");
    let passing = async {
        assert_eq!(clock.limited_for().await, idle);
        clock.advance(idle);
    };
    let (outcome, ()) = join(response.bytes(), passing).await;
    let error = outcome.expect_err("nothing more comes");
    assert_eq!((error.code(), error.transport().map(|one| one.kind())), (Code::NET_08, Some(STALLED)), "{error}");
    closes(server.ledger()).await;
}

pub(crate) async fn time_05_the_deadline_holds_over_all_attempts_and_waits(world: World) {
    // Announced as the connection's last: in virtual time the next attempt would race with its end, and that
    // costs an attempt.
    let busy = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 4\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let responses = || vec![Step::ReadRequest, Step::write(busy), Step::CloseClean];
    let (server, clock) = (scripted([responses(), responses(), vec![Step::ReadRequest, Step::Stall]]), retry::clock());
    let start = clock.now();
    let deadline = Duration::from_secs(15);
    let client = timed(&world, &server, &clock).deadline(deadline).build().expect("complete");
    let passing = async {
        assert!(server.ledger().wait_until(|seen| seen.requests.len() == 3, LONG).await, "a third attempt");
        clock.advance(clock.limited_for().await);
    };
    let ((outcome, _), ()) = join(clock.run(client.get("/").send()), passing).await;
    let error = outcome.expect_err("never answered");
    assert_eq!(error.code(), Code::NET_08, "{error}");
    assert_eq!(clock.now().duration_since(start).expect("forward"), deadline);
    closes(server.ledger()).await;
}

pub(crate) async fn time_08_a_slow_but_steady_body_is_read_to_its_end(world: World) {
    let gates: Vec<Gate> = (0..5).map(|_| Gate::new()).collect();
    // With its first byte: isahc hands over a head only when the body begins.
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nx";
    let parts = gates.iter().flat_map(|gate| [Step::Wait(gate.clone()), Step::write("x")]);
    let script = [Step::ReadRequest, Step::write(head)].into_iter().chain(parts).collect();
    let (server, clock) = (scripted([script]), retry::clock());
    let idle = Duration::from_secs(7);
    let client = timed(&world, &server, &clock).idle_timeout(idle).build().expect("complete");
    let mut response = client.get("/").send().await.expect("a head");
    assert_eq!(response.chunk().await.expect("the beginning").as_deref(), Some(&b"x"[..]));
    for gate in &gates {
        let mut chunk = pin!(response.chunk());
        assert!(poll!(chunk.as_mut()).is_pending(), "the server holds back");
        clock.advance(idle - Duration::from_secs(1));
        gate.open();
        assert_eq!(chunk.await.expect("in time").as_deref(), Some(&b"x"[..]));
    }
    assert_eq!(response.chunk().await.expect("the end"), None);
}

pub(crate) async fn time_09_calls_in_flight_end_or_are_counted_at_shutdown(world: World) {
    let (gate, never) = (Gate::new(), Gate::new());
    let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let script = |gate: &Gate| vec![Step::ReadRequest, Step::Wait(gate.clone()), Step::write(response), Step::Stall];
    let server = scripted([script(&gate), script(&never)]);
    let clock = retry::clock();
    let client = timed(&world, &server, &clock).build().expect("complete");
    let mut first = pin!(client.get("/first").send());
    let arrived = pin!(server.ledger().wait_until(|seen| seen.requests.len() == 1, LONG));
    assert!(matches!(select(first.as_mut(), arrived).await, Either::Right((true, _))), "it arrives");
    let mut second = pin!(client.get("/second").send());
    let arrived = pin!(server.ledger().wait_until(|seen| seen.requests.len() == 2, LONG));
    assert!(matches!(select(second.as_mut(), arrived).await, Either::Right((true, _))), "it arrives");

    let ending = async {
        gate.open();
        first.await.expect("it was in flight").bytes().await.expect("a body");
        clock.advance(LONG);
    };
    let (left, ()) = join(client.shut_down(LONG), ending).await;
    assert_eq!((left, client.in_flight()), (1, 1), "the second one is still in flight");
    let refused = client.get("/third").send().await.expect_err("no new calls");
    assert!(refused.to_string().contains("shut down"), "{refused}");
    assert_eq!(server.ledger().requests().len(), 2);
}

pub(crate) async fn time_10_what_ran_out_while_connecting_was_not_sent(world: World) {
    let (nowhere, silent) = (blackhole().expect("a full backlog on loopback"), up(RawServer::silent()));
    let limits = Timeouts::new().with_connect(LONG).with_total(SHORT);
    let transport = world.transport(&world.config().with_timeouts(limits));
    for address in [nowhere.addr(), silent.addr()] {
        let error = in_time(transport.send(get(format!("https://{address}/")))).await.expect_err("no connection");
        assert!(matches!(error.kind(), TransportErrorKind::Timeout(_)), "{error:?}");
        assert_eq!(error.delivery(), Delivery::NotSent, "{error:?}");
    }
}

/// Ends by a specific limit. The next of the other limits expires far later, and must not be what ends it:
/// then this one was ignored.
pub(crate) async fn in_time<T>(call: impl Future<Output = T>) -> T {
    ended_in_time(call).await.unwrap_or_else(|| panic!("its limit ran out long ago, and it still waits"))
}

/// As [`in_time`]; `None` if it still waits.
pub(crate) async fn ended_in_time<T>(call: impl Future<Output = T>) -> Option<T> {
    // The wait of a ledger needs no runtime of the transport's.
    let idle = up(RawServer::silent());
    let (begin, late) = (Instant::now(), Duration::from_secs(12));
    let far_later = pin!(idle.ledger().wait_until(|_| false, late));
    match select(pin!(call), far_later).await {
        // One that does not wake its task ends when the wait does.
        Either::Left((outcome, _)) if begin.elapsed() < late => Some(outcome),
        _ => None,
    }
}

/// A builder for a client with a key, in virtual time.
fn timed(world: &World, server: &RawServer, clock: &ManualClock) -> ClientBuilder {
    let credential = FixedCredential::new(key(), "the case");
    world.builder(server.port()).clock(Arc::new(clock.clone())).credential(credential)
}

/// Starts a call and drops it as soon as the server has seen `condition`.
async fn drop_when(
    transport: &dyn digicert_one_core::Transport,
    url: &str,
    ledger: &Ledger,
    condition: impl Fn(&Snapshot) -> bool,
) {
    let call = pin!(transport.send(get(url)));
    let seen = pin!(ledger.wait_until(condition, LONG));
    match select(call, seen).await {
        Either::Left((outcome, _)) => panic!("the call ended on its own: {outcome:?}"),
        Either::Right((seen, _)) => assert!(seen, "the server saw nothing"),
    }
}

/// Far below the limits of the transport, so that none of them is what closes the connection.
pub(crate) async fn closes(ledger: &Ledger) {
    let all_closed = |seen: &Snapshot| !seen.connections.is_empty() && seen.connections.iter().all(|one| one.closed);
    assert!(
        ledger.wait_until(all_closed, Duration::from_secs(8)).await,
        "the connection stays open: {:?}",
        ledger.connections()
    );
}

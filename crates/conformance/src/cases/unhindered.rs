//! TIME, POOL and BODY, continued: a call blocks no thread and no other call, gets each part of its response as it comes, and
//! leaves its process as it was.

use std::future::poll_fn;
use std::panic;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::SystemClock;
use digicert_one_core::{Clock as _, HttpVersions};
use digicert_one_testbed::{
    Front, FrontOptions, Gate, Ledger, RawOptions, RawServer, Recording, Script, Snapshot, Step, handler,
};
use futures_util::FutureExt as _;
use futures_util::future::{Either, join, join_all, select};
use http::{Request, Response};
use http_body::Body as _;

use crate::cases::http2::{DATA, END_STREAM, after_request, frame, head, server};
use crate::cases::time::{ended_in_time, in_time, total_limit};
use crate::child::{self, Parent};
use crate::world::{HOST, World, collect, front, get, scripted, up};

const LONG: Duration = Duration::from_secs(20);

/// Opens the gate when the ledger is like that.
async fn opened(gate: &Gate, ledger: &Ledger, condition: impl Fn(&Snapshot) -> bool) {
    assert!(ledger.wait_until(condition, LONG).await, "the server did not come so far");
    gate.open();
}

/// Carries connections to this server once the gate is open.
fn gated(gate: &Gate, server: &Front) -> RawServer {
    let script = vec![Step::Wait(gate.clone()), Step::Tunnel(server.addr())];
    up(RawServer::start(RawOptions::plain([script])))
}

/// A front that answers requests once the gate is open.
fn waiting(gate: &Gate) -> Front {
    let gate = gate.clone();
    let waits = handler(move |_request: Request<Bytes>, _peer| {
        let gate = gate.clone();
        async move {
            gate.passed().await;
            Response::new(Bytes::from_static(b"{}"))
        }
    });
    up(Front::start(FrontOptions::default(), waits))
}

pub(crate) async fn time_27_a_call_that_waits_leaves_its_thread_to_others(world: World) {
    for versions in world.http_versions() {
        let (handshake, response) = (Gate::new(), Gate::new());
        let front = waiting(&response);
        let relay = gated(&handshake, &front);
        let transport = world.transport(&total_limit(&world).with_http_versions(versions));
        let call = transport.send(get(format!("https://{HOST}:{}/", relay.port())));
        // On the same thread: the handshake, and then the response, wait for this.
        let others = async {
            opened(&handshake, relay.ledger(), |seen| !seen.connections.is_empty()).await;
            opened(&response, front.ledger(), |seen| !seen.requests.is_empty()).await;
        };
        let outcome = match select(call, Box::pin(others)).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(((), call)) => in_time(call).await,
        };
        outcome.unwrap_or_else(|error| panic!("what the call waited for could not run, {versions:?}: {error:?}"));
    }
}

/// Lets another task poll this, which is not going to do so again.
fn polled_elsewhere<T>(what: &mut (impl Future<Output = T> + Unpin)) {
    let polled = what.poll_unpin(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "its server still waits");
}

pub(crate) async fn time_28_a_call_and_a_body_wake_the_task_that_polls_them_last(world: World) {
    for versions in world.http_versions() {
        let response = Gate::new();
        let front = waiting(&response);
        let transport = world.transport(&total_limit(&world).with_http_versions(versions));
        let mut call = transport.send(get(front.url(HOST)));
        polled_elsewhere(&mut call);
        let arrived = pin!(front.ledger().wait_until(|seen| !seen.requests.is_empty(), LONG));
        let Either::Right((true, _)) = select(&mut call, arrived).await else {
            panic!("a call that moved does not go on, {versions:?}")
        };
        polled_elsewhere(&mut call);
        let opens = async {
            // A moment in which the call is polled here, and waits.
            SystemClock::new().sleep(Duration::from_millis(50)).await;
            response.open();
        };
        let Some((outcome, ())) = ended_in_time(join(call, opens)).await else {
            panic!("a call that moved does not go on, {versions:?}: its response came")
        };
        outcome.unwrap_or_else(|error| panic!("a call that moved, {versions:?}: {error:?}"));
    }
    for InParts { framing, versions, server, gates } in in_parts(&world) {
        let transport = world.transport(&total_limit(&world).with_http_versions(versions));
        gates[0].open();
        let exchange = in_time(transport.send(get(server.url(HOST)))).await.expect("answered");
        let mut body = exchange.response.into_body();
        let first = in_time(body.chunk()).await.expect("the first part");
        assert_eq!(first.as_deref(), Some(PARTS[0].as_bytes()), "{framing}");
        polled_elsewhere(&mut Box::pin(body.chunk()));
        let opens = async {
            SystemClock::new().sleep(Duration::from_millis(50)).await;
            gates.iter().for_each(Gate::open);
        };
        let second = ended_in_time(join(body.chunk(), opens)).await.map(|(second, ())| second);
        let goes_on = matches!(second, Some(Ok(Some(_))));
        assert!(goes_on, "a body that moved does not wake its task, {framing}: {second:?}");
    }
}

pub(crate) async fn pool_30_a_dropped_call_fails_none_that_waits_for_the_same_handshake(world: World) {
    for versions in world.http_versions() {
        let gate = Gate::new();
        let front = front(FrontOptions::default());
        let relay = gated(&gate, &front);
        let transport = world.transport(&world.config().with_http_versions(versions));
        let call = |path: &str| transport.send(get(format!("https://{HOST}:{}/{path}", relay.port())));
        let (mut first, mut second) = (call("first"), call("second"));
        let begun = pin!(relay.ledger().wait_until(|seen| !seen.connections.is_empty(), LONG));
        let Either::Right((true, _)) = select(select(&mut first, &mut second), begun).await else {
            panic!("both calls are to wait for a handshake, {versions:?}")
        };
        drop(first);
        gate.open();
        let outcome = in_time(second).await;
        let exchange = outcome.unwrap_or_else(|error| panic!("it failed with another call, {versions:?}: {error:?}"));
        collect(exchange).await.expect("a body");
    }
}

pub(crate) async fn obs_21_connection_without_a_response_is_not_reused(world: World) {
    for versions in world.http_versions() {
        let gate = Gate::new();
        let front = waiting(&gate);
        let transport = world.transport(&world.config().with_http_versions(versions));
        let mut first = transport.send(get(front.url(HOST)));
        let arrived = pin!(front.ledger().wait_until(|seen| seen.requests.len() == 1, LONG));
        let Either::Right((true, _)) = select(&mut first, arrived).await else {
            panic!("the first call is to wait for its response, {versions:?}")
        };
        let both = join(first, transport.send(get(front.url(HOST))));
        let others = opened(&gate, front.ledger(), |seen| seen.requests.len() == 2);
        let ((first, second), ()) = in_time(join(both, others)).await;
        for outcome in [first, second] {
            let exchange = outcome.expect("answered");
            assert_ne!(exchange.facts.reused, Some(true), "its connection had carried no response, {versions:?}");
            collect(exchange).await.expect("a body");
        }
    }
}

/// What a response consists of.
const PARTS: [&str; 3] = ["data: one\n\n", "data: another\n\n", "{}"];

/// A server that sends a head, and then each part of the body when its gate is open.
struct InParts {
    framing: &'static str,
    versions: HttpVersions,
    server: RawServer,
    gates: [Gate; 3],
}

impl InParts {
    fn http1(status: &str, framing: &'static str, written: fn(&str) -> String, end: &'static str) -> Self {
        let gates = PARTS.map(|_| Gate::new());
        let head = Step::write(format!("HTTP/1.1 {status}\r\n{framing}\r\n\r\n"));
        let steps = PARTS.iter().zip(&gates);
        let steps = steps.flat_map(|(part, gate)| [Step::Wait(gate.clone()), Step::write(written(part))]);
        let script: Script = [Step::ReadRequest, head].into_iter().chain(steps).chain([Step::write(end)]).collect();
        let server = scripted([script.into_iter().chain([Step::Stall]).collect::<Script>()]);
        Self { framing, versions: HttpVersions::Http1, server, gates }
    }

    fn http2() -> Self {
        let gates = PARTS.map(|_| Gate::new());
        let data = |part: &str| Step::write(frame(DATA, 0, 1, part.as_bytes()));
        let steps = PARTS.iter().zip(&gates).flat_map(|(part, gate)| [Step::Wait(gate.clone()), data(part)]);
        let end = [Step::write(frame(DATA, END_STREAM, 1, b"")), Step::Stall];
        let steps = [Step::write(head(0, &[(":status", "200")]))].into_iter().chain(steps).chain(end);
        let server = server([after_request(&Recording::default(), steps)]);
        Self { framing: "frames", versions: HttpVersions::Both, server, gates }
    }
}

/// A server for each framing of a response in parts.
fn in_parts(world: &World) -> Vec<InParts> {
    let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
    let mut servers = vec![
        InParts::http1("503 Service Unavailable", "content-length: 28", str::to_owned, ""),
        InParts::http1("200 OK", "transfer-encoding: chunked", chunk, "0\r\n\r\n"),
    ];
    if world.http_versions().len() > 1 {
        servers.push(InParts::http2());
    }
    servers
}

pub(crate) async fn body_26_each_part_of_a_body_is_given_when_it_comes(world: World) {
    for InParts { framing, versions, server, gates } in in_parts(&world) {
        let transport = world.transport(&total_limit(&world).with_http_versions(versions));
        // BODY-28 asks for the head without a part of the body.
        gates[0].open();
        let exchange = in_time(transport.send(get(server.url(HOST)))).await;
        let mut body = exchange.unwrap_or_else(|error| panic!("{framing}: {error:?}")).response.into_body();
        let mut left = PARTS.concat().len() as u64;
        for (part, gate) in PARTS.iter().zip(gates) {
            gate.open();
            let mut read = Vec::new();
            while read.len() < part.len() {
                let chunk = in_time(body.chunk()).await;
                let chunk = chunk.unwrap_or_else(|error| panic!("{part:?} was held back, {framing}: {error:?}"));
                read.extend(chunk.expect("it has not ended"));
            }
            assert_eq!(read, part.as_bytes(), "{framing}");
            // As BODY-12, of a body that has begun.
            let hint = body.size_hint();
            left -= part.len() as u64;
            let is_true = hint.lower() <= left && hint.upper().is_none_or(|upper| upper >= left);
            let is_exact = hint.exact().is_none_or(|exact| exact == left);
            assert!(is_true && is_exact, "{hint:?} with {left} bytes to come, {framing}");
        }
        assert_eq!(in_time(body.chunk()).await.expect("whole"), None, "{framing}");
    }
}

pub(crate) async fn time_11_a_call_that_waits_is_left_to_sleep(world: World) {
    for versions in world.http_versions() {
        let slow = Gate::new();
        let response = Step::write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        let server = scripted([vec![Step::ReadRequest, Step::Wait(slow.clone()), response]]);
        let transport = world.transport(&world.config().with_http_versions(versions));
        let mut polls = 0;
        let mut call = transport.send(get(server.url(HOST)));
        let counted = poll_fn(|cx| {
            polls += 1;
            call.as_mut().poll(cx)
        });
        let later = async {
            // Time for a call that does not sleep to be polled by the thousand.
            SystemClock::new().sleep(Duration::from_secs(1)).await;
            slow.open();
        };
        let (answered, ()) = join(counted, later).await;
        answered.expect("answered");
        assert!(polls < 200, "polled {polls} times for one response, {versions:?}");
    }
    bodies_that_wait_are_left_to_sleep(&world).await;
}

/// TIME-11 of bodies, in each framing.
async fn bodies_that_wait_are_left_to_sleep(world: &World) {
    join_all(in_parts(world).into_iter().map(|InParts { framing, versions, server, gates }| async move {
        let transport = world.transport(&total_limit(world).with_http_versions(versions));
        gates[0].open();
        let exchange = in_time(transport.send(get(server.url(HOST)))).await.expect("answered");
        let mut body = exchange.response.into_body();
        assert!(in_time(body.chunk()).await.expect("the first part").is_some(), "{framing}");
        let mut polls = 0;
        let mut next = pin!(body.chunk());
        let counted = poll_fn(|cx| {
            polls += 1;
            next.as_mut().poll(cx)
        });
        let later = async {
            SystemClock::new().sleep(Duration::from_secs(1)).await;
            gates.iter().for_each(Gate::open);
        };
        let (part, ()) = join(in_time(counted), later).await;
        part.unwrap_or_else(|error| panic!("{framing}: {error:?}"));
        assert!(polls < 200, "polled {polls} times for one part of a body, {framing}");
    }))
    .await;
}

pub(crate) async fn body_28_the_head_is_given_before_the_body_begins(world: World) {
    for InParts { framing, versions, server, gates } in in_parts(&world) {
        let transport = world.transport(&total_limit(&world).with_http_versions(versions));
        let exchange = in_time(transport.send(get(server.url(HOST)))).await;
        let exchange = exchange.unwrap_or_else(|error| panic!("the head was held back, {framing}: {error:?}"));
        gates.iter().for_each(Gate::open);
        assert_eq!(in_time(collect(exchange)).await.expect("whole"), PARTS.concat(), "{framing}");
    }
}

pub(crate) async fn body_25_a_body_that_has_ended_stays_ended(world: World) {
    let until_close = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello";
    let responses = [
        ("a length", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", Step::Stall),
        ("chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Step::Stall),
        ("a close", until_close, Step::CloseClean),
        ("204", "HTTP/1.1 204 No Content\r\n\r\n", Step::Stall),
        ("a cut", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello", Step::CloseClean),
    ];
    let mut servers: Vec<_> = responses
        .into_iter()
        .map(|(what, response, end)| {
            (what, HttpVersions::Http1, scripted([vec![Step::ReadRequest, Step::write(response), end]]))
        })
        .collect();
    if world.http_versions().len() > 1 {
        let frames = [head(0, &[(":status", "200")]), frame(DATA, END_STREAM, 1, b"hello")].concat();
        let script = after_request(&Recording::default(), [Step::write(frames), Step::Stall]);
        servers.push(("frames", HttpVersions::Both, server([script])));
    }
    for (what, versions, server) in servers {
        let transport = world.transport(&total_limit(&world).with_http_versions(versions));
        let mut body = in_time(transport.send(get(server.url(HOST)))).await.expect("answered").response.into_body();
        let mut read = 0;
        let is_cut = loop {
            match in_time(body.chunk()).await {
                Ok(Some(chunk)) => read += chunk.len(),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        assert_eq!((read, is_cut), (if what == "204" { 0 } else { 5 }, what == "a cut"), "{what}");
        // A caller may ask once more; there is nothing more to come.
        for _ in 0..2 {
            let more = panic::AssertUnwindSafe(in_time(body.chunk())).catch_unwind().await;
            let more = more.unwrap_or_else(|_| panic!("a body panics past its end, {what}"));
            assert!(matches!(more, Ok(None)) || is_cut && more.is_err(), "{more:?} past the end of {what}");
        }
    }
}

pub(crate) async fn pool_32_a_transport_is_dropped_at_once_while_a_body_is_read(world: World) {
    for InParts { framing, versions, server, gates } in in_parts(&world) {
        let transport = world.transport(&total_limit(&world).with_http_versions(versions));
        gates[0].open();
        let exchange = in_time(transport.send(get(server.url(HOST)))).await.expect("answered");
        let dropped = Gate::new();
        let done = dropped.clone();
        std::thread::spawn(move || {
            drop(transport);
            done.open();
        });
        // The body ends only after that.
        let is_dropped = ended_in_time(dropped.passed()).await.is_some();
        assert!(is_dropped, "a transport cannot be dropped, it waits for its body, {framing}");
        gates.iter().for_each(Gate::open);
        assert_eq!(in_time(collect(exchange)).await.expect("whole"), PARTS.concat(), "{framing}");
    }
}

pub(crate) async fn pool_31_a_transport_leaves_its_process_as_it_is(world: World) {
    let Some(Parent { port, root }) = child::parent() else {
        let front = front(FrontOptions::default());
        child::run(child::command(front.port()));
        assert_eq!(front.ledger().requests().len(), 1, "or this shows nothing");
        return;
    };
    let state = || (std::env::vars_os().collect::<Vec<_>>(), std::env::current_dir().ok());
    let (called, before) = (Arc::new(AtomicUsize::new(0)), state());
    let counted = Arc::clone(&called);
    panic::set_hook(Box::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    }));
    let transport = world.transport(&world.config().with_trust(world.trusting(&root)));
    let exchange = transport.send(get(format!("https://{HOST}:{port}/"))).await.expect("answered");
    collect(exchange).await.expect("a body");
    drop(transport);
    let is_caught = panic::catch_unwind(|| panic!("only to see who hears of it")).is_err();
    let _ = panic::take_hook();
    assert!(is_caught && called.load(Ordering::SeqCst) == 1, "the panic hook of the program was replaced");
    let (variables, directory) = state();
    assert_eq!(directory, before.1, "the working directory was changed");
    assert_eq!(variables, before.0, "the environment was changed");
    let is_logged = tracing::dispatcher::has_been_set();
    assert!(!is_logged, "the program can no longer choose what becomes of its log");
}

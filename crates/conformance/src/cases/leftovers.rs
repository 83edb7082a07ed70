//! POOL, continued: what calls and transports leave behind of sockets, memory, threads and other calls.

use std::io;
use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use digicert_one_client::SystemClock;
use digicert_one_core::{Capability, Clock as _, HeadLimit, Timeouts, Transport};
use digicert_one_testbed::{
    Front, FrontOptions, Gate, Pki, RawOptions, RawServer, Recording, Snapshot, Step, handler, refused_addr,
};
use futures_util::future::{Either, join, join_all, join3, select};
use futures_util::stream::{self, StreamExt as _};
use http::{HeaderValue, Method, Request, Response, StatusCode};

use crate::cases::body::memory;
use crate::cases::http2::{DATA, RST_STREAM, after_request, frame, head, server};
use crate::cases::pool::threads;
use crate::cases::proxy::proxied;
use crate::cases::time::{in_time, total_limit};
use crate::cases::upload::{Feed, content, pieces, upload};
use crate::child::{self, Parent};
use crate::witness::Witness;
use crate::world::{HOST, World, collect, front, get, local_proxy, request, up};

/// The length of the bodies of calls that are made often.
const BODY: usize = 64 << 10;
const AT_A_TIME: usize = 10;

pub(crate) async fn pool_23_a_connection_whose_handshake_failed_is_closed(world: World) {
    let foreign = world.config().with_trust(world.trusting(Pki::shared().foreign_root_der()));
    let other = FrontOptions::default().server(Pki::shared().server(&["other.digicert.test"]));
    for (what, config, options) in
        [("an unknown issuer", foreign, FrontOptions::default()), ("another name", world.config(), other)]
    {
        let front = front(options);
        let transport = world.transport(&config);
        fails(&*transport, &front.url(HOST), &front, what).await;
    }
    let silent = up(RawServer::silent());
    let limits = Timeouts::new().with_connect(Duration::from_millis(300)).with_total(Duration::from_secs(30));
    let transport = world.transport(&world.config().with_timeouts(limits));
    fails(&*transport, &format!("https://{}", silent.addr()), &silent, "no handshake").await;
    // Nor is there a use for the connection to a proxy that refuses.
    let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let script = || vec![Step::ReadRequest, Step::write(refusal), Step::Stall];
    let proxy = up(RawServer::start(RawOptions::plain([script(), script()])));
    let config = proxied(world.config(), &format!("http://{}", proxy.addr()));
    if world.has(Capability::HttpProxy) {
        fails(&*world.transport(&config), &format!("https://{HOST}/"), &proxy, "a proxy that refuses").await;
    }
}

/// Two calls fail, and while the transport still exists, no connection of theirs does.
async fn fails(transport: &dyn Transport, url: &str, server: &impl Witness, what: &str) {
    for _ in 0..2 {
        transport.send(get(url)).await.expect_err(what);
    }
    let closed = |seen: &Snapshot| !seen.connections.is_empty() && seen.connections.iter().all(|one| one.closed);
    let are_closed = server.ledger().wait_until(closed, Duration::from_secs(8)).await;
    assert!(are_closed, "a connection without a handshake stays open: {what}");
}

pub(crate) async fn pool_24_calls_leave_no_memory_behind(world: World) {
    const CALLS: usize = 100;
    /// The first round fills what a library keeps once. What grows in one of the others alone is the heap, not a leak.
    const ROUNDS: usize = 3;
    let Some(Parent { port, root }) = child::parent() else {
        let respond = handler(|request: Request<Bytes>, _peer| async move {
            if request.uri().path() == "/never" {
                std::future::pending::<()>().await;
            }
            let mut response = Response::new(Bytes::from(vec![b'x'; BODY]));
            if request.uri().path() == "/unread" {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            }
            response
        });
        let front = up(Front::start(FrontOptions::default(), respond));
        child::run(child::command(front.port()));
        let requests = front.ledger().requests();
        assert_eq!(requests.iter().filter(|one| one.target == "/read").count(), ROUNDS * CALLS);
        return;
    };
    let direct = world.config().with_trust(world.trusting(&root));
    // Half of the calls are made with an identity and through a proxy.
    let proxy = local_proxy();
    let transports = [direct.clone(), world.through(&proxy, direct)].map(|config| world.transport(&config));
    let to = |path: &str| request(Method::POST, format!("https://{HOST}:{port}{path}"), vec![b'x'; BODY]);
    let mut seen = Vec::new();
    for _ in 0..ROUNDS {
        for transport in transports.iter().cycle().take(CALLS) {
            collect(transport.send(to("/read")).await.expect("answered")).await.expect("a body");
            let refused = request(Method::POST, format!("https://{}/", refused_addr()), vec![b'x'; BODY]);
            transport.send(refused).await.expect_err("no listener");
        }
        for transport in transports.iter().cycle().take(CALLS / AT_A_TIME) {
            // Bodies that are not read, and calls that are given up.
            drop(join_all((0..AT_A_TIME).map(|_| transport.send(to("/unread")))).await);
            let never = join_all((0..AT_A_TIME).map(|_| transport.send(to("/never"))));
            let waited = select(never, SystemClock::new().sleep(Duration::from_millis(20))).await;
            assert!(matches!(waited, Either::Right(_)), "these calls get no response");
        }
        seen.extend(memory("VmRSS:").zip(threads()));
    }
    let Some((_, threads_before)) = seen.first().copied() else { return };
    let grown = seen.windows(2).map(|round| round[1].0.saturating_sub(round[0].0) >> 10);
    let more = grown.min().unwrap_or_default();
    assert!(more < (CALLS * BODY / 2) as u64 >> 10, "{more} KiB more after {CALLS} more calls of each kind");
    at_most(threads_before + CALLS / 2, threads, "threads");
}

/// Waits until there are no more than this many of them.
fn at_most(bound: usize, count: impl Fn() -> Option<usize>, of_what: &str) {
    let limit = Instant::now() + Duration::from_secs(10);
    while count().is_some_and(|now| now > bound) && Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(20));
    }
    let now = count();
    assert!(now.is_none_or(|now| now <= bound), "{now:?} {of_what} where there were to be {bound}");
}

/// How many files, sockets and the like this process has open, where the system shows it.
fn descriptors() -> Option<usize> {
    std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count)
}

pub(crate) async fn pool_25_dropped_transports_leave_no_thread_behind(world: World) {
    const TRANSPORTS: usize = 10;
    /// As in POOL-24.
    const ROUNDS: usize = 4;
    let Some(Parent { port, root }) = child::parent() else {
        let front = front(FrontOptions::default());
        child::run(child::command(front.port()));
        assert_eq!(front.ledger().requests().len(), ROUNDS * TRANSPORTS);
        return;
    };
    let (mut before, mut resident) = (None, Vec::new());
    for _ in 0..ROUNDS {
        for _ in 0..TRANSPORTS {
            let transport = world.transport(&world.config().with_trust(world.trusting(&root)));
            let exchange = transport.send(get(format!("https://{HOST}:{port}/"))).await.expect("answered");
            collect(exchange).await.expect("a body");
            // The first one may start what a library has once for each process.
            before = before.or_else(|| threads().zip(descriptors()));
        }
        resident.extend(memory("VmRSS:"));
    }
    let Some((threads_before, descriptors_before)) = before else { return };
    // Half of them, since a runtime may start some of its own.
    let few = ROUNDS * TRANSPORTS / 2;
    at_most(threads_before + few, threads, "threads");
    at_most(descriptors_before + few, descriptors, "descriptors");
    let grown = resident.windows(2).map(|round| round[1].saturating_sub(round[0]) >> 10);
    let more = grown.min().unwrap_or_default();
    assert!(more < 32 * TRANSPORTS as u64, "{more} KiB more after {TRANSPORTS} more transports");
}

pub(crate) async fn pool_33_a_late_call_leaves_the_others_of_its_connection(world: World) {
    let (limit, later) = (Duration::from_secs(4), Duration::from_secs(3));
    let config = world.config().with_timeouts(Timeouts::new().with_total(limit));
    let proxy = local_proxy();
    let ways = world.http_versions().into_iter().map(|versions| config.clone().with_http_versions(versions));
    let ways = ways.flat_map(|config| [config.clone(), world.through(&proxy, config)]);
    let walks = ways.map(|config| {
        let what = format!("{:?}, proxy: {}", config.http_versions(), config.proxy());
        let (gate, never) = (Gate::new(), Gate::new());
        let gates = (gate.clone(), never);
        let waits = handler(move |request: Request<Bytes>, _peer| {
            let (gate, never) = gates.clone();
            async move {
                match request.uri().path() {
                    "/late" => never.passed().await,
                    "/waits" => gate.passed().await,
                    _ => {}
                }
                Response::new(Bytes::from_static(b"{}"))
            }
        });
        let front = up(Front::start(FrontOptions::default(), waits));
        let transport = world.transport(&config);
        async move {
            let to = |path: &str| transport.send(get(format!("{}{path}", front.url(HOST))));
            collect(to("/first").await.expect("answered")).await.expect("a body");
            let late = async {
                to("/late").await.expect_err("its limit runs out");
                drop(to("/next").await);
                time_to_close().await;
                gate.open();
            };
            let kept = async {
                SystemClock::new().sleep(later).await;
                collect(to("/waits").await?).await
            };
            let ((), outcome) = join(late, in_time(kept)).await;
            outcome.unwrap_or_else(|error| panic!("it was lost with a late call, {what}: {error:?}"));
        }
    });
    join(join_all(walks), a_late_or_dropped_body_frees_its_stream(&world)).await;
}

/// What no longer needs its stream.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Left {
    LateBody,
    DroppedBody,
    LateCall,
    DroppedCall,
}

/// Over HTTP/2 the server learns that a response is no longer wanted.
async fn a_late_or_dropped_body_frees_its_stream(world: &World) {
    if !world.has(Capability::Http2) {
        return;
    }
    join_all([Left::LateBody, Left::DroppedBody, Left::LateCall, Left::DroppedCall].map(|left| frees(world, left)))
        .await;
}

async fn frees(world: &World, left: Left) {
    let (arrived, freed, seen) = (Gate::new(), Gate::new(), Recording::default());
    let begin = [head(0, &[(":status", "200")]), frame(DATA, 0, 1, b"begin")].concat();
    let has_begun = matches!(left, Left::LateBody | Left::DroppedBody);
    let begin = [Step::Open(arrived.clone())].into_iter().chain(has_begun.then(|| Step::write(begin)));
    let reset = frame(RST_STREAM, 0, 1, &[0; 4])[..9].to_vec();
    let steps = begin.chain([Step::ReadUntil(seen.clone(), reset.into()), Step::Open(freed.clone()), Step::Stall]);
    let server = server([after_request(&Recording::default(), steps)]);
    let transport = world.transport(&total_limit(world));
    let mut call = transport.send(get(server.url(HOST)));
    match left {
        Left::LateCall => drop(in_time(call).await.expect_err("its limit")),
        Left::DroppedCall => {
            let waits = matches!(select(&mut call, pin!(arrived.passed())).await, Either::Right(_));
            assert!(waits, "there is no response");
            drop(call);
        }
        Left::LateBody | Left::DroppedBody => {
            let mut body = call.await.expect("answered").response.into_body();
            assert!(body.chunk().await.expect("a beginning").is_some());
            if left == Left::LateBody {
                in_time(body.chunk()).await.expect_err("its limit");
            }
            drop(body);
        }
    }
    // A stack may close the connection instead.
    let closed = server.ledger().wait_until(|seen| seen.connections[0].closed, Duration::from_secs(8));
    let is_freed = match select(pin!(freed.passed()), pin!(closed)).await {
        Either::Left(_) => true,
        Either::Right((is_closed, _)) => is_closed,
    };
    assert!(is_freed, "a stream stays open without need: {left:?}");
}

pub(crate) async fn pool_26_a_dropped_call_leaves_the_others_of_its_connection(world: World) {
    const LENGTH: usize = 100_000;
    for versions in world.http_versions() {
        let gate = Gate::new();
        let front = holding(&gate, |path| {
            let mut response = Response::new(Bytes::from(vec![b'x'; LENGTH]));
            if path == "/large" {
                for value in std::iter::repeat_n(HeaderValue::from_static("v"), HeadLimit::FIELDS + 1) {
                    response.headers_mut().append("x-a", value);
                }
            }
            response
        });
        let transport = world.transport(&world.config().with_http_versions(versions));
        let to = |path: &str| transport.send(get(format!("{}{path}", front.url(HOST))));
        // It opens the connection that others share over HTTP/2.
        collect(to("/first").await.expect("answered")).await.expect("a body");
        let (mut kept, mut dropped) = (to("/waits"), to("/waits"));
        let arrived = pin!(front.ledger().wait_until(|seen| seen.requests.len() == 3, Duration::from_secs(20)));
        let Either::Right((true, _)) = select(select(&mut kept, &mut dropped), arrived).await else {
            panic!("both calls are to wait for their responses, {versions:?}")
        };
        drop(dropped);
        let others = async {
            drop(to("/unread").await.expect("answered"));
            to("/large").await.expect_err("its head is over the limit");
            time_to_close().await;
            gate.open();
        };
        let (exchange, ()) = join(in_time(kept), others).await;
        let exchange =
            exchange.unwrap_or_else(|error| panic!("it was lost with another call, {versions:?}: {error:?}"));
        assert_eq!(in_time(collect(exchange)).await.expect("a body").len(), LENGTH, "{versions:?}");
        if world.has(Capability::StreamingUploads) {
            beside_a_failing_upload(&*world.transport(&world.config().with_http_versions(versions))).await;
        }
    }
}

/// A server that responds so by path, to `/waits` once this gate is open.
fn holding(gate: &Gate, response: fn(&str) -> Response<Bytes>) -> Front {
    let gate = gate.clone();
    let waits = handler(move |request: Request<Bytes>, _peer| {
        let gate = gate.clone();
        async move {
            if request.uri().path() == "/waits" {
                gate.passed().await;
            }
            response(request.uri().path())
        }
    });
    up(Front::start(FrontOptions::default(), waits))
}

/// For a transport that closes the connection.
async fn time_to_close() {
    SystemClock::new().sleep(Duration::from_millis(100)).await;
}

/// A call that is made while an upload is under way, whose body then fails.
async fn beside_a_failing_upload(transport: &dyn Transport) {
    let (fails, gate) = (Gate::new(), Gate::new());
    let front = holding(&gate, |_path| Response::new(Bytes::from_static(b"{}")));
    let arrived = |count| front.ledger().wait_until(move |seen| seen.requests.len() == count, Duration::from_secs(20));
    let failure = fails.clone();
    let failure = stream::once(async move {
        failure.passed().await;
        Err(io::Error::other("the disk is gone"))
    });
    let body = Feed::default().body(pieces(&content(1000), 100).chain(failure));
    let uploading = async {
        in_time(transport.upload(upload(Method::POST, front.url(HOST), body))).await.expect_err("its body fails");
        time_to_close().await;
        gate.open();
    };
    let kept = async {
        assert!(arrived(1).await, "the upload has not begun");
        collect(transport.send(get(format!("{}/waits", front.url(HOST)))).await?).await
    };
    let fails = async {
        assert!(arrived(2).await, "the call beside the upload has not arrived");
        fails.open();
    };
    let ((), outcome, ()) = join3(uploading, in_time(kept), fails).await;
    outcome.unwrap_or_else(|error| panic!("it was lost with an upload: {error:?}"));
}

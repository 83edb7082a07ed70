//! BODY and POOL, continued: bodies that are not read, or dropped in odd places, and what becomes of their connections.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::SystemClock;
use digicert_one_core::{Capability, Clock as _, HttpVersions, Transport};
use digicert_one_testbed::{Front, FrontOptions, Gate, RawServer, Step, handler, sha256_hex};
use futures_util::FutureExt as _;
use futures_util::future::{Either, join, select};
use futures_util::{poll, stream};
use http::{HeaderValue, Method, Request, Response};

use crate::cases::body::memory;
use crate::cases::time::{in_time, total_limit};
use crate::cases::upload::{Feed, heads_only, refuses_uploads, response, upload};
use crate::child::{self, Parent};
use crate::world::{HOST, World, collect, front, front_responding, get, request, scripted, up};

const LONG: Duration = Duration::from_secs(20);
/// Calls in a row, enough to detect a pool that returns connections late.
const CALLS: usize = 12;

/// What becomes of a body, a call or a transport.
type End = Box<dyn FnOnce() + Send>;

pub(crate) async fn body_21_body_dropped_outside_its_runtime_does_not_panic(world: World) {
    let serving = handler(|request: Request<Bytes>, _peer| async move {
        if request.uri().path() == "/never" {
            std::future::pending::<()>().await;
        }
        Response::new(vec![b'x'; 4 << 20].into())
    });
    for versions in world.http_versions() {
        let front = up(Front::start(FrontOptions::default(), Arc::clone(&serving)));
        let silent = up(RawServer::silent());
        let transport = world.transport(&world.config().with_http_versions(versions));
        // One waits for its response, one for its handshake.
        let bases = [front.url(HOST), format!("https://{HOST}:{}", silent.port())];
        let [mut waiting, mut connecting] = bases.map(|base| {
            let transport = Arc::clone(&transport);
            Box::pin(async move { transport.send(get(format!("{base}/never"))).await.map(drop) })
        });
        let arrived = async {
            front.ledger().wait_until(|seen| seen.requests.iter().any(|one| one.target == "/never"), LONG).await;
            silent.ledger().wait_until(|seen| !seen.connections.is_empty(), LONG).await;
        };
        let has_waited = matches!(select(select(&mut waiting, &mut connecting), pin!(arrived)).await, Either::Right(_));
        assert!(has_waited, "neither call has a response");
        let unread = transport.send(get(front.url(HOST))).await.expect("answered");
        let mut begun = transport.send(get(front.url(HOST))).await.expect("answered").response.into_body();
        begun.chunk().await.expect("a beginning");
        let mut read = transport.send(get(front.url(HOST))).await.expect("answered").response.into_body();
        read.chunk().await.expect("a beginning");
        // Threads on which no runtime was entered.
        let ends: [(&str, End); 6] = [
            ("dropped as a call", Box::new(move || drop(waiting))),
            ("dropped as a call", Box::new(move || drop(connecting))),
            ("dropped", Box::new(move || drop(unread))),
            ("dropped", Box::new(move || drop(begun))),
            // Until it has to wait for more.
            ("read", Box::new(move || while let Some(Ok(Some(_))) = read.chunk().now_or_never() {})),
            ("dropped", Box::new(move || drop(transport))),
        ];
        for (how, alone) in ends {
            let ended = std::thread::spawn(alone).join();
            assert!(ended.is_ok(), "a body panics when it is {how} outside its runtime ({versions:?})");
        }
    }
}

/// A body that opens its gate when the server has written all of it, and so lets go of it.
struct Watched(Vec<u8>, Gate);

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.1.open();
    }
}

const LARGE: usize = 32 << 20;

/// Reads only the head, waits, and reads the rest; the gate opens when the server has written all of it.
async fn held_back(world: &World, versions: HttpVersions, url: String, all_written: &Gate) {
    let transport = world.transport(&world.config().with_http_versions(versions));
    let mut body = transport.send(get(url)).await.expect("answered").response.into_body();
    // Time for a transport that reads ahead to read all of it.
    SystemClock::new().sleep(Duration::from_secs(3)).await;
    let written = poll!(pin!(all_written.passed())).is_ready();
    assert!(!written, "{LARGE} bytes were taken from the server, and the caller has read none ({versions:?})");
    let mut read = 0;
    while let Some(chunk) = body.chunk().await.expect("the rest") {
        read += chunk.len();
    }
    assert_eq!(read, LARGE, "{versions:?}");
    all_written.passed().await;
}

pub(crate) async fn body_22_unread_body_is_not_read_ahead_without_bound(world: World) {
    let part = Bytes::from(vec![b'x'; 1 << 20]);
    let http1 = async {
        let all_written = Gate::new();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n");
        let parts = (0..LARGE / part.len()).map(|_| Step::Write(part.clone()));
        let script = [Step::ReadRequest, Step::write(head)].into_iter().chain(parts);
        let server = scripted([script.chain([Step::Open(all_written.clone())]).collect()]);
        held_back(&world, HttpVersions::Http1, server.url(HOST), &all_written).await;
    };
    let http2 = async {
        if !world.has(Capability::Http2) {
            return;
        }
        let all_written = Gate::new();
        let gate = all_written.clone();
        let front = front_responding(FrontOptions::default(), move |_| {
            Response::new(Bytes::from_owner(Watched(vec![b'x'; LARGE], gate.clone())))
        });
        held_back(&world, HttpVersions::Both, front.url(HOST), &all_written).await;
    };
    join(http1, http2).await;
}

pub(crate) async fn body_32_a_body_that_is_read_in_parts_costs_no_memory(world: World) {
    const BODY: usize = 48 << 20;
    let Some(Parent { port, root }) = child::parent() else {
        let large = Bytes::from(vec![b'x'; BODY]);
        let front = front_responding(FrontOptions::default(), move |_| Response::new(large.clone()));
        child::run(child::command(front.port()));
        assert_eq!(front.ledger().requests().len(), world.http_versions().len());
        return;
    };
    for versions in world.http_versions() {
        let config = world.config().with_trust(world.trusting(&root)).with_http_versions(versions);
        let transport = world.transport(&config);
        let exchange = transport.send(get(format!("https://{HOST}:{port}/"))).await.expect("answered");
        let (before, mut body, mut length) = (memory("VmHWM:"), exchange.response.into_body(), 0);
        while let Some(chunk) = body.chunk().await.expect("a body") {
            length += chunk.len();
        }
        assert_eq!(length, BODY, "{versions:?}");
        let (Some(before), Some(after)) = (before, memory("VmHWM:")) else { return };
        // The windows of HTTP/2, and what a library reads ahead.
        let more = after.saturating_sub(before);
        assert!(more < BODY as u64 / 2, "{} KiB more for a body of {} KiB, {versions:?}", more >> 10, BODY >> 10);
    }
}

pub(crate) async fn upload_22_an_upload_costs_no_memory(world: World) {
    const PIECE: usize = 64 << 10;
    const BODY: usize = 32 << 20;
    if refuses_uploads(&world).await {
        return;
    }
    let Some(Parent { port, root }) = child::parent() else {
        let front = front(FrontOptions::default());
        child::run(child::command(front.port()));
        let arrived: Vec<_> = front.ledger().requests().iter().map(|one| one.body_len).collect();
        assert_eq!(arrived, vec![BODY as u64; world.http_versions().len()]);
        return;
    };
    for versions in world.http_versions() {
        let config = world.config().with_trust(world.trusting(&root)).with_http_versions(versions);
        let transport = world.transport(&config);
        let before = memory("VmHWM:");
        let pieces = stream::iter((0..BODY / PIECE).map(|_| Ok::<_, io::Error>(Bytes::from(vec![b'x'; PIECE]))));
        let body = Feed::default().body(pieces).with_length(BODY as u64);
        let call = upload(Method::PUT, format!("https://{HOST}:{port}/"), body);
        collect(transport.upload(call).await.expect("answered")).await.expect("a body");
        let (Some(before), Some(after)) = (before, memory("VmHWM:")) else { return };
        let more = after.saturating_sub(before);
        assert!(more < BODY as u64 / 2, "{} KiB more for a body of {} KiB, {versions:?}", more >> 10, BODY >> 10);
    }
}

pub(crate) async fn body_23_a_refusal_before_the_upload_was_read_is_the_response(world: World) {
    const REFUSAL: &str = "not for you";
    for versions in world.http_versions() {
        for status in ["401", "403", "413", "500"] {
            let server = heads_only(move |stream| {
                // In one piece: libcurl may abort the upload, and with it the rest of the response (docs/transports.md).
                let written = response(stream, status, REFUSAL).into_iter().filter_map(|step| match step {
                    Step::Write(bytes) => Some(bytes),
                    _ => None,
                });
                let written = written.collect::<Vec<_>>().concat();
                vec![Step::write(written), Step::ReadBody]
            });
            let transport = world.transport(&total_limit(&world).with_http_versions(versions));
            let call = request(Method::POST, server.url(HOST), vec![b'x'; 2 << 20]);
            let what = format!("{status}, {versions:?}");
            let exchange = in_time(transport.send(call)).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            assert_eq!(exchange.response.status().as_str(), status, "{what}");
            // Over HTTP/1.1 the rest may be lost with the upload, but never looks whole.
            match in_time(collect(exchange)).await {
                Ok(body) => assert_eq!(&body[..], REFUSAL.as_bytes(), "{what}"),
                Err(error) => assert_eq!(versions, HttpVersions::Http1, "{what}: {error:?}"),
            }
        }
    }
}

pub(crate) async fn body_24_a_body_is_bytes_whatever_its_type_says(world: World) {
    // A byte order mark, line ends of both kinds, bytes that are not text, and nothing but white space.
    let bodies: [&[u8]; 5] = [b"\xef\xbb\xbf{}", b"\xff\xfe{\0}\0", b"a\r\nb\nc\r", b"caf\xe9 \xf0\x28\x8c", b"\n "];
    let types = ["application/json", "text/plain; charset=utf-8", "text/html; charset=iso-8859-1"];
    for versions in world.http_versions() {
        let front = front_responding(FrontOptions::default(), |request| {
            let kind = request.headers()["content-type"].clone();
            Response::builder().header("content-type", kind).body(request.body().clone()).expect("a response")
        });
        let transport = world.transport(&world.config().with_http_versions(versions));
        for (body, kind) in bodies.into_iter().flat_map(|body| types.map(|kind| (body, kind))) {
            let mut call = request(Method::POST, front.url(HOST), body);
            call.headers_mut().insert("content-type", HeaderValue::from_static(kind));
            let received = collect(transport.send(call).await.expect("answered")).await.expect("a body");
            let arrived = front.ledger().requests().pop().expect("arrived");
            assert_eq!(arrived.body_sha256, sha256_hex(body), "the request's body {body:?}, {kind}, {versions:?}");
            assert_eq!(&received[..], body, "the response's body, {kind}, {versions:?}");
        }
    }
}

pub(crate) async fn pool_12_connection_that_is_said_to_close_is_not_used_again(world: World) {
    // It lingers: the client has to believe the header.
    for head in ["1.1 200 OK\r\nConnection: close", "1.1 200 OK\r\nconnection: x-hop, Close", "1.0 200 OK"] {
        let response = format!("HTTP/{head}\r\ncontent-length: 2\r\n\r\n{{}}");
        let server = scripted([vec![Step::ReadRequest, Step::write(response), Step::Stall]]);
        let transport = world.transport(&total_limit(&world).with_http_versions(HttpVersions::Http1));
        for _ in 0..3 {
            let exchange = transport.send(get(server.url(HOST))).await;
            let exchange = exchange.unwrap_or_else(|error| panic!("on a connection of its own, {head:?}: {error:?}"));
            collect(exchange).await.expect("a body");
        }
        let used: Vec<_> = server.ledger().requests().iter().map(|one| one.connection).collect();
        assert_eq!(used.len(), 3, "one request for each connection: {used:?}, {head:?}");
        // It holds for that connection, and not for those of other servers.
        let connections = connections_of_calls(&*transport).await;
        let usual = connections_of_calls(&*world.transport(&total_limit(&world))).await.max(CALLS / 2);
        assert!(connections <= usual, "{connections} connections to another server, after {head:?}");
    }
}

/// The number of connections that calls in a row need. Some stacks have no pool.
async fn connections_of_calls(transport: &dyn Transport) -> usize {
    let front = front(FrontOptions::default());
    for _ in 0..CALLS {
        collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
        // A pool may get its connection back a little later.
        SystemClock::new().sleep(Duration::from_millis(5)).await;
    }
    front.ledger().connections().len()
}

pub(crate) async fn pool_13_dropped_http2_body_gives_its_window_back(world: World) {
    const DROPPED: usize = 40;
    let front = front_responding(FrontOptions::default(), |_| Response::new(vec![b'x'; 1 << 20].into()));
    let transport = world.transport(&world.config());
    for _ in 0..DROPPED {
        let mut body = transport.send(get(front.url(HOST))).await.expect("answered").response.into_body();
        in_time(body.chunk()).await.expect("a beginning");
    }
    let exchange = transport.send(get(front.url(HOST))).await.expect("answered");
    let body = in_time(collect(exchange)).await.expect("whole");
    assert_eq!(body.len(), 1 << 20);
}

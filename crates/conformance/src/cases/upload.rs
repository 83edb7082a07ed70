//! UPLOAD: request bodies that stream, as far as they get; how they fail is in `upload_end`. Here are also the bodies that both give.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::SystemClock;
use digicert_one_core::{
    Capability, Clock as _, Delivery, HttpVersions, Timeouts, TransportError, TransportErrorKind, UploadBody,
};
use digicert_one_testbed::{
    FrontOptions, Gate, RawOptions, RawServer, RequestProgress, Responses, Script, Snapshot, Step, sha256_hex,
};
use futures_util::future::{Either, join_all, select};
use futures_util::stream::{self, Stream, StreamExt as _};
use http::{Method, Request, StatusCode, Version};

use crate::cases::http2::{DATA, END_HEADERS, END_STREAM, HEADERS, block, frame};
use crate::cases::time::in_time;
use crate::setting::{Crossing, Settings};
use crate::world::{HOST, World, collect, front, up, without_request};

/// What became of a body.
#[derive(Clone, Default)]
pub(crate) struct Feed {
    taken: Arc<AtomicU64>,
    dropped: Gate,
}

impl Feed {
    /// A body of these chunks.
    pub(crate) fn body(&self, chunks: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> UploadBody {
        let (taken, held) = (Arc::clone(&self.taken), OpenedWhenDropped(self.dropped.clone()));
        let mut chunks = Box::pin(chunks.inspect(move |chunk| {
            let _ = &held;
            taken.fetch_add(chunk.as_ref().map_or(0, |chunk| chunk.len() as u64), Ordering::SeqCst);
        }));
        UploadBody::poll_fn(move |cx| chunks.as_mut().poll_next(cx))
    }

    /// The bytes that were taken of it.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::SeqCst)
    }

    /// Waits until it is dropped, for 8 seconds at most.
    pub(crate) async fn dropped(&self, otherwise: &str) {
        let late = SystemClock::new().sleep(Duration::from_secs(8));
        let dropped = Box::pin(self.dropped.passed());
        assert!(matches!(select(dropped, late).await, Either::Left(_)), "the body is still held: {otherwise}");
    }
}

struct OpenedWhenDropped(Gate);

impl Drop for OpenedWhenDropped {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// So many bytes, of which no part is like another.
pub(crate) fn content(length: usize) -> Bytes {
    (0..length).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect::<Vec<_>>().into()
}

/// These bytes in pieces of this size.
pub(crate) fn pieces(bytes: &Bytes, size: usize) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let all: Vec<_> = (0..bytes.len()).step_by(size).map(|at| bytes.slice(at..bytes.len().min(at + size))).collect();
    stream::iter(all).map(Ok)
}

/// No chunk and no end.
pub(crate) fn stalled() -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::pending()
}

pub(crate) fn upload(method: Method, url: impl AsRef<str>, body: UploadBody) -> Request<UploadBody> {
    let request = Request::builder().method(method).uri(url.as_ref());
    request.header("content-type", "application/octet-stream").body(body).expect("the request is valid")
}

/// Whether the transport does not declare uploads: then it must refuse them by name, and the case counts as not declared.
pub(crate) async fn refuses_uploads(world: &World) -> bool {
    if world.has(Capability::StreamingUploads) {
        return false;
    }
    let (front, feed) = (front(FrontOptions::default()), Feed::default());
    let body = feed.body(pieces(&content(100), 10));
    let outcome = world.transport(&world.config()).upload(upload(Method::POST, front.url(HOST), body)).await;
    let refusal = outcome.expect_err("what is not declared must be refused");
    let reported = (refusal.kind(), refusal.delivery());
    assert_eq!(
        reported,
        (TransportErrorKind::Unsupported(Capability::StreamingUploads), Delivery::NotSent),
        "{refusal:?}"
    );
    assert_eq!(feed.taken(), 0, "the body of a refused upload was read");
    without_request(&front, "a refused upload was sent").await;
    world.leaves_out(Capability::StreamingUploads)
}

/// A server that reads the head of each request, over whichever version of HTTP, and follows this script.
pub(crate) fn heads_only(script: impl Fn(u32) -> Script + Send + Sync + 'static) -> RawServer {
    let responses = Responses::default();
    let script = Arc::new(script);
    for _ in 0..4 {
        let script = Arc::clone(&script);
        responses.push(move |stream| script(stream));
    }
    let options = RawOptions::tls_with(FrontOptions::default(), [vec![Step::Respond(responses)]]);
    up(RawServer::start(options.either_version()))
}

/// A response with this body, as it is written over HTTP/1.1, or on this stream of HTTP/2: its head and half of its body, and the
/// rest.
pub(crate) fn response(stream: u32, status: &str, body: &str) -> [Step; 2] {
    let (begin, rest) = body.split_at(body.len() / 2);
    let length = body.len().to_string();
    if stream == 0 {
        let head = format!("HTTP/1.1 {status} Early\r\ncontent-length: {length}\r\n\r\n{begin}");
        return [Step::write(head), Step::write(rest.to_owned())];
    }
    let stream = u8::try_from(stream).expect("one of the first requests of its connection");
    let head = frame(HEADERS, END_HEADERS, stream, &block(&[(":status", status), ("content-length", &length)]));
    let begin = [head, frame(DATA, 0, stream, begin.as_bytes())].concat();
    [Step::write(begin), Step::write(frame(DATA, END_STREAM, stream, rest.as_bytes()))]
}

/// Each version of HTTP, with the length of the body known and unknown.
pub(crate) fn versions_and_lengths(world: &World) -> impl Iterator<Item = (HttpVersions, bool)> {
    world.http_versions().into_iter().flat_map(|versions| [true, false].map(|known| (versions, known)))
}

pub(crate) async fn upload_01_body_above_every_window_arrives_byte_for_byte(world: World) {
    // More than the mebibyte that the server's HTTP/2 lets through at first.
    const LENGTH: usize = (1 << 20) + (1 << 18) + 1;
    if refuses_uploads(&world).await {
        return;
    }
    let content = content(LENGTH);
    let hash = sha256_hex(&content);
    let crossing = Crossing::plain(&world, &Settings::ALL.pairwise(), FrontOptions::default());
    for (index, setting) in crossing.settings().enumerate() {
        let (transport, front) = (crossing.transport(setting).await, crossing.front(setting));
        for known in [true, false] {
            let method = if (index % 2 == 0) == known { Method::POST } else { Method::PUT };
            let what = format!("{method}, length known: {known}, {setting}");
            let before = front.ledger().requests().len();
            let body = Feed::default().body(pieces(&content, 100_003));
            let body = if known { body.with_length(LENGTH as u64) } else { body };
            let exchange = transport.upload(upload(method.clone(), front.url(HOST), body)).await;
            let exchange = exchange.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            assert_eq!(&collect(exchange).await.expect("a body")[..], b"{}", "{what}");
            let arrived = front.ledger().requests_since(before);
            assert_eq!(arrived.len(), 1, "{what}");
            let arrived = &arrived[0];
            assert_eq!((arrived.method.as_str(), arrived.body_len), (method.as_str(), LENGTH as u64), "{what}");
            assert_eq!(arrived.body_sha256, hash, "other bytes arrived, {what}");
            let length = if known { vec![LENGTH.to_string()] } else { vec![] };
            assert_eq!(arrived.header_values("content-length"), length, "{what}");
            // Above some size libraries add fields of their own, `Expect` above all.
            let known_fields = ["host", "accept", "user-agent", "content-type", "content-length", "transfer-encoding"];
            let added = arrived.headers.iter().find(|(name, _)| !known_fields.contains(&&**name));
            assert_eq!(added, None, "a field was added, {what}");
            let is_chunked = arrived.header_values("transfer-encoding") == ["chunked"];
            assert_eq!(is_chunked, !known && arrived.version == Version::HTTP_11, "{what}");
        }
    }
    empty_body_arrives(&world).await;
    long_body_is_announced(&world).await;
}

/// The length of a body that 32 bits do not hold.
async fn long_body_is_announced(world: &World) {
    const LENGTH: u64 = (1 << 32) + 5;
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        let body = Feed::default().body(pieces(&content(500), 100).chain(stalled())).with_length(LENGTH);
        let call = transport.upload(upload(Method::PUT, front.url(HOST), body));
        let begun = Box::pin(front.ledger().wait_until(|seen| !seen.requests.is_empty(), Duration::from_secs(20)));
        let ended = select(call, begun).await;
        let arrived = front.ledger().requests().pop().unwrap_or_else(|| panic!("it does not begin, {versions:?}"));
        assert_eq!(arrived.header_values("content-length"), [LENGTH.to_string()], "another length, {versions:?}");
        assert!(matches!(ended, Either::Right(_)), "it ended without its body, {versions:?}");
    }
}

/// A body of no bytes, whether that is known beforehand or not.
async fn empty_body_arrives(world: &World) {
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        for length in [Some(0), None] {
            let body = Feed::default().body(stream::empty());
            let body = if let Some(length) = length { body.with_length(length) } else { body };
            let exchange = transport.upload(upload(Method::PUT, front.url(HOST), body)).await.expect("answered");
            collect(exchange).await.expect("a body");
            let arrived = front.ledger().requests().pop().expect("a request");
            assert!(arrived.complete() && arrived.body_len == 0, "{length:?} {versions:?}: {arrived:?}");
            let lengths: Vec<_> = length.iter().map(ToString::to_string).collect();
            let said = arrived.header_values("content-length");
            assert!(said == lengths || length.is_none() && said == ["0"], "{said:?} {length:?} {versions:?}");
            // Without either, some servers wait for a body or respond with 411.
            let is_framed = !said.is_empty() || arrived.header_values("transfer-encoding") == ["chunked"];
            assert!(is_framed || arrived.version == Version::HTTP_2, "no framing, {length:?}: {arrived:?}");
        }
    }
}

pub(crate) async fn upload_02_body_is_not_read_ahead_of_the_server(world: World) {
    const CHUNK: usize = 64 << 10;
    const CHUNKS: usize = 4 << 10;
    // The buffers of the system are up to 10 MiB for each connection, and there may be a proxy in between.
    const BOUND: u64 = 64 << 20;
    if refuses_uploads(&world).await {
        return;
    }
    let chunk = Bytes::from(vec![b'x'; CHUNK]);
    let calls = world.http_versions().into_iter().map(|versions| {
        let known = versions == HttpVersions::Http1;
        let (world, chunk) = (world.clone(), chunk.clone());
        async move {
            // The server reads the head and nothing more.
            let (gate, begun) = (Gate::new(), Gate::new());
            let waits = [Step::Open(begun.clone()), Step::Wait(gate.clone())];
            let server = heads_only(move |_| waits.to_vec());
            let transport = world.transport(&world.config().with_http_versions(versions));
            let feed = Feed::default();
            let body = feed.body(stream::repeat(chunk).take(CHUNKS).map(Ok));
            let body = if known { body.with_length((CHUNK * CHUNKS) as u64) } else { body };
            let call = transport.upload(upload(Method::POST, server.url(HOST), body));
            let clock = SystemClock::new();
            // Long enough for a transport that reads ahead to read it all, once it has begun to read.
            let later = Box::pin(async {
                begun.passed().await;
                for _ in 0..200 {
                    clock.sleep(Duration::from_millis(150)).await;
                    if feed.taken() > 0 {
                        return;
                    }
                }
            });
            let Either::Right(_) = select(call, later).await else { panic!("a response came") };
            let taken = feed.taken();
            assert!(taken < BOUND, "{taken} bytes were read ahead, {versions:?}, length known: {known}");
            assert!(taken > 0, "the body was not begun, {versions:?}, length known: {known}");
            gate.open();
        }
    });
    join_all(calls).await;
}

pub(crate) async fn upload_03_refusal_before_the_end_of_the_body_is_the_response(world: World) {
    const REFUSAL: &str = "{\"message\":\"it is too large, or not for you\"}";
    if refuses_uploads(&world).await {
        return;
    }
    let content = Bytes::from(vec![b'x'; 64 << 10]);
    for versions in world.http_versions() {
        for status in ["403", "413"] {
            for (what, is_stalled) in [("a body that stalls", true), ("a body that is not read", false)] {
                let gate = Gate::new();
                let waits = Step::Wait(gate.clone());
                let server = heads_only(move |stream| {
                    let [begin, rest] = response(stream, status, REFUSAL);
                    vec![begin, rest, waits.clone()]
                });
                let transport = world.transport(&world.config().with_http_versions(versions));
                let feed = Feed::default();
                let body = match is_stalled {
                    true => feed.body(pieces(&content, 16 << 10).chain(stalled())),
                    false => feed.body(stream::repeat(content.clone()).take(1 << 10).map(Ok)),
                };
                let case = format!("{status} to {what}, {versions:?}");
                let call = transport.upload(upload(Method::POST, server.url(HOST), body.with_length(64 << 20)));
                let exchange = in_time(call).await.unwrap_or_else(|error| panic!("{case}: {error:?}"));
                assert_eq!(exchange.response.status().as_str(), status, "{case}");
                assert_eq!(in_time(collect(exchange)).await.expect(&case), REFUSAL, "{case}");
                gate.open();
            }
        }
    }
}

pub(crate) async fn upload_04_early_success_is_not_a_success_without_the_whole_body(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    for (case, outcome) in early_successes(&world).await {
        let Err(error) = outcome else { continue };
        assert_eq!(error.kind(), TransportErrorKind::Upload, "{case}: {error:?}");
        assert_ne!(error.delivery(), Delivery::NotSent, "{case}: {error:?}");
    }
}

pub(crate) async fn upload_21_early_success_does_not_end_the_upload(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    for (case, outcome) in early_successes(&world).await {
        outcome.unwrap_or_else(|error| panic!("{case}: {error:?}"));
    }
}

/// Uploads to a server that begins its success before the body has ended: the error, or a response that came with the whole body.
async fn early_successes(world: &World) -> Vec<(String, Result<(), TransportError>)> {
    const BODY: &str = "as it comes";
    let content = content(200_000);
    let mut outcomes = Vec::new();
    for (versions, known) in versions_and_lengths(world) {
        let case = format!("{versions:?}, length known: {known}");
        let server = heads_only(|stream| {
            let [begin, rest] = response(stream, "200", BODY);
            vec![begin, Step::ReadBody, rest]
        });
        let transport = world.transport(&world.config().with_http_versions(versions));
        let gate = Gate::new();
        let opened = gate.clone();
        let rest = stream::once(async move { opened.passed().await }).filter_map(|()| async { None });
        let rest = rest.chain(pieces(&content.slice(100_000..), 10_000));
        let body = Feed::default().body(pieces(&content.slice(..100_000), 10_000).chain(rest));
        let body = if known { body.with_length(content.len() as u64) } else { body };
        let call = transport.upload(upload(Method::POST, server.url(HOST), body));
        let outcome = match in_time(call).await {
            Err(error) => Err(error),
            Ok(exchange) => {
                assert_eq!(exchange.response.status(), StatusCode::OK, "{case}");
                gate.open();
                // The server writes the rest of its response when it has the whole body.
                assert_eq!(in_time(collect(exchange)).await.expect(&case), BODY, "{case}");
                Ok(())
            }
        };
        // Over HTTP/2 a scripted server records no request. What was given up may look whole to it where no length was declared.
        let is_over = |seen: &Snapshot| seen.requests.iter().all(|one| one.progress != RequestProgress::Receiving);
        assert!(
            server.ledger().wait_until(is_over, Duration::from_secs(10)).await,
            "{case}: the server waits for more"
        );
        for arrived in server.ledger().requests() {
            let given_up = outcome.is_err() && !(known && arrived.complete());
            assert!(given_up || arrived.body_sha256 == sha256_hex(&content), "{case}: half of the body looks whole");
        }
        outcomes.push((case, outcome));
    }
    outcomes
}

pub(crate) async fn upload_08_total_limit_includes_the_upload(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    let calls = world.http_versions().into_iter().flat_map(|versions| [true, false].map(|stalls| (versions, stalls)));
    let calls = calls.map(|(versions, stalls)| {
        let world = world.clone();
        async move {
            let what = if stalls { "the body stalls" } else { "the server does not read" };
            // On a busy machine a short limit ends the handshake already; then a longer one is tried.
            for millis in [250, 1000, 4000] {
                let error = ended_by_its_limit(&world, versions, stalls, Duration::from_millis(millis)).await;
                let case = format!("{what}, {versions:?}: {error:?}");
                assert!(matches!(error.kind(), TransportErrorKind::Timeout(_)), "{case}");
                if error.delivery() == Delivery::Unknown {
                    return;
                }
                assert!(millis < 4000, "something was sent, {case}");
            }
        }
    });
    join_all(calls).await;
}

/// The error of an upload that makes no progress.
async fn ended_by_its_limit(world: &World, versions: HttpVersions, stalls: bool, limit: Duration) -> TransportError {
    let gate = Gate::new();
    let waits = Step::Wait(gate.clone());
    let server = heads_only(move |_| vec![waits.clone()]);
    let limits = Timeouts::new().with_connect(limit * 4 / 5).with_total(limit);
    let transport = world.transport(&world.config().with_http_versions(versions).with_timeouts(limits));
    let chunk = Bytes::from(vec![b'x'; 64 << 10]);
    let body = match stalls {
        true => Feed::default().body(pieces(&chunk, 16 << 10).chain(stalled())),
        false => Feed::default().body(stream::repeat(chunk).map(Ok)),
    };
    let call = transport.upload(upload(Method::POST, server.url(HOST), body.with_length(1 << 40)));
    let error = in_time(call).await.expect_err("its limit");
    gate.open();
    error
}

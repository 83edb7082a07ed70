//! UPLOAD, continued: uploads that fail, are dropped or are refused, and what the server and the caller learn; and that nothing is
//! sent twice.

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{
    Capability, Code, Delivery, Mode, Transport, TransportError, TransportErrorKind, UploadBody, UploadError, causes,
};
use digicert_one_testbed::{
    Front, FrontOptions, Gate, RawOptions, RawServer, Recording, RequestProgress, Sessions, Snapshot, Step, sha256_hex,
};
use futures_util::future::{Either, select};
use futures_util::poll;
use futures_util::stream::{self, StreamExt as _};
use http::{HeaderValue, Method, Response, StatusCode};

use crate::cases::faithful::proves;
use crate::cases::http2::{after_request, goaway, reset};
use crate::cases::req::COMMON;
use crate::cases::time::{in_time, total_limit};
use crate::cases::upload::{
    Feed, content, heads_only, pieces, refuses_uploads, response, stalled, upload, versions_and_lengths,
};
use crate::setting::{Crossing, Settings};
use crate::world::{HOST, KEY, World, collect, diagnose, front, front_responding, get, key_value, up};

const LIMIT: Duration = Duration::from_secs(8);

/// Asserts that every request that began on this server was cut, and none is whole.
async fn all_are_cut(front: &Front, what: &str) {
    let cut = |seen: &Snapshot| seen.requests.iter().all(|one| one.progress == RequestProgress::Abandoned);
    let are_cut = front.ledger().wait_until(cut, LIMIT).await;
    let requests = front.ledger().requests();
    assert!(are_cut && requests.iter().all(|one| !one.complete()), "the server saw no end, or a whole request: {what}");
}

/// The error of an upload whose body is at fault.
async fn fails(front: &Front, transport: &dyn Transport, body: UploadBody, what: &str) -> TransportError {
    let call = transport.upload(upload(Method::POST, front.url(HOST), body));
    let error = match in_time(call).await {
        Ok(exchange) => collect(exchange).await.expect_err(what),
        Err(error) => error,
    };
    assert_eq!(error.kind(), TransportErrorKind::Upload, "{what}: {error:?}");
    assert_ne!(error.delivery(), Delivery::Sent, "{what}: {error:?}");
    assert_eq!(diagnose(&error, Mode::Key, None).code, Code::IO_03, "{what}");
    all_are_cut(front, what).await;
    error
}

/// Asserts that the transport is none the worse for what happened.
async fn still_works(front: &Front, transport: &dyn Transport, what: &str) {
    let exchange = transport.send(get(front.url(HOST))).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    collect(exchange).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
}

pub(crate) async fn upload_05_body_that_fails_is_an_error_and_never_a_request(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    let content = content(200_000);
    for (versions, known) in versions_and_lengths(&world) {
        let transport = world.transport(&world.config().with_http_versions(versions));
        for length in [200_000, 0] {
            let front = front(FrontOptions::default());
            let what = format!("it fails after {length} bytes, {versions:?}, length known: {known}");
            let failure = stream::once(async { Err(io::Error::other("the disk is gone")) });
            let body = Feed::default().body(pieces(&content.slice(..length), 10_000).chain(failure));
            let body = if known { body.with_length(300_000) } else { body };
            let error = fails(&front, &*transport, body, &what).await;
            let is_ours = causes(&error).any(|cause| cause.to_string() == "the disk is gone");
            assert!(is_ours, "the error of the body is lost, {what}: {error:?}");
            still_works(&front, &*transport, &what).await;
        }
    }
}

pub(crate) async fn upload_06_dropped_upload_stops(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    let content = content(100_000);
    for (versions, known) in versions_and_lengths(&world) {
        let transport = world.transport(&world.config().with_http_versions(versions));
        let with_length = |body: UploadBody| if known { body.with_length(1 << 40) } else { body };

        let (front, feed) = (front(FrontOptions::default()), Feed::default());
        let what = format!("the body stalls, {versions:?}, length known: {known}");
        let body = with_length(feed.body(pieces(&content, 10_000).chain(stalled())));
        let call = transport.upload(upload(Method::POST, front.url(HOST), body));
        let seen = pin!(front.ledger().wait_until(|seen| !seen.requests.is_empty(), LIMIT));
        let Either::Right((true, call)) = select(call, seen).await else { panic!("no request came, {what}") };
        drop(call);
        feed.dropped(&what).await;
        all_are_cut(&front, &what).await;
        still_works(&front, &*transport, &what).await;

        // One that is being written, and one whose response has begun.
        for is_answered in [false, true] {
            let what = format!("a response began: {is_answered}, {versions:?}, length known: {known}");
            let (gate, begun, feed) = (Gate::new(), Gate::new(), Feed::default());
            let (waits, opens) = (Step::Wait(gate.clone()), Step::Open(begun.clone()));
            let server = heads_only(move |stream| {
                let [begin, _] = response(stream, "413", "it is too large");
                let begin = if is_answered { begin } else { Step::Pause };
                vec![begin, opens.clone(), waits.clone()]
            });
            let body = with_length(feed.body(stream::repeat(content.clone()).map(Ok)));
            let call = transport.upload(upload(Method::POST, server.url(HOST), body));
            if is_answered {
                drop(in_time(call).await.unwrap_or_else(|error| panic!("{what}: {error:?}")));
            } else {
                let begun = Box::pin(begun.passed());
                let Either::Right((_, call)) = select(call, begun).await else { panic!("a response came") };
                drop(call);
            }
            feed.dropped(&what).await;
            gate.open();
        }
    }
}

pub(crate) async fn upload_07_body_of_another_length_is_an_error_and_never_a_request(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    let content = content(50_000);
    for versions in world.http_versions() {
        let transport = world.transport(&world.config().with_http_versions(versions));
        for declared in [50_001, 60_000, 49_999, 40_000, 1, 0] {
            let front = front(FrontOptions::default());
            let what = format!("50000 bytes where {declared} are declared, {versions:?}");
            let body = Feed::default().body(pieces(&content, 10_000)).with_length(declared);
            let error = fails(&front, &*transport, body, &what).await;
            let found = causes(&error).find_map(|cause| cause.downcast_ref::<UploadError>());
            let is_named = match declared {
                50_000.. => matches!(found, Some(UploadError::TooShort { given: 50_000, .. })),
                _ => matches!(found, Some(UploadError::TooLong { .. })),
            };
            assert!(is_named, "{what}: {error:?}");
            still_works(&front, &*transport, &what).await;
        }
    }
}

pub(crate) async fn upload_09_upload_is_never_repeated(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    let content = content(50_000);
    let small = |feed: &Feed| feed.body(pieces(&content, 10_000)).with_length(50_000);
    for versions in world.http_versions() {
        for status in [408, 421, 425, 429, 503] {
            let status = StatusCode::from_u16(status).expect("a status");
            let front = front_responding(FrontOptions::default(), move |_| {
                let mut response = Response::new("{}".into());
                *response.status_mut() = status;
                response
            });
            let transport = world.transport(&world.config().with_http_versions(versions));
            let call = transport.upload(upload(Method::PUT, front.url(HOST), small(&Feed::default())));
            let exchange = call.await.unwrap_or_else(|error| panic!("{status} {versions:?}: {error:?}"));
            assert_eq!(exchange.response.status(), status, "{versions:?}");
            collect(exchange).await.expect("a body");
            assert_eq!(front.ledger().requests().len(), 1, "repeated after {status}, {versions:?}");
        }
    }
    // A used connection that takes the second request and ends.
    let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    for ending in [Step::CloseClean, Step::CloseAbrupt, Step::Reset] {
        let first = vec![Step::ReadRequest, Step::write(response), Step::ReadRequest, ending.clone()];
        let server = up(RawServer::start(RawOptions::tls([first, vec![Step::ReadRequest, ending.clone()]])));
        let transport = world.transport(&world.config());
        collect(transport.send(get(server.url(HOST))).await.expect("answered")).await.expect("a body");
        let url = format!("{}/second", server.url(HOST));
        let error = transport.upload(upload(Method::PUT, url, small(&Feed::default()))).await.expect_err("no response");
        let reported = (error.kind(), error.delivery());
        assert_eq!(reported, (TransportErrorKind::Interrupted, Delivery::Unknown), "{ending:?}: {error:?}");
        let arrived = server.ledger().requests().iter().filter(|one| one.target == "/second").count();
        assert_eq!(arrived, 1, "{ending:?}");
    }
    if world.has(Capability::Http2) {
        refused_stream_is_not_opened_again(&world).await;
    }
}

/// Over HTTP/2 a server can say that it did not look at a request (RFC 9113 section 8.7). The body is used up all the same.
async fn refused_stream_is_not_opened_again(world: &World) {
    for (what, refusal) in [("GOAWAY", goaway(0)), ("REFUSED_STREAM", reset(7)), ("HTTP_1_1_REQUIRED", reset(0xd))] {
        // The head of another request on the same connection: stream 3.
        let (seen, again, another) = (Recording::default(), Recording::default(), Gate::new());
        let third = Step::ReadUntil(again.clone(), Bytes::from_static(b"\0\0\0\x03"));
        let refuses = after_request(&seen, [Step::write(refusal), third, Step::Open(another.clone()), Step::Stall]);
        let http1 = vec![Step::ReadRequest, Step::write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"), Step::Stall];
        let options = RawOptions::tls_with(FrontOptions::default(), [refuses, http1]);
        let server = up(RawServer::start(options.either_version()));
        let body = Feed::default().body(pieces(&Bytes::from(vec![b'x'; 1 << 20]), 64 << 10));
        let call = upload(Method::POST, server.url(HOST), body.with_length(1 << 20));
        let outcome = in_time(world.transport(&total_limit(world)).upload(call)).await;
        let connections = server.ledger().connections();
        // A stack that uploads over HTTP/1.1 alone does not come so far.
        if connections.first().is_some_and(|one| one.alpn.as_deref() != Some("h2")) {
            continue;
        }
        outcome.expect_err(what);
        assert_eq!(connections.len(), 1, "sent once more after {what}");
        assert!(poll!(pin!(another.passed())).is_pending(), "sent once more on the same connection after {what}");
    }
}

/// What libraries like to tidy up.
const TARGET: &str = "/a//b%2Fc;v=1/?q=a%20b&r=+&s=&";

pub(crate) async fn upload_10_headers_identity_and_facts_are_those_of_a_call(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    let content = content(30_000);
    // Not every stack knows the TLS version of a resumed session.
    let options = FrontOptions::default().sessions(Sessions::Off);
    let crossing = Crossing::plain(&world, &Settings::ALL.pairwise(), options);
    let mut tunnels = 0;
    for setting in crossing.settings() {
        let (transport, front) = (crossing.transport(setting).await, crossing.front(setting));
        // On a fresh connection, and on a used one if the transport has one for uploads.
        for index in 0..2 {
            let what = format!("upload {index}, {setting}");
            let before = front.ledger().requests().len();
            let body = Feed::default().body(pieces(&content, 7_000));
            let mut request = upload(Method::POST, format!("{}{TARGET}", front.url(HOST)), body);
            request.headers_mut().insert("x-api-key", key_value());
            request.headers_mut().insert("content-type", "application/x-Given; a=b".parse().expect("a value"));
            // Once those alone that a library may set where they are missing, and once all that libraries know.
            let common = COMMON.into_iter().filter(|(name, _)| index == 1 || ["accept", "user-agent"].contains(name));
            let common: Vec<_> = common.collect();
            for (name, value) in common.iter().copied() {
                request.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            request.headers_mut().append("x-part", "one".parse().expect("a value"));
            request.headers_mut().append("x-part", "two".parse().expect("a value"));
            let exchange = transport.upload(request).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            let facts = exchange.facts.clone();
            collect(exchange).await.expect("a body");
            let seen = front.ledger().snapshot();
            let [arrived] = &seen.requests[before..] else { panic!("more than one request, {what}") };
            assert_eq!((arrived.target.as_str(), &arrived.body_sha256), (TARGET, &sha256_hex(&content)), "{what}");
            let given = ["host", "transfer-encoding", "x-api-key", "content-type", "x-part"];
            let is_given = |name: &str| given.contains(&name) || common.iter().any(|(common, _)| *common == name);
            let added = arrived.headers.iter().find(|(name, _)| !is_given(&name.to_ascii_lowercase()));
            assert_eq!(added, None, "a header was added, {what}");
            for (name, value) in common {
                assert_eq!(arrived.header_values(name), [value], "{name} is as it was given, {what}");
            }
            assert_eq!(arrived.header_values("x-api-key"), [KEY], "{what}");
            assert_eq!(arrived.header_values("x-part"), ["one", "two"], "{what}");
            assert_eq!(arrived.header_values("content-type"), ["application/x-Given; a=b"], "{what}");
            assert_eq!(arrived.header_values("expect"), [""; 0], "{what}");
            let is_told = facts.tls_version.is_some() || facts.reused == Some(true);
            assert!(is_told || !world.has(Capability::TlsVersionFact), "the TLS version, {what}");
            assert!(facts.reused.is_some() || !world.has(Capability::ReuseFact), "whether it was reused, {what}");
            let connection = seen.connections.iter().find(|one| one.id == arrived.connection).expect("listed");
            proves(&crossing, setting, connection, &what);
        }
        if let Some(proxy) = crossing.proxy().filter(|_| setting.proxied) {
            let is_asked = proxy.ledger().requests().len() > tunnels;
            assert!(is_asked, "an upload went around the proxy, {setting}");
            tunnels = proxy.ledger().requests().len();
        }
    }
}

//! BODY: where a response ends is decided by its own framing, not by how its connection ends.

use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{Capability, Code, Delivery, Mode, Timeouts, TransportErrorKind};
use digicert_one_testbed::{
    FrontOptions, Gate, HttpVersions, RawOptions, RawServer, Recording, Script, Sessions, Step, TlsRange,
};
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;

use crate::world::{HOST, World, collect, diagnose, get, request, servers, up};

/// Shown once: a client that loses this response cannot ask for it again.
const SECRET: &str = r#"{"secret":"shown once"}"#;

/// Requests with their complete responses, each with another way to determine its end.
fn complete() -> Vec<(Method, String, &'static str)> {
    let length = SECRET.len();
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{SECRET}\r\n0\r\n\r\n"
    );
    let mut responses = vec![
        (Method::HEAD, format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"), ""),
        (Method::DELETE, "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned(), ""),
        (Method::PUT, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned(), ""),
    ];
    for version in ["1.0", "1.1"] {
        let response =
            format!("HTTP/{version} 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{SECRET}");
        responses.push((Method::GET, response, SECRET));
    }
    responses.push((Method::GET, chunked, SECRET));
    responses
}

pub(crate) async fn body_15_a_complete_response_survives_an_end_without_close_notify(world: World) {
    let responses = complete();
    // Each pair of engine, TLS version and whether sessions can be resumed.
    let all = servers().enumerate().flat_map(|(engine, server)| {
        [TlsRange::Only12, TlsRange::Only13].into_iter().enumerate().map(move |(version, range)| {
            let sessions = if engine == version { Sessions::Off } else { Sessions::Tickets };
            server.clone().tls(range).sessions(sessions)
        })
    });
    for options in all {
        let shown = format!("{:?} {:?} {:?}", options.engine, options.tls, options.sessions);
        let scripts =
            responses.iter().map(|(_, response, _)| vec![Step::ReadRequest, Step::write_and_close(response.clone())]);
        let server = up(RawServer::start(RawOptions::tls_with(options, scripts)));
        // One transport for all, so that later connections resume the session if there are tickets.
        let transport = world.transport(&world.config());
        for (method, response, body) in &responses {
            let outcome = transport.send(request(method.clone(), server.url(HOST), "")).await;
            let exchange = outcome.unwrap_or_else(|error| panic!("{shown} {method} lost {response:?}: {error:?}"));
            let arrived =
                collect(exchange).await.unwrap_or_else(|error| panic!("{shown} {method} {response:?}: {error:?}"));
            assert_eq!(arrived, body.as_bytes(), "{shown} {method} {response:?}");
        }
        assert_eq!(server.ledger().requests().len(), responses.len(), "{shown}: each is sent once");
    }
}

/// A server that writes HTTP/2 byte by byte and sends this for the first request.
fn http2(end: impl IntoIterator<Item = Step>) -> RawServer {
    const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
    let recording = Recording::default();
    let mut script: Script = vec![
        Step::write(SETTINGS),
        Step::ReadUntil(recording.clone(), Bytes::from_static(b"PRI * HTTP/2.0")),
        // The end of the head of a HEADERS frame: stream 1.
        Step::ReadUntil(recording, Bytes::from_static(b"\0\0\0\x01")),
    ];
    script.extend(end);
    up(RawServer::start(RawOptions::tls_with(FrontOptions::default().http(HttpVersions::Only2), [script])))
}

/// A frame of stream 1 (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
}

/// The fields of a head: `:status: 200`, and the length where one is given (RFC 7541 §6.2.2).
fn fields(length: Option<usize>) -> Vec<u8> {
    let mut fields = vec![0x88];
    if let Some(length) = length {
        let length = length.to_string();
        // `content-length` is entry 28 of the static table.
        fields.extend([0x0f, 0x0d, u8::try_from(length.len()).expect("short")]);
        fields.extend(length.as_bytes());
    }
    fields
}

/// As a frame that ends the head and not the stream.
fn head(length: Option<usize>) -> Vec<u8> {
    frame(1, 4, &fields(length))
}

const END_STREAM: u8 = 1;

pub(crate) async fn body_16_a_complete_http2_response_survives_the_end_of_its_connection(world: World) {
    if world.leaves_out(Capability::Http2) {
        return;
    }
    for length in [None, Some(SECRET.len())] {
        let frames = [head(length), frame(0, END_STREAM, SECRET.as_bytes())].concat();
        let server = http2([Step::write_and_close(frames)]);
        let transport = world.transport(&world.config());
        let exchange = transport.send(get(server.url(HOST))).await;
        let exchange = exchange.unwrap_or_else(|error| panic!("length {length:?}: {error:?}"));
        assert_eq!(exchange.response.status(), StatusCode::OK);
        let arrived = collect(exchange).await.unwrap_or_else(|error| panic!("length {length:?}: {error:?}"));
        assert_eq!(arrived, SECRET.as_bytes(), "length {length:?}");
    }
}

pub(crate) async fn body_17_a_response_that_is_cut_with_its_connection_is_an_error(world: World) {
    let cut = [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin",
        "HTTP/1.0 200 OK\r\ncontent-length: 100\r\n\r\nbegin",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegin\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegin\r\n64\r\nhalf",
        // Only a close_notify would confirm that this is all.
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nperhaps all",
        "HTTP/1.0 200 OK\r\n\r\nperhaps all",
    ];
    for options in servers() {
        let scripts = cut.map(|response| vec![Step::ReadRequest, Step::write_and_close(response)]);
        let server = up(RawServer::start(RawOptions::tls_with(options, scripts)));
        let transport = world.transport(&world.config());
        for response in cut {
            let error = match transport.send(get(server.url(HOST))).await {
                Ok(exchange) => collect(exchange).await.expect_err("a part was taken for the whole"),
                Err(error) => error,
            };
            assert_eq!(error.kind(), TransportErrorKind::BodyCut, "{response:?} {error:?}");
            assert_eq!(error.delivery(), Delivery::Sent, "{response:?}");
            assert_eq!(diagnose(&error, Mode::Key, None).code, Code::NET_09, "{response:?}");
        }
        assert_eq!(server.ledger().requests().len(), cut.len(), "each is sent once");
    }
}

pub(crate) async fn body_18_an_http2_response_that_ends_short_of_its_length_is_cut_at_once(world: World) {
    if world.leaves_out(Capability::Http2) {
        return;
    }
    // A stack that overlooks the end is found out soon.
    let config = world.config().with_timeouts(Timeouts::new().with_total(Duration::from_secs(10)));
    const CANCEL: &[u8] = &[0, 0, 0, 8];
    let ends = [
        ("an empty last frame", frame(0, END_STREAM, b"")),
        ("a last frame that is too short", frame(0, END_STREAM, b" more")),
        ("a reset of the stream", frame(3, 0, CANCEL)),
    ];
    for (what, end) in ends {
        // The connection stays open, so that nothing else ends the wait; and the end arrives alone, after
        // everything before it was read.
        let begun = Gate::new();
        let begin = [head(Some(100)), frame(0, 0, b"begin")].concat();
        let server = http2([Step::write(begin), Step::Wait(begun.clone()), Step::write(end), Step::Stall]);
        let transport = world.transport(&config);
        let exchange = transport.send(get(server.url(HOST))).await.expect("a head");
        let mut body = exchange.response.into_body();
        let first = body.frame().await.expect("a frame").expect("a part");
        assert_eq!(first.data_ref().expect("data"), "begin", "{what}");
        begun.open();
        let error = body.collect(100).await.expect_err("a part was taken for the whole");
        assert_eq!(error.kind(), TransportErrorKind::BodyCut, "{what}: {error:?}");
        assert_eq!(error.delivery(), Delivery::Sent, "{what}");
    }
    // Nothing of the announced body arrived.
    let server = http2([Step::write(frame(1, 4 | END_STREAM, &fields(Some(100)))), Step::Stall]);
    if let Ok(exchange) = world.transport(&config).send(get(server.url(HOST))).await {
        collect(exchange).await.expect_err("nothing was taken for the whole");
    }
}

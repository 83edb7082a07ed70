//! HTTP/2 written byte by byte (RFC 9113 section 4.1), for what no HTTP/2 library sends; and the cases about
//! truncated bodies.

use bytes::Bytes;
use digicert_one_core::{Capability, Code, Delivery, Mode, TransportErrorKind};
use digicert_one_testbed::{FrontOptions, HttpVersions, RawOptions, RawServer, Recording, Script, Step};
use http::{Method, StatusCode};

use crate::beside;
use crate::cases::time::total_limit;
use crate::world::{HOST, World, collect, diagnose, get, request, up};

pub(crate) const DATA: u8 = 0;
pub(crate) const PING: u8 = 6;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// One frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&[a, b, c, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// A header block: each name and value as a literal that is not indexed (RFC 7541 section 6.2.2).
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).expect("a short text")], text.as_bytes()].concat();
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

/// HEADERS of stream 1; the stream stays open unless `flags` end it.
pub(crate) fn head(flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | flags, 1, &block(fields))
}

pub(crate) fn reset(code: u8) -> Vec<u8> {
    frame(RST_STREAM, 0, 1, &[0, 0, 0, code])
}

/// GOAWAY without an error; `last` is the last stream that was looked at.
pub(crate) fn goaway(last: u8) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[0, 0, 0, last, 0, 0, 0, 0])
}

/// Waits for the head of the first request, stored in `seen`, and continues with these steps.
pub(crate) fn after_request(seen: &Recording, steps: impl IntoIterator<Item = Step>) -> Script {
    let begin = [
        Step::write(frame(SETTINGS, 0, 0, &[])),
        Step::ReadUntil(seen.clone(), Bytes::from_static(b"PRI * HTTP/2.0")),
        Step::ReadUntil(seen.clone(), Bytes::from_static(beside::FIRST)),
    ];
    begin.into_iter().chain(steps).collect()
}

pub(crate) fn server(scripts: impl IntoIterator<Item = Script>) -> RawServer {
    let mut scripts: Vec<_> = scripts.into_iter().collect();
    let begun = [head(0, &[(":status", "200")]), frame(DATA, 0, 1, b"begin")].concat();
    let first = scripts.first().and_then(|script| beside::with_another(script, begun));
    let remark = first.is_some().then_some(beside::REMARK);
    // A stack that has a connection for each call finds the script as it is on the next one.
    scripts.splice(0..0, first);
    let options = RawOptions::tls_with(FrontOptions::default().http(HttpVersions::Only2), scripts);
    up(RawServer::start(options.remark(remark)))
}

/// A response of 100 bytes that ends after five of them, with these steps.
async fn cut_by(world: &World, has_length: bool, what: &str, end: Vec<Step>) {
    let length = [("content-length", "100")];
    let fields = [&[(":status", "200")][..], if has_length { &length } else { &[] }].concat();
    let begin = [head(0, &fields), frame(DATA, 0, 1, b"begin")].concat();
    let steps = [Step::write(begin)].into_iter().chain(end);
    let server = server([after_request(&Recording::default(), steps)]);
    let transport = world.transport(&total_limit(world));
    let setting = format!("{what}, with a length: {has_length}");
    let error = match transport.send(get(server.url(HOST))).await {
        Ok(exchange) => collect(exchange).await.expect_err(&setting),
        Err(error) => error,
    };
    assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::BodyCut, Delivery::Sent), "{setting} {error:?}");
    assert_eq!(diagnose(&error, Mode::Key, None).code, Code::NET_09, "{setting}");
}

pub(crate) async fn body_14_http2_body_that_is_cut_is_an_error(world: World) {
    if world.leaves_out(Capability::Http2) {
        return;
    }
    for has_length in [true, false] {
        cut_by(&world, has_length, "RST_STREAM(INTERNAL_ERROR)", vec![Step::write(reset(2)), Step::Stall]).await;
        cut_by(&world, has_length, "RST_STREAM(CANCEL)", vec![Step::write(reset(8)), Step::Stall]).await;
        cut_by(&world, has_length, "a close", vec![Step::CloseClean]).await;
        cut_by(&world, has_length, "GOAWAY(1) and a close", vec![Step::write(goaway(1)), Step::CloseClean]).await;
    }
    cut_by(&world, true, "RST_STREAM(NO_ERROR)", vec![Step::write(reset(0)), Step::Stall]).await;
    cut_by(&world, true, "GOAWAY(0) and a close", vec![Step::write(goaway(0)), Step::CloseClean]).await;
    early_response_stays_whole(&world).await;
}

pub(crate) async fn body_20_http2_body_reset_without_an_error_and_a_length_is_cut(world: World) {
    if world.leaves_out(Capability::Http2) {
        return;
    }
    cut_by(&world, false, "RST_STREAM(NO_ERROR)", vec![Step::write(reset(0)), Step::Stall]).await;
    cut_by(&world, false, "GOAWAY(0) and a close", vec![Step::write(goaway(0)), Step::CloseClean]).await;
}

/// A server that has its response ready before the upload is done asks for no more of it by RST_STREAM(NO_ERROR) (RFC 9113 section
/// 8.1): that response is whole.
async fn early_response_stays_whole(world: &World) {
    const BODY: &[u8] = b"{\"message\":\"large\"}";
    let refusal = [(":status", "413"), ("content-length", "19")];
    let by_flag = [head(0, &refusal[..1]), frame(DATA, END_STREAM, 1, BODY), reset(0)].concat();
    let by_length = [head(0, &refusal), frame(DATA, 0, 1, BODY), reset(0)].concat();
    for (what, response) in [("END_STREAM", by_flag), ("its length", by_length)] {
        let seen = Recording::default();
        let server = server([after_request(&seen, [Step::write(response), Step::Stall])]);
        let upload = request(Method::POST, server.url(HOST), vec![b'x'; 4 << 20]);
        let outcome = world.transport(&total_limit(world)).send(upload).await;
        if server.ledger().connections().last().is_some_and(|one| one.alpn.is_none()) {
            // A stack that sends a POST over HTTP/1.1 only never reaches this.
            continue;
        }
        let exchange = outcome.unwrap_or_else(|error| panic!("complete by {what}: {error:?}"));
        assert_eq!(exchange.response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(collect(exchange).await.as_deref().ok(), Some(BODY), "complete by {what}");
    }
}

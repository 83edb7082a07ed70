//! REQ, continued: interim responses are skipped and leave nothing behind, headers arrive with the given bytes, and the framing is that of
//! the body.

use std::sync::Arc;

use digicert_one_core::{Capability, Delivery, Exchange, HttpVersions, TransportErrorKind};
use digicert_one_testbed as testbed;
use digicert_one_testbed::{FrontOptions, RawOptions, RawServer, Recording, Step};
use http::{HeaderName, HeaderValue, Method, StatusCode, Version};

use crate::cases::http2::{DATA, END_STREAM, after_request, frame, head, server};
use crate::cases::time::{in_time, total_limit};
use crate::world::{HOST, World, collect, front, get, request, scripted, servers, up, without_request};

/// More than a library would count to.
const HINTS: usize = 20;

/// A server for each HTTP version that sends two that few know, 100, 103, and 103 many times again before its response.
fn hinting(world: &World) -> Vec<(HttpVersions, RawServer)> {
    let first = "HTTP/1.1 199 Other\r\n\r\nHTTP/1.1 104 Upload\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n\
                 HTTP/1.1 103 Early Hints\r\nlink: </a>\r\nx-early: 1\r\n\r\n";
    let again = "HTTP/1.1 103 Early Hints\r\nx-early: 2\r\nx-both: early\r\n\r\n".repeat(HINTS);
    let response = "HTTP/1.1 200 OK\r\nx-both: late\r\ncontent-length: 5\r\n\r\nhello";
    let http1 = scripted([vec![Step::ReadRequest, Step::write(format!("{first}{again}{response}"))]]);
    let mut servers = vec![(HttpVersions::Http1, http1)];
    if world.has(Capability::Http2) {
        let frames = [
            head(0, &[(":status", "199")]),
            head(0, &[(":status", "104")]),
            head(0, &[(":status", "100")]),
            head(0, &[(":status", "103"), ("link", "</a>"), ("x-early", "1")]),
            head(0, &[(":status", "103"), ("x-early", "2"), ("x-both", "early")]).repeat(HINTS),
            head(0, &[(":status", "200"), ("x-both", "late"), ("content-length", "5")]),
            frame(DATA, END_STREAM, 1, b"hello"),
        ];
        let script = after_request(&Recording::default(), [Step::write(frames.concat()), Step::Stall]);
        servers.push((HttpVersions::Both, server([script])));
    }
    servers
}

/// Only over HTTP/1.1 every stack sends what is unsafe to retry.
fn methods(versions: HttpVersions) -> &'static [Method] {
    static METHODS: [Method; 2] = [Method::GET, Method::PUT];
    if versions == HttpVersions::Http1 { &METHODS } else { &METHODS[..1] }
}

async fn answered(world: &World, versions: HttpVersions, method: &Method, server: &RawServer) -> Exchange {
    let transport = world.transport(&total_limit(world).with_http_versions(versions));
    let call = request(method.clone(), server.url(HOST), "");
    transport.send(call).await.unwrap_or_else(|error| panic!("{method} {versions:?}: {error:?}"))
}

/// Each server, called with each method.
fn hinted(world: &World) -> impl Iterator<Item = (HttpVersions, &'static Method, Arc<RawServer>)> {
    hinting(world).into_iter().flat_map(|(versions, server)| {
        let server = Arc::new(server);
        methods(versions).iter().map(move |method| (versions, method, Arc::clone(&server)))
    })
}

pub(crate) async fn req_13_interim_responses_are_passed_over(world: World) {
    for (versions, method, server) in hinted(&world) {
        let exchange = answered(&world, versions, method, &server).await;
        assert_eq!(exchange.response.status(), StatusCode::OK, "{versions:?}");
        assert_eq!(&collect(exchange).await.expect("a body")[..], b"hello", "{versions:?}");
    }
}

pub(crate) async fn req_14_headers_of_interim_responses_are_left_out(world: World) {
    for (versions, method, server) in hinted(&world) {
        let exchange = answered(&world, versions, method, &server).await;
        let headers = exchange.response.headers();
        assert!(!headers.contains_key("x-early") && !headers.contains_key("link"), "{headers:?} {versions:?}");
        let both: Vec<_> = headers.get_all("x-both").iter().collect();
        assert_eq!(both, ["late"], "{versions:?}");
    }
}

pub(crate) async fn req_15_request_headers_arrive_as_given_and_none_is_added(world: World) {
    let values: [(&str, &[u8]); 4] =
        [("x-case", b"MiXeD CaSe Value"), ("x-empty", b""), ("x-latin", b"caf\xe9"), ("x-utf8", "\u{fc}".as_bytes())];
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        for (name, value) in values {
            let mut call = get(front.url(HOST));
            let header = HeaderValue::from_bytes(value).expect("a header value");
            call.headers_mut().insert(HeaderName::from_static(name), header);
            let before = front.ledger().requests().len();
            match transport.send(call).await {
                Ok(exchange) => drop(collect(exchange).await.expect("a body")),
                // A stack refuses what it cannot send, and does not omit it.
                Err(error) if !value.is_ascii() => {
                    let refusal = (TransportErrorKind::Config, Delivery::NotSent);
                    assert_eq!((error.kind(), error.delivery()), refusal, "{name} {error:?}");
                    assert_eq!(front.ledger().requests().len(), before, "{name}");
                    continue;
                }
                Err(error) => panic!("{name}: {error:?}"),
            }
            let arrived = front.ledger().requests().pop().expect("arrived");
            let sent: Vec<_> = arrived.headers.iter().filter(|(present, _)| present == name).collect();
            let bytes: Vec<&[u8]> = sent.iter().map(|(_, value)| &**value).collect();
            assert_eq!(bytes, [value], "{name} {versions:?}");
            for added in ["content-length", "transfer-encoding", "connection", "keep-alive", "te"] {
                assert!(arrived.header_values(added).is_empty(), "a GET with {added} {versions:?}");
            }
        }
        // Nor is a switch to HTTP/2 offered in clear text.
        let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        let clear = up(RawServer::start(RawOptions::plain([vec![Step::ReadRequest, Step::write(response)]])));
        collect(transport.send(get(clear.url("127.0.0.1"))).await.expect("answered")).await.expect("a body");
        let arrived = clear.ledger().requests().pop().expect("arrived");
        for added in ["connection", "upgrade", "http2-settings", "te"] {
            assert!(arrived.header_values(added).is_empty(), "clear text with {added} {versions:?}");
        }
    }
}

pub(crate) async fn req_16_a_body_is_sent_or_refused_with_any_method(world: World) {
    const BODY: &str = "{\"filter\":\"all\"}";
    for versions in world.http_versions() {
        let transport = world.transport(&world.config().with_http_versions(versions));
        for method in [Method::GET, Method::OPTIONS, Method::DELETE] {
            let (front, what) = (front(FrontOptions::default()), format!("{method} {versions:?}"));
            match transport.send(request(method, front.url(HOST), BODY)).await {
                Ok(exchange) => {
                    collect(exchange).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
                    assert_eq!(
                        front.ledger().requests()[0].body_len,
                        BODY.len() as u64,
                        "its body was left out, {what}"
                    );
                }
                Err(error) => {
                    let refusal = (TransportErrorKind::Config, Delivery::NotSent);
                    assert_eq!((error.kind(), error.delivery()), refusal, "{what}: {error:?}");
                    without_request(&front, &what).await;
                }
            }
        }
    }
}

pub(crate) async fn req_17_a_server_that_selects_no_protocol_is_called_over_http11(world: World) {
    for versions in world.http_versions() {
        for options in servers() {
            let front = front(options.http(testbed::HttpVersions::Unnamed));
            let transport = world.transport(&world.config().with_http_versions(versions));
            for method in [Method::GET, Method::POST] {
                let what = format!("{method} {versions:?}");
                let exchange = transport.send(request(method, front.url(HOST), "")).await;
                let exchange = exchange.unwrap_or_else(|error| panic!("it speaks HTTP/1.1, {what}: {error:?}"));
                assert_eq!(exchange.response.version(), Version::HTTP_11, "{what}");
                collect(exchange).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            }
            let offered = front.ledger().connections().remove(0).alpn_offered;
            match versions {
                // Without an offer a server speaks HTTP/1.1.
                HttpVersions::Http1 => {
                    assert!(offered.iter().all(|one| one == "http/1.1"), "what is offered: {offered:?}")
                }
                _ => assert_eq!(offered, ["h2", "http/1.1"], "what is offered, {versions:?}"),
            }
        }
    }
}

pub(crate) async fn req_25_a_request_is_framed_by_its_body_alone(world: World) {
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&total_limit(&world).with_http_versions(versions));
        for (framing, (method, body)) in FRAMINGS.into_iter().flat_map(|one| FRAMED.map(|call| (one, call))) {
            let what = format!("a {method} of {} bytes with {framing:?}, {versions:?}", body.len());
            let mut call = request(method, front.url(HOST), body);
            for (name, value) in framing {
                call.headers_mut().append(*name, HeaderValue::from_static(value));
            }
            let before = front.ledger().requests().len();
            match in_time(transport.send(call)).await {
                Ok(exchange) => drop(collect(exchange).await.unwrap_or_else(|error| panic!("{what}: {error:?}"))),
                Err(error) => {
                    let is_right = framing.iter().all(|(_, value)| *value == body.len().to_string());
                    let refused = (error.kind(), error.delivery()) == (TransportErrorKind::Config, Delivery::NotSent);
                    assert!(refused && !is_right, "{what}: {error:?}");
                    continue;
                }
            }
            let arrived = front.ledger().requests_since(before);
            let [arrived] = arrived.as_slice() else { panic!("{} requests arrived of {what}", arrived.len()) };
            let (lengths, is_http2) = (arrived.header_values("content-length"), arrived.version == Version::HTTP_2);
            let is_framed = lengths == [body.len().to_string()] || lengths.is_empty() && (is_http2 || body.is_empty());
            assert!(is_framed, "{lengths:?} for {what}");
            assert!(arrived.header_values("transfer-encoding").is_empty(), "{what}");
            let hash = digicert_one_testbed::sha256_hex(body.as_bytes());
            assert_eq!((arrived.body_len, &arrived.body_sha256), (body.len() as u64, &hash), "{what}");
        }
    }
}

/// What a caller may give where the library sets it.
const FRAMINGS: [&[(&str, &str)]; 8] = [
    &[("content-length", "2")],
    &[("content-length", "0")],
    &[("content-length", "1")],
    &[("content-length", "5000")],
    &[("content-length", "2"), ("content-length", "3")],
    &[("transfer-encoding", "chunked")],
    &[("transfer-encoding", "gzip")],
    &[("content-length", "2"), ("transfer-encoding", "chunked")],
];
const FRAMED: [(Method, &str); 4] =
    [(Method::POST, "{}"), (Method::POST, ""), (Method::GET, ""), (Method::DELETE, "{}")];

//! REQ, continued: interim responses are skipped and leave nothing behind, and headers arrive with the given bytes.

use digicert_one_core::{Capability, Delivery, Exchange, HttpVersions, TransportErrorKind};
use digicert_one_testbed::{FrontOptions, RawServer, Recording, Step};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::cases::http2::{DATA, END_STREAM, after_request, frame, head, server};
use crate::cases::time::total_limit;
use crate::world::{HOST, World, collect, front, get, scripted};

/// A server for each HTTP version that sends 100, 103 and 103 again before its response.
fn hinting(world: &World) -> Vec<(HttpVersions, RawServer)> {
    let interim = "HTTP/1.1 100 Continue\r\n\r\n\
                   HTTP/1.1 103 Early Hints\r\nlink: </a>\r\nx-early: 1\r\n\r\n\
                   HTTP/1.1 103 Early Hints\r\nx-early: 2\r\nx-both: early\r\n\r\n";
    let response = "HTTP/1.1 200 OK\r\nx-both: late\r\ncontent-length: 5\r\n\r\nhello";
    let http1 = scripted([vec![Step::ReadRequest, Step::write(format!("{interim}{response}"))]]);
    let mut servers = vec![(HttpVersions::Http1, http1)];
    if world.has(Capability::Http2) {
        let frames = [
            head(0, &[(":status", "100")]),
            head(0, &[(":status", "103"), ("link", "</a>"), ("x-early", "1")]),
            head(0, &[(":status", "103"), ("x-early", "2"), ("x-both", "early")]),
            head(0, &[(":status", "200"), ("x-both", "late"), ("content-length", "5")]),
            frame(DATA, END_STREAM, 1, b"hello"),
        ];
        let script = after_request(&Recording::default(), [Step::write(frames.concat()), Step::Stall]);
        servers.push((HttpVersions::Both, server([script])));
    }
    servers
}

async fn answered(world: &World, versions: HttpVersions, server: &RawServer) -> Exchange {
    let transport = world.transport(&total_limit(world).with_http_versions(versions));
    transport.send(get(server.url(HOST))).await.unwrap_or_else(|error| panic!("{versions:?}: {error:?}"))
}

pub(crate) async fn req_13_interim_responses_are_passed_over(world: World) {
    for (versions, server) in hinting(&world) {
        let exchange = answered(&world, versions, &server).await;
        assert_eq!(exchange.response.status(), StatusCode::OK, "{versions:?}");
        assert_eq!(&collect(exchange).await.expect("a body")[..], b"hello", "{versions:?}");
    }
}

pub(crate) async fn req_14_headers_of_interim_responses_are_left_out(world: World) {
    for (versions, server) in hinting(&world) {
        let exchange = answered(&world, versions, &server).await;
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
    }
}

//! What the suite does not ask of every transport, on the wire: the places where isahc or libcurl would mislead or panic.
//!
//! Everything runs on loopback and without tokio.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use bytes::Bytes;
use digicert_one_core::{
    Connector as _, Delivery, Exchange, Transport, TransportConfig, TransportError, TransportErrorKind, TrustRoots,
};
use digicert_one_isahc::Connector;
use digicert_one_testbed::{Pki, RawOptions, RawServer, Step};
use futures_executor::block_on;
use http::{HeaderValue, Request};

const HOST: &str = "one.digicert.test";

fn transport() -> Arc<dyn Transport> {
    let root = vec![Pki::shared().root_der().to_vec().into()];
    let trust = if cfg!(feature = "openssl-engine") { TrustRoots::SystemAnd(root) } else { TrustRoots::Only(root) };
    let config = TransportConfig::new().with_trust(trust).with_name_override(HOST, IpAddr::V4(Ipv4Addr::LOCALHOST));
    Connector::new().connect(&config).expect("the configuration is honoured")
}

/// Answers with these bytes and ends the connection properly.
fn answering(bytes: &'static str) -> RawServer {
    let script = vec![Step::ReadRequest, Step::write(bytes), Step::CloseClean];
    RawServer::start(RawOptions::tls([script])).expect("loopback can be bound")
}

fn get(server: &RawServer) -> Request<Bytes> {
    Request::get(format!("{}/", server.url(HOST))).body(Bytes::new()).expect("the request is valid")
}

fn answer_to(bytes: &'static str) -> Result<Exchange, TransportError> {
    let server = answering(bytes);
    block_on(transport().send(get(&server)))
}

#[test]
fn an_empty_refusal_without_length_is_an_answer() {
    for (head, status) in [
        ("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n", 403),
        ("HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n", 503),
        ("HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\nconnection: close\r\n\r\n", 302),
    ] {
        let exchange = answer_to(head).unwrap_or_else(|error| panic!("{status} is an answer: {error:?}"));
        assert_eq!(exchange.response.status(), status);
        let body = block_on(exchange.response.into_body().collect(1 << 10)).expect("an empty body");
        assert!(body.is_empty(), "{status}");
    }
}

#[test]
fn a_success_that_may_have_lost_its_head_is_no_success() {
    // Without its last line, and without any status line that says so: isahc would make a 200 of either.
    for cut in ["HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n", "content-type: application/json\r\n"] {
        let error = answer_to(cut).expect_err("the head is not whole");
        assert!(
            [TransportErrorKind::Interrupted, TransportErrorKind::Protocol].contains(&error.kind()),
            "{cut:?} {error:?}"
        );
        assert_eq!(error.delivery(), Delivery::Unknown, "{cut:?}");
    }
}

#[test]
fn a_header_value_that_isahc_cannot_carry_is_a_local_error_and_no_panic() {
    let server = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let mut request = get(&server);
    let value = HeaderValue::from_bytes(b"m\xfcller").expect("obs-text is a valid value");
    request.headers_mut().insert("x-note", value);
    let error = block_on(transport().send(request)).expect_err("refused");
    assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Config, Delivery::NotSent), "{error:?}");
    assert!(server.ledger().connections().is_empty());
}

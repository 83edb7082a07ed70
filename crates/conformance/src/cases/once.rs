//! REPLAY and ERR, continued: other events after which libraries resend a request, and the known delivery
//! when a connection ends with an alert.

use std::pin::pin;

use bytes::Bytes;
use digicert_one_core::{Capability, Delivery, HttpVersions, TlsAlert, TransportConfig, TransportErrorKind};
use digicert_one_testbed::{FrontOptions, Gate, RawOptions, RawServer, Recording, Step, TlsRange};
use futures_util::poll;
use http::{Method, Response, StatusCode};

use crate::cases::http2::{after_request, reset};
use crate::cases::time::total_limit;
use crate::world::{HOST, World, collect, front_responding, local_proxy, request, up};

pub(crate) async fn replay_05_post_refused_as_early_or_misdirected_arrives_once(world: World) {
    for versions in world.http_versions() {
        for code in [408, 421, 425] {
            let status = StatusCode::from_u16(code).expect("a status");
            let front = front_responding(FrontOptions::default(), move |_| {
                let mut response = Response::new("{}".into());
                *response.status_mut() = status;
                response
            });
            let transport = world.transport(&world.config().with_http_versions(versions));
            for (count, body) in [(1, "{\"hash\":\"c2lnbiBtZQ==\"}"), (2, "")] {
                let exchange = transport.send(request(Method::POST, front.url(HOST), body)).await.expect("answered");
                assert_eq!(exchange.response.status(), status, "{versions:?}");
                collect(exchange).await.expect("a body");
                assert_eq!(front.ledger().requests().len(), count, "{code} {versions:?}");
            }
        }
    }
}

/// A server that refuses a request of HTTP/2 with HTTP_1_1_REQUIRED, and responds to one of HTTP/1.1.
async fn asked_once(world: &World, config: TransportConfig, method: Method) {
    let seen = Recording::default();
    // The head of another request on the same connection: stream 3.
    let (again, another) = (Recording::default(), Gate::new());
    let third = Step::ReadUntil(again.clone(), Bytes::from_static(b"\0\0\0\x03"));
    let steps = [Step::write(reset(0xd)), third, Step::Open(another.clone()), Step::Stall];
    let required = after_request(&seen, steps);
    let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let options = RawOptions::tls_with(
        FrontOptions::default(),
        [required, vec![Step::ReadRequest, Step::write(response), Step::Stall]],
    );
    let server = up(RawServer::start(options.either_version()));
    let body = if method == Method::POST { "{}" } else { "" };
    let outcome = world.transport(&config).send(request(method.clone(), server.url(HOST), body)).await;
    let connections = server.ledger().connections();
    // A stack that sends this method over HTTP/1.1 only never reaches this.
    if connections.first().is_some_and(|one| one.alpn.as_deref() != Some("h2")) {
        return;
    }
    assert_eq!(connections.len(), 1, "{method} was sent once more, over {:?}", connections[1..].first());
    let error = outcome.expect_err("HTTP_1_1_REQUIRED");
    let is_again = poll!(pin!(another.passed())).is_ready();
    assert!(!is_again, "{method} was sent once more on the same connection");
    let kinds = [TransportErrorKind::Http11Required, TransportErrorKind::Interrupted, TransportErrorKind::Other];
    assert!(kinds.contains(&error.kind()), "{method} {error:?}");
    assert_eq!(error.delivery(), Delivery::Unknown, "{method} {error:?}");
}

pub(crate) async fn err_35_unsafe_request_is_not_repeated_when_http11_is_required(world: World) {
    if world.has(Capability::Http2) {
        let (direct, proxy) = (total_limit(&world), local_proxy());
        let ways = [direct.clone(), world.through(&proxy, direct)];
        let methods = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        for (method, config) in methods.into_iter().zip(ways.iter().cycle()) {
            asked_once(&world, config.clone(), method).await;
        }
    }
}

pub(crate) async fn err_36_get_is_not_repeated_when_http11_is_required(world: World) {
    if world.has(Capability::Http2) {
        asked_once(&world, total_limit(&world), Method::GET).await;
    }
}

pub(crate) async fn err_37_alert_after_the_request_was_read_leaves_delivery_unknown(world: World) {
    // handshake_failure, bad_certificate, unknown_ca, internal_error, certificate_required.
    for code in [40, 42, 48, 80, 116] {
        for used in [false, true] {
            let options = FrontOptions::default().tls(TlsRange::Only13);
            let response = Step::write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
            let alert = vec![Step::ReadRequest, Step::Alert(code)];
            let script = if used { [vec![Step::ReadRequest, response], alert].concat() } else { alert };
            let server = up(RawServer::start(RawOptions::tls_with(options, [script])));
            let transport = world.transport(&total_limit(&world).with_http_versions(HttpVersions::Http1));
            let call = || transport.send(request(Method::POST, server.url(HOST), "{}"));
            if used {
                collect(call().await.expect("answered")).await.expect("a body");
            }
            let outcome = call().await;
            // A stack may send each POST on a connection of its own.
            if used && server.ledger().connections().len() > 1 {
                continue;
            }
            let error = outcome.expect_err("no response");
            let arrived = server.ledger().requests().len();
            let what = format!("alert {code}, used: {used}: {error:?}");
            assert_eq!(arrived, 1 + usize::from(used), "{what}");
            assert_eq!(error.delivery(), Delivery::Unknown, "{what}");
            if world.has(Capability::AlertDetail) {
                assert_eq!(error.kind(), TransportErrorKind::PeerAlert(TlsAlert(code)), "{what}");
            }
        }
    }
}

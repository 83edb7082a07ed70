//! BODY: bodies arrive whole, stop at the caller's limit, and a short one is never taken for complete.

use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{Code, Delivery, Mode, TransportErrorKind};
use digicert_one_testbed::{FrontOptions, Step};
use http::{Method, Response};
use sha2::{Digest, Sha256};

use crate::world::{HOST, World, collect, diagnose, front, front_answering, get, key, request, scripted};

/// 10 MiB that no compression or repetition could fake.
fn large() -> Bytes {
    let mut block: [u8; 32] = Sha256::digest(b"seed").into();
    let mut bytes = Vec::with_capacity(10 << 20);
    while bytes.len() < 10 << 20 {
        block = Sha256::digest(block).into();
        // One digest for 1 KiB keeps a debug build quick.
        for round in 0..32_u8 {
            bytes.extend(block.iter().map(|byte| byte ^ round));
        }
    }
    bytes.into()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) async fn body_01_a_large_answer_arrives_whole(world: World) {
    let large = large();
    for versions in world.http_versions() {
        let sent = large.clone();
        let front = front_answering(FrontOptions::default(), move |_| Response::new(sent.clone()));
        let transport = world.transport(&world.config().with_http_versions(versions));
        let arrived = collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
        assert_eq!(hex(&arrived), hex(&large), "{versions:?}");
    }
}

pub(crate) async fn body_02_a_large_upload_arrives_whole(world: World) {
    let large = large();
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        transport.send(request(Method::POST, front.url(HOST), large.clone())).await.expect("answered");
        let arrived = front.ledger().requests().remove(0);
        assert_eq!((arrived.body_len, &arrived.body_sha256), (10 << 20, &hex(&large)), "{versions:?}");
        assert_eq!(arrived.header_values("content-length"), [(10 << 20).to_string()], "{versions:?}");
    }
}

pub(crate) async fn body_04_an_answer_above_the_cap_is_cut_and_its_connection_dropped(world: World) {
    // More than any buffer on the way holds, so that the server is still writing when the limit is met.
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 67108864\r\n\r\n";
    let server = scripted([vec![Step::ReadRequest, Step::write(head), Step::write(vec![b'x'; 8 << 20]), Step::Stall]]);
    let config = world.config().with_http_versions(digicert_one_core::HttpVersions::Http1);
    let client = world
        .builder(server.port())
        .transport_config(config)
        .credential(digicert_one_core::FixedCredential::new(key(), "the case"))
        .max_body(1024)
        .build()
        .expect("complete");
    let error = client.get("/").send().await.expect("a head").bytes().await.expect_err("too large");
    assert_eq!(error.code(), Code::CFG_03, "{error}");
    let closed =
        server.ledger().wait_until(|seen| seen.connections.iter().all(|one| one.closed), Duration::from_secs(30));
    assert!(closed.await, "the connection stays open");
}

pub(crate) async fn body_05_a_short_or_cut_body_is_an_error(world: World) {
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin";
    let cut = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegin\r\n64\r\nhalf";
    for answer in [short, cut] {
        for end in [Step::CloseClean, Step::CloseAbrupt, Step::Reset] {
            let server = scripted([vec![Step::ReadRequest, Step::write(answer), end.clone()]]);
            let outcome = world.transport(&world.config()).send(get(server.url(HOST))).await;
            let error = match outcome {
                Ok(exchange) => collect(exchange).await.expect_err("the body is not whole"),
                // An end that was not announced may overtake the head.
                Err(error) => error,
            };
            let kinds = match end {
                Step::CloseClean => vec![TransportErrorKind::BodyCut],
                _ => vec![TransportErrorKind::BodyCut, TransportErrorKind::Interrupted],
            };
            assert!(kinds.contains(&error.kind()), "{end:?} {error:?}");
            if error.kind() == TransportErrorKind::BodyCut {
                assert_eq!(error.delivery(), Delivery::Sent);
                assert_eq!(diagnose(&error, Mode::Key, None).code, Code::NET_09);
            }
        }
    }
}

pub(crate) async fn body_11_a_truncated_stream_is_an_error(world: World) {
    // Without length and chunks only TLS's close_notify tells a whole body from a cut one.
    let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nperhaps all, perhaps not";
    let server = scripted([vec![Step::ReadRequest, Step::write(answer), Step::CloseAbrupt]]);
    let error = match world.transport(&world.config()).send(get(server.url(HOST))).await {
        Ok(exchange) => collect(exchange).await.expect_err("the end was not authenticated"),
        // The end may overtake the head.
        Err(error) => error,
    };
    let kinds = [TransportErrorKind::BodyCut, TransportErrorKind::Interrupted];
    assert!(kinds.contains(&error.kind()), "{error:?}");
}

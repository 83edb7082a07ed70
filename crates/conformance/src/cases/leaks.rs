//! SECRET and ERR, continued: the content of a call and its response is neither in a log nor in the text of an error.

use bytes::Bytes;
use digicert_one_core::{FixedCredential, HttpVersions};
use digicert_one_testbed::{FrontOptions, Step};
use http::{Method, Response};

use crate::log_scan::LogScan;
use crate::world::{HOST, World, collect, front_responding, get, key, request, scripted};

pub(crate) async fn secret_12_no_log_shows_bodies_or_response_headers(world: World) {
    // A newly created key is in a response and nowhere else.
    const UPLOAD: &str = "canaryupload5ecret0001";
    const BODY: &str = "canarybody5ecret0001";
    const HEADER: &str = "canaryheader5ecret0001";
    const GIVEN: &str = "canarytoken5ecret0001";
    let scan = LogScan::start([UPLOAD, BODY, HEADER, GIVEN].map(str::to_owned));
    for versions in world.http_versions() {
        let front = front_responding(FrontOptions::default(), |_| {
            let mut response = Response::new(Bytes::from_static(b"{\"apikey\":\"canarybody5ecret0001\"}"));
            response.headers_mut().insert("x-created-key", http::HeaderValue::from_static(HEADER));
            response
        });
        let config = world.config().with_http_versions(versions);
        let transport = world.transport(&config);
        for (method, body) in [(Method::GET, ""), (Method::POST, UPLOAD)] {
            let mut call = request(method, front.url(HOST), body);
            for name in ["authorization", "cookie", "x-otp"] {
                let mut value = http::HeaderValue::from_static(GIVEN);
                value.set_sensitive(true);
                call.headers_mut().insert(name, value);
            }
            let exchange = transport.send(call).await.expect("answered");
            let given = front.ledger().requests().pop().expect("arrived");
            assert_eq!(given.header_values("authorization"), [GIVEN], "or this shows nothing");
            assert_eq!(exchange.response.headers()["x-created-key"], HEADER);
            let body = collect(exchange).await.expect("a body");
            assert!(String::from_utf8_lossy(&body).contains(BODY), "or this shows nothing");
        }
        let builder = world.builder(front.port()).transport_config(config);
        let client = builder.credential(FixedCredential::new(key(), "the case")).build().expect("complete");
        let response = client.post("/").body("text/plain", UPLOAD).send().await.expect("answered");
        response.bytes().await.expect("a body");
    }
    // A chunked body uses another code path in some libraries.
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nx-created-key: {HEADER}\r\ntransfer-encoding: chunked\r\n\r\n14\r\n{BODY}\r\n0\r\n\r\n"
    );
    let server = scripted([vec![Step::ReadRequest, Step::write(chunked)]]);
    let transport = world.transport(&world.config().with_http_versions(HttpVersions::Http1));
    collect(transport.send(get(server.url(HOST))).await.expect("answered")).await.expect("a body");
    tracing::trace!("the log is read");
    let (lines, shown) = scan.result();
    assert!(lines > 0, "nothing was logged, or no scan was on");
    assert!(shown.is_empty(), "a body or a header is logged by {shown:?}");
}

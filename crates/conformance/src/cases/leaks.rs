//! SECRET and ERR, continued: the content of a call and its response is neither in a log nor in the text of an error.

use std::fmt::Write as _;

use bytes::Bytes;
use digicert_one_core::{FixedCredential, HttpVersions, TransportError, causes};
use digicert_one_testbed::{FrontOptions, Pki, RawServer, Step, name_without_address, refused_addr};
use http::{Method, Response};

use crate::cases::time::total_limit;
use crate::log_scan::LogScan;
use crate::setting::method;
use crate::world::{HOST, World, collect, front_responding, get, key, request, scripted, up};

/// Everything that a program could print of it, with every cause.
pub(crate) fn printed(error: &TransportError) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        write!(text, "{cause}\n{cause:?}\n{cause:#?}\n").expect("writing to a string");
    }
    text
}

pub(crate) async fn err_34_no_cause_of_a_failure_quotes_path_or_query(world: World) {
    const TARGET: &str = "/account/canary-path-0001?token=canary-query-0001";
    let hangs_up = scripted([vec![Step::ReadRequest, Step::CloseClean]]);
    let garbage = scripted([vec![Step::ReadRequest, Step::write("no HTTP at all\r\n\r\n"), Step::CloseClean]]);
    let stalls = scripted([vec![Step::ReadRequest, Step::Stall]]);
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin";
    let cut = scripted([vec![Step::ReadRequest, Step::write(cut), Step::CloseClean]]);
    let (clear, untrusted) =
        (up(RawServer::plain_http()), front_responding(FrontOptions::default(), |_| Response::default()));
    let foreign = world.config().with_trust(world.trusting(Pki::shared().foreign_root_der()));
    let port = |address: std::net::SocketAddr| format!("https://127.0.0.1:{}", address.port());
    let calls = [
        (world.config(), port(refused_addr())),
        (world.config(), hangs_up.url(HOST)),
        (world.config(), garbage.url(HOST)),
        (total_limit(&world), stalls.url(HOST)),
        (world.config(), cut.url(HOST)),
        (world.config(), port(clear.addr())),
        (foreign, untrusted.url(HOST)),
        (world.config(), "ftp://127.0.0.1:1".to_owned()),
        (world.config(), "https://user:canary-password@127.0.0.1:1".to_owned()),
    ];
    let unknown = name_without_address().map(|name| (world.config(), format!("https://{name}")));
    for (turn, (config, base)) in calls.into_iter().chain(unknown).enumerate() {
        let (method, body) = method(turn);
        let outcome = world.transport(&config).send(request(method, format!("{base}{TARGET}"), body)).await;
        let error = match outcome {
            Ok(exchange) => collect(exchange).await.expect_err("a failure"),
            Err(error) => error,
        };
        let text = printed(&error);
        assert!(!text.contains("canary"), "the URL is quoted: {text}");
    }
}

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

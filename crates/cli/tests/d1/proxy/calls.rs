//! Calls that succeed, and error responses of the platform that are passed on.

use digicert_one_emulator::{Fault, HostKind, RetryAfter};
use digicert_one_testbed::{Front, FrontOptions, Pki, handler};

use super::stage::{KEYS, Proxy, Stage, check_secrets};
use crate::stage::ME;

#[test]
fn call_gets_the_key_and_none_of_the_callers_credentials() {
    let stage = Stage::new();
    let proxy = stage.proxy(&[]);
    let response = proxy.address.get(
        &format!("{ME}?x=1"),
        &[
            "x-api-key: mine",
            "Authorization: Basic bWluZQ==",
            "Cookie: session=mine",
            "Connection: keep-alive, X-Hop",
            "X-Hop: mine",
            "Proxy-Authorization: Basic bWluZQ==",
            "X-Forwarded-For: 192.0.2.1",
            "X-Custom: passed-on",
            "Accept: text/csv",
        ],
    );
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.json()["friendly_name"], "ci-bot");
    assert_eq!(response.header("x-d1-answered-by"), None);
    let requests = stage.emulator.ledger(HostKind::Platform).requests();
    let [request] = &*requests else { panic!("{requests:?}") };
    assert_eq!(request.target, format!("{ME}?x=1"));
    assert_eq!(request.header_values("x-api-key"), [KEYS[0]]);
    assert_eq!(request.header_values("x-custom"), ["passed-on"]);
    assert_eq!(request.header_values("accept"), ["text/csv"]);
    for name in ["authorization", "cookie", "x-hop", "proxy-authorization", "x-forwarded-for"] {
        assert_eq!(request.header_values(name), [""; 0], "{name}");
    }
    proxy.await_metric("d1_proxy_requests_total{outcome=\"success\"}", 1);
    proxy.stop();
}

#[test]
fn head_and_body_are_passed_on_and_a_connection_is_used_again() {
    let stage = Stage::new();
    let proxy = stage.proxy(&["--log-requests"]);
    let mut connection = proxy.address.connect().expect("it listens");
    let body = r#"{"friendly_name":"made","user_type":"service"}"#;
    for _ in 0..2 {
        connection.write(format!("HEAD {ME} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        let head = connection.read_head().expect("a head");
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("content-length"), "{head}");
    }
    let post = format!(
        "POST /account/api/v1/user/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write(post.as_bytes());
    let response = connection.read().expect("a response");
    assert!(response.status < 500, "{response:?}");
    let requests = stage.emulator.ledger(HostKind::Platform).requests();
    assert_eq!(
        requests.last().map(|request| (request.method.as_str(), request.body_len)),
        Some(("POST", body.len() as u64))
    );
    let printed = proxy.stop();
    assert!(printed.contains("\"event\":\"request\"") && printed.contains("/account/api/v1/user/me"), "{printed}");
}

#[test]
fn error_response_of_the_platform_is_passed_on_after_all_retries() {
    let stage = Stage::new();
    let proxy = stage.proxy(&[]);
    let missing = proxy.address.get("/account/api/v1/user/00000000-0000-0000-0000-000000000000", &[]);
    assert_eq!((missing.status, missing.header("x-d1-code")), (404, Some("API-02")), "{missing:?}");
    assert!(missing.header("x-d1-answered-by").is_none() && missing.json()["errors"].is_array(), "{missing:?}");

    stage.emulator.control().fault(Fault::unavailable(RetryAfter::absent()).next(1));
    assert_eq!(proxy.address.get(ME, &[]).status, 200, "it is retried");
    proxy.await_metric("d1_proxy_retries_total", 1);

    stage.emulator.control().fault(Fault::too_many_requests(RetryAfter::seconds(7)));
    let throttled = "POST /account/api/v1/user HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";
    let proxy_in_haste = {
        let socket = stage.file("haste.sock").display().to_string();
        Proxy::start(stage.command(&["--socket", &socket, "--timeout", "1"]))
    };
    let response = proxy_in_haste.address.send(throttled);
    assert_eq!((response.status, response.header("retry-after")), (429, Some("7")), "{response:?}");
    assert_eq!(response.header("x-d1-code"), Some("AUT-04"));
    proxy_in_haste.await_metric("d1_proxy_requests_total{outcome=\"client_error\"}", 1);
    proxy_in_haste.stop();
    proxy.stop();
}

#[test]
fn key_that_an_error_response_quotes_is_removed() {
    let stage = Stage::new();
    let quoting = handler(|request, _| async move {
        let key = request.headers().get("x-api-key").cloned().expect("a key");
        let body =
            format!("{{\"errors\":[{{\"code\":\"bad\",\"message\":\"what is {}\"}}]}}", key.to_str().expect("text"));
        let response = http::Response::builder().status(400).header("x-quoted", key);
        response.header("content-type", "application/json").body(body.into()).expect("a response")
    });
    let front = Front::start(FrontOptions::default(), quoting).expect("it listens");
    std::fs::write(stage.file("ca.pem"), Pki::shared().root_pem()).expect("written");
    let socket = stage.file("proxy.sock").display().to_string();
    let proxy = Proxy::start(stage.command_for(&front.url("localhost"), &["--socket", &socket]));
    let response = proxy.address.get("/x", &[]);
    let whole = format!("{}{}", response.head, String::from_utf8_lossy(&response.body));
    assert!(response.status == 400 && response.is_complete && whole.contains("what is"), "{whole}");
    check_secrets(&whole);
    proxy.stop();
}

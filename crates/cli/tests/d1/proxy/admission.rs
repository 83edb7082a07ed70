//! Requests that are refused, byte by byte, and what reaches the platform: nothing.

use digicert_one_emulator::HostKind;

use super::stage::Stage;
use super::wire::Address;
use crate::stage::ME;

#[test]
fn bad_requests_are_refused_and_nothing_is_sent() {
    let stage = Stage::new();
    let proxy = stage.proxy(&[]);
    let local = "Host: localhost";
    let long = format!("GET /x HTTP/1.1\r\n{local}\r\nX-Long: {}\r\n\r\n", "a".repeat(70_000));
    let many = format!("GET /x HTTP/1.1\r\n{local}\r\n{}\r\n", "a: b\r\n".repeat(101));
    let rows: Vec<(String, u16, &str)> = [
        (format!("GET http://evil.test{ME} HTTP/1.1\r\nHost: evil.test\r\n\r\n"), 400, "absolute_form"),
        (format!("GET https://one.digicert.com{ME} HTTP/1.1\r\n{local}\r\n\r\n"), 400, "absolute_form"),
        (format!("GET {ME} HTTP/1.1\r\nHost: evil.test\r\n\r\n"), 421, "host"),
        (format!("GET {ME} HTTP/1.1\r\n\r\n"), 421, "host"),
        (format!("GET {ME} HTTP/1.0\r\n\r\n"), 421, "host"),
        (format!("GET {ME} HTTP/1.1\r\n{local}\r\nHost: evil.test\r\n\r\n"), 421, "host"),
        (format!("GET //evil.test{ME} HTTP/1.1\r\n{local}\r\n\r\n"), 400, "path"),
        (format!("GET /a/%2e%2e{ME} HTTP/1.1\r\n{local}\r\n\r\n"), 400, "path"),
        (format!("CONNECT evil.test:443 HTTP/1.1\r\n{local}\r\n\r\n"), 405, "connect"),
        (format!("GET {ME} HTTP/1.1\r\n{local}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"), 400, "upgrade"),
        (format!("GET {ME} HTTP/1.1\r\n{local}\r\nOrigin: https://evil.test\r\n\r\n"), 403, "browser"),
        (format!("OPTIONS {ME} HTTP/1.1\r\n{local}\r\n\r\n"), 405, "method"),
        (format!("TRACE {ME} HTTP/1.1\r\n{local}\r\n\r\n"), 405, "method"),
        (format!("GET /_d1/secrets HTTP/1.1\r\n{local}\r\n\r\n"), 404, "own_path"),
        (format!("POST /_d1/health HTTP/1.1\r\n{local}\r\nContent-Length: 0\r\n\r\n"), 405, "method"),
    ]
    .into();
    for (request, status, reason) in rows {
        let response = proxy.address.send(&request);
        assert_eq!(response.refusal(), (status, reason.to_owned()), "{request}");
        assert!(!response.json()["error"]["remedy"].as_str().expect("text").is_empty(), "{request}");
        assert_eq!(response.header("x-d1-answered-by"), Some("proxy"));
    }
    // What is not HTTP is refused by the parser, without a body.
    for (request, status) in [
        (long, 431),
        (many, 431),
        ("GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), 400),
        ("GET /x HTTP/1.1\r\nHost: local\0host\r\n\r\n".to_owned(), 400),
        ("GET /x HTTP/1.1\r\nHost : localhost\r\n\r\n".to_owned(), 400),
        ("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_owned(), 400),
        ("POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity\r\n\r\n".to_owned(), 400),
        ("\x16\x03\x01\x02\x00\r\n\r\n".to_owned(), 400),
    ] {
        assert_eq!(proxy.address.send(&request).status, status, "{}", &request[..request.len().min(80)]);
    }
    let mut preface = proxy.address.connect().expect("it listens");
    preface.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(preface.read().is_none_or(|response| response.status >= 400));
    assert!(stage.emulator.ledger(HostKind::Platform).requests().is_empty());
    let printed = proxy.stop();
    assert!(printed.contains("\"reason\":\"browser\"") && !printed.contains("evil"), "{printed}");
}

#[test]
fn request_behind_a_smuggled_length_is_not_another_request() {
    let stage = Stage::new();
    let proxy = stage.proxy(&[]);
    let inner = "GET /account/api/v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let request = format!(
        "POST {ME} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
        inner.len() + 5
    );
    let mut connection = proxy.address.connect().expect("it listens");
    connection.write(request.as_bytes());
    let first = connection.read().expect("a response");
    assert!(first.status >= 400, "{first:?}");
    // Either the connection ends, or what follows is a request of its own, admitted like any other.
    let requests = stage.emulator.ledger(HostKind::Platform).requests();
    assert!(requests.iter().all(|request| request.header_values("transfer-encoding").is_empty()), "{requests:?}");
    proxy.stop();
}

#[test]
fn loopback_needs_the_token_of_its_file() {
    let stage = Stage::new();
    let file = stage.file("token");
    let arguments = ["--listen", "127.0.0.1:0", "--token-file", &file.display().to_string()];
    let proxy = super::stage::Proxy::start(stage.command(&arguments));
    let Address::Tcp(_) = proxy.address else { panic!("{:?}", proxy.address) };
    let token = std::fs::read_to_string(&file).expect("a token");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).expect("it exists").permissions());
    assert_eq!(mode & 0o777, 0o600);
    let bearer = format!("Authorization: Bearer {token}");
    assert_eq!(proxy.address.get(ME, &[&bearer]).status, 200);
    assert_eq!(proxy.address.get(ME, &[&format!("X-D1-Token: {token}")]).status, 200);
    assert_eq!(proxy.address.get("/_d1/health", &[&bearer]).json()["status"], "ok");
    for path in [ME, "/_d1/health", "/_d1/metrics"] {
        let missing = proxy.address.get(path, &[]);
        assert_eq!(missing.refusal(), (401, "token_missing".to_owned()));
        assert_eq!(missing.header("www-authenticate"), Some("Bearer"));
        let wrong = proxy.address.get(path, &[&bearer[..bearer.len() - 1]]);
        assert_eq!(wrong.refusal(), (401, "token_wrong".to_owned()));
    }
    // As a page that has rebound its name to loopback, or sends a request to it.
    for line in ["Origin: http://127.0.0.1:80", "Sec-Fetch-Site: cross-site"] {
        assert_eq!(proxy.address.get(ME, &[&bearer, line]).refusal().0, 403);
    }
    assert_eq!(stage.emulator.ledger(HostKind::Platform).requests().len(), 2);
    let printed = proxy.stop();
    assert!(!printed.contains(&token[..12]), "{printed}");
    assert!(!file.exists());
}

//! Scripts: each step as a client meets it.

use digicert_one_testbed::{
    FrontOptions, Gate, Handshake, HttpVersions, RawOptions, RawServer, RequestProgress, Snapshot, Step, TlsRange,
};
use reqwest::Client;

use crate::client::{PATIENCE, chain, client};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive5";

fn start(scripts: impl IntoIterator<Item = Vec<Step>>) -> (RawServer, Client) {
    let server = RawServer::start(RawOptions::tls(scripts)).unwrap();
    let client = client(None, TlsRange::Both, HttpVersions::Both, server.addr());
    (server, client)
}

#[tokio::test]
async fn script_serves_several_requests_on_one_connection() {
    let turn = [Step::ReadRequest, Step::write(OK)];
    let (server, client) = start([[turn.clone(), turn].concat()]);
    for body in ["first", "second"] {
        let response = client.post(server.url("localhost") + "/x?y").body(body).send().await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), "ok");
    }

    let seen = server.ledger().snapshot();
    assert_eq!(seen.connections.len(), 1);
    assert_eq!(seen.connections[0].alpn.as_deref(), Some("http/1.1"));
    assert_eq!(seen.connections[0].handshake, Handshake::Full);
    assert_eq!(seen.requests.len(), 2);
    assert_eq!((seen.requests[1].target.as_str(), seen.requests[1].body_len), ("/x?y", 6));
    assert!(seen.requests[1].complete());
}

#[tokio::test]
async fn chunked_upload_is_read_to_its_end() {
    let (server, client) = start([vec![Step::ReadRequest, Step::write(OK)]]);
    let chunks = ["hel", "lo"].map(Ok::<_, std::io::Error>);
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));

    client.put(server.url("localhost")).body(body).send().await.unwrap();

    let request = server.ledger().requests().remove(0);
    assert_eq!(request.header_values("transfer-encoding"), ["chunked"]);
    assert_eq!(request.body_len, 5);
    assert_eq!(request.body_sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
}

#[tokio::test]
async fn clean_close_and_truncation_differ() {
    for (end, expected) in
        [(Step::CloseClean, "end of file before message length reached"), (Step::CloseAbrupt, "close_notify")]
    {
        let (server, client) = start([vec![Step::ReadRequest, Step::write(CUT), end]]);
        let response = client.get(server.url("localhost")).send().await.unwrap();

        let error = response.bytes().await.unwrap_err();

        assert!(chain(&error).contains(expected), "{}", chain(&error));
    }
}

#[tokio::test]
async fn reset_reaches_the_client_as_a_reset() {
    let (server, client) = start([vec![Step::ReadRequest, Step::Reset]]);

    let error = client.get(server.url("localhost")).send().await.unwrap_err();

    assert!(chain(&error).contains("reset"), "{}", chain(&error));
    assert!(server.ledger().wait_until(|seen| seen.connections[0].closed, PATIENCE).await);
}

#[tokio::test]
async fn connections_use_scripts_in_order_and_repeat_the_last() {
    let response = |status| {
        vec![
            Step::ReadRequest,
            Step::write(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")),
            Step::CloseClean,
        ]
    };
    let (server, client) = start([response(201), response(202)]);
    for status in [201, 202, 202] {
        assert_eq!(client.get(server.url("localhost")).send().await.unwrap().status(), status);
    }
    assert_eq!(server.ledger().connections().len(), 3);
}

#[tokio::test]
async fn gate_holds_back_the_rest_of_a_body() {
    let gate = Gate::new();
    let (server, client) =
        start([vec![Step::ReadRequest, Step::write(CUT), Step::Wait(gate.clone()), Step::write("more5")]]);
    let mut response = client.get(server.url("localhost")).send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "five5");

    gate.open();

    assert_eq!(response.chunk().await.unwrap().unwrap(), "more5");
    assert_eq!(response.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn stalled_connection_is_closed_when_the_client_disconnects() {
    let (server, client) = start([vec![Step::ReadRequest, Step::Stall]]);
    let call = tokio::spawn(client.get(server.url("localhost")).send());
    assert!(server.ledger().wait_until(|seen| seen.requests.iter().any(|request| request.complete()), PATIENCE).await);
    assert!(!server.ledger().connections()[0].closed);

    call.abort();

    assert!(server.ledger().wait_until(|seen| seen.connections[0].closed, PATIENCE).await);
}

#[tokio::test]
async fn body_cut_by_the_client_is_an_abandoned_request() {
    use std::io::Write;
    let server = RawServer::start(RawOptions::plain([vec![Step::ReadRequest]])).unwrap();
    let mut connection = std::net::TcpStream::connect(server.addr()).unwrap();
    connection.write_all(b"POST /cut HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf").unwrap();
    drop(connection);

    let abandoned = server
        .ledger()
        .wait_until(|seen| seen.requests.iter().any(|request| request.progress == RequestProgress::Abandoned), PATIENCE)
        .await;

    assert!(abandoned);
    assert!(!server.ledger().requests()[0].complete());
}

#[tokio::test]
async fn clear_text_on_a_tls_call_is_an_error_of_the_handshake() {
    let server = RawServer::plain_http().unwrap();
    let client = client(None, TlsRange::Both, HttpVersions::Both, server.addr());

    let error = client.get(format!("https://localhost:{}", server.port())).send().await.unwrap_err();

    assert!(format!("{error:?}").contains("InvalidContentType"), "{error:?}");
    assert_eq!(server.ledger().connections()[0].handshake, Handshake::Plain);
}

#[tokio::test]
async fn raw_server_can_ask_for_a_certificate() {
    let options = FrontOptions::default().client_auth(digicert_one_testbed::ClientAuth::Required);
    let server = RawServer::start(RawOptions::tls_with(options, [vec![Step::ReadRequest, Step::write(OK)]])).unwrap();
    let client = client(None, TlsRange::Both, HttpVersions::Both, server.addr());

    assert!(client.get(server.url("localhost")).send().await.is_err());

    assert!(server.ledger().wait_until(Snapshot::settled, PATIENCE).await);
    assert!(matches!(server.ledger().connections()[0].handshake, Handshake::Failed(_)));
    assert!(server.ledger().requests().is_empty());
}

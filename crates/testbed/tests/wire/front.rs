//! The TLS front: client certificates, versions, forwarding, and its ledger.

use std::time::Duration;

use digicert_one_testbed::{
    Authority, Chain, ClientAuth, ClientSpec, Engine, Front, FrontOptions, Handshake, HttpVersions, KeyKind,
    PEER_HEADER, Pki, Purpose, RequestProgress, ServerSpec, Sessions, Snapshot, TlsRange, TlsVersion, Validity,
    handler,
};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::client::{PATIENCE, builder, chain, client};

const TLS: [(TlsRange, TlsVersion); 2] = [(TlsRange::Only12, TlsVersion::Tls12), (TlsRange::Only13, TlsVersion::Tls13)];

/// Servers of both TLS versions, by every TLS stack.
fn servers() -> impl Iterator<Item = (FrontOptions, TlsVersion)> {
    let each = Engine::ALL.iter().flat_map(|engine| TLS.map(|(tls, version)| (*engine, tls, version)));
    each.map(|(engine, tls, version)| (FrontOptions::default().engine(engine).tls(tls), version))
}

const HTTP: [(HttpVersions, &str); 2] = [(HttpVersions::Only1, "http/1.1"), (HttpVersions::Only2, "h2")];

async fn responds_ok(front: &Front) {
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_string("ok")).mount(front.mock()).await;
}

#[tokio::test]
async fn required_certificate_reaches_handler_and_ledger() {
    let identity = Pki::shared().client(ClientSpec::default());
    for (options, tls_version) in servers() {
        for (http, alpn) in HTTP {
            let front = Front::with_wiremock(options.clone().client_auth(ClientAuth::Required).http(http));
            Mock::given(path("/who"))
                .and(header(PEER_HEADER, identity.fingerprint().as_str()))
                .respond_with(ResponseTemplate::new(200))
                .mount(front.mock())
                .await;

            let client = client(Some(&identity), TlsRange::Both, HttpVersions::Both, front.addr());
            let response = client.get(front.url("one.digicert.test") + "/who").send().await.unwrap();

            assert_eq!(response.status(), 200);
            let connections = front.ledger().connections();
            assert_eq!(connections.len(), 1);
            let connection = &connections[0];
            assert_eq!(connection.handshake, Handshake::Full);
            assert_eq!(connection.tls_version, Some(tls_version));
            assert_eq!(connection.alpn.as_deref(), Some(alpn));
            assert_eq!(connection.alpn_offered, ["h2", "http/1.1"]);
            assert_eq!(connection.sni.as_deref(), Some("one.digicert.test"));
            assert_eq!(connection.peer_fingerprint, Some(identity.fingerprint()));
            assert_eq!(connection.peer_chain_fingerprints.len(), 2);
            assert!(connection.requested_client_cert);
        }
    }
}

#[tokio::test]
async fn optional_certificate_may_be_missing() {
    for (options, _) in servers() {
        let front = Front::with_wiremock(options.client_auth(ClientAuth::Optional));
        responds_ok(&front).await;

        let client = client(None, TlsRange::Both, HttpVersions::Both, front.addr());
        assert_eq!(client.get(front.url("localhost")).send().await.unwrap().status(), 200);

        let connection = &front.ledger().connections()[0];
        assert!(connection.requested_client_cert);
        assert_eq!(connection.peer_fingerprint, None);
    }
}

#[tokio::test]
async fn server_that_does_not_ask_gets_no_certificate() {
    let identity = Pki::shared().client(ClientSpec::default());
    for (options, _) in servers() {
        let front = Front::with_wiremock(options);
        responds_ok(&front).await;

        let client = client(Some(&identity), TlsRange::Both, HttpVersions::Both, front.addr());
        assert_eq!(client.get(front.url("localhost")).send().await.unwrap().status(), 200);

        let connection = &front.ledger().connections()[0];
        assert!(!connection.requested_client_cert);
        assert!(connection.peer_chain_fingerprints.is_empty());
    }
}

#[tokio::test]
async fn missing_required_certificate_ends_the_handshake() {
    for (options, version) in servers() {
        let engine = options.engine;
        let front = Front::with_wiremock(options.client_auth(ClientAuth::Required));

        let client = client(None, TlsRange::Both, HttpVersions::Only1, front.addr());
        let error = client.get(front.url("localhost")).send().await.unwrap_err();

        // TLS 1.2 has no alert for it, and the two stacks choose differently.
        let alert = chain(&error);
        let is_openssl_12 = version == TlsVersion::Tls12 && engine != Engine::Rustls;
        assert!(alert.contains(if is_openssl_12 { "HandshakeFailure" } else { "CertificateRequired" }), "{alert}");
        assert!(front.ledger().wait_until(Snapshot::settled, PATIENCE).await);
        let connection = &front.ledger().connections()[0];
        assert!(matches!(connection.handshake, Handshake::Failed(_)), "{:?}", connection.handshake);
        assert!(front.ledger().requests().is_empty());
    }
}

#[tokio::test]
async fn refused_certificate_is_named_in_the_ledger() {
    let defects = [
        ("UnknownCA", ClientSpec { authority: Authority::Foreign, ..ClientSpec::default() }),
        ("CertificateExpired", ClientSpec { validity: Validity::Expired, ..ClientSpec::default() }),
        ("CertificateExpired", ClientSpec { validity: Validity::NotYetValid, ..ClientSpec::default() }),
        ("UnknownCA", ClientSpec { chain: Chain::LeafOnly, ..ClientSpec::default() }),
        ("UnsupportedCertificate", ClientSpec { purpose: Purpose::ServerAuth, ..ClientSpec::default() }),
    ];
    for client_auth in [ClientAuth::Optional, ClientAuth::Required] {
        for (options, _) in servers() {
            for (alert, defect) in &defects {
                let identity = Pki::shared().client(defect.clone());
                let front = Front::with_wiremock(options.clone().client_auth(client_auth));

                let client = client(Some(&identity), TlsRange::Both, HttpVersions::Only1, front.addr());
                let error = client.get(front.url("localhost")).send().await.unwrap_err();

                // NotYetValid has no alert of its own, and the two stacks name it differently.
                let seen = chain(&error);
                let expected = seen.contains(alert)
                    || (defect.validity == Validity::NotYetValid && seen.contains("BadCertificate"));
                assert!(expected, "{defect:?} gave {seen}");
                assert!(front.ledger().wait_until(Snapshot::settled, PATIENCE).await);
                let connection = &front.ledger().connections()[0];
                assert!(matches!(connection.handshake, Handshake::Failed(_)), "{:?}", connection.handshake);
                assert_eq!(connection.peer_fingerprint, Some(identity.fingerprint()));
                assert!(front.ledger().requests().is_empty());
            }
        }
    }
}

#[tokio::test]
async fn every_kind_of_client_key_is_accepted() {
    for (key, common_name) in
        [KeyKind::Rsa2048, KeyKind::P256, KeyKind::P384, KeyKind::Ed25519].map(|key| (key, format!("{key:?}")))
    {
        let identity = Pki::shared().client(ClientSpec { key, common_name, ..ClientSpec::default() });
        for (options, _) in servers() {
            let front = Front::with_wiremock(options.client_auth(ClientAuth::Required));
            responds_ok(&front).await;
            let client = client(Some(&identity), TlsRange::Both, HttpVersions::Both, front.addr());
            assert_eq!(client.get(front.url("localhost")).send().await.unwrap().status(), 200, "{key:?}");
        }
    }
}

#[tokio::test]
async fn forged_peer_header_never_reaches_the_mock_server() {
    for (http, _) in HTTP {
        let front = Front::with_wiremock(FrontOptions::default().client_auth(ClientAuth::Optional).http(http));
        responds_ok(&front).await;
        let identity = Pki::shared().client(ClientSpec::default());

        for (identity, expected) in [(None, None), (Some(&identity), Some(identity.fingerprint()))] {
            let client = client(identity, TlsRange::Both, HttpVersions::Both, front.addr());
            client
                .get(front.url("localhost"))
                .header(PEER_HEADER, "00ff")
                .header(PEER_HEADER, "11ee")
                .send()
                .await
                .unwrap();

            let request = front.mock().received_requests().await.unwrap().pop().unwrap();
            let seen: Vec<_> =
                request.headers.get_all(PEER_HEADER).iter().map(|value| value.to_str().unwrap()).collect();
            assert_eq!(seen, expected.as_deref().into_iter().collect::<Vec<_>>());
            // The ledger shows what the client sent.
            assert_eq!(front.ledger().requests().pop().unwrap().header_values(PEER_HEADER), ["00ff", "11ee"]);
        }
    }
}

#[tokio::test]
async fn ledger_has_target_headers_and_body_as_sent() {
    for (http, _) in HTTP {
        let front = Front::with_wiremock(FrontOptions::default().http(http));
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(201)).mount(front.mock()).await;

        let client = client(None, TlsRange::Both, HttpVersions::Both, front.addr());
        let response = client
            .post(front.url("one.digicert.test") + "/a%2Fb/%C3%BC?x=1%202&x=3")
            .header("x-many", "first")
            .header("x-many", "second")
            .header("x-many", "third")
            .body("hello")
            .send()
            .await
            .unwrap();

        assert_eq!(response.status(), 201);
        let request = front.ledger().requests().pop().unwrap();
        assert_eq!(request.method, "POST");
        assert_eq!(request.target, "/a%2Fb/%C3%BC?x=1%202&x=3");
        assert_eq!(request.header_values("X-Many"), ["first", "second", "third"]);
        assert_eq!(request.header_values("host"), [format!("one.digicert.test:{}", front.port())]);
        assert_eq!(request.body_len, 5);
        assert_eq!(request.body_sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
        assert_eq!(request.progress, RequestProgress::Responded(201));
        let host = front.mock().received_requests().await.unwrap()[0].headers["host"].clone();
        assert_eq!(host, format!("one.digicert.test:{}", front.port()));
    }
}

#[tokio::test]
async fn resumed_and_full_handshakes_are_distinguished() {
    let identity = Pki::shared().client(ClientSpec::default());
    for (options, _) in servers() {
        for (sessions, second) in [
            (Sessions::Tickets, Handshake::Resumed),
            (Sessions::Ids, Handshake::Resumed),
            (Sessions::Off, Handshake::Full),
        ] {
            let front = Front::with_wiremock(options.clone().client_auth(ClientAuth::Required).sessions(sessions));
            responds_ok(&front).await;
            // No idle connections: each call opens a new one.
            let client = builder(Some(&identity), TlsRange::Both, HttpVersions::Only1, front.addr())
                .pool_max_idle_per_host(0)
                .build()
                .unwrap();

            for _ in 0..2 {
                client.get(front.url("localhost")).send().await.unwrap().bytes().await.unwrap();
            }

            let connections = front.ledger().connections();
            let handshakes: Vec<_> = connections.iter().map(|connection| connection.handshake.clone()).collect();
            assert_eq!(handshakes, [Handshake::Full, second.clone()], "{options:?}");
            assert_eq!(connections[1].peer_fingerprint, Some(identity.fingerprint()));
            assert_eq!(connections[1].requested_client_cert, second == Handshake::Full);
        }
    }
}

#[tokio::test]
async fn client_refuses_a_defective_server() {
    let names = vec!["localhost".to_owned()];
    let defects = [
        ServerSpec { names: names.clone(), validity: Validity::Expired, ..ServerSpec::default() },
        ServerSpec { names: names.clone(), validity: Validity::NotYetValid, ..ServerSpec::default() },
        ServerSpec { names: names.clone(), authority: Authority::Foreign, ..ServerSpec::default() },
        ServerSpec { names: names.clone(), send_intermediate: false, ..ServerSpec::default() },
        ServerSpec { names: vec!["other.test".to_owned()], ..ServerSpec::default() },
    ];
    let expected = ["Expired", "NotValidYet", "UnknownIssuer", "UnknownIssuer", "NotValidForName"];
    for (defect, expected) in defects.into_iter().zip(expected) {
        let server = Pki::shared().server_with(defect.clone());
        let front = Front::with_wiremock(FrontOptions::default().server(server));
        let client = client(None, TlsRange::Both, HttpVersions::Both, front.addr());

        let error = client.get(front.url("localhost")).send().await.unwrap_err();

        let seen = format!("{error:?}");
        assert!(seen.contains(expected), "{defect:?} gave {seen}");
        assert!(
            front.ledger().wait_until(|seen| seen.connections[0].closed, PATIENCE).await,
            "the client ends the connection"
        );
        assert!(matches!(front.ledger().connections()[0].handshake, Handshake::Failed(_)));
    }
}

#[tokio::test]
async fn client_disconnect_is_recorded_in_both_http_versions() {
    for (http, _) in HTTP {
        let front = Front::start(
            FrontOptions::default().http(http),
            handler(|_, _| std::future::pending::<http::Response<bytes::Bytes>>()),
        )
        .unwrap();
        let client = client(None, TlsRange::Both, HttpVersions::Both, front.addr());
        let call = tokio::spawn(client.get(front.url("localhost")).send());
        let received = |progress| {
            front
                .ledger()
                .wait_until(move |seen| seen.requests.iter().any(|request| request.progress == progress), PATIENCE)
        };

        assert!(received(RequestProgress::Received).await);
        call.abort();
        assert!(received(RequestProgress::Abandoned).await);

        drop(client);
        assert!(front.ledger().wait_until(|seen| seen.connections[0].closed, PATIENCE).await);
    }
}

#[tokio::test]
async fn handler_receives_the_peer() {
    let identity = Pki::shared().client(ClientSpec::default());
    let leaf = identity.chain_der()[0].clone();
    let front = Front::start(
        FrontOptions::default().client_auth(ClientAuth::Required),
        handler(move |_, peer| {
            let known = peer.chain.first() == Some(&leaf) && peer.sni.as_deref() == Some("localhost");
            async move { http::Response::new(bytes::Bytes::from(format!("{known} {:?}", peer.tls_version))) }
        }),
    )
    .unwrap();
    let client = client(Some(&identity), TlsRange::Both, HttpVersions::Both, front.addr());

    let text = client.get(front.url("localhost")).send().await.unwrap().bytes().await.unwrap();

    assert_eq!(text, "true Some(Tls13)");
}

#[test]
fn front_starts_without_runtime_and_frees_its_port() {
    let front = Front::with_wiremock(FrontOptions::default());
    let address = front.addr();
    assert!(std::net::TcpListener::bind(address).is_err());

    drop(front);

    std::net::TcpListener::bind(address).expect("the port is free again");
}

#[test]
fn port_in_use_is_an_error_of_the_constructor() {
    let first = Front::with_wiremock(FrontOptions::default());
    let response = handler(|_, _| async { http::Response::new(bytes::Bytes::new()) });

    let error = Front::start(FrontOptions::default().bind(first.addr()), response).unwrap_err();

    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn blocking_waits_end_at_their_limit() {
    let front = Front::with_wiremock(FrontOptions::default());

    assert!(!front.ledger().wait_until_blocking(|seen| !seen.connections.is_empty(), Duration::from_millis(1)));

    let connection = std::net::TcpStream::connect(front.addr()).unwrap();
    assert!(front.ledger().wait_until_blocking(|seen| !seen.connections.is_empty(), PATIENCE));
    assert_eq!(front.ledger().connections()[0].handshake, Handshake::Pending);

    drop(connection);
    assert!(front.ledger().wait_until_blocking(|seen| seen.connections[0].closed, PATIENCE));
    assert!(matches!(front.ledger().connections()[0].handshake, Handshake::Failed(_)));
}

#[tokio::test]
async fn requests_can_go_unrecorded() {
    let front = Front::with_wiremock(FrontOptions::default().record_requests(false));
    responds_ok(&front).await;
    let client = client(None, TlsRange::Both, HttpVersions::Both, front.addr());

    assert_eq!(client.get(front.url("localhost")).send().await.unwrap().status(), 200);

    assert_eq!(front.ledger().connections().len(), 1);
    assert!(front.ledger().requests().is_empty());
}

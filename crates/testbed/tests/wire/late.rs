//! A certificate that is requested after the request, by both stacks, and features that only OpenSSL has: TLS
//! 1.1 and weaknesses.
//!
//! The client is OpenSSL itself, which does what rustls refuses.

use std::io;
use std::pin::Pin;

use digicert_one_testbed::{
    ClientCert, ClientSpec, Engine, Front, FrontOptions, Handshake, HttpVersions, Pki, RawOptions, RawServer, Snapshot,
    Step, TlsRange, TlsVersion, Weakness, handler,
};
use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslContextBuilder, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use crate::client::{PATIENCE, chain, client};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// An OpenSSL that trusts the shared PKI and accepts old and unusual servers.
fn permissive(identity: Option<&ClientCert>) -> Ssl {
    let mut context = SslContextBuilder::new(SslMethod::tls_client()).unwrap();
    context.set_security_level(0);
    context.set_min_proto_version(Some(SslVersion::TLS1_1)).unwrap();
    context.set_cipher_list("ALL:eNULL").unwrap();
    context.set_sigalgs_list("ECDSA+SHA256:ECDSA+SHA1:RSA+SHA256").unwrap();
    context.cert_store_mut().add_cert(X509::from_der(Pki::shared().root_der()).unwrap()).unwrap();
    context.set_verify(SslVerifyMode::PEER);
    if let Some(identity) = identity {
        let mut chain = identity.chain_der().iter().map(|der| X509::from_der(der).unwrap());
        context.set_certificate(&chain.next().unwrap()).unwrap();
        chain.for_each(|one| context.add_extra_chain_cert(one).unwrap());
        context.set_private_key(&PKey::private_key_from_pkcs8(identity.pkcs8_der()).unwrap()).unwrap();
    }
    Ssl::new(&context.build()).unwrap()
}

/// Sends one request and returns everything received.
async fn call(port: u16, ssl: Ssl) -> io::Result<String> {
    let mut stream = SslStream::new(ssl, TcpStream::connect(("127.0.0.1", port)).await?)?;
    Pin::new(&mut stream).connect().await.map_err(io::Error::other)?;
    stream.write_all(REQUEST).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response)
}

fn asking_late(engine: Engine, tls: TlsRange) -> io::Result<RawServer> {
    let script = vec![Step::ReadRequest, Step::ask_late(OK)];
    RawServer::start(RawOptions::tls_with(FrontOptions::default().engine(engine).tls(tls), [script]))
}

#[tokio::test]
async fn second_handshake_requests_the_certificate() {
    let identity = Pki::shared().client(ClientSpec::default());
    let server = asking_late(Engine::OpenSsl, TlsRange::Only12).unwrap();

    let response = call(server.port(), permissive(Some(&identity))).await.unwrap();

    assert_eq!(response, OK);
    let connection = server.ledger().connections().remove(0);
    assert!(connection.requested_client_cert);
    assert_eq!(connection.peer_fingerprint, Some(identity.fingerprint()));
    assert_eq!(connection.peer_chain_fingerprints.len(), 2);
}

#[tokio::test]
async fn second_handshake_without_certificate_fails() {
    let server = asking_late(Engine::OpenSsl, TlsRange::Only12).unwrap();

    let error = call(server.port(), permissive(None)).await.unwrap_err();

    assert!(chain(&error).contains("handshake failure"), "{}", chain(&error));
    assert_eq!(server.ledger().connections()[0].peer_fingerprint, None);
}

#[tokio::test]
async fn rustls_refuses_late_requests_on_either_version() {
    let identity = Pki::shared().client(ClientSpec::default());
    for (engine, tls, alert) in [
        // OpenSSL's reaction to no_renegotiation.
        (Engine::OpenSsl, TlsRange::Only12, "HandshakeFailure"),
        // Its own verdict.
        (Engine::Rustls, TlsRange::Only13, "CertificateRequest"),
    ] {
        let server = asking_late(engine, tls).unwrap();
        let client = client(Some(&identity), TlsRange::Both, HttpVersions::Only1, server.addr());

        let error = client.get(server.url("localhost")).send().await.unwrap_err();

        assert!(chain(&error).contains(alert), "{}", chain(&error));
        let connection = server.ledger().connections().remove(0);
        assert!(connection.requested_client_cert && connection.peer_fingerprint.is_none());
    }
}

#[test]
fn unsupported_engine_options_are_refused_at_start() {
    for (engine, tls) in [
        (Engine::OpenSsl, TlsRange::Both),
        (Engine::OpenSsl, TlsRange::Only13),
        (Engine::Rustls, TlsRange::Only12),
        (Engine::Rustls, TlsRange::Both),
    ] {
        let error = asking_late(engine, tls).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{engine:?} {tls:?}");
    }
    let start = |options| Front::start(options, handler(|_, _| async { http::Response::default() }));
    let weak = FrontOptions::default().weakness(Weakness::NullCipher);
    for options in [
        FrontOptions::default().tls(TlsRange::Only11),
        weak.clone().tls(TlsRange::Only12),
        weak.engine(Engine::OpenSsl).tls(TlsRange::Both),
    ] {
        assert_eq!(start(options).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn openssl_serves_what_rustls_has_no_word_for() {
    let plain = FrontOptions::default().engine(Engine::OpenSsl).http(HttpVersions::Only1);
    let servers = [
        (plain.clone().tls(TlsRange::Only11), TlsVersion::Tls11),
        (plain.clone().tls(TlsRange::Only12).weakness(Weakness::NullCipher), TlsVersion::Tls12),
        (plain.tls(TlsRange::Only12).weakness(Weakness::Sha1Signatures), TlsVersion::Tls12),
    ];
    for (options, version) in servers {
        let front = Front::start(options, handler(|_, _| async { http::Response::new("ok".into()) })).unwrap();

        let mut stream = SslStream::new(permissive(None), TcpStream::connect(front.addr()).await.unwrap()).unwrap();
        Pin::new(&mut stream).connect().await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        assert!(front.ledger().wait_until(|seen| !seen.requests.is_empty(), PATIENCE).await);
        assert_eq!(front.ledger().connections()[0].tls_version, Some(version));

        let modern = client(None, TlsRange::Both, HttpVersions::Only1, front.addr());
        modern.get(front.url("localhost")).send().await.unwrap_err();
        assert!(front.ledger().wait_until(Snapshot::settled, PATIENCE).await);
        let refused = front.ledger().connections().pop().unwrap();
        assert!(matches!(refused.handshake, Handshake::Failed(_)), "{refused:?}");
    }
}

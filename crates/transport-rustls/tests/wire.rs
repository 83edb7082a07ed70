//! What the suite does not ask of every transport: alerts that outlive HTTP/2, what a connection that was given up had shown, and what only
//! OpenSSL is strict about.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one_core::{
    CallContext, ClientIdentity, Code, Connector as _, Delivery, HttpVersions, Mode, PeerFault, Phase, Timeouts,
    TlsAlert, TlsVersion, Transport, TransportConfig, TransportErrorKind, TrustRoots, diagnosis::diagnose_transport,
};
use digicert_one_testbed::{
    Authority, ClientAuth, ClientSpec, Engine, Front, FrontOptions, KeyKind, Pki, RawServer, TlsRange, handler,
};
use http::{Request, Response};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

fn trusting(root: &[u8]) -> TransportConfig {
    TransportConfig::new().with_trust(TrustRoots::Only(vec![root.to_vec().into()]))
}

fn config() -> TransportConfig {
    trusting(Pki::shared().root_der())
}

fn transport(config: &TransportConfig) -> Arc<dyn Transport> {
    digicert_one_rustls::Connector::new().connect(config).expect("the configuration is honoured")
}

fn front(options: FrontOptions) -> Front {
    Front::start(options, handler(|_, _| async { Response::new(Bytes::from_static(b"{}")) })).expect("loopback")
}

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).expect("a request")
}

fn identity(authority: Authority) -> ClientIdentity {
    let certificate = Pki::shared().client(ClientSpec { authority, ..ClientSpec::default() });
    let chain = certificate.chain_der().iter().cloned().map(CertificateDer::from).collect();
    ClientIdentity::unchecked(chain, &PrivatePkcs8KeyDer::from(certificate.pkcs8_der())).expect("a pair")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_refusal_keeps_its_alert_over_both_http_versions() {
    for versions in [HttpVersions::Http1, HttpVersions::Both] {
        let front = front(FrontOptions::default().client_auth(ClientAuth::Required).tls(TlsRange::Only13));
        for (given, alert) in [(None, 116), (Some(identity(Authority::Foreign)), 48)] {
            let sent = given.is_some();
            let transport = transport(&config().with_http_versions(versions).with_identity(given));
            // HTTP/2 loses it most of the time where the stream does not keep it.
            for _ in 0..20 {
                let error = transport.send(get(&front.url("127.0.0.1"))).await.expect_err("refused");
                assert_eq!(error.kind(), TransportErrorKind::PeerAlert(TlsAlert(alert)), "{versions:?} {error:?}");
                let facts = error.facts();
                assert_eq!((facts.identity_requested, facts.identity_sent), (Some(true), Some(sent)));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_that_is_refused_is_shown_and_gets_no_certificate() {
    for range in [TlsRange::Only12, TlsRange::Only13] {
        let front = front(FrontOptions::default().client_auth(ClientAuth::Required).tls(range));
        let config = trusting(Pki::shared().foreign_root_der()).with_identity(Some(identity(Authority::Trusted)));
        let error = transport(&config).send(get(&front.url("127.0.0.1"))).await.expect_err("an unknown issuer");
        assert_eq!(error.kind(), TransportErrorKind::PeerUntrusted(PeerFault::UnknownIssuer), "{error:?}");
        let facts = error.facts();
        assert_eq!((facts.identity_requested, facts.identity_sent), (Some(true), Some(false)), "{range:?}");
        assert!(facts.server_certificate.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resumed_session_has_the_facts_of_its_full_handshake() {
    for (range, version) in [(TlsRange::Only12, TlsVersion::Tls12), (TlsRange::Only13, TlsVersion::Tls13)] {
        let front = front(FrontOptions::default().client_auth(ClientAuth::Optional).tls(range));
        let given = Some(identity(Authority::Trusted));
        let timeouts = Timeouts::new().with_pool_idle(Duration::ZERO);
        let config = config().with_http_versions(HttpVersions::Http1).with_timeouts(timeouts).with_identity(given);
        let transport = transport(&config);
        let mut resumed = Vec::new();
        for _ in 0..3 {
            let response = transport.send(get(&front.url("127.0.0.1"))).await.expect("answered");
            let facts = response.facts;
            assert_eq!((facts.tls_version, facts.reused), (Some(version), Some(false)));
            assert_eq!((facts.identity_requested, facts.identity_sent), (Some(true), Some(true)));
            resumed.push(facts.tls_resumed);
        }
        assert_eq!(resumed, [Some(false), Some(true), Some(true)], "{range:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn call_that_ends_in_the_handshake_was_not_sent_and_says_so() {
    let silent = RawServer::silent().expect("loopback");
    let limits = Timeouts::new().with_connect(Duration::from_secs(30)).with_total(Duration::from_millis(200));
    let transport = transport(&config().with_timeouts(limits));
    let error = transport.send(get(&format!("https://{}/", silent.addr()))).await.expect_err("no handshake");
    assert_eq!(error.kind(), TransportErrorKind::Timeout(Phase::Handshake));
    assert_eq!(error.delivery(), Delivery::NotSent);
}

#[tokio::test]
#[cfg_attr(not(feature = "aws-lc-rs"), ignore = "ring does not sign with a key on P-521")]
async fn p521_client_key_over_tls12_is_named_where_the_server_refuses_its_curve() {
    let certificate = Pki::shared().client(ClientSpec { key: KeyKind::P521, ..ClientSpec::default() });
    let chain = certificate.chain_der().iter().cloned().map(CertificateDer::from).collect();
    let key = PrivatePkcs8KeyDer::from(certificate.pkcs8_der().to_vec());
    let identity = ClientIdentity::unchecked(chain, &key).expect("a pair");
    let root = CertificateDer::from(Pki::shared().root_der().to_vec());
    let config = TransportConfig::new().with_trust(TrustRoots::Only(vec![root])).with_identity(Some(identity.clone()));
    let transport = digicert_one_rustls::Connector::new().connect(&config).expect("rustls signs with this key");
    for range in [TlsRange::Only12, TlsRange::Only13] {
        let options = FrontOptions::default().engine(Engine::OpenSsl).client_auth(ClientAuth::Required).tls(range);
        let empty = handler(|_, _| async { http::Response::new(bytes::Bytes::new()) });
        let front = Front::start(options, empty).expect("loopback can be bound");
        let request = http::Request::get(front.url("127.0.0.1")).body(bytes::Bytes::new()).expect("a request");
        let outcome = transport.send(request).await;
        if range == TlsRange::Only13 {
            outcome.expect("TLS 1.3 has no such rule");
            assert_eq!(front.ledger().connections()[0].peer_fingerprint, Some(certificate.fingerprint()));
            continue;
        }
        let error = outcome.expect_err("OpenSSL takes the curve only from a client that lists it");
        assert_eq!(error.kind(), TransportErrorKind::PeerAlert(TlsAlert(47)), "{error:?}");
        let context = CallContext::new("127.0.0.1", Mode::Certificate, SystemTime::now());
        let diagnosis = diagnose_transport(&error, &context.with_identity(Some(identity.clone())));
        assert_eq!(diagnosis.code, Code::HS_04, "{diagnosis}");
        let text = diagnosis.to_string();
        assert!(text.contains("refused the curve of OUR client certificate") && text.contains("P-521"), "{text}");
        assert!(front.ledger().requests().is_empty());
    }
}

//! What servers send that only OpenSSL is strict about.

use std::time::SystemTime;

use digicert_one_core::{
    CallContext, ClientIdentity, Code, Connector as _, Mode, TlsAlert, TransportConfig, TransportErrorKind, TrustRoots,
    diagnosis::diagnose_transport,
};
use digicert_one_testbed::{ClientAuth, ClientSpec, Engine, Front, FrontOptions, KeyKind, Pki, TlsRange, handler};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

#[tokio::test]
async fn p521_client_key_over_tls12_is_named_where_the_server_refuses_its_curve() {
    let certificate = Pki::shared().client(ClientSpec { key: KeyKind::P521, ..ClientSpec::default() });
    let chain = certificate.chain_der().iter().cloned().map(CertificateDer::from).collect();
    let key = PrivatePkcs8KeyDer::from(certificate.pkcs8_der().to_vec());
    let identity = ClientIdentity::unchecked(chain, &key).expect("a pair");
    let root = CertificateDer::from(Pki::shared().root_der().to_vec());
    let config = TransportConfig::new().with_trust(TrustRoots::Only(vec![root])).with_identity(Some(identity.clone()));
    let transport = digicert_one_reqwest::Connector::new().connect(&config).expect("rustls signs with this key");
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

//! What the suite does not ask of every transport: alerts that outlive HTTP/2, facts read off the wire, limits that cut
//! across phases.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{
    ClientIdentity, Connector as _, Delivery, HttpVersions, PeerFault, Phase, Timeouts, TlsAlert, TlsVersion,
    Transport, TransportConfig, TransportErrorKind, TrustRoots, causes,
};
use digicert_one_testbed::{
    Authority, ChainSpec, ClientAuth, ClientSpec, Front, FrontOptions, Pki, RawServer, TlsRange, handler,
    name_without_address,
};
use http::{Request, Response};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

const LONG: Duration = Duration::from_secs(30);

fn config() -> TransportConfig {
    trusting(Pki::shared().root_der())
}

/// Trusts this root alone; and no resolver is asked.
fn trusting(root: &[u8]) -> TransportConfig {
    TransportConfig::new()
        .with_trust(TrustRoots::Only(vec![root.to_vec().into()]))
        .with_name_override("localhost", IpAddr::V4(Ipv4Addr::LOCALHOST))
}

fn transport(config: &TransportConfig) -> Arc<dyn Transport> {
    digicert_one_native_tls::Connector::new().connect(config).expect("the configuration is honoured")
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

fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(case);
}

#[test]
fn late_refusal_keeps_its_alert_over_both_http_versions() {
    run(async {
        for versions in [HttpVersions::Http1, HttpVersions::Both] {
            let front = front(FrontOptions::default().client_auth(ClientAuth::Required).tls(TlsRange::Only13));
            for (given, alert) in [(None, 116), (Some(identity(Authority::Foreign)), 48)] {
                let transport = transport(&config().with_http_versions(versions).with_identity(given));
                // HTTP/2 loses it most of the time where the stream does not keep it.
                for _ in 0..20 {
                    let error = transport.send(get(&front.url("localhost"))).await.expect_err("refused");
                    assert_eq!(error.kind(), TransportErrorKind::PeerAlert(TlsAlert(alert)), "{versions:?} {error:?}");
                }
            }
        }
    });
}

#[test]
fn common_name_alone_is_refused_in_the_handshake_before_our_certificate() {
    run(async {
        let named = ChainSpec { common_name: "localhost".to_owned(), ..ChainSpec::default() };
        let options = FrontOptions::default().client_auth(ClientAuth::Required).tls(TlsRange::Only12);
        let front = front(options.server(Pki::shared().server_below(&named)));
        let config = config().with_identity(Some(identity(Authority::Trusted)));
        let error = transport(&config).send(get(&front.url("localhost"))).await.expect_err("no DNS name");
        assert_eq!(error.kind(), TransportErrorKind::PeerUntrusted(PeerFault::NameMismatch), "{error:?}");
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert_eq!(error.facts().identity_sent, Some(false), "{error:?}");
        assert!(front.ledger().requests().is_empty());
    });
}

#[test]
fn under_tls12_the_request_for_a_certificate_and_the_reply_are_known() {
    run(async {
        for (asks, given, expected) in [
            (ClientAuth::Off, Some(identity(Authority::Trusted)), (false, false)),
            (ClientAuth::Optional, Some(identity(Authority::Trusted)), (true, true)),
            (ClientAuth::Optional, None, (true, false)),
        ] {
            let front = front(FrontOptions::default().client_auth(asks).tls(TlsRange::Only12));
            let facts = transport(&config().with_identity(given)).send(get(&front.url("localhost"))).await;
            let facts = facts.expect("answered").facts;
            assert_eq!(facts.tls_version, Some(TlsVersion::Tls12));
            assert_eq!((facts.identity_requested, facts.identity_sent), (Some(expected.0), Some(expected.1)));
        }
    });
}

#[test]
fn under_tls13_the_request_is_unknown_and_never_guessed() {
    run(async {
        let front = front(FrontOptions::default().client_auth(ClientAuth::Optional).tls(TlsRange::Only13));
        for (given, sent) in [(None, Some(false)), (Some(identity(Authority::Trusted)), None)] {
            let facts = transport(&config().with_identity(given)).send(get(&front.url("localhost"))).await;
            let facts = facts.expect("answered").facts;
            assert_eq!((facts.tls_version, facts.tls_resumed), (Some(TlsVersion::Tls13), Some(false)));
            assert_eq!((facts.identity_requested, facts.identity_sent), (None, sent));
        }
    });
}

#[test]
fn total_timeout_in_the_handshake_was_not_sent() {
    run(async {
        let silent = RawServer::silent().expect("loopback");
        let limits = Timeouts::new().with_connect(LONG).with_total(Duration::from_millis(200));
        let transport = transport(&config().with_timeouts(limits));
        let error = transport.send(get(&format!("https://{}/", silent.addr()))).await.expect_err("no handshake");
        assert_eq!(error.kind(), TransportErrorKind::Timeout(Phase::Handshake));
        assert_eq!(error.delivery(), Delivery::NotSent);
    });
}

#[test]
fn another_connection_that_stands_does_not_blur_where_a_call_ended() {
    run(async {
        let front = front(FrontOptions::default());
        let silent = RawServer::silent().expect("loopback");
        let limits = Timeouts::new().with_connect(LONG).with_total(Duration::from_secs(2));
        let transport = transport(&config().with_timeouts(limits));
        transport.send(get(&front.url("localhost"))).await.expect("answered");
        let error = transport.send(get(&format!("https://{}/", silent.addr()))).await.expect_err("no handshake");
        assert_eq!(error.kind(), TransportErrorKind::Timeout(Phase::Handshake));
        assert_eq!(error.delivery(), Delivery::NotSent);
    });
}

#[test]
fn more_headers_than_hypers_default_arrive() {
    run(async {
        let many = handler(|_, _| async {
            let mut response = Response::new(Bytes::new());
            for index in 0..150 {
                let name = http::HeaderName::try_from(format!("x-header-{index}")).expect("a name");
                response.headers_mut().insert(name, http::HeaderValue::from_static("value"));
            }
            response
        });
        let front = Front::start(FrontOptions::default(), many).expect("loopback");
        let config = config().with_http_versions(HttpVersions::Http1);
        let response = transport(&config).send(get(&front.url("localhost"))).await.expect("answered").response;
        assert_eq!(response.headers().keys().filter(|name| name.as_str().starts_with("x-header-")).count(), 150);
    });
}

#[test]
fn texts_of_resolver_and_openssl_are_in_the_source_chain() {
    run(async {
        if let Some(name) = name_without_address() {
            let unknown = transport(&config()).send(get(&format!("https://{name}/"))).await.expect_err("no address");
            assert!(causes(&unknown).any(|cause| cause.is::<std::io::Error>()), "{unknown:?}");
        }
        let front = front(FrontOptions::default());
        let foreign = trusting(Pki::shared().foreign_root_der());
        let untrusted = transport(&foreign).send(get(&front.url("localhost"))).await.expect_err("an unknown issuer");
        let words: Vec<String> = causes(&untrusted).map(ToString::to_string).collect();
        assert!(words.iter().any(|words| words.contains("certificate verify failed")), "{words:?}");
    });
}

#[test]
fn outside_a_runtime_a_call_is_an_error() {
    let transport = transport(&config());
    let mut call = transport.send(get("https://localhost/"));
    let Poll::Ready(Err(error)) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("neither a response nor a wait is possible here");
    };
    assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::NoRuntime, Delivery::NotSent));
}

#[test]
fn proxy_address_with_credentials_is_refused_without_echo() {
    run(async {
        let error = transport(&config()).send(get("https://user:canary@localhost/")).await.expect_err("refused");
        assert_eq!(error.kind(), TransportErrorKind::Config);
        assert!(!format!("{error:?}").contains("canary"));
    });
}

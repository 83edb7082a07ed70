//! TRUST, continued: a server must prove possession of the key of its certificate, the certificate must be
//! for servers, and no name is exempt. Nothing of a request is sent before that proof.

use bytes::Bytes;
use digicert_one_core::{
    Capability, Delivery, Exchange, HttpVersions, Mode, Side, TlsVersion, TlsVersions, Transport, TransportConfig,
    TransportError, TransportErrorKind,
};
use digicert_one_testbed::{
    Authority, ChainSpec, Front, FrontOptions, KeyKind, Pki, ProxyOptions, RawOptions, RawServer, ServerFlaw,
    ServerSpec, Sessions, Step, TlsRange,
};
use http::{Method, Request};

use crate::cases::proxy::{proxied, proxy_to};
use crate::cases::time::total_limit;
use crate::setting::{Crossing, Settings, calls};
use crate::world::{
    HOST, World, certificate, collect, diagnose, front, get, identity, request, servers, up, without_request,
};

/// So many calls to such a server are made in one setting: the later ones follow a call that failed.
pub(crate) const REFUSED: usize = 2;

/// The server is refused by us, and no request reaches it, in any of these settings and with any method.
async fn refused(world: &World, options: FrontOptions, settings: &Settings) {
    let crossing = Crossing::untrusted(world, settings, options, Pki::shared().server(&[HOST]));
    for (turn, setting) in crossing.settings().enumerate() {
        let (front, transport) = (crossing.front(setting), crossing.transport(setting).await);
        for (call, what) in calls(turn * REFUSED, &front.url(HOST)).take(REFUSED) {
            refused_call(world, &*transport, front, call, &format!("{what}, {setting}")).await;
        }
    }
}

/// Whether a stack reports neither alerts nor why it refuses a server: what it detects in the handshake
/// itself, such as a wrong signature, can then only be a failed handshake.
pub(crate) fn is_one_error_for_all(world: &World) -> bool {
    !world.has(Capability::PeerFaultDetail) && !world.has(Capability::AlertDetail)
}

async fn refused_with(world: &World, front: &Front, host: &str, config: &TransportConfig, what: &str) {
    refused_by(world, &*world.transport(config), front, host, what).await;
}

/// The server is refused by this transport, and no request reaches it.
pub(crate) async fn refused_by(
    world: &World,
    transport: &dyn Transport,
    front: &Front,
    host: &str,
    what: &str,
) -> TransportError {
    refused_call(world, transport, front, request(Method::PUT, front.url(host), "{}"), what).await;
    refused_call(world, transport, front, get(front.url(host)), what).await
}

async fn refused_call(
    world: &World,
    transport: &dyn Transport,
    front: &Front,
    call: Request<Bytes>,
    what: &str,
) -> TransportError {
    refused_in(world, transport.send(call).await, front, what).await
}

/// This outcome is the refusal of the server, and no request reached it.
pub(crate) async fn refused_in(
    world: &World,
    outcome: Result<Exchange, TransportError>,
    front: &Front,
    what: &str,
) -> TransportError {
    let Err(error) = outcome else { panic!("this server proves nothing: {what}") };
    assert_eq!(error.delivery(), Delivery::NotSent, "{what}: {error:?}");
    let diagnosis = diagnose(&error, Mode::Key, None);
    assert!(!diagnosis.retryable(), "{what}: {diagnosis}");
    // libcurl on OpenSSL has one error for a certificate that is not trusted, and one for all else in a handshake.
    let is_wider = error.kind() == TransportErrorKind::Tls && is_one_error_for_all(world);
    if !is_wider {
        assert!(matches!(error.kind(), TransportErrorKind::PeerUntrusted(_)), "{what}: {error:?}");
        assert_eq!(diagnosis.side(), Side::Us, "{what}: {diagnosis}");
    }
    without_request(front, &format!("the request reached a server that proves nothing: {what}")).await;
    error
}

pub(crate) async fn trust_17_server_without_the_key_of_its_chain_is_refused(world: World) {
    let (real, other) = (Pki::shared().server(&[HOST]), Pki::shared().server(&[HOST]));
    let foreign = Pki::shared().server_with(ServerSpec { authority: Authority::Foreign, ..ServerSpec::default() });
    for key in [&other, &foreign] {
        refused(&world, FrontOptions::default().server(real.with_key_of(key)), &Settings::ALL).await;
    }
    // Each kind of key has its own signatures; RSA signs by PSS under TLS 1.3 alone, or under both versions.
    for key in [KeyKind::Rsa2048, KeyKind::P384] {
        let spec = ChainSpec { key, ..ChainSpec::named(HOST) };
        let [real, other] = [(); 2].map(|()| Pki::shared().server_below(&spec));
        refused(&world, FrontOptions::default().server(real.with_key_of(&other)), &Settings::ALL.pairwise()).await;
    }
}

pub(crate) async fn trust_18_client_certificate_shown_by_a_server_is_refused(world: World) {
    let spec =
        ServerSpec { names: vec![HOST.to_owned()], flaw: Some(ServerFlaw::ForClientsOnly), ..ServerSpec::default() };
    for server in servers() {
        refused(&world, server.server(Pki::shared().server_with(spec.clone())), &Settings::ALL.pairwise()).await;
    }
}

pub(crate) async fn trust_25_localhost_is_verified_as_any_other_name(world: World) {
    let names = ["localhost", "127.0.0.1"].map(str::to_owned).to_vec();
    let foreign = ServerSpec { names, authority: Authority::Foreign, ..ServerSpec::default() };
    let (config, ours) = (world.config(), certificate());
    for server in [Pki::shared().server(&[HOST]), Pki::shared().server_with(foreign)] {
        for setting in Settings::where_(|one| !one.proxied).pairwise().chosen(&world) {
            let front = front(setting.server(FrontOptions::default()).server(server.clone()));
            for host in ["localhost", "127.0.0.1"] {
                let config = setting.config(config.clone(), &ours, None);
                refused_with(&world, &front, host, &config, &format!("{host}, {setting}")).await;
            }
        }
    }
    let front = front(FrontOptions::default());
    world.transport(&config).send(get(front.url("localhost"))).await.expect("its certificate names localhost");
}

pub(crate) async fn trust_26_no_request_is_sent_as_early_data(world: World) {
    const CALLS: usize = 3;
    let response = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    let options = FrontOptions::default().tls(TlsRange::Only13).early_data();
    // Each call needs a new connection, and may resume the session of the last.
    let once = || vec![Step::ReadRequest, Step::write(response), Step::CloseClean];
    for method in [Method::GET, Method::POST] {
        let server = up(RawServer::start(RawOptions::tls_with(options.clone(), [once()])));
        let transport = world.transport(&total_limit(&world).with_http_versions(HttpVersions::Http1));
        for _ in 0..CALLS {
            let body = if method == Method::POST { Bytes::from_static(b"{}") } else { Bytes::new() };
            let outcome = transport.send(request(method.clone(), server.url(HOST), body)).await;
            let early: Vec<u64> = server.ledger().connections().iter().map(|one| one.early_data).collect();
            assert!(early.iter().all(|bytes| *bytes == 0), "early data of {method}: {early:?} bytes");
            collect(outcome.expect("answered")).await.expect("a body");
        }
        assert_eq!(server.ledger().requests().len(), CALLS, "{method}");
    }
}

/// TRUST-15 in each setting: HTTP versions, direct and through a proxy.
pub(crate) async fn tls_versions_hold_in_each_setting(world: &World) {
    for (only, capability, seen, other) in [
        (TlsVersion::Tls12, Capability::Tls12, digicert_one_testbed::TlsVersion::Tls12, TlsRange::Only13),
        (TlsVersion::Tls13, Capability::Tls13, digicert_one_testbed::TlsVersion::Tls13, TlsRange::Only12),
    ] {
        for versions in world.http_versions() {
            for through_proxy in [false, true] {
                let is_shown =
                    through_proxy != (versions == HttpVersions::Http1) && world.has(Capability::ClientIdentity);
                let setting = format!("{only}, {versions:?}, through a proxy: {through_proxy}, identity: {is_shown}");
                let (willing, unwilling) = (front(FrontOptions::default()), front(FrontOptions::default().tls(other)));
                let config = world.config().with_http_versions(versions).with_tls_versions(TlsVersions::Only(only));
                let config = config.with_identity(is_shown.then(|| identity(&certificate())));
                let (to_willing, to_unwilling) =
                    (proxy_to(&willing, ProxyOptions::default()), proxy_to(&unwilling, ProxyOptions::default()));
                let config_to = |url: &str| if through_proxy { proxied(config.clone(), url) } else { config.clone() };
                if !world.has(capability) || through_proxy && !world.has(Capability::HttpProxy) {
                    continue;
                }
                let transport = world.transport(&config_to(&to_willing.url()));
                for (call, what) in calls(0, &willing.url(HOST)) {
                    transport.send(call).await.unwrap_or_else(|error| panic!("{what}, {setting}: {error:?}"));
                }
                for connection in willing.ledger().connections().iter().filter(|one| one.established()) {
                    assert_eq!(connection.tls_version, Some(seen), "{setting}");
                }
                let transport = world.transport(&config_to(&to_unwilling.url()));
                for (call, what) in calls(0, &unwilling.url(HOST)) {
                    let error = transport.send(call).await.expect_err("no version in common");
                    assert_eq!(error.delivery(), Delivery::NotSent, "{what}, {setting} {error:?}");
                }
                without_request(&unwilling, &setting).await;
            }
        }
    }
}

pub(crate) async fn trust_54_session_of_one_name_proves_nothing_for_another(world: World) {
    let other = format!("demo.{HOST}");
    for options in servers() {
        for range in [TlsRange::Only12, TlsRange::Only13] {
            for versions in world.http_versions() {
                let server = Pki::shared().server(&[HOST]);
                let options = options.clone().server(server).tls(range).sessions(Sessions::Tickets);
                let what = format!("{:?} {range:?}, {versions:?}", options.engine);
                let front = front(options);
                let transport = world.transport(&world.config().with_http_versions(versions));
                // Its name is right, and it gives sessions to resume.
                collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
                for _ in 0..2 {
                    let outcome = transport.send(get(front.url(&other))).await;
                    let error = outcome.expect_err(&format!("this server has another name, {what}"));
                    assert!(matches!(error.kind(), TransportErrorKind::PeerUntrusted(_)), "{what}: {error:?}");
                }
                assert_eq!(front.ledger().requests().len(), 1, "{what}");
            }
        }
    }
}

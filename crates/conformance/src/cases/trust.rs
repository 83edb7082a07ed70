//! TRUST: we refuse every server that our roots, the clock and the name do not vouch for, and no setting changes that.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use digicert_one_core::{
    Capability, Code, Delivery, Diagnosis, Mode, PeerFault, Side, TlsVersion, TlsVersions, TransportError,
    TransportErrorKind, TrustRoots,
};
use digicert_one_testbed::{
    Authority, Engine, FrontOptions, Pki, Recording, ServerFlaw, ServerSpec, Snapshot, Step, TlsRange, Validity,
    unlisted_name,
};
use http::{HeaderValue, Method};
use rustls_pki_types::CertificateDer;

use crate::cases::alerts::{after_hello, alert, hello_of_tls_1_1};
use crate::cases::server_proof::{self, REFUSED, is_one_error_for_all};
use crate::child::{self, Parent};
use crate::setting::{Crossing, Settings, calls, method};
use crate::world::{HOST, World, diagnose, front, get, request, servers, without_request};

/// Another name than that of the host.
const OTHER: &str = "other.digicert.test";

pub(crate) async fn trust_01_a_private_ca_that_is_configured_is_trusted(world: World) {
    let transport = world.transport(&world.config());
    for server in servers() {
        let front = front(server);
        let exchange = transport.send(get(front.url(HOST))).await.expect("trusted");
        assert_eq!(exchange.response.status(), 200);
    }
    // The usual names in this machine's hosts file cannot help here.
    let name = unlisted_name();
    let front = front(FrontOptions::default().server(Pki::shared().server(&[name])));
    let config = world.config().with_name_override(name, IpAddr::V4(Ipv4Addr::LOCALHOST));
    world.transport(&config).send(get(front.url(name))).await.expect("trusted");
}

pub(crate) async fn trust_02_a_private_ca_that_is_not_configured_is_refused(world: World) {
    for diagnosis in
        refused_by_each(&world, Authority::Foreign, |server| server, PeerFault::UnknownIssuer, Code::TR_01).await
    {
        assert!(!diagnosis.retryable());
    }
}

pub(crate) async fn trust_03_an_expired_server_is_refused(world: World) {
    // No grace period: a minute ago.
    let now = SystemTime::now();
    let validity = Validity::Between(now - Duration::from_secs(3600), now - Duration::from_secs(60));
    dated(&world, validity, PeerFault::Expired).await;
}

pub(crate) async fn trust_04_a_server_of_tomorrow_is_refused_with_a_clock_hint(world: World) {
    for diagnosis in dated(&world, Validity::NotYetValid, PeerFault::NotYetValid).await {
        assert!(diagnosis.to_string().contains("clock"), "{diagnosis}");
    }
}

pub(crate) async fn trust_05_a_wrong_name_is_refused(world: World) {
    let named = |server: FrontOptions| server.server(Pki::shared().server(&[OTHER]));
    refused_by_each(&world, Authority::Trusted, named, PeerFault::NameMismatch, Code::HO_01).await;
    // The name is that of the URI, whatever the request has as `Host`.
    let good = Pki::shared().server(&[HOST]);
    let crossing = Crossing::untrusted(&world, &Settings::ALL.pairwise(), named(FrontOptions::default()), good);
    for setting in crossing.settings() {
        let front = crossing.front(setting);
        let mut call = get(front.url(HOST));
        call.headers_mut().insert("host", HeaderValue::from_static(OTHER));
        let outcome = crossing.transport(setting).await.send(call).await;
        let error = outcome.expect_err(&format!("the certificate is for the `Host` of the request, {setting}"));
        let kind = error.kind();
        let is_refused = matches!(kind, TransportErrorKind::PeerUntrusted(_) | TransportErrorKind::Config);
        assert!(is_refused, "{setting}: {error:?}");
        without_request(front, &setting.to_string()).await;
    }
}

pub(crate) async fn trust_06_a_wildcard_covers_one_label(world: World) {
    for server in servers() {
        let options = server.server(Pki::shared().server(&["*.digicert.test"]));
        let crossing = Crossing::plain(&world, &Settings::ALL.pairwise(), options);
        for (turn, setting) in crossing.settings().enumerate() {
            let (front, transport) = (crossing.front(setting), crossing.transport(setting).await);
            transport.send(get(front.url(HOST))).await.expect("one label is covered");
            let before = front.ledger().requests().len();
            let (method, body) = method(turn);
            let outcome = transport.send(request(method, front.url(&format!("clientauth.{HOST}")), body)).await;
            let error = outcome.expect_err(&format!("two are not, {setting}"));
            let (kind, code) = expected(&world, PeerFault::NameMismatch, Code::HO_01);
            let reported = (error.kind(), diagnose(&error, Mode::Certificate, None).code);
            assert_eq!(reported, (kind, code), "{setting}: {error:?}");
            assert_eq!(front.ledger().settle().await.requests.len(), before, "{setting}");
        }
    }
}

pub(crate) async fn trust_07_a_server_without_its_intermediate_is_refused(world: World) {
    let spec = ServerSpec { names: vec![HOST.to_owned()], send_intermediate: false, ..ServerSpec::default() };
    let short = |server: FrontOptions| server.server(Pki::shared().server_with(spec.clone()));
    refused_by_each(&world, Authority::Trusted, short, PeerFault::UnknownIssuer, Code::TR_01).await;
    // Nor is the intermediate taken from another connection.
    let (whole, short) = (front(FrontOptions::default()), front(short(FrontOptions::default())));
    let transport = world.transport(&world.config());
    transport.send(get(whole.url(HOST))).await.expect("its chain is complete");
    let error = transport.send(get(short.url(HOST))).await.expect_err("its intermediate came from another server");
    assert!(matches!(error.kind(), TransportErrorKind::PeerUntrusted(_)), "{error:?}");
    without_request(&short, "no request is to come here").await;
}

pub(crate) async fn trust_08_only_custom_roots_means_only(world: World) {
    let only_foreign = world
        .config()
        .with_trust(TrustRoots::Only(vec![CertificateDer::from(Pki::shared().foreign_root_der().to_vec())]));
    if world.lacks(Capability::TrustOnly, &only_foreign) {
        return;
    }
    // The system's roots are read from the environment once a process, so a second process plays that machine.
    let Some(Parent { port, .. }) = child::parent() else {
        let front = front(FrontOptions::default());
        with_system_roots(Pki::shared().root_pem(), front.port());
        let controls = usize::from(world.has(Capability::TrustSystem));
        assert_eq!(front.ledger().requests().len(), controls, "one call with the system's roots, none with the others");
        return;
    };
    let url = format!("https://{HOST}:{port}/");
    let system = world.config().with_trust(TrustRoots::System);
    if !world.refuses(Capability::TrustSystem, &system) {
        let control = world.transport(&system).send(get(&url)).await;
        control.expect("the system's roots vouch for this server, or this case shows nothing");
    }
    for versions in world.http_versions() {
        let transport = world.transport(&only_foreign.clone().with_http_versions(versions));
        let error = transport.send(get(&url)).await.expect_err("only the given roots count");
        assert!(matches!(error.kind(), TransportErrorKind::PeerUntrusted(_)), "{error:?}");
    }
}

/// Runs this test in a process whose system roots are `root`, against a server of this process.
fn with_system_roots(root: &str, port: u16) {
    let directory = tempfile::tempdir().expect("a directory for the roots");
    let file = directory.path().join("roots.pem");
    std::fs::write(&file, root).expect("the roots are written");
    let mut command = child::command(port);
    command.env("SSL_CERT_FILE", &file).env_remove("SSL_CERT_DIR");
    child::run(command);
}

pub(crate) async fn trust_09_given_roots_stand_beside_the_systems(world: World) {
    // A process has its own PKI: in the child the parent's is the system's, and its own is the given one.
    let given = vec![CertificateDer::from(Pki::shared().root_der().to_vec())];
    let both = world.config().with_trust(TrustRoots::SystemAnd(given));
    if world.lacks(Capability::TrustSystemAnd, &both) {
        return;
    }
    let Some(Parent { port, .. }) = child::parent() else {
        let front = front(FrontOptions::default());
        with_system_roots(Pki::shared().root_pem(), front.port());
        assert_eq!(front.ledger().requests().len(), 1);
        return;
    };
    let ours = front(FrontOptions::default());
    let transport = world.transport(&both);
    transport.send(get(ours.url(HOST))).await.expect("the given root vouches for this server");
    transport.send(get(format!("https://{HOST}:{port}/"))).await.expect("the system's root vouches for that one");
    let system = world.transport(&world.config().with_trust(TrustRoots::System));
    system.send(get(ours.url(HOST))).await.expect_err("the system's roots alone do not vouch for this server");
}

pub(crate) async fn trust_10_an_empty_list_of_roots_is_refused_at_build(world: World) {
    for trust in [TrustRoots::Only(Vec::new()), TrustRoots::SystemAnd(Vec::new())] {
        let error = world.connector.connect(&world.config().with_trust(trust)).expect_err("no root");
        let refused = matches!(error.kind(), TransportErrorKind::TrustRoots | TransportErrorKind::Unsupported(_));
        assert!(refused, "{error:?}");
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
    let garbage = vec![CertificateDer::from(b"not a certificate".to_vec())];
    let config = world.config().with_trust(world.trusting_each(garbage));
    let error = world.connector.connect(&config).expect_err("not a certificate");
    assert_eq!(error.kind(), TransportErrorKind::TrustRoots, "{error:?}");
    assert_eq!(diagnose(&error, Mode::Key, None).code, Code::TR_03);
}

pub(crate) async fn trust_11_no_configuration_switches_verification_off(world: World) {
    let front = front(FrontOptions::default());
    let foreign = vec![CertificateDer::from(Pki::shared().foreign_root_der().to_vec())];
    let kinds = [
        (Capability::TrustSystem, TrustRoots::System),
        (Capability::TrustOnly, TrustRoots::Only(foreign.clone())),
        (Capability::TrustSystemAnd, TrustRoots::SystemAnd(foreign)),
    ];
    for (capability, trust) in kinds {
        for versions in world.http_versions() {
            let config = world.config().with_trust(trust.clone()).with_http_versions(versions);
            if world.refuses(capability, &config) {
                continue;
            }
            let error = world.transport(&config).send(get(front.url(HOST))).await.expect_err("its root is not trusted");
            assert!(matches!(error.kind(), TransportErrorKind::PeerUntrusted(_)), "{capability} {error:?}");
        }
    }
    without_request(&front, "no request is to come here").await;
}

pub(crate) async fn trust_15_only_the_tls_versions_of_the_configuration_are_spoken(world: World) {
    for (only, capability, seen, other) in [
        (TlsVersion::Tls12, Capability::Tls12, digicert_one_testbed::TlsVersion::Tls12, TlsRange::Only13),
        (TlsVersion::Tls13, Capability::Tls13, digicert_one_testbed::TlsVersion::Tls13, TlsRange::Only12),
    ] {
        let config = world.config().with_tls_versions(TlsVersions::Only(only));
        if world.refuses(capability, &config) {
            continue;
        }
        let transport = world.transport(&config);
        let willing = front(FrontOptions::default());
        transport.send(get(willing.url(HOST))).await.expect("this server speaks both");
        assert_eq!(willing.ledger().connections()[0].tls_version, Some(seen));
        let unwilling = front(FrontOptions::default().tls(other));
        let error = transport.send(get(unwilling.url(HOST))).await.expect_err("no version in common");
        // A stack without reasons has the wider code.
        let expected = if world.has(Capability::AlertDetail) { Code::HS_04 } else { Code::HS_03 };
        assert_eq!(diagnose(&error, Mode::Key, None).code, expected, "{error:?}");
        without_request(&unwilling, "no request is to come here").await;
    }
    server_proof::tls_versions_hold_in_each_setting(&world).await;
}

pub(crate) async fn trust_12_a_server_of_tls_1_1_is_refused(world: World) {
    let transport = world.transport(&world.config());
    let refused = async |port: u16| {
        let error = transport.send(get(format!("https://{HOST}:{port}/"))).await.expect_err("never success");
        // A stack without reasons has the wider code.
        let expected = if world.has(Capability::AlertDetail) { Code::HS_04 } else { Code::HS_03 };
        let diagnosis = diagnose(&error, Mode::Key, None);
        assert_eq!((diagnosis.code, diagnosis.retryable()), (expected, false), "{error:?}");
        assert_eq!(error.delivery(), Delivery::NotSent);
    };
    for response in [hello_of_tls_1_1(), alert(70)] {
        let heard = Recording::default();
        let server = after_hello(&heard, [Step::write(response), Step::Stall]);
        refused(server.port()).await;
        assert!(heard.bytes().starts_with(&[22, 3]), "it began with a hello");
    }
    // And a server that could continue if the client accepted a lower version.
    let front = front(FrontOptions::default().engine(Engine::OpenSsl).tls(TlsRange::Only11));
    refused(front.port()).await;
    assert!(front.ledger().wait_until(Snapshot::settled, Duration::from_secs(30)).await, "a handshake still runs");
    assert!(!front.ledger().connections()[0].established());
}

pub(crate) async fn trust_23_each_root_of_the_list_is_trusted(world: World) {
    let of = |root: &[u8]| CertificateDer::from(root.to_vec());
    let (own, foreign) = (of(Pki::shared().root_der()), of(Pki::shared().foreign_root_der()));
    let twice = vec![own.clone(), foreign.clone(), own.clone()];
    for roots in [vec![own.clone(), foreign.clone()], vec![foreign, own], twice] {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_trust(world.trusting_each(roots)));
        for (method, body) in [(Method::PUT, "{}"), (Method::GET, "")] {
            let response = transport.send(request(method, front.url(HOST), body)).await;
            response.expect("each root of the list is enough for its servers");
        }
        assert_eq!(front.ledger().requests().len(), 2);
    }
}

pub(crate) async fn trust_16_the_certificate_of_the_server_is_reported(world: World) {
    for options in servers() {
        let front = front(options);
        let transport = world.transport(&world.config());
        let exchange = transport.send(get(front.url(HOST))).await.expect("answered");
        let shown = exchange.facts.server_certificate.as_deref().expect("it is reported");
        assert!(shown.names.iter().any(|name| name == HOST), "{shown:?}");
        assert!(shown.not_before < shown.not_after && !shown.issuer.is_empty(), "{shown:?}");
    }
}

/// What is wrong with a certificate, and the accepted reasons for a refusal: each stack has its own order of
/// checks. A reason without a variant is `Other`.
const BROKEN: [(ServerFlaw, &[PeerFault]); 6] = [
    (ServerFlaw::ForClientsOnly, &[PeerFault::WrongPurpose]),
    (ServerFlaw::UnknownCriticalExtension, &[PeerFault::CriticalExtension, PeerFault::Other]),
    // OpenSSL accepts it from an issuer that it trusts.
    (ServerFlaw::SelfSignedCa, &[PeerFault::CaAsServer, PeerFault::UnknownIssuer, PeerFault::Other]),
    (ServerFlaw::ConstrainedIssuer, &[PeerFault::NameConstraints, PeerFault::Other]),
    // OpenSSL accepts it too, and then misses the name.
    (ServerFlaw::Version1, &[PeerFault::Version, PeerFault::NameMismatch, PeerFault::Other]),
    // rustls verifies no signature of such a key.
    (
        ServerFlaw::SmallKey,
        &[PeerFault::WeakKey, PeerFault::BadSignature, PeerFault::SignatureAlgorithm, PeerFault::Other],
    ),
];

fn flawed(flaw: ServerFlaw) -> ServerSpec {
    ServerSpec { names: vec![HOST.to_owned()], flaw: Some(flaw), ..ServerSpec::default() }
}

pub(crate) async fn trust_19_server_certificate_that_breaks_a_rule_is_refused_with_its_reason(world: World) {
    for (flaw, reasons) in BROKEN {
        let transport = world.transport(&world.config());
        let such = |engine: &&Engine| **engine == Engine::OpenSsl || flaw.is_served_by_rustls();
        for engine in Engine::ALL.iter().filter(such) {
            let server = FrontOptions::default().engine(*engine).server(Pki::shared().server_with(flawed(flaw)));
            let front = front(server);
            for (method, body) in [(Method::PUT, "{}"), (Method::GET, "")] {
                let error = transport.send(request(method, front.url(HOST), body)).await.expect_err("refused");
                is_explained(&world, &error, flaw, reasons);
            }
            without_request(&front, "no request is to come here").await;
        }
    }
    // With that certificate as its own root.
    let own = Pki::shared().server_with(flawed(ServerFlaw::SelfSignedCa));
    let front = front(FrontOptions::default().server(own.clone()));
    let config = world.config().with_trust(world.trusting(&own.chain_der()[0]));
    match world.transport(&config).send(get(front.url(HOST))).await {
        Ok(_) => assert_eq!(front.ledger().requests().len(), 1),
        Err(error) => {
            is_explained(&world, &error, ServerFlaw::SelfSignedCa, &[PeerFault::CaAsServer, PeerFault::Other]);
            without_request(&front, "no request is to come here").await;
        }
    }
}

/// We refused the server, and the error has one of these reasons, or none if the stack declares that it reports none.
fn is_explained(world: &World, error: &TransportError, flaw: ServerFlaw, reasons: &[PeerFault]) {
    assert_eq!(error.delivery(), Delivery::NotSent, "{flaw:?}: {error:?}");
    let diagnosis = diagnose(error, Mode::Key, None);
    if flaw == ServerFlaw::SmallKey && error.kind() == TransportErrorKind::Tls && is_one_error_for_all(world) {
        return assert!(!diagnosis.retryable(), "{diagnosis}");
    }
    let TransportErrorKind::PeerUntrusted(fault) = error.kind() else { panic!("{flaw:?}: we refuse it: {error:?}") };
    let code = match fault {
        PeerFault::UnknownIssuer => Code::TR_01,
        PeerFault::NameMismatch => Code::HO_01,
        _ => Code::TR_05,
    };
    assert_eq!((diagnosis.code, diagnosis.side()), (code, Side::Us), "{flaw:?}: {diagnosis}");
    match world.has(Capability::PeerFaultDetail) {
        true => assert!(reasons.contains(&fault), "{flaw:?}: {error:?}"),
        false => assert_eq!(fault, PeerFault::Unspecified, "{flaw:?}: {error:?}"),
    }
}

async fn dated(world: &World, validity: Validity, fault: PeerFault) -> Vec<Diagnosis> {
    let spec = ServerSpec { names: vec![HOST.to_owned()], validity, ..ServerSpec::default() };
    let dated = |server: FrontOptions| server.server(Pki::shared().server_with(spec.clone()));
    refused_by_each(world, Authority::Trusted, dated, fault, Code::TR_02).await
}

/// We refuse such a server with every stack and in every setting, report the refusal as ours, with the reason
/// if the stack reports it, and send nothing.
async fn refused_by_each(
    world: &World,
    trusted: Authority,
    such: impl Fn(FrontOptions) -> FrontOptions,
    fault: PeerFault,
    code: Code,
) -> Vec<Diagnosis> {
    let mut diagnoses = Vec::new();
    let root = match trusted {
        Authority::Foreign => Pki::shared().foreign_root_der(),
        Authority::Trusted => Pki::shared().root_der(),
    };
    let config = world.config().with_trust(world.trusting(root));
    let spec = ServerSpec { names: vec![HOST.to_owned()], authority: trusted, ..ServerSpec::default() };
    let good = Pki::shared().server_with(spec);
    for (index, server) in servers().enumerate() {
        let engine = server.engine;
        // The other engine's server differs in how it presents a certificate, which is unrelated to the route.
        let settings = if index == 0 { Settings::ALL } else { Settings::ALL.pairwise() };
        let crossing = Crossing::untrusted(world, &settings, such(server), good.clone());
        for (turn, setting) in crossing.settings().enumerate() {
            let front = crossing.front(setting);
            let transport = crossing.transport_with(config.clone(), setting).await;
            for (call, what) in calls(turn * REFUSED, &front.url(HOST)).take(REFUSED) {
                let setting_of = format!("{what}, {setting}, server on {engine:?}");
                let error = transport.send(call).await.expect_err(&format!("{setting_of}: refused"));
                let diagnosis = diagnose(&error, Mode::Key, None);
                let (kind, code) = expected(world, fault, code);
                assert_eq!((error.kind(), diagnosis.code), (kind, code), "{setting_of}: {error:?}");
                assert_eq!(diagnosis.side(), Side::Us, "{setting_of}: {diagnosis}");
                assert_eq!(error.delivery(), Delivery::NotSent, "{setting_of}");
                diagnoses.push(diagnosis);
            }
            without_request(front, &setting.to_string()).await;
        }
    }
    diagnoses
}

fn expected(world: &World, fault: PeerFault, code: Code) -> (TransportErrorKind, Code) {
    match world.has(Capability::PeerFaultDetail) {
        true => (TransportErrorKind::PeerUntrusted(fault), code),
        false => (TransportErrorKind::PeerUntrusted(PeerFault::Unspecified), Code::TR_05),
    }
}

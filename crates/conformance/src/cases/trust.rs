//! TRUST: we refuse every server that our roots, the clock and the name do not vouch for, and no setting changes that.

use std::process::{Command, Stdio};

use digicert_one_core::{
    Capability, Code, Delivery, Diagnosis, Mode, PeerFault, Side, TransportConfig, TransportErrorKind, TrustRoots,
};
use digicert_one_testbed::{Front, FrontOptions, Pki, ServerSpec, Validity};
use rustls_pki_types::CertificateDer;

use crate::world::{HOST, World, diagnose, front, get};

/// Set in the process that plays a machine whose system roots hold the testbed's root.
const CHILD: &str = "DIGICERT_ONE_CONFORMANCE_SYSTEM_ROOTS";

pub(crate) async fn trust_01_a_private_ca_that_is_configured_is_trusted(world: World) {
    let front = front(FrontOptions::default());
    let transport = world.transport(&world.config());
    let exchange = transport.send(get(front.url(HOST))).await.expect("trusted");
    assert_eq!(exchange.response.status(), 200);
}

pub(crate) async fn trust_02_a_private_ca_that_is_not_configured_is_refused(world: World) {
    let front = front(FrontOptions::default());
    let config = world.config().with_trust(world.trusting(Pki::shared().foreign_root_der()));
    let diagnosis = refused(&world, &front, &config, PeerFault::UnknownIssuer, Code::TR_01).await;
    assert!(!diagnosis.retryable());
}

pub(crate) async fn trust_03_an_expired_server_is_refused(world: World) {
    let front = dated(Validity::Expired);
    refused(&world, &front, &world.config(), PeerFault::Expired, Code::TR_02).await;
}

pub(crate) async fn trust_04_a_server_of_tomorrow_is_refused_with_a_clock_hint(world: World) {
    let front = dated(Validity::NotYetValid);
    let diagnosis = refused(&world, &front, &world.config(), PeerFault::NotYetValid, Code::TR_02).await;
    assert!(diagnosis.to_string().contains("clock"), "{diagnosis}");
}

pub(crate) async fn trust_05_a_wrong_name_is_refused(world: World) {
    let front = front(FrontOptions::default().server(Pki::shared().server(&["other.digicert.test"])));
    refused(&world, &front, &world.config(), PeerFault::NameMismatch, Code::HO_01).await;
}

pub(crate) async fn trust_07_a_server_without_its_intermediate_is_refused(world: World) {
    let spec = ServerSpec { names: vec![HOST.to_owned()], send_intermediate: false, ..ServerSpec::default() };
    let front = front(FrontOptions::default().server(Pki::shared().server_with(spec)));
    refused(&world, &front, &world.config(), PeerFault::UnknownIssuer, Code::TR_01).await;
}

pub(crate) async fn trust_08_only_custom_roots_means_only(world: World) {
    let only_foreign = world
        .config()
        .with_trust(TrustRoots::Only(vec![CertificateDer::from(Pki::shared().foreign_root_der().to_vec())]));
    if world.lacks(Capability::TrustOnly, &only_foreign) {
        return;
    }
    // The system's roots are read from the environment once a process, so a second process plays that machine.
    if std::env::var_os(CHILD).is_none() {
        let controls = usize::from(world.has(Capability::TrustSystem));
        return rerun_with_system_roots(Pki::shared().root_pem(), controls);
    }
    // This process has a PKI of its own, so the server is the parent's.
    let port: u16 =
        std::env::var(CHILD).ok().and_then(|port| port.parse().ok()).expect("the port of the parent's server");
    let url = format!("https://{HOST}:{port}/");
    let system = world.config().with_trust(TrustRoots::System);
    if !world.lacks(Capability::TrustSystem, &system) {
        let control = world.transport(&system).send(get(&url)).await;
        control.expect("the system's roots vouch for this server, or this case shows nothing");
    }
    let error = world.transport(&only_foreign).send(get(&url)).await.expect_err("only the given roots count");
    assert!(matches!(error.kind(), TransportErrorKind::PeerUntrusted(_)), "{error:?}");
}

/// Runs this very test in a process whose system roots are `root`, against a server of this process, which takes as many
/// calls as there are controls.
fn rerun_with_system_roots(root: &str, controls: usize) {
    let front = front(FrontOptions::default());
    let directory = std::env::temp_dir().join(format!("conformance-roots-{}-{}", std::process::id(), front.port()));
    std::fs::create_dir_all(&directory).expect("a directory for the roots");
    let file = directory.join("roots.pem");
    std::fs::write(&file, root).expect("the roots are written");
    let test = std::thread::current().name().map(str::to_owned).expect("a test thread has the name of its test");
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", &test, "--nocapture", "--test-threads=1"])
        .env(CHILD, front.port().to_string())
        .env("SSL_CERT_FILE", &file)
        .env_remove("SSL_CERT_DIR")
        .stdin(Stdio::null())
        .output()
        .expect("this test can be run again");
    std::fs::remove_dir_all(&directory).expect("the directory is ours");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "the case did not run: {text}");
    assert_eq!(front.ledger().requests().len(), controls, "one call with the system's roots, none with the others");
}

pub(crate) async fn trust_10_an_empty_list_of_roots_is_refused_at_build(world: World) {
    for trust in [TrustRoots::Only(Vec::new()), TrustRoots::SystemAnd(Vec::new())] {
        let error = world.connector.connect(&world.config().with_trust(trust)).expect_err("no root");
        let refused = matches!(error.kind(), TransportErrorKind::TrustRoots | TransportErrorKind::Unsupported(_));
        assert!(refused, "{error:?}");
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
    let garbage = vec![CertificateDer::from(b"not a certificate".to_vec())];
    let config = world.config().with_trust(match world.has(Capability::TrustOnly) {
        true => TrustRoots::Only(garbage),
        false => TrustRoots::SystemAnd(garbage),
    });
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
            if world.lacks(capability, &config) {
                continue;
            }
            let error = world.transport(&config).send(get(front.url(HOST))).await.expect_err("nobody vouches for it");
            assert!(matches!(error.kind(), TransportErrorKind::PeerUntrusted(_)), "{capability} {error:?}");
        }
    }
    assert!(front.ledger().requests().is_empty());
}

fn dated(validity: Validity) -> Front {
    let spec = ServerSpec { names: vec![HOST.to_owned()], validity, ..ServerSpec::default() };
    front(FrontOptions::default().server(Pki::shared().server_with(spec)))
}

/// We refuse the server, say that it was us, say why as far as the stack tells, and send nothing.
async fn refused(world: &World, front: &Front, config: &TransportConfig, fault: PeerFault, code: Code) -> Diagnosis {
    let error = world.transport(config).send(get(front.url(HOST))).await.expect_err("refused");
    let diagnosis = diagnose(&error, Mode::Key, None);
    let (kind, code) = expected(world, fault, code);
    assert_eq!((error.kind(), diagnosis.code), (kind, code), "{error:?}");
    assert_eq!(diagnosis.side(), Side::Us, "{diagnosis}");
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(front.ledger().requests().is_empty());
    diagnosis
}

fn expected(world: &World, fault: PeerFault, code: Code) -> (TransportErrorKind, Code) {
    match world.has(Capability::PeerFaultDetail) {
        true => (TransportErrorKind::PeerUntrusted(fault), code),
        false => (TransportErrorKind::PeerUntrusted(PeerFault::Unspecified), Code::TR_05),
    }
}

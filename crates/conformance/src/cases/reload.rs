//! TRUST, the roots of a running client: a replaced CA bundle applies to every later connection, and an
//! invalid one changes nothing.

use std::path::PathBuf;
use std::time::Duration;

use digicert_one_client::Client;
use digicert_one_core::{
    Capability, Code, FixedCredential, Material, PeerFault, TransportConfig, TransportErrorKind, TrustRoots,
};
use digicert_one_credentials::RootsFile;
use digicert_one_testbed::{ClientAuth, FrontOptions, Gate, Pki, Snapshot, Step};
use futures_util::future::join;
use rustls_pki_types::CertificateDer;

use crate::world::{World, certificate, front, identity, key, scripted};

/// A CA bundle on disk, with the testbed's root in it.
struct Bundle {
    path: PathBuf,
    file: RootsFile,
    _directory: tempfile::TempDir,
}

impl Bundle {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ca.pem");
        std::fs::write(&path, Pki::shared().root_pem()).expect("written");
        Self { file: RootsFile::open(&path).expect("a root"), path, _directory: directory }
    }

    fn write(&self, content: &str) {
        std::fs::write(&self.path, content).expect("written");
    }
}

/// These roots and, as far as the stack supports it, nothing else.
fn trusting(world: &World, roots: Vec<CertificateDer<'static>>) -> TrustRoots {
    if world.has(Capability::TrustOnly) { TrustRoots::Only(roots) } else { TrustRoots::SystemAnd(roots) }
}

fn client(world: &World, port: u16, material: Material, bundle: &Bundle) -> Client {
    let config: TransportConfig = world.config().with_trust(trusting(world, bundle.file.roots()));
    let builder = world.builder(port).transport_config(config);
    builder.credential(FixedCredential::new(material, "the case")).build().expect("complete")
}

/// Reads the bundle again, and applies the result to the client.
fn reload(world: &World, client: &Client, bundle: &Bundle) {
    match bundle.file.reload() {
        Ok(Some(roots)) => client.reload_trust(trusting(world, roots)).expect("the roots can be used"),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn trust_13_other_roots_count_for_every_later_connection(world: World) {
    for material in [key(), Material::certificate(identity(&certificate()))] {
        let front = front(FrontOptions::default().client_auth(ClientAuth::Optional));
        let bundle = Bundle::new();
        let client = client(&world, front.port(), material, &bundle);
        client.get("/before").send().await.expect("trusted").bytes().await.expect("a body");

        bundle.write(Pki::shared().foreign_root_pem());
        reload(&world, &client, &bundle);
        let error = client.get("/after").send().await.expect_err("its root was removed");
        let fault =
            if world.has(Capability::PeerFaultDetail) { PeerFault::UnknownIssuer } else { PeerFault::Unspecified };
        assert_eq!(error.transport().expect("of the transport").kind(), TransportErrorKind::PeerUntrusted(fault));
        let targets: Vec<String> = front.ledger().requests().into_iter().map(|request| request.target).collect();
        assert_eq!(targets, ["/before"], "not even over a connection that stood already");

        bundle.write(&format!("{}{}", Pki::shared().foreign_root_pem(), Pki::shared().root_pem()));
        reload(&world, &client, &bundle);
        client.get("/again").send().await.expect("trusted").bytes().await.expect("a body");
        assert_eq!(client.draining(), 0);
    }
    a_call_in_flight_ends_as_it_began(&world).await;
}

async fn a_call_in_flight_ends_as_it_began(world: &World) {
    let gate = Gate::new();
    let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let server = scripted([vec![Step::ReadRequest, Step::Wait(gate.clone()), Step::write(response)]]);
    let bundle = Bundle::new();
    let client = client(world, server.port(), key(), &bundle);
    let replaced = async {
        let asked = |seen: &Snapshot| !seen.requests.is_empty();
        assert!(server.ledger().wait_until(asked, Duration::from_secs(20)).await, "the call does not arrive");
        bundle.write(Pki::shared().foreign_root_pem());
        reload(world, &client, &bundle);
        assert_eq!(client.draining(), 1);
        gate.open();
    };
    let (answered, ()) = join(client.get("/").send(), replaced).await;
    answered.expect("it began in time").bytes().await.expect("a body");
}

pub(crate) async fn trust_14_a_broken_bundle_changes_nothing_and_is_reported_once(world: World) {
    // A connection for each call, so that each needs the roots.
    let response = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    let server = scripted([vec![Step::ReadRequest, Step::write(response), Step::CloseClean]]);
    let bundle = Bundle::new();
    let client = client(&world, server.port(), key(), &bundle);
    let call = async || client.get("/").send().await.expect("trusted").bytes().await.expect("a body");
    call().await;
    for broken in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA"] {
        bundle.write(broken);
        let reported = (0..3).filter(|_| bundle.file.reload().is_err()).count();
        assert_eq!(reported, 1, "{broken:?}");
        call().await;
    }
    std::fs::remove_file(&bundle.path).expect("removed");
    let warning = bundle.file.reload().expect_err("it is gone");
    assert!(warning.to_string().contains("ca.pem"), "{warning}");
    assert_eq!(bundle.file.reload(), Ok(None));
    call().await;
    // Nor can a program do it by mistake.
    let error = client.reload_trust(trusting(&world, Vec::new())).expect_err("no root");
    assert_eq!(error.code(), Code::TR_03, "{error}");
    call().await;
    assert_eq!(server.ledger().connections().len(), 6);
}

//! The client identity in libcurl's hands lasts as long as the transport. Alone in its process, since it counts descriptors.
#![cfg(all(target_os = "linux", feature = "rustls-engine"))]

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;
use digicert_one_core::{ClientIdentity, Connector as _, TransportConfig, TrustRoots};
use digicert_one_isahc::Connector;
use digicert_one_testbed::{ClientAuth, ClientSpec, Front, FrontOptions, Pki, handler};
use futures_executor::block_on;
use http::{Request, Response};
use rustix::fs::{SealFlags, fcntl_get_seals};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

const NAME: &str = "memfd:digicert-one-identity";

/// The memory files of this process that hold an identity.
fn held() -> Vec<PathBuf> {
    let descriptors = std::fs::read_dir("/proc/self/fd").expect("/proc is there").flatten().map(|entry| entry.path());
    let holds = |path: &PathBuf| std::fs::read_link(path).is_ok_and(|to| to.to_string_lossy().contains(NAME));
    descriptors.filter(holds).collect()
}

#[test]
fn memory_file_is_closed_with_the_transport() {
    let certificate = Pki::shared().client(ClientSpec::default());
    let chain = certificate.chain_der().iter().cloned().map(CertificateDer::from).collect();
    let key = PrivatePkcs8KeyDer::from(certificate.pkcs8_der());
    let identity = ClientIdentity::unchecked(chain, &key).expect("the pair is valid");
    let roots = vec![CertificateDer::from(Pki::shared().root_der().to_vec())];
    let config = TransportConfig::new()
        .with_trust(TrustRoots::Only(roots))
        .with_name_override("one.digicert.test", IpAddr::V4(Ipv4Addr::LOCALHOST))
        .with_identity(Some(identity));
    let options = FrontOptions::default().client_auth(ClientAuth::Required);
    let front = Front::start(options, handler(|_, _| async { Response::new(Bytes::from_static(b"{}")) }));
    let front = front.expect("loopback can be bound");

    let transport = Connector::new().connect(&config).expect("honoured");
    for request in [Request::get(front.url("one.digicert.test")), Request::post(front.url("one.digicert.test"))] {
        let request = request.body(Bytes::new()).expect("a valid request");
        let exchange = block_on(transport.send(request)).expect("presented");
        block_on(exchange.response.into_body().collect(1024)).expect("a body");
    }
    assert_eq!(held().len(), 2, "the chain and the key, for both inner clients");
    for file in held() {
        let seals = fcntl_get_seals(File::open(&file).expect("ours to read")).expect("a memory file");
        assert!(seals.contains(SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE), "{seals:?}");
    }
    let child = Command::new("ls").args(["-l", "/proc/self/fd"]).output().expect("every Linux has it");
    let inherited = String::from_utf8_lossy(&child.stdout);
    assert!(inherited.contains("/proc/") && !inherited.contains(NAME), "{inherited}");
    drop(transport);
    assert!(held().is_empty());
}

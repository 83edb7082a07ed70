//! The system's roots over OpenSSL, which come from a bundle and from a directory. libcurl asks the environment once a process,
//! so each system is a process of its own.
#![cfg(feature = "openssl-engine")]

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

use bytes::Bytes;
use digicert_one_core::{Connector as _, TransportConfig, TransportErrorKind, TrustRoots};
use digicert_one_isahc::Connector;
use digicert_one_testbed::{Front, FrontOptions, Pki, handler};
use futures_executor::block_on;
use http::{Request, Response};
use openssl::x509::X509;

const HOST: &str = "one.digicert.test";
const URL: &str = "D1_ROOTS_TEST_URL";
const TRUSTED: &str = "D1_ROOTS_TEST_TRUSTED";

#[test]
fn system_root_counts_in_bundle_and_directory() {
    let pki = Pki::shared();
    let front =
        Front::start(FrontOptions::default(), handler(|_, _| async { Response::new(Bytes::from_static(b"{}")) }))
            .expect("loopback can be bound");
    let (ours, other) = (pki.root_pem(), pki.foreign_root_pem());
    let both = format!("{other}{ours}");
    // What the bundle holds, what the directory holds, and whether this server is trusted.
    let systems = [
        (both.as_str(), Some(ours), true),
        (&both, None, true),
        (other, Some(ours), true),
        (ours, Some(ours), true),
        (other, None, false),
    ];
    for (bundle, hashed, trusted) in systems {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("bundle.pem");
        std::fs::write(&file, bundle).expect("written");
        let directory = folder.path().join("certs");
        std::fs::create_dir(&directory).expect("made");
        if let Some(root) = hashed {
            let hash = X509::from_pem(root.as_bytes()).expect("a certificate").subject_name_hash();
            std::fs::write(directory.join(format!("{hash:08x}.0")), root).expect("written");
        }
        let output = Command::new(std::env::current_exe().expect("this very test"))
            .args(["--exact", "the_system", "--ignored", "--nocapture"])
            .env("SSL_CERT_FILE", &file)
            .env("SSL_CERT_DIR", &directory)
            .env(URL, front.url(HOST))
            .env(TRUSTED, trusted.to_string())
            .output()
            .expect("the system runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{bundle}\n{hashed:?}\n{text}");
    }
}

#[test]
#[ignore = "half of the test above, which runs it in a process of its own"]
fn the_system() {
    let variable = |name| std::env::var(name).expect("the other half sets it");
    let config =
        TransportConfig::new().with_trust(TrustRoots::System).with_name_override(HOST, IpAddr::V4(Ipv4Addr::LOCALHOST));
    let transport = Connector::new().connect(&config).expect("honoured");
    let request = Request::get(variable(URL)).body(Bytes::new()).expect("a valid request");
    let outcome = block_on(transport.send(request));
    match variable(TRUSTED).as_str() {
        "true" => drop(outcome.expect("one of the system's roots vouches for the server")),
        _ => {
            let error = outcome.expect_err("none of the system's roots vouches for the server");
            assert!(matches!(error.kind(), TransportErrorKind::PeerUntrusted(_)), "{error:?}");
        }
    }
}

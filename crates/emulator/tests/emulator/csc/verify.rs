//! Verifies signatures: always with a library, and also with `openssl` if installed.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use aws_lc_rs::signature::{UnparsedPublicKey, VerificationAlgorithm};
use der::Decode;
use x509_cert::Certificate;

/// Asserts that this is a signature over the message with the key of the certificate.
#[track_caller]
pub(crate) fn assert_signed(
    algorithm: &'static dyn VerificationAlgorithm,
    leaf: &[u8],
    message: &[u8],
    signature: &[u8],
) {
    assert!(signed(algorithm, leaf, message, signature), "the signature does not hold");
    assert!(!signed(algorithm, leaf, b"another message", signature), "the signature holds for anything");
}

fn signed(algorithm: &'static dyn VerificationAlgorithm, leaf: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let leaf = Certificate::from_der(leaf).unwrap();
    let key = leaf.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes().to_vec();
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
}

/// Lets `openssl` verify the signature and the chain. `false` if it is not installed.
pub(crate) fn openssl_agrees(root: &str, chain: &str, digest: &str, message: &[u8], signature: &[u8]) -> bool {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = place.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let (root, chain) = (write("root.pem", root.as_bytes()), write("chain.pem", chain.as_bytes()));
    let (message, signature) = (write("message", message), write("signature", signature));
    // openssl uses the first certificate of a chain in one file: the leaf.
    let Some(key) = openssl(place.path(), &["x509", "-in", &chain, "-pubkey", "-noout"]) else { return false };
    let key = write("key.pem", key.as_bytes());
    openssl(place.path(), &["verify", "-CAfile", &root, "-untrusted", &chain, &chain]);
    let said = openssl(place.path(), &["dgst", digest, "-verify", &key, "-signature", &signature, &message]);
    assert_eq!(said.as_deref().map(str::trim), Some("Verified OK"));
    true
}

/// Its output on success; `None` if it is not installed.
fn openssl(place: &Path, arguments: &[&str]) -> Option<String> {
    match Command::new("openssl").args(arguments).current_dir(place).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("failed to run openssl: {error}"),
        Ok(output) => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "openssl {arguments:?}: {complaint}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
    }
}

//! Whether a signature holds: always by a library here, and by the program `openssl` as well where there is one.

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

/// Asks `openssl` whether the signature holds and the chain leads to the root. `false`: there is no such program.
pub(crate) fn openssl_agrees(root: &str, chain: &str, digest: &str, message: &[u8], signature: &[u8]) -> bool {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = place.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let (root, chain) = (write("root.pem", root.as_bytes()), write("chain.pem", chain.as_bytes()));
    let (message, signature) = (write("message", message), write("signature", signature));
    // Of a chain in one file, openssl takes the first certificate: the leaf.
    let Some(key) = openssl(place.path(), &["x509", "-in", &chain, "-pubkey", "-noout"]) else { return false };
    let key = write("key.pem", key.as_bytes());
    openssl(place.path(), &["verify", "-CAfile", &root, "-untrusted", &chain, &chain]);
    let said = openssl(place.path(), &["dgst", digest, "-verify", &key, "-signature", &signature, &message]);
    assert_eq!(said.as_deref().map(str::trim), Some("Verified OK"));
    true
}

/// What it says when it succeeds; `None` if it is not there.
fn openssl(place: &Path, arguments: &[&str]) -> Option<String> {
    match Command::new("openssl").args(arguments).current_dir(place).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("openssl cannot be run: {error}"),
        Ok(output) => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "openssl {arguments:?}: {complaint}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
    }
}

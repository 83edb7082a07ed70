//! Stores: the matching source reads what was stored, an unusable place is detected beforehand, and no failure
//! leaves partial or temporary files.

#[cfg(unix)]
mod command;
mod directory;
mod encrypted;
mod files;
mod layout;
#[cfg(unix)]
mod metadata;
#[cfg(unix)]
mod refusals;
#[cfg(unix)]
mod terminal;

use std::path::Path;

use digicert_one_core::{ClientIdentity, Secret};
use digicert_one_credentials::{Fetched, RawCredential, Source};
use digicert_one_identity::{KeyAlgorithm, NewKey};
use digicert_one_provisioning::{SecretKind, SecretStore, StoreError, StoredSecret};

const CANARY: &str = "01canary_5ecret";

fn api_key(text: &str) -> StoredSecret {
    StoredSecret::api_key(Secret::new(text, "a test"))
        .with_id("7d1f")
        .with_name("ci")
        .with_ends(Some("2027-01-31".parse().expect("a day")), Some("2027-06-30".parse().expect("a day")))
}

/// A new key and a self-signed certificate for it.
fn identity(name: &str) -> ClientIdentity {
    let key = NewKey::generate(KeyAlgorithm::P256).expect("random numbers");
    key.pair_with(vec![self_signed(&key, name).into()]).expect("they belong together")
}

fn self_signed(key: &NewKey, name: &str) -> Vec<u8> {
    let pem = key.to_pem();
    let pair = rcgen::KeyPair::from_pem(pem.expose_text().expect("text")).expect("PKCS#8");
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).expect("no names");
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    parameters.self_signed(&pair).expect("signed").der().to_vec()
}

fn certificate(identity: &ClientIdentity) -> StoredSecret {
    StoredSecret::certificate(identity.clone()).with_name("ci")
}

fn store_in(store: &dyn SecretStore, secret: &StoredSecret) {
    let stored = store.prepare(secret.kind()).expect("prepared").store(secret).expect("stored");
    assert!(stored.read_back && stored.place == store.name(), "{stored:?}");
}

fn refused(store: &dyn SecretStore, kind: SecretKind) -> StoreError {
    store.prepare(kind).map(|prepared| prepared.name()).expect_err("it must not be prepared")
}

fn found(source: &dyn Source) -> RawCredential {
    match source.fetch().expect("readable") {
        Fetched::Found(raw) => raw,
        other => panic!("{other:?}"),
    }
}

/// Reads like a caller, and returns the thumbprint.
fn thumbprint(raw: &RawCredential) -> [u8; 32] {
    let rules = digicert_one_identity::ReadOptions::at(std::time::SystemTime::now());
    let reading = raw.read(&rules).expect("usable");
    reading.material.identity().expect("a certificate").thumbprint()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("listed");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A file that only its owner may read.
fn write_private(path: &Path, content: &str) {
    std::fs::write(path, content).expect("written");
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("our own file");
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().expect("there").permissions().mode() & 0o777
}

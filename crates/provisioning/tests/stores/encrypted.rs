//! Password-protected files.

use digicert_one_core::Secret;
use digicert_one_provisioning::{SecretKind, SecretStore, StoreErrorKind, read_encrypted_file, store};

use super::{CANARY, api_key, certificate, identity, names, refused, store_in};

fn password(text: &str) -> Secret {
    Secret::new(text, "RESCUE_PASSWORD")
}

#[test]
fn stored_secret_decrypts_to_the_same_secret() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("rescued");
    let store = store::encrypted_file(&path, password("pass-canary"));
    store_in(&store, &api_key(CANARY));
    let text = std::fs::read_to_string(&path).expect("text");
    assert!(!text.contains("canary"), "{text}");
    #[cfg(unix)]
    assert_eq!(super::mode(&path), 0o600);
    let found = read_encrypted_file(&path, &password("pass-canary")).expect("it opens");
    assert_eq!(found.raw().api_key.as_ref().expect("a key").expose(), CANARY.as_bytes());
    assert_eq!(format!("{found:?}"), format!("{:?}", api_key("")));

    let identity = identity("ci");
    store_in(&store, &certificate(&identity));
    let found = read_encrypted_file(&path, &password("pass-canary")).expect("it opens").raw();
    assert_eq!(super::thumbprint(&found), identity.thumbprint());
    assert_eq!(names(directory.path()), ["rescued"]);
    assert!(!format!("{store:?} {found:?}").contains("canary"));
}

#[test]
fn wrong_password_or_changed_byte_is_an_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("rescued");
    store_in(&store::encrypted_file(&path, password("right")), &api_key(CANARY));
    let error = read_encrypted_file(&path, &password("wrong")).expect_err("another password");
    assert_eq!(error.kind(), StoreErrorKind::WrongPassword);
    assert!(error.to_string().contains("rescued"), "{error}");

    let whole = std::fs::read_to_string(&path).expect("text");
    let changed = |text: String| {
        std::fs::write(&path, text).expect("written");
        read_encrypted_file(&path, &password("right")).expect_err("changed").kind()
    };
    // The cipher authenticates the header against any change.
    assert_eq!(changed(whole.replacen("\"p\":1", "\"p\" :1", 1)), StoreErrorKind::WrongPassword);
    assert_eq!(changed(whole.replacen("\"log_n\":17", "\"log_n\":30", 1)), StoreErrorKind::Unexpected);
    assert_eq!(changed(whole.replacen("\"version\":1", "\"version\":2", 1)), StoreErrorKind::Unexpected);
    assert_eq!(changed(whole[..whole.len() - 8].to_owned()), StoreErrorKind::Unexpected);
    assert_eq!(changed("canary".to_owned()), StoreErrorKind::Unexpected);
    assert_eq!(changed(String::new()), StoreErrorKind::Unexpected);
}

#[test]
fn empty_password_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let error = refused(&store::encrypted_file(directory.path().join("rescued"), password("")), SecretKind::ApiKey);
    assert_eq!(error.kind(), StoreErrorKind::Unsuitable);
    assert!(error.to_string().contains("RESCUE_PASSWORD"), "{error}");
    let store = store::encrypted_file(directory.path().join("missing").join("rescued"), password("p"));
    assert_eq!(store.prepare(SecretKind::ApiKey).expect_err("no directory").kind(), StoreErrorKind::Missing);
}

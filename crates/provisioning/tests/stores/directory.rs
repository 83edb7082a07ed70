//! Directories in the layout of Kubernetes and systemd.

use digicert_one_credentials::DirectorySource;
#[cfg(unix)]
use digicert_one_provisioning::SecretStore;
use digicert_one_provisioning::{SecretKind, StoreErrorKind, store};

use super::{CANARY, api_key, certificate, found, identity, names, refused, store_in, thumbprint};

#[test]
fn key_and_certificate_change_independently() {
    let directory = tempfile::tempdir().expect("a directory");
    let (store, source) = (store::directory(directory.path()), DirectorySource::new(directory.path()));
    store_in(&store, &api_key("an-older-key"));
    let identities = [identity("first"), identity("second")];
    for identity in &identities {
        store_in(&store, &certificate(identity));
        let raw = found(&source);
        assert_eq!(thumbprint(&raw), identity.thumbprint());
        assert_eq!(raw.api_key.expect("still there").expose(), b"an-older-key\n");
    }
    store_in(&store, &api_key(CANARY));
    let raw = found(&source);
    assert_eq!(raw.api_key.as_ref().expect("there").expose(), format!("{CANARY}\n").as_bytes());
    assert_eq!(raw.key_ends.expect("there").to_string(), "2027-01-31T23:59:59Z");
    assert_eq!(raw.owner_ends.expect("there").to_string(), "2027-06-30T23:59:59Z");
    assert_eq!(thumbprint(&raw), identities[1].thumbprint());
    assert!(raw.warnings.is_empty(), "{:?}", raw.warnings);
}

#[cfg(unix)]
#[test]
fn plain_files_become_links_and_the_old_secret_is_removed() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str| directory.path().join(name);
    let pairs = [("DC_API_KEY", "old-canary"), ("api-key-ends", "2026-01-01"), ("ca.crt", "public"), ("password", "w")];
    for (name, content) in pairs {
        super::write_private(&file(name), content);
    }
    store_in(&store::directory(directory.path()), &certificate(&identity("ci")));
    // The password belonged to the replaced certificate; the key stays under its name.
    let names_now = names(directory.path());
    let version = names_now.iter().find(|name| name.starts_with("..d1-")).expect("a version").clone();
    assert_eq!(
        names_now,
        ["..d1-", "..data", "DC_API_KEY", "api-key-ends", "ca.crt", "tls.crt", "tls.key"]
            .map(|name| if name == "..d1-" { version.clone() } else { name.to_owned() })
    );
    assert_eq!(std::fs::read_link(file("tls.key")).expect("a link"), std::path::Path::new("..data/tls.key"));
    assert_eq!(super::mode(&file(&version)), 0o700);
    assert_eq!(super::mode(&file("tls.key")), 0o600);

    store_in(&store::directory(directory.path()), &api_key(CANARY));
    let names_now = names(directory.path());
    assert!(!names_now.contains(&"DC_API_KEY".to_owned()) && !names_now.contains(&version), "{names_now:?}");
    assert_eq!(names_now.iter().filter(|name| name.starts_with("..d1-")).count(), 1, "{names_now:?}");
    assert_eq!(std::fs::read(file("ca.crt")).expect("untouched"), b"public");
}

#[cfg(unix)]
#[test]
fn reader_never_sees_a_torn_pair_during_changes() {
    let directory = tempfile::tempdir().expect("a directory");
    let identities = [identity("one"), identity("two")];
    let prints = identities.each_ref().map(digicert_one_core::ClientIdentity::thumbprint);
    let store = store::directory(directory.path());
    store_in(&store, &certificate(&identities[0]));
    let source = DirectorySource::new(directory.path());
    let writing = std::thread::spawn(move || {
        for round in 1..40 {
            store_in(&store, &certificate(&identities[round % 2]));
        }
    });
    while !writing.is_finished() {
        // Reading fails if certificate and key do not belong together.
        assert!(prints.contains(&thumbprint(&found(&source))));
    }
    writing.join().expect("written");
}

#[cfg(unix)]
#[test]
fn directory_has_one_writer_at_a_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = store::directory(directory.path());
    let first = store.prepare(SecretKind::ApiKey).expect("prepared");
    assert_eq!(refused(&store, SecretKind::Certificate).kind(), StoreErrorKind::Busy);
    drop(first);
    assert!(names(directory.path()).is_empty(), "{:?}", names(directory.path()));
    assert!(store.prepare(SecretKind::Certificate).is_ok());
}

#[cfg(unix)]
#[test]
fn leftovers_of_a_killed_writer_are_removed() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = store::directory(directory.path());
    store_in(&store, &api_key(CANARY));
    let before = names(directory.path());
    std::fs::create_dir(directory.path().join("..d1-0123")).expect("made");
    std::fs::write(directory.path().join("..d1-0123").join("api-key"), "canary").expect("written");
    std::os::unix::fs::symlink("..d1-0123", directory.path().join("..d1-0123.data")).expect("linked");
    drop(store.prepare(SecretKind::ApiKey).expect("prepared"));
    assert_eq!(names(directory.path()), before);
    assert!(found(&DirectorySource::new(directory.path())).api_key.is_some());
}

#[test]
fn unusable_directory_is_refused_by_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str| directory.path().join(name);
    std::fs::write(file("plain"), "").expect("written");
    assert_eq!(refused(&store::directory(file("missing")), SecretKind::ApiKey).kind(), StoreErrorKind::Missing);
    assert_eq!(refused(&store::directory(file("plain")), SecretKind::ApiKey).kind(), StoreErrorKind::Unexpected);
    std::fs::create_dir_all(file("odd").join("api-key")).expect("made");
    let error = refused(&store::directory(file("odd")), SecretKind::ApiKey);
    assert!(error.kind() == StoreErrorKind::Unexpected && error.place().ends_with("api-key"), "{error}");
    std::fs::create_dir_all(file("other").join("..data")).expect("made");
    let error = refused(&store::directory(file("other")), SecretKind::ApiKey);
    assert!(error.kind() == StoreErrorKind::Unexpected && error.place().ends_with("..data"), "{error}");
    assert_eq!(names(&file("other")), ["..data"], "{error}");
}

//! Single files.

use digicert_one_credentials::FileSource;
use digicert_one_provisioning::{SecretKind, SecretStore, StoreErrorKind, store};

use super::{CANARY, api_key, certificate, found, identity, names, refused, store_in, thumbprint};

#[test]
fn key_is_a_line_readable_only_by_its_owner() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("api-key");
    for text in ["an-older-and-much-longer-key", CANARY] {
        store_in(&store::file(&path), &api_key(text));
        let raw = found(&FileSource::new().api_key_file(&path));
        assert_eq!(raw.api_key.expect("read").expose(), format!("{text}\n").as_bytes());
        assert!(raw.warnings.is_empty(), "{:?}", raw.warnings);
    }
    #[cfg(unix)]
    assert_eq!(super::mode(&path), 0o600);
    assert_eq!(names(directory.path()), ["api-key"]);
}

#[test]
fn certificate_and_key_are_in_one_file_or_two() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str| directory.path().join(name);
    let (first, second) = (identity("first"), identity("second"));
    for one in [&first, &second] {
        store_in(&store::file(file("bundle.pem")), &certificate(one));
        assert_eq!(thumbprint(&found(&FileSource::new().certificate_file(file("bundle.pem")))), one.thumbprint());
        store_in(&store::file_pair(file("tls.crt"), file("tls.key")), &certificate(one));
        let source = FileSource::new().certificate_file(file("tls.crt")).private_key_file(file("tls.key"));
        assert_eq!(thumbprint(&found(&source)), one.thumbprint());
    }
    let text = std::fs::read_to_string(file("tls.crt")).expect("text");
    assert!(!text.contains("PRIVATE KEY"));
    #[cfg(unix)]
    for name in ["bundle.pem", "tls.crt", "tls.key"] {
        assert_eq!(super::mode(&file(name)), 0o600, "{name}");
    }
    assert_eq!(names(directory.path()), ["bundle.pem", "tls.crt", "tls.key"]);
}

#[test]
fn unused_prepared_sink_leaves_the_old_content() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("api-key");
    super::write_private(&path, "old\n");
    let prepared = store::file(&path).prepare(SecretKind::ApiKey).expect("prepared");
    assert_eq!(names(directory.path()).len(), 2);
    drop(prepared);
    assert_eq!(names(directory.path()), ["api-key"]);
    assert_eq!(std::fs::read(&path).expect("there"), b"old\n");
}

#[test]
fn sink_can_be_used_again_after_failure_and_success() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("api-key");
    let mut prepared = store::file(&path).prepare(SecretKind::ApiKey).expect("prepared");
    std::fs::create_dir(&path).expect("something in its place");
    let error = prepared.store(&api_key(CANARY)).expect_err("a directory is there");
    assert_eq!(error.kind(), StoreErrorKind::Unexpected);
    assert_eq!(names(directory.path()), ["api-key"]);
    std::fs::remove_dir(&path).expect("removed");
    for _ in 0..2 {
        prepared.store(&api_key(CANARY)).expect("stored");
    }
    assert_eq!(std::fs::read(&path).expect("there"), format!("{CANARY}\n").as_bytes());
    assert_eq!(names(directory.path()), ["api-key"]);
}

#[test]
fn unusable_path_is_refused_by_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str| directory.path().join(name);
    std::fs::write(file("plain"), "").expect("written");
    for (path, kind) in [
        (directory.path().to_owned(), StoreErrorKind::Unexpected),
        (file("missing").join("key"), StoreErrorKind::Missing),
        (file("plain").join("key"), StoreErrorKind::Unexpected),
    ] {
        let error = refused(&store::file(&path), SecretKind::ApiKey);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    let error = refused(&store::file_pair(file("a"), file("b")), SecretKind::ApiKey);
    assert_eq!(error.kind(), StoreErrorKind::Unsuitable);
    let error = refused(&store::file_pair(file("a"), file("a")), SecretKind::Certificate);
    assert_eq!(error.kind(), StoreErrorKind::Unsuitable);
    let mut prepared = store::file(file("a")).prepare(SecretKind::Certificate).expect("prepared");
    let error = prepared.store(&api_key(CANARY)).expect_err("another kind");
    assert_eq!(error.kind(), StoreErrorKind::Unsuitable);
    drop(prepared);
    assert_eq!(names(directory.path()), ["plain"]);
}

#[cfg(unix)]
#[test]
fn symlink_is_refused_before_and_after_prepare() {
    let directory = tempfile::tempdir().expect("a directory");
    let (path, other) = (directory.path().join("api-key"), directory.path().join("other"));
    std::fs::write(&other, "untouched").expect("written");
    let mut prepared = store::file(&path).prepare(SecretKind::ApiKey).expect("prepared");
    std::os::unix::fs::symlink(&other, &path).expect("linked");
    let error = prepared.store(&api_key(CANARY)).expect_err("a link is there now");
    assert_eq!(error.kind(), StoreErrorKind::Unexpected);
    assert!(!format!("{error} {error:?} {prepared:?}").contains("canary"), "{error}");
    drop(prepared);
    assert_eq!(refused(&store::file(&path), SecretKind::ApiKey).kind(), StoreErrorKind::Unexpected);
    assert_eq!(std::fs::read(&other).expect("there"), b"untouched");
    assert_eq!(names(directory.path()), ["api-key", "other"]);
}

//! A sink with a last resort.

use std::path::Path;
use std::sync::Arc;

use digicert_one_core::Secret;
use digicert_one_provisioning::{
    EncryptedFileSink, FileSink, Safekeeping, SecretKind, SecretSink, SinkErrorKind, TerminalSink, read_encrypted_file,
};

use super::{CANARY, api_key, names};

/// Places in two directories, of which the first is removed after it was checked.
fn broken(gone: &Path, last_resort: Option<&dyn SecretSink>) -> Safekeeping {
    std::fs::create_dir(gone).expect("made");
    let places = Safekeeping::prepare(SecretKind::ApiKey, &FileSink::new(gone.join("api-key")), last_resort);
    let places = places.expect("both are fine");
    std::fs::remove_dir_all(gone).expect("removed");
    places
}

#[test]
fn secret_of_failed_sink_is_in_the_last_resort() {
    let directory = tempfile::tempdir().expect("a directory");
    let rescued = directory.path().join("rescued");
    let password = Secret::new("password", "a prompt");
    let last = EncryptedFileSink::new(&rescued, password.clone());
    let mut places = broken(&directory.path().join("gone"), Some(&last));
    let error = places.keep(&api_key(CANARY)).expect_err("the place is gone");
    assert!(error.to_string().contains(&rescued.display().to_string()), "{error}");
    assert_eq!(error.kept().map(|kept| kept.place.clone()), Some(last.name()));
    assert!(!format!("{error} {error:?}").contains("canary"));
    let found = read_encrypted_file(&rescued, &password).expect("it opens");
    assert_eq!(found.raw.api_key.expect("a key").expose(), CANARY.as_bytes());
}

#[test]
fn secret_stored_nowhere_is_reported() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut places = broken(&directory.path().join("gone"), None);
    let error = places.keep(&api_key(CANARY)).expect_err("the place is gone");
    assert!(error.kept().is_none() && error.to_string().contains("stored nowhere"), "{error}");

    let other = directory.path().join("other");
    std::fs::create_dir(&other).expect("made");
    let last = FileSink::new(other.join("rescued"));
    let mut places = broken(&directory.path().join("gone"), Some(&last));
    std::fs::remove_dir_all(&other).expect("removed");
    let error = places.keep(&api_key(CANARY)).expect_err("both are gone");
    assert!(error.kept().is_none() && error.last_resort_failed().is_some(), "{error}");
    assert!(error.to_string().contains("stored nowhere"), "{error}");
}

#[test]
fn last_resort_is_unused_if_the_sink_succeeds() {
    let directory = tempfile::tempdir().expect("a directory");
    let (path, last) = (directory.path().join("api-key"), directory.path().join("rescued"));
    let places = Safekeeping::prepare_unblocked(
        SecretKind::ApiKey,
        Arc::new(FileSink::new(&path)),
        Some(Arc::new(FileSink::new(&last))),
    );
    let places = futures_executor::block_on(places).expect("prepared");
    let (places, kept) = futures_executor::block_on(places.keep_unblocked(api_key(CANARY)));
    assert!(kept.expect("kept").read_back);
    drop(places);
    assert_eq!(names(directory.path()), ["api-key"]);
}

#[test]
fn unusable_last_resort_is_detected_beforehand() {
    let directory = tempfile::tempdir().expect("a directory");
    let last = FileSink::new(directory.path().join("missing").join("rescued"));
    let sink = FileSink::new(directory.path().join("api-key"));
    let error = Safekeeping::prepare(SecretKind::ApiKey, &sink, Some(&last)).expect_err("no directory");
    assert_eq!(error.kind(), SinkErrorKind::Missing);
    assert!(names(directory.path()).is_empty());
}

#[cfg(unix)]
#[test]
fn terminal_that_is_a_file_is_refused() {
    use std::process::{Command, Stdio};
    const VARIABLE: &str = "D1_TEST_TERMINAL";
    if std::env::var_os(VARIABLE).is_some() {
        for sink in [TerminalSink::stdout(), TerminalSink::stderr()] {
            assert_eq!(super::refused(&sink, SecretKind::ApiKey).kind(), SinkErrorKind::NoTerminal);
        }
        return;
    }
    // This test again, with both streams known to be pipes.
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "safekeeping::terminal_that_is_a_file_is_refused", "--nocapture"])
        .env(VARIABLE, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

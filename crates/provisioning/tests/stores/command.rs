//! Programs that read a secret from standard input.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use digicert_one_credentials::Program;
use digicert_one_provisioning::{CommandStore, SecretKind, SecretStore, StoreErrorKind};

use super::{CANARY, api_key, certificate, found, identity, keep, refused, thumbprint};

fn program(script: &str) -> Program {
    Program::new("sh").argument("-c").argument(script)
}

fn shell(script: &str) -> CommandStore {
    CommandStore::new(program(script))
}

fn failure(sink: &CommandStore) -> digicert_one_provisioning::StoreError {
    let error = sink.prepare(SecretKind::ApiKey).expect("prepared").keep(&api_key(CANARY)).expect_err("it must fail");
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
    error
}

#[test]
fn secret_is_passed_on_standard_input_and_read_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("vault").display().to_string();
    let sink = shell(&format!("cat > {path}")).with_read_back(Program::new("cat").argument(&path));
    keep(&sink, &api_key(CANARY));
    assert_eq!(std::fs::read(&path).expect("written"), format!("{CANARY}\n").as_bytes());

    let document = shell(&format!("cat > {path}")).with_read_back(Program::new("cat").argument(&path)).as_document();
    keep(&document, &api_key(CANARY));
    let source = Program::new("cat").argument(&path);
    let raw = found(&source);
    assert_eq!(raw.api_key.expect("a key").expose(), CANARY.as_bytes());
    assert!(raw.key_ends.is_some() && raw.owner_ends.is_some());
    let identity = identity("ci");
    keep(&document, &certificate(&identity));
    assert_eq!(thumbprint(&found(&source)), identity.thumbprint());
}

#[test]
fn without_reading_program_nothing_is_read_back() {
    let kept = shell("cat > /dev/null").prepare(SecretKind::ApiKey).expect("prepared").keep(&api_key(CANARY));
    assert!(!kept.expect("taken").read_back);
}

#[test]
fn failing_hanging_or_wrong_program_is_an_error() {
    let error = failure(&shell("cat > /dev/null; echo 'the vault is sealed' >&2; exit 2"));
    assert_eq!(error.kind(), StoreErrorKind::CommandFailed);
    assert!(error.to_string().contains("vault is sealed") && error.to_string().contains("command sh"), "{error}");
    let error = failure(&CommandStore::new(program("exec sleep 600").time_limit(Duration::from_millis(300))));
    assert_eq!(error.kind(), StoreErrorKind::CommandFailed);
    let error = failure(&shell("cat > /dev/null").with_read_back(Program::new("echo").argument("another")));
    assert_eq!(error.kind(), StoreErrorKind::ReadBackDiffers);
    let error = failure(&shell("cat > /dev/null").with_read_back(Program::new("false")));
    assert_eq!(error.kind(), StoreErrorKind::CommandFailed);
}

#[test]
fn program_that_does_not_read_its_input_is_an_error() {
    // Larger than any pipe buffer, so that unread input is detected.
    let sink = shell("exec 0<&-; exit 0");
    let long = api_key(&"x".repeat(1 << 20));
    let error = sink.prepare(SecretKind::ApiKey).expect("prepared").keep(&long).expect_err("not read");
    assert!(error.kind() == StoreErrorKind::CommandFailed && error.to_string().contains("whole input"), "{error}");
}

#[test]
fn missing_or_not_executable_program_is_detected_beforehand() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("keeper");
    assert_eq!(refused(&CommandStore::new(Program::new(&path)), SecretKind::ApiKey).kind(), StoreErrorKind::Missing);
    // A bare word may be a secret instead of a program, so it is not shown.
    let error = refused(&CommandStore::new(Program::new("d1-no-such-program")), SecretKind::ApiKey);
    let shown = error.to_string();
    assert!(error.kind() == StoreErrorKind::Missing && shown.contains("in any directory of PATH"), "{shown}");
    assert!(!shown.contains("d1-no-such-program"), "{shown}");
    std::fs::write(&path, "#!/bin/sh\ncat > /dev/null\n").expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("own file");
    assert_eq!(
        refused(&CommandStore::new(Program::new(&path)), SecretKind::ApiKey).kind(),
        StoreErrorKind::NotWritable
    );
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("own file");
    assert!(CommandStore::new(Program::new(&path)).prepare(SecretKind::ApiKey).is_ok());
    let sink = shell("cat > /dev/null").with_read_back(Program::new(directory.path().join("reader")));
    assert_eq!(refused(&sink, SecretKind::ApiKey).kind(), StoreErrorKind::Missing);
}

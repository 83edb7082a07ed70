//! Programs that read a secret from standard input.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use digicert_one_credentials::Program;
use digicert_one_provisioning::{SecretKind, SecretStore, StoreErrorKind, store};

use super::{CANARY, api_key, certificate, found, identity, refused, store_in, thumbprint};

fn program(script: &str) -> Program {
    Program::new("sh").argument("-c").argument(script)
}

fn shell(script: &str) -> impl SecretStore + use<> {
    store::command(program(script), None)
}

fn failure(store: &impl SecretStore) -> digicert_one_provisioning::StoreError {
    let error = store.prepare(SecretKind::ApiKey).expect("prepared").store(&api_key(CANARY)).expect_err("it must fail");
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
    error
}

#[test]
fn secret_is_passed_on_standard_input_and_read_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("vault").display().to_string();
    let store = store::command(program(&format!("cat > {path}")), Some(Program::new("cat").argument(&path)));
    store_in(&store, &api_key(CANARY));
    assert_eq!(std::fs::read(&path).expect("written"), format!("{CANARY}\n").as_bytes());

    let document =
        store::command_with_document(program(&format!("cat > {path}")), Some(Program::new("cat").argument(&path)));
    store_in(&document, &api_key(CANARY));
    let source = Program::new("cat").argument(&path);
    let raw = found(&source);
    assert_eq!(raw.api_key.expect("a key").expose(), CANARY.as_bytes());
    assert!(raw.key_ends.is_some() && raw.owner_ends.is_some());
    let identity = identity("ci");
    store_in(&document, &certificate(&identity));
    assert_eq!(thumbprint(&found(&source)), identity.thumbprint());
}

#[test]
fn without_reading_program_nothing_is_read_back() {
    let stored = shell("cat > /dev/null").prepare(SecretKind::ApiKey).expect("prepared").store(&api_key(CANARY));
    assert!(!stored.expect("taken").read_back);
}

#[test]
fn failing_hanging_or_wrong_program_is_an_error() {
    let error = failure(&shell("cat > /dev/null; echo 'the vault is sealed' >&2; exit 2"));
    assert_eq!(error.kind(), StoreErrorKind::CommandFailed);
    assert!(error.to_string().contains("vault is sealed") && error.to_string().contains("command sh"), "{error}");
    let error = failure(&store::command(program("exec sleep 600").time_limit(Duration::from_millis(300)), None));
    assert_eq!(error.kind(), StoreErrorKind::CommandFailed);
    let error = failure(&store::command(program("cat > /dev/null"), Some(Program::new("echo").argument("another"))));
    assert_eq!(error.kind(), StoreErrorKind::ReadBackDiffers);
    let error = failure(&store::command(program("cat > /dev/null"), Some(Program::new("false"))));
    assert_eq!(error.kind(), StoreErrorKind::CommandFailed);
}

#[test]
fn program_that_fails_after_it_has_stored_the_secret_has_stored_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("vault").display().to_string();
    let read = || Some(Program::new("cat").argument(&path));
    let failing = store::command(program(&format!("cat > {path}; exit 7")), read());
    let stored = failing.prepare(SecretKind::ApiKey).expect("prepared").store(&api_key(CANARY)).expect("it is there");
    assert!(stored.read_back);
    let without_effect = store::command(program("cat > /dev/null; echo sealed >&2; exit 7"), read());
    let error = failure(&store::command(program(&format!("cat > /dev/null; echo other > {path}; exit 7")), read()));
    assert!(error.kind() == StoreErrorKind::CommandFailed && error.to_string().contains("exit status: 7"), "{error}");
    let error = failure(&without_effect);
    assert!(
        error.to_string().contains("sealed"),
        "the program's own failure is shown, and not what is read back: {error}"
    );
}

#[test]
fn program_that_does_not_read_its_input_is_an_error() {
    // Larger than any pipe buffer, so that unread input is detected.
    let store = shell("exec 0<&-; exit 0");
    let long = api_key(&"x".repeat(1 << 20));
    let error = store.prepare(SecretKind::ApiKey).expect("prepared").store(&long).expect_err("not read");
    assert!(error.kind() == StoreErrorKind::CommandFailed && error.to_string().contains("whole input"), "{error}");
}

#[test]
fn missing_or_not_executable_program_is_detected_beforehand() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("keeper");
    assert_eq!(refused(&store::command(Program::new(&path), None), SecretKind::ApiKey).kind(), StoreErrorKind::Missing);
    // A bare word may be a secret instead of a program, so it is not shown.
    let error = refused(&store::command(Program::new("d1-no-such-program"), None), SecretKind::ApiKey);
    let shown = error.to_string();
    assert!(error.kind() == StoreErrorKind::Missing && shown.contains("in any directory of PATH"), "{shown}");
    assert!(!shown.contains("d1-no-such-program"), "{shown}");
    std::fs::write(&path, "#!/bin/sh\ncat > /dev/null\n").expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("own file");
    assert_eq!(
        refused(&store::command(Program::new(&path), None), SecretKind::ApiKey).kind(),
        StoreErrorKind::NotWritable
    );
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("own file");
    assert!(store::command(Program::new(&path), None).prepare(SecretKind::ApiKey).is_ok());
    let store = store::command(program("cat > /dev/null"), Some(Program::new(directory.path().join("reader"))));
    assert_eq!(refused(&store, SecretKind::ApiKey).kind(), StoreErrorKind::Missing);
}

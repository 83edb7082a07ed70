//! The form of the error messages of this crate and of those below it that can fail without a call.

#[path = "../../core/tests/texts/form.rs"]
mod form;

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use digicert_one_client::{Position, TraceContext};
use digicert_one_core::{Code, CredentialError, Instance, Proxy, Secret};
use digicert_one_credentials::{ConfigError, Reference};
use digicert_one_identity::{KeyAlgorithm, ReadOptions, read_client_identity};

use self::form::{assert_form, assert_plain};
use crate::journal::JournalError;
use crate::lock::{LockError, Owner};
use crate::store::{FallbackStore, SecretKind, StoreError, StoreErrorKind, StoredSecret, file};
use crate::workflow::{IssueError, IssueErrorKind, RecoveryAction, SecretLocation, TaskStep};

fn full_disk() -> StoreError {
    StoreError::io("/etc/d1/api-key", "failed to write", io::Error::from(io::ErrorKind::StorageFull))
}

#[test]
fn store_lock_and_journal_errors_have_the_form() {
    let kinds = [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem];
    kinds.iter().for_each(|kind| assert_form(&StoreError::io("/a", "failed to open", io::Error::from(*kind))));
    assert_form(&StoreError::new(StoreErrorKind::Unsuitable, "/a", "an API key has no private key"));
    let path = || PathBuf::from("/var/lib/d1/ci.lock");
    let owner = Owner::new("one").expect("random numbers");
    for error in [
        LockError::Held { path: path(), owner, until: SystemTime::UNIX_EPOCH },
        LockError::Lost { path: path() },
        LockError::Damaged { path: path() },
        LockError::File(full_disk()),
    ] {
        assert_form(&error);
    }
    for error in [
        JournalError::Busy { path: path() },
        JournalError::Pending { path: path(), kind: "rotate-token".to_owned() },
        JournalError::NothingPending { path: path() },
        JournalError::Foreign { path: path() },
        JournalError::Damaged { path: path(), line: 3, what: "a wrong checksum" },
        JournalError::OtherVersion { path: path(), line: 1 },
        JournalError::LooksSecret { name: "token".to_owned() },
        JournalError::Key(CredentialError::new(Code::IO_02, "failed to read the file")),
        JournalError::File(full_disk()),
    ] {
        assert_form(&error);
    }
}

#[test]
fn error_of_a_failed_fallback_has_the_form() {
    let key = StoredSecret::api_key(Secret::new("01ab_cd23", "a test"));
    for has_last_resort in [false, true] {
        let directory = tempfile::tempdir().expect("a directory");
        let gone = directory.path().join("gone");
        std::fs::create_dir(&gone).expect("made");
        let last = file(directory.path().join("rescued"));
        let last = has_last_resort.then_some(&last as &dyn crate::SecretStore);
        let places = FallbackStore::prepare(SecretKind::ApiKey, &file(gone.join("api-key")), last);
        std::fs::remove_dir_all(&gone).expect("removed");
        let error = places.expect("prepared").store(&key).expect_err("the place is gone");
        // Its sources are messages of the system.
        assert_form(&io::Error::other(error.to_string()));
    }
}

#[test]
fn workflow_errors_of_every_kind_have_the_form() {
    use IssueErrorKind as Kind;
    for kind in [
        Kind::Task,
        Kind::Lock,
        Kind::LockLost,
        Kind::Journal,
        Kind::Pending,
        Kind::StoreCheck,
        Kind::Platform,
        Kind::TokenLimit,
        Kind::EndDate,
        Kind::Clock,
        Kind::NotShown,
        Kind::WrongKey,
        Kind::Store,
        Kind::Verify,
        Kind::Switch,
        Kind::Retire,
        Kind::Stopped,
    ] {
        let error = IssueError::new(kind, TaskStep::Store, "failed to store the secret").caused_by(full_disk());
        // It begins with its code and has several lines.
        assert_plain(&error.to_string());
        assert_plain(&error.diagnosis().to_string());
    }
    for place in
        [SecretLocation::None, SecretLocation::Stored("a".into()), SecretLocation::Lost, SecretLocation::Unknown]
    {
        assert_plain(&place.to_string());
    }
    for next in [RecoveryAction::Correct, RecoveryAction::Retry, RecoveryAction::Resume] {
        assert_plain(&next.to_string());
    }
}

#[test]
fn errors_of_the_configuration_have_the_form() {
    let name = || "DC_BASE".to_owned();
    let lookalike = Instance::parse("one.digicert.co").expect_err("a lookalike");
    for error in [
        ConfigError::NoHost,
        ConfigError::Nothing { asked: String::new() },
        ConfigError::NoCredential { asked: String::new() },
        ConfigError::EmptyProfile { profile: "profile ci of d1.toml".to_owned() },
        ConfigError::MissingProfileFile {
            setting: "DC_PROFILE".to_owned(),
            source: CredentialError::new(Code::ID_13, "missing file").at("d1.toml"),
        },
        ConfigError::Conflict { first: name(), second: "SM_HOST".to_owned() },
        ConfigError::Host { name: name(), source: lookalike },
        ConfigError::Proxy { name: name(), source: Proxy::parse("gopher://p.test").expect_err("a scheme") },
        ConfigError::Credential(CredentialError::new(Code::ID_13, "missing API key")),
    ] {
        assert_form(&error);
    }
    for text in ["", "env:", "fd:x", "vault:x"] {
        assert_form(&text.parse::<Reference>().expect_err(text));
    }
    assert_form(&"rsa1024".parse::<KeyAlgorithm>().expect_err("too small"));
}

#[test]
fn errors_of_identities_and_positions_have_the_form() {
    let rules = ReadOptions::at(SystemTime::UNIX_EPOCH);
    for content in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let certificate = Secret::new(content, "/etc/d1/tls.crt");
        let error = read_client_identity(&certificate, None, None, &rules, &mut Vec::new()).expect_err(content);
        assert_form(&error);
    }
    assert_form(&"somewhere".parse::<Position>().expect_err("not a position"));
    assert_form(&TraceContext::new("somewhere").expect_err("not a context"));
}

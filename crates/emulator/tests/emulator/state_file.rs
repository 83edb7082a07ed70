//! The state file: the state survives a restart, and an invalid file is refused.

use std::path::Path;

use digicert_one_emulator::{Emulator, EmulatorError, EmulatorOptions, Subject};
use serde_json::{Value, json};

use crate::caller::{Caller, ME};
use crate::certificates::Request;

fn options(path: &Path) -> EmulatorOptions {
    EmulatorOptions::default().state(path)
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn credentials_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.json");
    let request = Request::new();
    let (secret, identity, first_key, first_certificate, ca) = {
        let emulator = Emulator::start_with(options(&path)).await.unwrap();
        let user = emulator.users()[0].clone();
        let call = Caller::platform(&emulator).key(user.api_key());
        let token = call.post("/account/api/v1/api-access-token", json!({ "name": "second" })).await.json();
        let body = json!({ "nickname": "own key", "csr": request.csr });
        let certificate = call.post("/account/api/v1/client-auth-certificate", body).await.json();
        let secret = token["token"].as_str().unwrap().to_owned();
        assert!(!std::fs::read_to_string(&path).unwrap().contains(&secret), "a key that is shown once is stored");
        (
            secret,
            request.identity(&certificate),
            user.api_key().to_owned(),
            user.certificate().clone(),
            emulator.ca_pem().to_owned(),
        )
    };
    let emulator = Emulator::start_with(options(&path)).await.unwrap();
    assert_eq!(emulator.ca_pem(), ca);
    assert_eq!(emulator.users()[0].api_key(), first_key);
    for call in [
        Caller::platform(&emulator).key(&secret),
        Caller::platform(&emulator).key(&first_key),
        Caller::client_auth(&emulator).certificate(&identity),
        Caller::client_auth(&emulator).certificate(&first_certificate).key(&secret),
    ] {
        let me = call.get(ME).await;
        assert_eq!((me.status, me.caller.as_deref()), (200, Some("ci-bot")), "{}", me.text);
    }
    let log = Caller::platform(&emulator).key(&secret).get("/account/api/v1/audit-log").await.json();
    assert_eq!(log["total"], 2);
    // It still signs, with the key of before.
    let sign = format!("/signingmanager/api/v1/keypairs/{}/sign", emulator.keypair_id());
    let body = json!({
        "account": emulator.account_id(),
        "sig_alg": "SHA256withECDSA",
        "hash": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    });
    let both = Caller::client_auth(&emulator).certificate(&identity).key(&secret);
    assert_eq!(both.post(&sign, body).await.status, 200);
}

#[tokio::test]
async fn saved_state_is_portable_and_includes_disabled_flags() {
    let directory = tempfile::tempdir().unwrap();
    let (kept, copy) = (directory.path().join("kept.json"), directory.path().join("copy.json"));
    let emulator = Emulator::start_with(options(&kept)).await.unwrap();
    emulator.control().set_enabled(emulator.users()[0].id(), Subject::Token("0"), false).unwrap();
    emulator.save(&copy).unwrap();
    assert!(read(&kept) == read(&copy), "the two files differ");

    let other = Emulator::start_with(options(&copy)).await.unwrap();
    let response = Caller::platform(&other).key(other.users()[0].api_key()).get(ME).await;
    assert!(response.status == 401 && response.text.contains("disabled"), "{}", response.text);
}

#[test]
fn csc_client_secrets_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.json");
    let secrets = || {
        let emulator = Emulator::start_blocking(options(&path)).unwrap();
        let csc = emulator.csc();
        (csc.client_secret().to_owned(), csc.digest_password().map(str::to_owned))
    };
    let before = secrets();
    assert!(secrets() == before, "the secrets changed");
    // A file of a former version has none.
    let mut older = read(&path);
    older["state"].as_object_mut().unwrap().remove("csc");
    std::fs::write(&path, older.to_string()).unwrap();
    assert!(secrets().0 != before.0);
}

#[cfg(unix)]
#[test]
fn state_file_is_private_and_leaves_no_temporary_files() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.json");
    let emulator = Emulator::start_blocking(options(&path)).unwrap();
    emulator.control().set_enabled(emulator.users()[0].id(), Subject::User, false).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn invalid_state_file_is_named_and_unchanged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.json");
    drop(Emulator::start_blocking(options(&path)).unwrap());
    let good = read(&path);
    let refusal = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let error = Emulator::start_blocking(options(&path)).unwrap_err();
        assert!(std::fs::read_to_string(&path).unwrap() == text, "the file was changed");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        error
    };
    let mut newer = good.clone();
    newer["version"] = json!(99);
    let error = refusal(&newer.to_string());
    assert!(matches!(error, EmulatorError::StateVersion { found: 99, known: 1, .. }), "{error}");
    assert!(error.to_string().contains("99"), "{error}");

    let mut broken_key = good.clone();
    broken_key["pki"]["root_key"] = json!("canary");
    let mut no_disclosure = good.clone();
    no_disclosure["state"]["disclosed"] = json!([]);
    let mut half_an_administrator = good.clone();
    half_an_administrator["state"]["disclosed"][0]["certificates"][0]["identity"]["pkcs8"] = json!("canary");
    let mut no_account = good.clone();
    no_account["state"]["accounts"] = json!([]);
    let mut wrong_type = good.clone();
    wrong_type["state"]["users"] = json!("canary");
    let half = &good.to_string()[..100];
    let wrong =
        [broken_key, no_disclosure, half_an_administrator, no_account, wrong_type].map(|state| state.to_string());
    for text in ["", "{}", half].into_iter().chain(wrong.iter().map(String::as_str)) {
        let error = refusal(text);
        assert!(matches!(error, EmulatorError::StateMalformed { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

#[test]
fn unwritable_state_file_is_an_error_at_start() {
    let directory = tempfile::tempdir().unwrap();
    let nowhere = directory.path().join("missing").join("state.json");
    let error = Emulator::start_blocking(options(&nowhere)).unwrap_err();
    assert!(matches!(error, EmulatorError::StateNotWritten { .. }), "{error}");
    let error = Emulator::start_blocking(options(directory.path())).unwrap_err();
    assert!(matches!(error, EmulatorError::StateNotRead { .. }), "{error}");
}

#[tokio::test]
async fn change_that_cannot_be_stored_is_not_applied() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("inner").join("state.json");
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let emulator = Emulator::start_with(options(&path)).await.unwrap();
    let call = Caller::platform(&emulator).key(emulator.users()[0].api_key());
    let tokens = "/account/api/v1/api-access-token";
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    let refused = call.post(tokens, json!({ "name": "second" })).await;
    assert_eq!(refused.error().0, 500);
    assert!(refused.text.contains("nothing was changed") && !refused.text.contains("\"token\""), "{}", refused.text);
    let listed = call.get(&format!("{tokens}?user_id=me")).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

//! The order of checks: of several defects the first is reported, and fixing it reveals the next.

use digicert_one_emulator::{Emulator, EmulatorOptions, ServiceUserSpec, Subject};
use serde_json::json;

use crate::caller::{Caller, Response};

fn says(response: &Response, status: u16, words: &str) {
    assert_eq!(response.status, status, "{}", response.text);
    assert!(response.text.contains(words), "expected {words:?} in {}", response.text);
}

#[tokio::test]
async fn checks_run_in_documented_order() {
    let users = [ServiceUserSpec::new("ci-bot").permissions(&[]), ServiceUserSpec::new("other")];
    let emulator = Emulator::start_blocking(EmulatorOptions::default().service_users(users)).unwrap();
    let (user, other) = (&emulator.users()[0], &emulator.users()[1]);
    let path = format!("/signingmanager/api/v1/keypairs/{}/sign", emulator.keypair_id());
    let foreign = emulator.foreign_api_key();
    let post = async |call: Caller<'_>| call.post(&path, json!("no request at all")).await;
    let with_other = || Caller::client_auth(&emulator).key(user.api_key()).certificate(other.certificate());
    emulator.control().set_enabled(user.id(), Subject::Token("0"), false).unwrap();
    emulator.control().set_enabled(user.id(), Subject::User, false).unwrap();

    says(&post(Caller::client_auth(&emulator)).await, 401, "No credential");
    // Unknown is reported before disabled, for either factor.
    let unknown = Caller::client_auth(&emulator).key(&foreign).certificate(other.certificate());
    says(&post(unknown).await, 401, "API key is not known");
    let stranger = emulator.unregistered_client();
    let unknown = Caller::client_auth(&emulator).key(user.api_key()).certificate(&stranger);
    says(&post(unknown).await, 401, "certificate is not known");
    says(&post(with_other()).await, 401, "API key is disabled");
    emulator.control().set_enabled(user.id(), Subject::Token("0"), true).unwrap();
    says(&post(with_other()).await, 401, "service user is disabled");
    emulator.control().set_enabled(user.id(), Subject::User, true).unwrap();
    says(&post(with_other()).await, 403, "different users");
    says(&post(Caller::client_auth(&emulator).key(user.api_key())).await, 403, "multi-factor");
    let both = || Caller::client_auth(&emulator).key(user.api_key()).certificate(user.certificate());
    says(&post(both()).await, 403, "lacks the permission SIGN_SM_HASH");
    // Only a caller who may sign learns what is wrong with the request.
    let right = Caller::client_auth(&emulator).key(other.api_key()).certificate(other.certificate());
    says(&post(right).await, 400, "invalid_request");
}

#[tokio::test]
async fn factors_of_two_owners_are_refused() {
    let users = [ServiceUserSpec::new("ci-bot"), ServiceUserSpec::new("other")];
    let emulator = Emulator::start_blocking(EmulatorOptions::default().service_users(users)).unwrap();
    let (user, other) = (&emulator.users()[0], &emulator.users()[1]);

    let call = Caller::client_auth(&emulator).key(user.api_key()).certificate(other.certificate());
    let response = call.get("/account/api/v1/user/me").await;

    assert_eq!((response.status, &response.json()["errors"][0]["code"]), (403, &json!("access_denied")));
    assert_eq!((response.caller, emulator.observed()[0].caller.as_deref()), (None, None));
}

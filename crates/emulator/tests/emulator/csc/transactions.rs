//! Signature activation data: what it is bound to, how often and how long it is valid, for each authorisation mode.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use digicert_one_emulator::{CscCredentialSpec, CscOptions, Scal};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::caller::{Bench, Response};

const AUTHORIZE: &str = "credentials/authorize";
const EXTEND: &str = "credentials/extendTransaction";

fn hash(message: &str) -> String {
    BASE64.encode(&Sha256::digest(message))
}

async fn sign(bench: &Bench, token: &str, credential: &str, sad: &str, messages: &[&str]) -> Response {
    let hashes: Vec<_> = messages.iter().map(|message| hash(message)).collect();
    let sign_algo = if credential == "ecdsa" { "1.2.840.10045.4.3.2" } else { "1.2.840.113549.1.1.11" };
    let body = json!({ "credentialID": credential, "SAD": sad, "hash": hashes, "signAlgo": sign_algo });
    bench.call(token, "signatures/signHash", body).await
}

#[tokio::test]
async fn under_scal_1_a_sad_is_good_for_its_number_and_no_more() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    let sad = bench.sad(&token, "ecdsa", 3, &[]).await;
    assert_eq!(sign(&bench, &token, "ecdsa", &sad, &["a", "b"]).await.status, 200);
    sign(&bench, &token, "ecdsa", &sad, &["c", "d"]).await.assert_error(400, "invalid_request", "too high");
    // The refused call consumed nothing.
    assert_eq!(sign(&bench, &token, "ecdsa", &sad, &["c"]).await.status, 200);
    sign(&bench, &token, "ecdsa", &sad, &["d"]).await.assert_error(400, "invalid_request", "Invalid parameter SAD");
}

#[tokio::test]
async fn under_scal_2_only_the_authorised_hashes_are_signed_each_once() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    let sad = bench.sad(&token, "rsa-scal2", 2, &[&hash("a"), &hash("b")]).await;
    sign(&bench, &token, "rsa-scal2", &sad, &["c"]).await.assert_error(400, "invalid_request", "not authorized");
    sign(&bench, &token, "rsa-scal2", &sad, &["a", "c"]).await.assert_error(400, "invalid_request", "not authorized");
    sign(&bench, &token, "rsa-scal2", &sad, &["a", "a"]).await.assert_error(400, "invalid_request", "not authorized");
    assert_eq!(sign(&bench, &token, "rsa-scal2", &sad, &["b"]).await.status, 200);
    sign(&bench, &token, "rsa-scal2", &sad, &["b"]).await.assert_error(400, "invalid_request", "not authorized");
    assert_eq!(sign(&bench, &token, "rsa-scal2", &sad, &["a"]).await.status, 200);
    for message in ["a", "b"] {
        let again = sign(&bench, &token, "rsa-scal2", &sad, &[message]).await;
        again.assert_error(400, "invalid_request", "not authorized");
    }
}

#[tokio::test]
async fn sad_is_for_one_credential() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    let sad = bench.sad(&token, "ecdsa", 1, &[]).await;
    sign(&bench, &token, "rsa", &sad, &["a"]).await.assert_error(400, "invalid_request", "Invalid parameter SAD");
    sign(&bench, &token, "ecdsa", "made up", &["a"]).await.assert_error(400, "invalid_request", "parameter SAD");
    assert_eq!(sign(&bench, &token, "ecdsa", &sad, &["a"]).await.status, 200);
}

#[tokio::test]
async fn sad_expires_by_the_emulators_clock() {
    let bench = Bench::with(CscOptions::default().sad_lifetime(std::time::Duration::from_secs(60)));
    let token = bench.client_token().await;
    let body = json!({ "credentialID": "ecdsa", "numSignatures": 2 });
    let body = bench.call(&token, AUTHORIZE, body).await.json();
    assert_eq!(body["expiresIn"], 60);
    let sad = body["SAD"].as_str().unwrap();
    bench.pass(59);
    assert_eq!(sign(&bench, &token, "ecdsa", sad, &["a"]).await.status, 200);
    bench.pass(1);
    sign(&bench, &token, "ecdsa", sad, &["b"]).await.assert_error(400, "invalid_request", "expired");
    let body = json!({ "credentialID": "ecdsa", "SAD": sad });
    bench.call(&token, EXTEND, body).await.assert_error(400, "invalid_request", "expired");
}

#[tokio::test]
async fn transaction_is_extended_to_new_hashes_within_its_number() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    let first = bench.sad(&token, "rsa-scal2", 2, &[&hash("a")]).await;
    assert_eq!(sign(&bench, &token, "rsa-scal2", &first, &["a"]).await.status, 200);

    let extend = |sad: String, messages: Vec<&'static str>| {
        let (bench, token) = (&bench, &token);
        let hashes: Vec<_> = messages.iter().map(|message| hash(message)).collect();
        async move {
            let body = json!({ "credentialID": "rsa-scal2", "SAD": sad, "hash": hashes });
            bench.call(token, EXTEND, body).await
        }
    };
    extend(first.clone(), vec!["b", "c"]).await.assert_error(400, "invalid_request", "too high");
    let second = extend(first.clone(), vec!["b"]).await.json()["SAD"].as_str().unwrap().to_owned();
    // The old ticket is void, the new one is for the new hash.
    extend(first.clone(), vec!["b"]).await.assert_error(400, "invalid_request", "Invalid parameter SAD");
    sign(&bench, &token, "rsa-scal2", &first, &["b"]).await.assert_error(400, "invalid_request", "parameter SAD");
    sign(&bench, &token, "rsa-scal2", &second, &["a"]).await.assert_error(400, "invalid_request", "not authorized");
    assert_eq!(sign(&bench, &token, "rsa-scal2", &second, &["b"]).await.status, 200);
    extend(second, vec!["c"]).await.assert_error(400, "invalid_request", "too high");
    let body = json!({ "credentialID": "rsa-scal2", "SAD": first });
    bench.call(&token, EXTEND, body).await.assert_error(400, "invalid_request", "array parameter hash");
}

#[tokio::test]
async fn invalid_authorize_request_is_refused() {
    let credentials = [
        CscCredentialSpec::new("two").scal(Scal::Two).multisign(2),
        CscCredentialSpec::new("off").enabled(false),
        CscCredentialSpec::new("other").user_id("other-user"),
    ];
    let bench = Bench::with(CscOptions::default().credentials(credentials));
    let token = bench.client_token().await;
    let (a, b) = (hash("a"), hash("b"));
    for (body, word) in [
        (json!({ "numSignatures": 1 }), "credentialID"),
        (json!({ "credentialID": "nothing", "numSignatures": 1 }), "credentialID"),
        (json!({ "credentialID": "off", "numSignatures": 1 }), "disabled"),
        (json!({ "credentialID": "two", "hash": [a] }), "integer parameter numSignatures"),
        (json!({ "credentialID": "two", "hash": [a], "numSignatures": 0 }), "Invalid parameter numSignatures"),
        (json!({ "credentialID": "two", "hash": [a], "numSignatures": 3 }), "too high"),
        (json!({ "credentialID": "two", "hash": [a, b], "numSignatures": 1 }), "Invalid parameter numSignatures"),
        (json!({ "credentialID": "two", "numSignatures": 1 }), "array parameter hash"),
        (json!({ "credentialID": "two", "numSignatures": 1, "hash": [a], "description": 7 }), "description"),
    ] {
        bench.call(&token, AUTHORIZE, body).await.assert_error(400, "invalid_request", word);
    }
    // A signer's own token reaches the signer's own credentials.
    let code = bench.authorize(&[]).await.code();
    let own = bench.exchange(&code, None).await.json();
    let body = json!({ "credentialID": "other", "numSignatures": 1 });
    let refused = bench.call(own["access_token"].as_str().unwrap(), AUTHORIZE, body.clone()).await;
    refused.assert_error(400, "invalid_request", "credentialID");
    assert_eq!(bench.call(&token, AUTHORIZE, body).await.status, 200);
}

#[tokio::test]
async fn explicit_credential_requires_pin_and_one_time_password() {
    let credential = CscCredentialSpec::new("pin").pin("1234").otp("987654");
    let bench = Bench::with(CscOptions::default().credentials([credential]));
    let token = bench.client_token().await;
    let authorize = |extra: serde_json::Value| {
        let mut body = json!({ "credentialID": "pin", "numSignatures": 1 });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let (bench, token) = (&bench, &token);
        async move { bench.call(token, AUTHORIZE, body).await }
    };
    authorize(json!({})).await.assert_error(400, "invalid_request", "PIN");
    authorize(json!({ "PIN": "1234" })).await.assert_error(400, "invalid_request", "OTP");
    authorize(json!({ "PIN": "0", "OTP": "987654" })).await.assert_error(400, "invalid_pin", "PIN");
    authorize(json!({ "PIN": "1234", "OTP": "0" })).await.assert_error(400, "invalid_otp", "OTP");
    assert!(authorize(json!({ "PIN": "1234", "OTP": "987654" })).await.json()["SAD"].is_string());
}

/// The scope `credential`, for these messages.
async fn by_oauth(bench: &Bench, signatures: &str, messages: &[&str]) -> Response {
    let digests = messages.iter().map(|message| BASE64URL_NOPAD.encode(&Sha256::digest(message)));
    let hashes = digests.collect::<Vec<_>>().join(",");
    let fields =
        [("scope", "credential"), ("credentialID", "rsa-oauth"), ("numSignatures", signatures), ("hash", &*hashes)];
    bench.authorize(&fields).await
}

#[tokio::test]
async fn scope_credential_gives_a_sad_bound_to_the_hashes() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    let code = by_oauth(&bench, "2", &["a", "b"]).await.code();
    let body = bench.exchange(&code, None).await.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("SAD"), &json!(300)));
    assert!(body["refresh_token"].is_null());
    let sad = body["access_token"].as_str().unwrap();
    sign(&bench, &token, "rsa-oauth", sad, &["c"]).await.assert_error(400, "invalid_request", "not authorized");
    assert_eq!(sign(&bench, &token, "rsa-oauth", sad, &["a", "b"]).await.status, 200);
    let again = sign(&bench, &token, "rsa-oauth", sad, &["a"]).await;
    again.assert_error(400, "invalid_request", "not authorized");
}

#[tokio::test]
async fn sad_from_a_code_can_be_revoked_and_ends_on_code_reuse() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    let own = [("client_id", bench.csc().client_id()), ("client_secret", bench.csc().client_secret())];

    let code = by_oauth(&bench, "1", &["a"]).await.code();
    let sad = bench.exchange(&code, None).await.json()["access_token"].as_str().unwrap().to_owned();
    let fields = [own[0], own[1], ("token", &*sad)];
    assert_eq!(bench.form("/oauth2/revoke", &[], &fields).await.status, 200);
    sign(&bench, &token, "rsa-oauth", &sad, &["a"]).await.assert_error(400, "invalid_request", "parameter SAD");

    let code = by_oauth(&bench, "1", &["a"]).await.code();
    let sad = bench.exchange(&code, None).await.json()["access_token"].as_str().unwrap().to_owned();
    bench.exchange(&code, None).await.assert_error(400, "invalid_grant", "used before");
    sign(&bench, &token, "rsa-oauth", &sad, &["a"]).await.assert_error(400, "invalid_request", "parameter SAD");
}

#[tokio::test]
async fn each_credential_has_its_authorisation_mode() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    let body = json!({ "credentialID": "rsa-oauth", "numSignatures": 1, "hash": [hash("a")] });
    bench.call(&token, AUTHORIZE, body).await.assert_error(400, "invalid_request", "OAuth");

    let fields = [("scope", "credential"), ("credentialID", "rsa"), ("numSignatures", "1")];
    assert_eq!(bench.authorize(&fields).await.redirected("error").as_deref(), Some("invalid_request"));
    for (signatures, messages) in
        [("0", vec!["a"]), ("x", vec!["a"]), ("201", vec!["a"]), ("1", vec!["a", "b"]), ("1", vec![])]
    {
        let response = by_oauth(&bench, signatures, &messages).await;
        assert_eq!(response.redirected("error").as_deref(), Some("invalid_request"), "{signatures} {messages:?}");
    }
}

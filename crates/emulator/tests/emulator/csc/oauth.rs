//! The token endpoint: client authentication, client credentials, and revocation.

use data_encoding::BASE64;
use digicert_one_emulator::{CscOptions, OAuthClientSpec};
use reqwest::Method;
use serde_json::json;

use super::caller::{Bench, encode};

const LIST: &str = "credentials/list";

fn by_basic(id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()))
}

#[tokio::test]
async fn client_credentials_give_a_one_hour_token_without_refresh() {
    let bench = Bench::new();
    let response = bench.token(&[("grant_type", "client_credentials"), ("scope", "service")]).await;
    assert_eq!(response.cache_control.as_deref(), Some("no-store"));
    let body = response.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert!(body["refresh_token"].is_null());

    let token = body["access_token"].as_str().unwrap();
    let ids = bench.call(token, LIST, json!({ "userID": bench.csc().signer_id() })).await.json();
    assert_eq!(ids["credentialIDs"], json!(bench.csc().credential_ids()));
}

#[tokio::test]
async fn http_basic_is_as_good_as_the_body_and_decoded_like_a_form() {
    let secret = "p ss:w+rd=&%";
    let client = OAuthClientSpec::new("a b").secret(secret);
    let bench = Bench::with(CscOptions::default().clients([client]));
    let part = |text: &str| encode(&[(text, "")]).trim_end_matches('=').to_owned();
    let header = by_basic(&part("a b"), &part(secret));
    let grant = [("grant_type", "client_credentials")];
    let response = bench.form("/oauth2/token", &[("authorization", &header)], &grant).await;
    assert_eq!(response.status, 200, "{}", response.text);
}

#[tokio::test]
async fn unauthenticated_client_gets_401_with_a_challenge() {
    let bench = Bench::new();
    let (id, secret) = (bench.csc().client_id(), bench.csc().client_secret());
    let grant = ("grant_type", "client_credentials");
    let wrong = by_basic(id, "wrong");
    let responses = [
        bench.form("/oauth2/token", &[], &[grant]).await,
        bench.form("/oauth2/token", &[], &[grant, ("client_id", id)]).await,
        bench.form("/oauth2/token", &[], &[grant, ("client_id", id), ("client_secret", "wrong")]).await,
        bench.form("/oauth2/token", &[], &[grant, ("client_id", "unknown"), ("client_secret", secret)]).await,
        bench.form("/oauth2/token", &[("authorization", &wrong)], &[grant]).await,
        bench.form("/oauth2/token", &[("authorization", "Basic ???")], &[grant]).await,
    ];
    for response in responses {
        response.assert_error(401, "invalid_client", "secret");
        assert!(response.challenges[0].starts_with("Basic "), "{:?}", response.challenges);
        assert!(!response.text.contains(secret));
    }
}

#[tokio::test]
async fn client_with_two_authentications_is_refused() {
    let bench = Bench::new();
    let (id, secret) = (bench.csc().client_id(), bench.csc().client_secret());
    let header = by_basic(id, secret);
    let fields = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    bench.form("/oauth2/token", &[("authorization", &header)], &fields).await.assert_error(
        400,
        "invalid_request",
        "twice",
    );
}

#[tokio::test]
async fn requests_that_make_no_sense_have_the_codes_of_the_rfc() {
    let bench = Bench::new();
    let grant = ("grant_type", "client_credentials");
    bench.token(&[]).await.assert_error(400, "invalid_request", "grant_type is missing");
    bench.token(&[grant, grant]).await.assert_error(400, "invalid_request", "more than once");
    bench.token(&[("grant_type", "password")]).await.assert_error(400, "unsupported_grant_type", "grant");
    for scope in ["credential", "service credential"] {
        bench.token(&[grant, ("scope", scope)]).await.assert_error(400, "invalid_scope", "service");
    }
    let json = [("content-type", "application/json")];
    let response = bench.send(Method::POST, "/oauth2/token", &json, Some("{}".into())).await;
    response.assert_error(400, "invalid_request", "application/x-www-form-urlencoded");
    let response = bench.send(Method::GET, "/oauth2/token", &[], None).await;
    assert_eq!(response.status, 405);
}

#[tokio::test]
async fn token_expires_by_the_emulators_clock() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    let body = json!({ "userID": bench.csc().signer_id() });
    bench.pass(3599);
    assert_eq!(bench.call(&token, LIST, body.clone()).await.status, 200);
    bench.pass(1);
    let refused = bench.call(&token, LIST, body).await;
    refused.assert_error(401, "invalid_token", "expired");
    assert_eq!(refused.challenges, ["Bearer error=\"invalid_token\""]);
}

#[tokio::test]
async fn lifetime_is_configurable_and_reported() {
    let bench = Bench::with(CscOptions::default().token_lifetime(std::time::Duration::from_secs(24 * 3600)));
    let body = bench.token(&[("grant_type", "client_credentials")]).await.json();
    assert_eq!(body["expires_in"], 86_400);
    bench.pass(86_399);
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(bench.call(token, LIST, json!({ "userID": "unknown" })).await.status, 200);
}

#[tokio::test]
async fn revoked_token_is_refused_and_unknown_revocation_succeeds() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    let own = [("client_id", bench.csc().client_id()), ("client_secret", bench.csc().client_secret())];
    let revoke = |token: String| {
        let bench = &bench;
        async move { bench.form("/oauth2/revoke", &[], &[own[0], own[1], ("token", &token)]).await }
    };
    assert_eq!(revoke(token.clone()).await.status, 200);
    bench.call(&token, LIST, json!({ "userID": "x" })).await.assert_error(401, "invalid_token", "not valid");
    assert_eq!(revoke(token).await.status, 200);
    assert_eq!(revoke("never issued".into()).await.status, 200);
    bench.form("/oauth2/revoke", &[], &own).await.assert_error(400, "invalid_request", "token is missing");
    bench.form("/oauth2/revoke", &[], &[("token", "x")]).await.assert_error(401, "invalid_client", "");
}

#[tokio::test]
async fn client_cannot_revoke_tokens_of_another() {
    let clients = [OAuthClientSpec::new("first"), OAuthClientSpec::new("second")];
    let bench = Bench::with(CscOptions::default().clients(clients));
    let token = bench.client_token().await;
    let secret = bench.csc().secret_of("second").unwrap();
    let fields = [("client_id", "second"), ("client_secret", secret), ("token", &*token)];
    bench.form("/oauth2/revoke", &[], &fields).await.assert_error(400, "unauthorized_client", "another");
    assert_eq!(bench.call(&token, LIST, json!({ "userID": "x" })).await.status, 200);
}

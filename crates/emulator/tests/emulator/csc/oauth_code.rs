//! The code flow, with the emulator in the part of the signer: codes, PKCE, refresh tokens.

use digicert_one_emulator::{CscOptions, OAuthClientSpec};
use serde_json::json;

use super::caller::{Bench, challenge};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const LIST: &str = "credentials/list";

#[tokio::test]
async fn code_with_pkce_gives_a_token_of_the_signer() {
    let bench = Bench::new();
    let challenge = challenge(VERIFIER);
    let fields = [
        ("scope", "service"),
        ("state", "a b&c"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let response = bench.authorize(&fields).await;
    assert_eq!(response.redirected("state").as_deref(), Some("a b&c"));
    assert!(response.location.as_deref().unwrap().starts_with("https://client.example.test/callback?"));

    let body = bench.exchange(&response.code(), Some(VERIFIER)).await.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    // The signer's own token: naming a signer is optional, and another one is refused.
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(bench.call(token, LIST, json!({})).await.json()["credentialIDs"], json!(bench.csc().credential_ids()));
    bench.call(token, LIST, json!({ "userID": "x" })).await.assert_error(400, "invalid_request", "userID");
}

#[tokio::test]
async fn wrong_missing_or_unneeded_verifier_invalidates_the_code() {
    let bench = Bench::new();
    let challenge = challenge(VERIFIER);
    let fields = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
    for verifier in [Some("wrong"), None] {
        let code = bench.authorize(&fields).await.code();
        bench.exchange(&code, verifier).await.assert_error(400, "invalid_grant", "code_verifier");
        bench.exchange(&code, Some(VERIFIER)).await.assert_error(400, "invalid_grant", "used before");
    }
    let code = bench.authorize(&[]).await.code();
    bench.exchange(&code, Some(VERIFIER)).await.assert_error(400, "invalid_grant", "code_verifier");
}

#[tokio::test]
async fn plain_pkce_is_refused_and_missing_pkce_if_required() {
    let bench = Bench::new();
    for fields in [
        vec![("code_challenge", VERIFIER), ("code_challenge_method", "plain")],
        vec![("code_challenge", VERIFIER)],
        vec![("code_challenge_method", "S256")],
        vec![("code_challenge", "short"), ("code_challenge_method", "S256")],
    ] {
        let response = bench.authorize(&fields).await;
        assert_eq!(response.redirected("error").as_deref(), Some("invalid_request"), "{fields:?}");
        assert!(response.redirected("error_description").unwrap().contains("code_challenge"), "{fields:?}");
    }
    let strict = Bench::with(CscOptions::default().pkce_required(true));
    assert_eq!(strict.authorize(&[]).await.redirected("error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn code_used_twice_revokes_its_tokens() {
    let bench = Bench::new();
    let code = bench.authorize(&[]).await.code();
    let body = bench.exchange(&code, None).await.json();
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(bench.call(token, LIST, json!({})).await.status, 200);

    bench.exchange(&code, None).await.assert_error(400, "invalid_grant", "used before");
    bench.call(token, LIST, json!({})).await.assert_error(401, "invalid_token", "not valid");
    let refresh = body["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    bench.token(&fields).await.assert_error(400, "invalid_grant", "not valid");
}

#[tokio::test]
async fn code_is_valid_for_a_minute() {
    let bench = Bench::new();
    let (early, late) = (bench.authorize(&[]).await.code(), bench.authorize(&[]).await.code());
    bench.pass(59);
    assert_eq!(bench.exchange(&early, None).await.status, 200);
    bench.pass(1);
    bench.exchange(&late, None).await.assert_error(400, "invalid_grant", "expired");
}

#[tokio::test]
async fn code_is_bound_to_its_client_and_redirect_uri() {
    let uris = ["http://127.0.0.1:1/a", "http://127.0.0.1:1/b?x=1"];
    let clients = [OAuthClientSpec::new("first").redirect_uris(uris), OAuthClientSpec::new("second")];
    let bench = Bench::with(CscOptions::default().clients(clients));

    let response = bench.authorize(&[("redirect_uri", uris[1])]).await;
    assert!(response.location.as_deref().unwrap().starts_with("http://127.0.0.1:1/b?x=1&code="));
    bench.exchange(&response.code(), None).await.assert_error(400, "invalid_grant", "redirect_uri");

    let code = bench.authorize(&[]).await.code();
    let secret = bench.csc().secret_of("second").unwrap();
    let fields = [
        ("client_id", "second"),
        ("client_secret", secret),
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", uris[0]),
    ];
    bench.form("/oauth2/token", &[], &fields).await.assert_error(400, "invalid_grant", "not valid");
    // The other client's attempt had no effect for the owner.
    assert_eq!(bench.exchange(&code, None).await.status, 200);
}

#[tokio::test]
async fn unregistered_redirect_uri_receives_nothing() {
    let bench = Bench::new();
    for uri in
        ["https://client.example.test/callback/", "https://client.example.test/callback?a=1", "https://evil.test/"]
    {
        let response = bench.authorize(&[("redirect_uri", uri)]).await;
        response.assert_error(400, "invalid_request", "redirect_uri");
        assert_eq!(response.location, None);
    }
    let response = bench.authorize(&[("client_id", "unknown")]).await;
    response.assert_error(400, "invalid_client", "client_id");
    assert_eq!(response.location, None);
}

#[tokio::test]
async fn other_errors_are_redirected_with_the_state() {
    let bench = Bench::new();
    for (field, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "service credential"), "invalid_scope"),
        (("account_token", "x.y.z"), "invalid_request"),
    ] {
        let response = bench.authorize(&[field, ("state", "s1")]).await;
        assert_eq!(response.redirected("error").as_deref(), Some(error));
        assert_eq!(response.redirected("state").as_deref(), Some("s1"));
        assert_eq!(response.redirected("code"), None);
    }
}

#[tokio::test]
async fn signer_can_refuse_and_agree_later() {
    let bench = Bench::with(CscOptions::default().signer_agrees(false));
    let response = bench.authorize(&[("state", "s1")]).await;
    assert_eq!(response.redirected("error").as_deref(), Some("access_denied"));
    assert_eq!(response.redirected("state").as_deref(), Some("s1"));
    bench.csc().set_signer_agrees(true);
    assert!(bench.authorize(&[]).await.redirected("code").is_some());
}

#[tokio::test]
async fn refresh_token_works_once_and_reuse_revokes_the_family() {
    let bench = Bench::new();
    let first = bench.exchange(&bench.authorize(&[]).await.code(), None).await.json();
    let refresh = |token: String| {
        let bench = &bench;
        async move { bench.token(&[("grant_type", "refresh_token"), ("refresh_token", &token)]).await }
    };
    let text = |body: &serde_json::Value, name: &str| body[name].as_str().unwrap().to_owned();

    bench.pass(3600);
    let second = refresh(text(&first, "refresh_token")).await.json();
    let token = text(&second, "access_token");
    assert_ne!(text(&first, "refresh_token"), text(&second, "refresh_token"));
    assert_eq!(bench.call(&token, LIST, json!({})).await.status, 200);

    refresh(text(&first, "refresh_token")).await.assert_error(400, "invalid_grant", "used before");
    bench.call(&token, LIST, json!({})).await.assert_error(401, "invalid_token", "not valid");
    refresh(text(&second, "refresh_token")).await.assert_error(400, "invalid_grant", "not valid");
}

#[tokio::test]
async fn refresh_token_expires_and_is_bound_to_its_client() {
    let clients = [OAuthClientSpec::new("first"), OAuthClientSpec::new("second")];
    let bench = Bench::with(CscOptions::default().clients(clients));
    let body = bench.exchange(&bench.authorize(&[]).await.code(), None).await.json();
    let token = body["refresh_token"].as_str().unwrap();
    let grant = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let secret = bench.csc().secret_of("second").unwrap();
    let fields = [("client_id", "second"), ("client_secret", secret), grant[0], grant[1]];
    bench.form("/oauth2/token", &[], &fields).await.assert_error(400, "invalid_grant", "not valid");
    bench.token(&[grant[0], grant[1], ("scope", "credential")]).await.assert_error(400, "invalid_scope", "service");
    bench.pass(30 * 24 * 3600);
    bench.token(&grant).await.assert_error(400, "invalid_grant", "expired");
}

#[tokio::test]
async fn revoking_a_refresh_token_ends_the_access_token_with_it() {
    let bench = Bench::new();
    let body = bench.exchange(&bench.authorize(&[]).await.code(), None).await.json();
    let (id, secret) = (bench.csc().client_id(), bench.csc().client_secret());
    let fields = [("client_id", id), ("client_secret", secret), ("token", body["refresh_token"].as_str().unwrap())];
    assert_eq!(bench.form("/oauth2/revoke", &[], &fields).await.status, 200);
    let token = body["access_token"].as_str().unwrap();
    bench.call(token, LIST, json!({})).await.assert_error(401, "invalid_token", "not valid");
}

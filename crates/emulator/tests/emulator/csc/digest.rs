//! `auth/login` by HTTP Digest and Basic, and `auth/revoke`.

use data_encoding::{BASE64, HEXLOWER};
use digicert_one_emulator::{CscOptions, DigestUserSpec};
use md5::Md5;
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::caller::{Bench, Response};

const LOGIN: &str = "/documentmanager/csc/v1/auth/login";
const ALGORITHMS: [&str; 2] = ["SHA-256", "MD5"];

fn bench() -> Bench {
    Bench::with(CscOptions::default().digest_users([DigestUserSpec::new("ann").password("pass word")]))
}

async fn login(bench: &Bench, authorization: Option<&str>) -> Response {
    let headers: Vec<_> = authorization.map(|value| ("authorization", value)).into_iter().collect();
    bench.send(Method::POST, LOGIN, &headers, Some("{}".into())).await
}

/// The nonce of the challenge for this algorithm.
fn nonce(response: &Response, algorithm: &str) -> String {
    let challenge = response.challenges.iter().find(|challenge| challenge.contains(&format!("algorithm={algorithm},")));
    let (_, rest) = challenge.unwrap().split_once("nonce=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

/// A response to a challenge, computed here by the formula of RFC 7616 §3.4.
fn digest_header(algorithm: &str, nonce: &str, count: u32, password: &str, uri: &str) -> String {
    let hash = |text: String| match algorithm {
        "MD5" => HEXLOWER.encode(&Md5::digest(text)),
        _ => HEXLOWER.encode(&Sha256::digest(text)),
    };
    let (first, second) = (hash(format!("ann:csc:{password}")), hash(format!("POST:{uri}")));
    let response = hash(format!("{first}:{nonce}:{count:08x}:0a4f113b:auth:{second}"));
    format!(
        "Digest username=\"ann\", realm=\"csc\", uri=\"{uri}\", algorithm={algorithm}, nonce=\"{nonce}\", \
         nc={count:08x}, cnonce=\"0a4f113b\", qop=auth, response=\"{response}\""
    )
}

#[tokio::test]
async fn correct_response_to_either_challenge_gives_a_token() {
    for algorithm in ALGORITHMS {
        let bench = bench();
        let refused = login(&bench, None).await;
        refused.assert_error(401, "authentication_error", "authentication process");
        assert!(refused.challenges.iter().all(|challenge| challenge.starts_with("Digest realm=\"csc\", qop=\"auth\"")));
        assert_eq!(refused.challenges.len(), 2);

        let header = digest_header(algorithm, &nonce(&refused, algorithm), 1, "pass word", LOGIN);
        let body = login(&bench, Some(&header)).await.json();
        assert_eq!(body["expires_in"], 3600);
        let token = body["access_token"].as_str().unwrap();
        let list = bench.call(token, "credentials/list", json!({})).await.json();
        assert_eq!(list["credentialIDs"], json!(bench.csc().credential_ids()));
        bench.pass(3600);
        bench.call(token, "credentials/list", json!({})).await.assert_error(401, "invalid_token", "expired");
    }
}

#[tokio::test]
async fn wrong_password_is_refused_without_a_stale_nonce() {
    for algorithm in ALGORITHMS {
        let bench = bench();
        let nonce = nonce(&login(&bench, None).await, algorithm);
        let refused = login(&bench, Some(&digest_header(algorithm, &nonce, 1, "other", LOGIN))).await;
        refused.assert_error(401, "authentication_error", "");
        assert!(refused.challenges.iter().all(|challenge| !challenge.contains("stale")));
        // A wrong response does not use up the nonce.
        let header = digest_header(algorithm, &nonce, 1, "pass word", LOGIN);
        assert_eq!(login(&bench, Some(&header)).await.status, 200);
    }
}

#[tokio::test]
async fn old_foreign_and_repeated_nonces_are_stale() {
    for algorithm in ALGORITHMS {
        let bench = bench();
        let own = nonce(&login(&bench, None).await, algorithm);
        let stale = |count: u32, nonce: &str| digest_header(algorithm, nonce, count, "pass word", LOGIN);
        assert_eq!(login(&bench, Some(&stale(1, &own))).await.status, 200);
        // The count must rise.
        let repeated = login(&bench, Some(&stale(1, &own))).await;
        assert_eq!(login(&bench, Some(&stale(2, &own))).await.status, 200);
        bench.pass(300);
        let old = login(&bench, Some(&stale(3, &own))).await;
        let foreign = login(&bench, Some(&stale(1, "never-issued"))).await;
        for refused in [repeated, old, foreign] {
            refused.assert_error(401, "authentication_error", "");
            assert!(refused.challenges.iter().all(|challenge| challenge.ends_with(", stale=true")));
            let fresh = nonce(&refused, algorithm);
            assert_ne!(fresh, own);
        }
        let fresh = nonce(&login(&bench, None).await, algorithm);
        assert_eq!(login(&bench, Some(&stale(1, &fresh))).await.status, 200);
    }
}

#[tokio::test]
async fn response_for_another_path_or_form_is_refused() {
    let bench = bench();
    let nonce = nonce(&login(&bench, None).await, "SHA-256");
    let right = digest_header("SHA-256", &nonce, 1, "pass word", LOGIN);
    let elsewhere = digest_header("SHA-256", &nonce, 1, "pass word", "/documentmanager/csc/v1/info");
    for header in [
        elsewhere,
        right.replace("qop=auth", "qop=auth-int"),
        right.replace("algorithm=SHA-256", "algorithm=SHA-512-256"),
        right.replace("realm=\"csc\"", "realm=\"other\""),
        right.replace("username=\"ann\"", "username=\"bob\""),
        right.replace("uri=\"/documentmanager", "uri=\"/elsewhere"),
        right.replace("nc=00000001", "nc=1"),
        right.replace("nc=00000001, ", ""),
        "Digest".to_owned(),
        "Bearer x".to_owned(),
    ] {
        let refused = login(&bench, Some(&header)).await;
        refused.assert_error(401, "authentication_error", "");
    }
    assert_eq!(login(&bench, Some(&right)).await.status, 200);
}

#[tokio::test]
async fn basic_is_refused_unless_it_was_switched_on() {
    let header = format!("Basic {}", BASE64.encode(b"ann:pass word"));
    let refused = login(&bench(), Some(&header)).await;
    refused.assert_error(401, "authentication_error", "");
    assert!(refused.challenges.iter().all(|challenge| !challenge.starts_with("Basic")));

    let users = [DigestUserSpec::new("ann").password("pass word")];
    let bench = Bench::with(CscOptions::default().digest_users(users).basic(true));
    assert_eq!(login(&bench, Some(&header)).await.status, 200);
    let wrong = format!("Basic {}", BASE64.encode(b"ann:other"));
    let refused = login(&bench, Some(&wrong)).await;
    assert!(refused.challenges.iter().any(|challenge| challenge.starts_with("Basic realm=\"csc\"")));
    let info = bench.send(Method::POST, "/documentmanager/csc/v1/info", &[], None).await.json();
    assert_eq!(info["authType"], json!(["oauth2code", "oauth2client", "digest", "basic"]));
}

#[tokio::test]
async fn login_is_disabled_without_users() {
    let bench = Bench::with(CscOptions::default().digest_users([]));
    assert_eq!(login(&bench, None).await.status, 404);
    let info = bench.send(Method::POST, "/documentmanager/csc/v1/info", &[], None).await.json();
    assert_eq!(info["authType"], json!(["oauth2code", "oauth2client"]));
    assert!(!info["methods"].as_array().unwrap().contains(&json!("auth/login")));
    assert_eq!(bench.csc().digest_user(), None);
}

#[tokio::test]
async fn token_can_revoke_itself() {
    let bench = Bench::new();
    let (token, other) = (bench.client_token().await, bench.client_token().await);
    let revoke = |by: String, body| {
        let bench = &bench;
        async move { bench.call(&by, "auth/revoke", body).await }
    };
    let body = json!({ "token": other, "token_type_hint": "wrong" });
    revoke(token.clone(), body).await.assert_error(400, "invalid_request", "token_type_hint");
    revoke(token.clone(), json!({})).await.assert_error(400, "invalid_request", "token");
    let response = revoke(token.clone(), json!({ "token": token, "token_type_hint": "access_token" })).await;
    assert_eq!((response.status, &*response.text), (204, ""));
    revoke(token, json!({ "token": other })).await.assert_error(401, "invalid_token", "not valid");
    assert_eq!(bench.call(&other, "credentials/list", json!({ "userID": "x" })).await.status, 200);
}

#[tokio::test]
async fn token_of_another_owner_cannot_be_revoked() {
    let bench = bench();
    let client = bench.client_token().await;
    let nonce = nonce(&login(&bench, None).await, "MD5");
    let body = login(&bench, Some(&digest_header("MD5", &nonce, 1, "pass word", LOGIN))).await.json();
    let ann = body["access_token"].as_str().unwrap();
    bench.call(ann, "auth/revoke", json!({ "token": client })).await.assert_error(400, "invalid_request", "token");
    assert_eq!(bench.call(&client, "credentials/list", json!({ "userID": "x" })).await.status, 200);
}

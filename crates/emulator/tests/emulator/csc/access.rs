//! Who may call content signing, and that its tokens are valid nowhere else.

use digicert_one_emulator::{
    CscCredentialSpec, CscOptions, DigestUserSpec, Emulator, EmulatorError, EmulatorOptions, OAuthClientSpec,
    ServiceUserSpec, Subject, permission,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::caller::Bench;

const LIST: &str = "/documentmanager/csc/v1/credentials/list";

#[tokio::test]
async fn info_needs_no_credential_and_leads_to_the_token_endpoint() {
    let bench = Bench::new();
    for (version, specs) in [("v0", "0.1.7.9"), ("v1", "1.0.4.0")] {
        let path = format!("/documentmanager/csc/{version}/info");
        let info = bench.send(Method::POST, &path, &[], Some("{}".into())).await.json();
        assert_eq!(info["specs"], specs);
        assert_eq!(info["authType"], json!(["oauth2code", "oauth2client", "digest"]));
        assert_eq!(info["oauth2"], bench.emulator.platform_url());
        for method in ["info", "auth/login", "credentials/extendTransaction", "signatures/signHash"] {
            assert!(info["methods"].as_array().unwrap().contains(&json!(method)), "{method}");
        }
    }
}

#[tokio::test]
async fn api_key_with_the_permission_works_like_a_token() {
    let users = [ServiceUserSpec::new("signer-bot"), ServiceUserSpec::new("reader").permissions(&[])];
    let bench = Bench::start(EmulatorOptions::default().service_users(users));
    let [bot, reader] = bench.emulator.users() else { panic!("two users") };
    let post = |path: String, key: String| {
        let bench = &bench;
        async move { bench.send(Method::POST, &path, &[("x-api-key", &key)], Some("{}".into())).await }
    };
    // As DigiCert's clients do it: the signer in the query.
    let path = format!("{LIST}?user_id={}", bench.csc().signer_id());
    let response = post(path.clone(), bot.api_key().to_owned()).await;
    assert_eq!(response.caller.as_deref(), Some("signer-bot"));
    assert_eq!(response.json()["credentialIDs"], json!(bench.csc().credential_ids()));

    let refused = post(path.clone(), reader.api_key().to_owned()).await;
    refused.assert_error(403, "access_denied", permission::SIGN_DSM_HASH);
    post(path.clone(), "wrong".into()).await.assert_error(401, "invalid_token", "not known");
    bench.emulator.control().set_enabled(bot.id(), Subject::User, false).unwrap();
    post(path, bot.api_key().to_owned()).await.assert_error(401, "invalid_token", "disabled");
}

#[tokio::test]
async fn missing_credential_is_401_and_two_methods_are_400() {
    let bench = Bench::new();
    let response = bench.send(Method::POST, LIST, &[], Some("{}".into())).await;
    response.assert_error(401, "invalid_token", "No credential");
    assert_eq!(response.challenges, ["Bearer"]);

    let bearer = format!("Bearer {}", bench.client_token().await);
    let key = bench.emulator.users()[0].api_key().to_owned();
    let both = [("authorization", &*bearer), ("x-api-key", &*key)];
    bench.send(Method::POST, LIST, &both, None).await.assert_error(400, "invalid_request", "together");
    for header in ["Bearer", "Digest x", "nonsense"] {
        let response = bench.send(Method::POST, LIST, &[("authorization", header)], None).await;
        response.assert_error(400, "invalid_request", "Malformed");
    }
}

#[tokio::test]
async fn core_products_refuse_bearer_tokens_even_with_a_valid_key() {
    let bench = Bench::new();
    let bearer = format!("Bearer {}", bench.client_token().await);
    let key = bench.emulator.users()[0].api_key().to_owned();
    for path in [
        "/mpki/api/v1/hello",
        "/account/api/v1/user/me",
        "/account/api/v1/user",
        "/signingmanager/api/v1/certificates",
        "/devicetrustmanager/api/v4/device",
    ] {
        let good = bench.send(Method::GET, path, &[("x-api-key", &key)], None).await;
        assert_eq!(good.status, 200, "{path}");
        for headers in [vec![("authorization", &*bearer)], vec![("authorization", &*bearer), ("x-api-key", &*key)]] {
            let refused = bench.send(Method::GET, path, &headers, None).await;
            assert_eq!(refused.status, 401, "{path}");
            let body: Value = serde_json::from_str(&refused.text).unwrap();
            assert!(body.to_string().contains("Bearer tokens are for content signing alone"), "{body}");
        }
    }
}

#[tokio::test]
async fn certificate_works_at_clientauth_and_info_names_the_platform_host() {
    let bench = Bench::new();
    let info = bench.call_there(None, "info", json!({})).await.json();
    assert_eq!(info["oauth2"], bench.emulator.platform_url());

    let certificate = bench.emulator.users()[0].certificate();
    let body = json!({ "userID": bench.csc().signer_id() });
    let response = bench.call_there(Some(certificate), "credentials/list", body.clone()).await;
    assert_eq!(response.caller.as_deref(), Some("ci-bot"));
    assert_eq!(response.json()["credentialIDs"], json!(bench.csc().credential_ids()));
    let refused = bench.call_there(None, "credentials/list", body).await;
    refused.assert_error(401, "invalid_token", "No credential");
}

#[tokio::test]
async fn activation_data_is_not_an_access_token() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    let sad = bench.sad(&token, "rsa", 1, &[]).await;
    bench.call(&sad, "credentials/list", json!({})).await.assert_error(401, "invalid_token", "not valid");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_distinguished() {
    let bench = Bench::new();
    for path in ["/documentmanager/csc/v2/info", "/documentmanager/csc/v1/nothing", "/oauth2/other"] {
        assert_eq!(bench.send(Method::POST, path, &[], None).await.status, 404, "{path}");
    }
    let response = bench.send(Method::GET, "/documentmanager/csc/v1/info", &[], None).await;
    response.assert_error(405, "invalid_request", "POST");
    let path = "/documentmanager/csc/v1/info";
    let response = bench.send(Method::POST, path, &[], Some("[1".into())).await;
    response.assert_error(400, "invalid_request", "JSON object");
}

#[test]
fn options_that_do_not_fit_together_are_named() {
    let base = CscOptions::default;
    for (options, word) in [
        (base().clients([]), "no OAuth client"),
        (base().credentials([]), "no signing credential"),
        (base().clients([OAuthClientSpec::new("a"), OAuthClientSpec::new("a")]), "two OAuth clients"),
        (base().credentials([CscCredentialSpec::new("a"), CscCredentialSpec::new("a")]), "two signing credentials"),
        (base().digest_users([DigestUserSpec::new("a"), DigestUserSpec::new("a")]), "two digest users"),
        (base().clients([OAuthClientSpec::new("a").redirect_uris(["http://a/#b"])]), "fragment"),
    ] {
        let error = Emulator::start_blocking(EmulatorOptions::default().csc(options)).unwrap_err();
        assert!(matches!(error, EmulatorError::UnusableCsc { .. }), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn no_secret_is_printed_by_debug() {
    let client = OAuthClientSpec::new("a").secret("canary-secret");
    let user = DigestUserSpec::new("b").password("canary-password");
    let credential = CscCredentialSpec::new("c").pin("canary-pin").otp("canary-otp");
    let csc = CscOptions::default().clients([client]).digest_users([user]).credentials([credential]);
    let options = EmulatorOptions::default().csc(csc);
    let printed = format!("{options:?}");
    let emulator = Emulator::start_blocking(options).unwrap();
    let printed = format!("{printed} {emulator:?} {:?}", emulator.csc());
    assert!(printed.contains("credential_ids") && !printed.contains("canary"), "{printed}");
}

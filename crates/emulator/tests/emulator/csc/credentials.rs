//! `credentials/list` and `credentials/info`.

use data_encoding::BASE64;
use digicert_one_emulator::{AuthMode, CscCredentialSpec, CscOptions, Scal, SigningKey};
use reqwest::Method;
use serde_json::json;

use super::caller::Bench;

const LIST: &str = "credentials/list";
const INFO: &str = "credentials/info";

fn seven() -> CscOptions {
    let own = (0..7).map(|number| CscCredentialSpec::new(format!("c{number}")));
    let other = CscCredentialSpec::new("other").user_id("other-user");
    CscOptions::default().credentials(own.chain([other]))
}

#[tokio::test]
async fn long_list_is_paged() {
    let bench = Bench::with(seven());
    let token = bench.client_token().await;
    let user = bench.csc().signer_id();
    let mut body = json!({ "userID": user, "maxResults": 3 });
    let mut pages = Vec::new();
    loop {
        let page = bench.call(&token, LIST, body.clone()).await.json();
        pages.push(page["credentialIDs"].clone());
        match page.get("nextPageToken") {
            Some(next) => body["pageToken"] = next.clone(),
            None => break,
        }
    }
    assert_eq!(pages, [json!(["c0", "c1", "c2"]), json!(["c3", "c4", "c5"]), json!(["c6"])]);

    // A page token is valid only for its own list.
    let page = bench.call(&token, LIST, json!({ "userID": user, "maxResults": 1 })).await.json();
    let body = json!({ "userID": "other-user", "pageToken": page["nextPageToken"] });
    bench.call(&token, LIST, body).await.assert_error(400, "invalid_request", "pageToken");
}

#[tokio::test]
async fn signer_is_named_in_body_or_query() {
    let bench = Bench::with(seven());
    let token = bench.client_token().await;
    let bearer = format!("Bearer {token}");
    let path = "/documentmanager/csc/v1/credentials/list?user_id=other-user";
    let headers = [("authorization", &*bearer)];
    let response = bench.send(Method::POST, path, &headers, Some("{}".into())).await.json();
    assert_eq!(response, json!({ "credentialIDs": ["other"] }));
    assert_eq!(bench.call(&token, LIST, json!({ "userID": "other-user" })).await.json(), response);

    let body = json!({ "userID": "another" }).to_string();
    let response = bench.send(Method::POST, path, &headers, Some(body)).await;
    response.assert_error(400, "invalid_request", "different users");
    bench.call(&token, LIST, json!({})).await.assert_error(400, "invalid_request", "userID");
    assert_eq!(bench.call(&token, LIST, json!({ "userID": "x" })).await.json()["credentialIDs"], json!([]));
}

#[tokio::test]
async fn values_of_wrong_type_or_range_are_named() {
    let bench = Bench::with(seven());
    let token = bench.client_token().await;
    for (field, value) in [
        ("maxResults", json!(0)),
        ("maxResults", json!(-1)),
        ("maxResults", json!("3")),
        ("pageToken", json!("!")),
        ("pageToken", json!(3)),
        ("userID", json!(3)),
    ] {
        let mut body = json!({ "userID": bench.csc().signer_id() });
        body[field] = value;
        bench.call(&token, LIST, body).await.assert_error(400, "invalid_request", field);
    }
}

#[tokio::test]
async fn info_shows_key_certificate_and_authorisation_mode() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    let body = json!({ "credentialID": "rsa-scal2", "certificates": "chain", "certInfo": true, "authInfo": true });
    let info = bench.call(&token, INFO, body).await.json();
    assert_eq!(info["key"]["status"], "enabled");
    assert_eq!(info["key"]["len"], 2048);
    assert_eq!(info["key"]["algo"][0], "1.2.840.113549.1.1.1");
    assert_eq!((&info["authMode"], &info["SCAL"]), (&json!("implicit"), &json!("2")));
    assert_eq!((&info["multisign"], &info["lang"]), (&json!(200), &json!("en-US")));

    let cert = &info["cert"];
    assert_eq!(cert["status"], "valid");
    let chain: Vec<_> = cert["certificates"].as_array().unwrap().iter().map(|der| der.as_str().unwrap()).collect();
    let leaf = &bench.csc().certificate("rsa-scal2").unwrap().chain_der()[0];
    assert_eq!((chain.len(), chain[0]), (3, &*BASE64.encode(leaf)));
    assert_eq!(chain[2], BASE64.encode(bench.emulator.ca_der()));
    assert_eq!(cert["subjectDN"], "CN=Signer rsa-scal2");
    assert!(cert["issuerDN"].as_str().unwrap().starts_with("CN=Testbed Intermediate"));
    for name in ["validFrom", "validTo"] {
        let time = cert[name].as_str().unwrap();
        assert!(time.len() == 15 && time.ends_with('Z') && time[..14].bytes().all(|byte| byte.is_ascii_digit()));
    }
    assert!(cert["serialNumber"].as_str().unwrap().len() >= 16);
}

#[tokio::test]
async fn requested_number_of_certificates_is_returned() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    for (wanted, count) in
        [(json!("none"), None), (json!("single"), Some(1)), (json!("chain"), Some(3)), (json!(null), Some(1))]
    {
        let body = json!({ "credentialID": "ecdsa", "certificates": wanted });
        let info = bench.call(&token, INFO, body).await.json();
        assert_eq!(info["cert"]["certificates"].as_array().map(Vec::len), count);
        assert!(info["cert"]["subjectDN"].is_null() && info.get("PIN").is_none());
        assert_eq!(info["key"]["curve"], "1.2.840.10045.3.1.7");
    }
    let body = json!({ "credentialID": "ecdsa", "certificates": "all" });
    bench.call(&token, INFO, body).await.assert_error(400, "invalid_request", "certificates");
    bench.call(&token, INFO, json!({})).await.assert_error(400, "invalid_request", "credentialID");
    let body = json!({ "credentialID": "nothing" });
    bench.call(&token, INFO, body).await.assert_error(400, "invalid_request", "credentialID");
}

#[tokio::test]
async fn explicit_credential_lists_its_requirements() {
    let credentials = [
        CscCredentialSpec::new("pin").pin("1234"),
        CscCredentialSpec::new("off").key(SigningKey::P384).enabled(false),
        CscCredentialSpec::new("oauth").auth_mode(AuthMode::OAuth2Code).scal(Scal::Two),
    ];
    let bench = Bench::with(CscOptions::default().credentials(credentials));
    let token = bench.client_token().await;
    let info = |id: &'static str| {
        let (bench, token) = (&bench, &token);
        async move { bench.call(token, INFO, json!({ "credentialID": id, "authInfo": true })).await.json() }
    };
    let pin = info("pin").await;
    assert_eq!((&pin["authMode"], &pin["PIN"]["presence"]), (&json!("explicit"), &json!("true")));
    assert_eq!(pin["OTP"]["presence"], "false");
    let off = info("off").await;
    assert_eq!((&off["key"]["status"], &off["key"]["curve"]), (&json!("disabled"), &json!("1.3.132.0.34")));
    assert_eq!(info("oauth").await["authMode"], "oauth2code");
}

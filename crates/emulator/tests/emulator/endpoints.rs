//! Each call, its response, and the responses of calls that do not exist.

use digicert_one_emulator::{Emulator, EmulatorOptions, ServiceUserSpec, permission};
use reqwest::Method;
use serde_json::json;

use crate::caller::{Caller, ME};

pub(crate) const SHA256_OF_NOTHING: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

async fn call_signature(emulator: &Emulator, id: &serde_json::Value) -> serde_json::Value {
    let call = Caller::platform(emulator).key(emulator.users()[0].api_key());
    call.get(&format!("/signingmanager/api/v1/signatures/{}", id.as_str().unwrap())).await.json()
}

fn two_users() -> Emulator {
    let users = [ServiceUserSpec::new("ci-bot"), ServiceUserSpec::new("reader").permissions(&[])];
    Emulator::start_blocking(EmulatorOptions::default().service_users(users)).unwrap()
}

#[tokio::test]
async fn me_is_the_caller_with_all_documented_fields() {
    let emulator = two_users();
    let me = Caller::platform(&emulator).key(emulator.users()[0].api_key()).get(ME).await.json();

    for field in [
        "id",
        "email",
        "status",
        "access_scope",
        "primary_account_id",
        "created_at",
        "created_by",
        "user_type",
        "friendly_name",
        "description",
        "locale",
        "applications",
    ] {
        assert!(!me[field].is_null(), "{field}");
    }
    assert_eq!((&me["status"], &me["user_type"]), (&json!("ACTIVE"), &json!("service")));
    assert_eq!(me["applications"][0]["name"], "Account Manager");
    let software_trust = &me["applications"][2];
    assert_eq!(software_trust["name"], "Software Trust");
    assert!(software_trust["permissions"].as_array().unwrap().contains(&json!("SIGN_SM_HASH")));
}

#[tokio::test]
async fn users_are_a_bare_array_that_can_be_filtered_by_type() {
    let emulator = two_users();
    let call = Caller::platform(&emulator).key(emulator.users()[0].api_key());
    for (query, expected) in [
        ("", vec!["administrator", "ci-bot", "reader"]),
        ("?user_type=service", vec!["ci-bot", "reader"]),
        ("?user_type=standard", vec!["administrator"]),
        ("?user_type=other", vec![]),
    ] {
        let users = call.get(&format!("/account/api/v1/user{query}")).await.json();
        let names: Vec<_> =
            users.as_array().unwrap().iter().map(|user| user["friendly_name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{query}");
    }
}

#[tokio::test]
async fn hello_needs_no_authentication() {
    let emulator = two_users();
    for call in [Caller::platform(&emulator), Caller::client_auth(&emulator), Caller::platform(&emulator).key("wrong")]
    {
        let response = call.get("/mpki/api/v1/hello").await;
        assert_eq!((response.status, response.content_type.as_str()), (200, "text/plain"));
        assert_eq!(response.text, "Hello from DigiCert ONE - Trust Lifecycle Manager REST API!");
    }
}

#[tokio::test]
async fn signing_certificates_are_paged() {
    let emulator = two_users();
    let call = Caller::platform(&emulator).key(emulator.users()[0].api_key());
    for (query, limit, offset, items) in
        [("", 20, 0, 3), ("?limit=2", 2, 0, 2), ("?limit=2&offset=2", 2, 2, 1), ("?offset=9", 20, 9, 0)]
    {
        let page = call.get(&format!("/signingmanager/api/v1/certificates{query}")).await.json();
        assert_eq!((&page["total"], &page["limit"], &page["offset"]), (&json!(3), &json!(limit), &json!(offset)));
        assert_eq!(page["items"].as_array().unwrap().len(), items, "{query}");
    }
    let first = &call.get("/signingmanager/api/v1/certificates?limit=1").await.json()["items"][0];
    assert_eq!(first["keypair"]["id"], emulator.keypair_id());
    assert_eq!(first["account"]["id"], emulator.account_id());

    for query in ["?limit=0", "?limit=many", "?offset=-1"] {
        let response = call.get(&format!("/signingmanager/api/v1/certificates{query}")).await;
        assert_eq!((response.status, &response.json()["error"]["status"]), (400, &json!("invalid_request")), "{query}");
    }
}

#[tokio::test]
async fn devices_are_records_with_the_next_offset() {
    let emulator = Emulator::start_blocking(EmulatorOptions::default().devices(25)).unwrap();
    let call = Caller::platform(&emulator).key(emulator.users()[0].api_key());
    for (query, limit, offset, records, next) in [
        ("", 20, 0, 20, json!(20)),
        ("?limit=20&offset=20", 20, 20, 5, json!(null)),
        ("?limit=25", 25, 0, 25, json!(null)),
        ("?offset=25", 20, 25, 0, json!(null)),
        ("?offset=99", 20, 99, 0, json!(null)),
    ] {
        let page = call.get(&format!("/devicetrustmanager/api/v4/device{query}")).await.json();
        assert_eq!((&page["total"], &page["limit"], &page["offset"]), (&json!(25), &json!(limit), &json!(offset)));
        assert_eq!((page["records"].as_array().unwrap().len(), &page["next"]), (records, &next), "{query}");
    }
    let last = &call.get("/devicetrustmanager/api/v4/device?offset=24").await.json()["records"][0];
    assert_eq!(last["name"], "device-24");
    let response = call.get("/devicetrustmanager/api/v4/device?limit=0").await;
    assert_eq!((response.status, &response.json()["errors"][0]["code"]), (400, &json!("invalid_request")));
}

#[tokio::test]
async fn signing_needs_both_factors_and_names_the_missing_one() {
    let emulator = two_users();
    let user = &emulator.users()[0];
    let path = format!("/signingmanager/api/v1/keypairs/{}/sign", emulator.keypair_id());
    let body = json!({ "account": emulator.account_id(), "sig_alg": "SHA256withECDSA", "hash": SHA256_OF_NOTHING });

    for (call, missing) in [
        (Caller::platform(&emulator).key(user.api_key()), "certificate is missing"),
        (Caller::client_auth(&emulator).key(user.api_key()), "certificate is missing"),
        (Caller::client_auth(&emulator).certificate(user.certificate()), "API key is missing"),
    ] {
        let response = call.post(&path, body.clone()).await;
        assert_eq!(response.status, 403);
        let error = response.json()["error"].clone();
        assert_eq!(error["status"], "access_denied");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("not multi-factor authenticated") && message.contains(missing), "{message}");
        // The caller is known; it is just not enough.
        assert_eq!(response.caller.as_deref(), Some("ci-bot"));
    }

    let both = Caller::client_auth(&emulator).key(user.api_key()).certificate(user.certificate());
    let response = both.post(&path, body.clone()).await;
    assert_eq!(response.status, 200);
    let signed = response.json();
    let kept = call_signature(&emulator, &signed["id"]).await;
    assert_eq!((&kept["signature"], &kept["hash"]), (&signed["signature"], &json!(SHA256_OF_NOTHING)));

    for bad in [
        json!([]),
        json!({ "account": "a", "sig_alg": "SHA256withRSA", "hash": SHA256_OF_NOTHING }),
        json!({ "account": "a", "sig_alg": "SHA256withECDSA", "hash": "aGFzaA==" }),
        json!({ "account": 1, "sig_alg": "SHA256withECDSA", "hash": SHA256_OF_NOTHING }),
        json!({ "hash": SHA256_OF_NOTHING }),
        json!({ "account": "a", "sig_alg": "b", "hash": "%" }),
    ] {
        let response = both.post(&path, bad).await;
        assert_eq!((response.status, &response.json()["error"]["status"]), (400, &json!("invalid_request")));
    }
    let response = both.post("/signingmanager/api/v1/keypairs/none/sign", body).await;
    assert_eq!((response.status, &response.json()["error"]["status"]), (404, &json!("resource_not_found")));
}

#[tokio::test]
async fn missing_permission_is_403_in_the_shape_of_the_product() {
    let emulator = two_users();
    let call = Caller::platform(&emulator).key(emulator.user("reader").unwrap().api_key());

    assert_eq!(call.get(ME).await.status, 200);
    let users = call.get("/account/api/v1/user").await;
    assert_eq!((users.status, &users.json()["errors"][0]["code"]), (403, &json!("access_denied")));
    assert!(users.text.contains(permission::MANAGE_AM_ACCOUNT));
    let certificates = call.get("/signingmanager/api/v1/certificates").await;
    assert_eq!((certificates.status, &certificates.json()["error"]["status"]), (403, &json!("access_denied")));
}

#[tokio::test]
async fn wrong_path_is_a_gateway_404_before_authentication() {
    let emulator = two_users();
    for path in [
        "/",
        "/account/api/v1/user/",
        "/account/api/v1/api-access-token/a/b",
        "/account/api/v2/user",
        "/signingmanager/api/v1/keypairs//sign",
        "/signingmanager/api/v1/keypairs/a/b/sign",
        "/signingmanager",
    ] {
        let response = Caller::platform(&emulator).get(path).await;
        assert_eq!(response.status, 404, "{path}");
        let expected = json!({ "errors": [{ "code": "INTERNAL_SERVER_ERROR", "message": "Path not found" }] });
        assert_eq!(response.json(), expected);
    }
}

#[tokio::test]
async fn wrong_method_is_405_with_allow() {
    let emulator = two_users();
    let call = Caller::platform(&emulator);
    let patch = call.send(Method::PATCH, ME, None).await.unwrap();
    assert_eq!((patch.status, patch.allow.as_deref()), (405, Some("GET, HEAD, PUT, DELETE")));
    let delete = call.send(Method::DELETE, "/account/api/v1/role", None).await.unwrap();
    assert_eq!((delete.status, delete.allow.as_deref()), (405, Some("GET, HEAD")));
    let get = call.get("/signingmanager/api/v1/keypairs/a/sign").await;
    assert_eq!((get.status, get.allow.as_deref()), (405, Some("POST")));
    assert!(get.json()["error"]["message"].is_string());

    let key = emulator.users()[0].api_key();
    let head = Caller::platform(&emulator).key(key).send(Method::HEAD, ME, None).await.unwrap();
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

//! The calls of the other products: each, its envelope, and its refusal.

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use digicert_one_emulator::{Emulator, EmulatorOptions, ServiceUserSpec};
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::certificates::Request;
use crate::endpoints::SHA256_OF_NOTHING;

const CERTIFICATE: &str = "/mpki/api/v1/certificate";
const SEARCH: &str = "/mpki/api/v1/certificate-search";
const CA: &str = "/certificate-authority/api/v1";

fn start() -> Emulator {
    let users = [ServiceUserSpec::new("ci-bot"), ServiceUserSpec::new("powerless").permissions(&[])];
    Emulator::start_blocking(EmulatorOptions::default().service_users(users)).unwrap()
}

fn caller(emulator: &Emulator) -> Caller<'_> {
    Caller::platform(emulator).key(emulator.users()[0].api_key())
}

fn new_certificate(profile: &Value, csr: &str) -> Value {
    json!({
        "profile": { "id": profile },
        "seat": { "seat_id": "seat 7" },
        "csr": csr,
        "attributes": { "subject": { "common_name": "new.example.test" } },
        "validity": { "unit": "days", "duration": 30 },
    })
}

#[tokio::test]
async fn every_call_names_the_missing_permission() {
    let emulator = start();
    let call = Caller::platform(&emulator).key(emulator.users()[1].api_key());
    for (path, permission) in [
        (SEARCH.to_owned(), "VIEW_EM_CERTIFICATE"),
        ("/mpki/api/v2/profile".to_owned(), "VIEW_EM_PROFILE"),
        (format!("{CA}/ca"), "VIEW_CM_CA"),
        (format!("{CA}/ca/x"), "VIEW_CM_CA"),
        (format!("{CA}/template"), "VIEW_CM_CUSTOM_TEMPLATE"),
        (format!("{CA}/crl"), "VIEW_CM_CA"),
        (format!("{CA}/ocsp-responder"), "VIEW_CM_CA"),
        (format!("{CA}/certificate"), "VIEW_CM_CERTIFICATE"),
    ] {
        let response = call.get(&path).await;
        assert_eq!(response.error(), (403, "access_denied".to_owned(), None), "{path}");
        assert!(response.text.contains(permission), "{}", response.text);
        assert_eq!(Caller::platform(&emulator).get(&path).await.status, 401, "{path}");
    }
    for path in ["certificates", "keypairs", "keypairs/x", "signatures/x"] {
        let response = call.get(&format!("/signingmanager/api/v1/{path}")).await;
        assert_eq!((response.status, &response.json()["error"]["status"]), (403, &json!("access_denied")));
        assert!(response.text.contains("VIEW_SM_CERTIFICATE"), "{}", response.text);
    }
    for response in [
        call.post(CERTIFICATE, json!({})).await,
        call.put(&format!("{CERTIFICATE}/1/revoke"), json!({})).await,
        call.post("/iot/api/v1/device", json!({})).await,
    ] {
        assert_eq!(response.error().0, 403);
    }
}

#[tokio::test]
async fn health_has_the_form_of_each_product() {
    let emulator = start();
    let lifecycle = caller(&emulator).get("/mpki/api/v1/health/extensive").await;
    assert_eq!((lifecycle.status, lifecycle.content_type.as_str(), lifecycle.text.as_str()), (200, "text/plain", "UP"));
    assert_eq!(Caller::platform(&emulator).get("/mpki/api/v1/health/extensive").await.status, 401);
    assert_eq!(Caller::platform(&emulator).get(&format!("{CA}/health")).await.status, 200);
}

#[tokio::test]
async fn certificates_of_trust_lifecycle_are_issued_found_and_revoked() {
    let emulator = start();
    let call = caller(&emulator);
    let profiles = call.get("/mpki/api/v2/profile").await.json();
    let profile = &profiles.as_array().unwrap()[0];
    for field in ["id", "name", "status", "signature_algorithm", "enrollment_method"] {
        assert!(profile[field].is_string(), "{field}");
    }
    let path = format!("/mpki/api/v2/profile/{}", profile["id"].as_str().unwrap());
    assert_eq!(call.get(&path).await.json(), *profile);
    assert_eq!(call.get("/mpki/api/v2/profile/unknown").await.error().0, 404);

    let csr = Request::new().csr;
    let issued = call.post(CERTIFICATE, new_certificate(&profile["id"], &csr)).await;
    assert_eq!(issued.status, 201, "{}", issued.text);
    let issued = issued.json();
    assert!(issued["delivery_format"].is_string());
    assert!(issued["certificate"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    let serial = issued["serial_number"].as_str().unwrap();

    let found = call.get(&format!("{SEARCH}?serial_number={serial}")).await.json();
    assert_eq!((&found["total"], &found["limit"], &found["offset"]), (&json!(1), &json!(20), &json!(0)));
    let item = &found["items"][0];
    assert_eq!((&item["status"], &item["common_name"]), (&json!("issued"), &json!("new.example.test")));
    assert_eq!((&item["seat"]["seat_id"], &item["profile"]["id"]), (&json!("seat 7"), &profile["id"]));
    assert_eq!((&item["account"]["id"], &item["certificate"]), (&json!(emulator.account_id()), &issued["certificate"]));
    for field in ["valid_from", "valid_to", "thumbprint"] {
        assert!(item[field].is_string(), "{field}");
    }
    for (query, total) in [("?status=ISSUED", 3), ("?common_name=www.example.test", 1), ("?seat_id=seat%207", 1)] {
        assert_eq!(call.get(&format!("{SEARCH}{query}")).await.json()["total"], total, "{query}");
    }
    let page = call.get(&format!("{SEARCH}?limit=1&offset=1")).await.json();
    assert_eq!((&page["total"], page["items"].as_array().unwrap().len()), (&json!(3), 1));

    let revoke = format!("{CERTIFICATE}/{serial}/revoke");
    let revoked = call.put(&revoke, json!({ "revocation_reason": "key_compromise" })).await;
    assert_eq!((revoked.status, revoked.text.as_str()), (204, ""));
    assert_eq!(call.get(&format!("{SEARCH}?status=REVOKED")).await.json()["items"][0]["serial_number"], serial);
    assert_eq!(call.put(&revoke, json!({})).await.error().0, 400);
    assert_eq!(call.put(&format!("{CERTIFICATE}/00/revoke"), json!({})).await.error().0, 404);
    let list = &call.get(&format!("{CA}/crl")).await.json()["items"][0];
    assert_eq!(list["crl_number"], 2);
}

#[tokio::test]
async fn invalid_new_certificate_names_the_field() {
    let emulator = start();
    let call = caller(&emulator);
    let profile = call.get("/mpki/api/v2/profile").await.json()[0]["id"].clone();
    let with = |name: &str, value: Value| {
        let mut body = new_certificate(&profile, &Request::new().csr);
        body[name] = value;
        body
    };
    for (name, value, field) in [
        ("profile", json!({ "id": "unknown" }), "profile.id"),
        ("profile", json!(null), "profile.id"),
        ("csr", json!("no request"), "csr"),
        ("csr", json!(null), "csr"),
        ("attributes", json!({}), "attributes.subject.common_name"),
        ("validity", json!({ "unit": "ages", "duration": 1 }), "validity"),
        ("validity", json!({ "unit": "days", "duration": 0 }), "validity"),
        ("validity", json!({ "unit": "years", "duration": u64::MAX }), "validity"),
    ] {
        call.post(CERTIFICATE, with(name, value)).await.is_invalid(field);
    }
}

#[tokio::test]
async fn key_pairs_are_listed_and_looked_up() {
    let emulator = start();
    let call = caller(&emulator);
    let page = call.get("/signingmanager/api/v1/keypairs?limit=2").await.json();
    assert_eq!((&page["total"], page["items"].as_array().unwrap().len()), (&json!(3), 2));
    let path = format!("/signingmanager/api/v1/keypairs/{}", emulator.keypair_id());
    let pair = call.get(&path).await.json();
    assert_eq!(pair, page["items"][0]);
    assert_eq!((&pair["key_alg"], &pair["key_size"]), (&json!("ECDSA"), &json!(256)));
    for field in ["alias", "key_type", "key_storage", "public_key"] {
        assert!(pair[field].is_string(), "{field}");
    }
    let certificates = call.get("/signingmanager/api/v1/certificates?alias=release-1").await.json();
    assert_eq!(certificates["total"], 1);
    assert_eq!(certificates["items"][0]["id"], pair["certificates"][0]["id"]);
    assert_eq!(call.get("/signingmanager/api/v1/certificates?certificate_status=REVOKED").await.json()["total"], 0);
    let missing = call.get("/signingmanager/api/v1/keypairs/unknown").await;
    assert_eq!((missing.status, &missing.json()["error"]["status"]), (404, &json!("resource_not_found")));
    assert_eq!(call.get("/signingmanager/api/v1/signatures/unknown").await.status, 404);
}

#[tokio::test]
async fn signature_is_made_with_the_requested_key_pair() {
    let emulator = start();
    let user = &emulator.users()[0];
    let both = Caller::client_auth(&emulator).key(user.api_key()).certificate(user.certificate());
    let pairs = caller(&emulator).get("/signingmanager/api/v1/keypairs").await.json();
    let p256: &dyn VerificationAlgorithm = &signature::ECDSA_P256_SHA256_ASN1;
    let rsa: &dyn VerificationAlgorithm = &signature::RSA_PKCS1_2048_8192_SHA256;
    // Where the key begins in its SubjectPublicKeyInfo.
    for (pair, sig_alg, algorithm, start) in
        [(&pairs["items"][0], "SHA256withECDSA", p256, 26), (&pairs["items"][2], "sha256WithRSA", rsa, 24)]
    {
        let path = format!("/signingmanager/api/v1/keypairs/{}/sign", pair["id"].as_str().unwrap());
        let body = json!({ "account": { "id": emulator.account_id() }, "sig_alg": sig_alg, "hash": SHA256_OF_NOTHING });
        let signed = both.post(&path, body).await;
        assert_eq!(signed.status, 200, "{}", signed.text);
        let bytes = |value: &Value| data_encoding::BASE64.decode(value.as_str().unwrap().as_bytes()).unwrap();
        let key = UnparsedPublicKey::new(algorithm, bytes(&pair["public_key"])[start..].to_vec());
        let signature = bytes(&signed.json()["signature"]);
        assert!(key.verify(b"", &signature).is_ok(), "{sig_alg}");
        assert!(key.verify(b"other", &signature).is_err(), "{sig_alg}");
    }
}

#[tokio::test]
async fn device_trust_lists_registered_devices_in_its_envelope() {
    let emulator = start();
    let call = caller(&emulator);
    for path in [
        "/devicetrustmanager/certificate-configuration-service/api/v2/certificate-policy",
        "/devicetrustmanager/certificate-issuance-service/api/v2/certificate",
    ] {
        let page = call.get(&format!("{path}?limit=1")).await.json();
        assert_eq!((&page["total"], &page["limit"], &page["next"]), (&json!(1), &json!(1), &json!(null)), "{path}");
        assert!(page["records"][0]["id"].is_string());
        assert_eq!(call.get(&format!("{path}?limit=x")).await.error().0, 400);
    }
    let created = call.post("/iot/api/v1/device", json!({ "name": "meter 1" })).await;
    assert_eq!((created.status, &created.json()["name"]), (201, &json!("meter 1")));
    let last = call.get("/devicetrustmanager/api/v4/device?offset=3").await.json();
    assert_eq!((&last["total"], &last["records"][0]), (&json!(4), &created.json()));
    call.post("/iot/api/v1/device", json!({ "name": "a/b" })).await.is_invalid("name");
}

#[tokio::test]
async fn private_ca_shows_its_authorities_or_204() {
    let emulator = start();
    let call = caller(&emulator);
    let page = call.get(&format!("{CA}/ca")).await.json();
    assert_eq!((&page["total"], &page["items"][0]["type"]), (&json!(2), &json!("root")));
    let path = format!("{CA}/ca/{}", page["items"][1]["id"].as_str().unwrap());
    assert_eq!(call.get(&path).await.json(), page["items"][1]);
    assert_eq!(call.get(&format!("{CA}/ca/unknown")).await.error().0, 404);
    for list in ["template", "crl", "ocsp-responder"] {
        let page = call.get(&format!("{CA}/{list}")).await.json();
        assert_eq!((&page["total"], page["items"][0]["id"].is_string()), (&json!(1), true), "{list}");
    }
    let page = call.get(&format!("{CA}/certificate?limit=1")).await.json();
    assert_eq!((&page["total"], page["items"].as_array().unwrap().len()), (&json!(3), 1));
    assert_eq!(call.get(&format!("{CA}/certificate?limit=0")).await.error().0, 400);

    let empty = Emulator::start_blocking(EmulatorOptions::default().no_authorities(true)).unwrap();
    let response = caller(&empty).get(&format!("{CA}/ca")).await;
    assert_eq!((response.status, response.text.as_str(), response.content_type.as_str()), (204, "", ""));
}

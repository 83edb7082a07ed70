//! Client certificates over the wire: requested with a CSR, used in a handshake, disabled, and everything that is refused.

use std::time::{Duration, SystemTime};

use digicert_one_emulator::{ApiKeySpec, ClientCert, Emulator, EmulatorOptions, LastDay, ServiceUserSpec};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::caller::{Caller, ME};
use crate::expiry::at;

const CERTIFICATE: &str = "/account/api/v1/client-auth-certificate";

/// A key of the caller's own, and the request for it.
pub(crate) struct Request {
    pub(crate) key: KeyPair,
    pub(crate) csr: String,
}

impl Request {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let csr = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
        Request { key, csr }
    }

    /// The identity that the response and the key form.
    pub(crate) fn identity(&self, response: &Value) -> ClientCert {
        let pems = std::iter::once(&response["certificate"]).chain(response["chain"].as_array().unwrap());
        let chain = pems.map(|pem| CertificateDer::from_pem_slice(pem.as_str().unwrap().as_bytes()).unwrap().to_vec());
        ClientCert::from_parts(chain.collect(), &self.key.serialize_der()).unwrap()
    }
}

fn key_of(emulator: &Emulator) -> Caller<'_> {
    Caller::platform(emulator).key(emulator.users()[0].api_key())
}

#[tokio::test]
async fn requested_certificate_authenticates_until_disabled() {
    let emulator = Emulator::start().await.unwrap();
    let (call, request) = (key_of(&emulator), Request::new());
    let body = json!({ "nickname": "Build server 1", "end_date": "2999-12-31", "csr": request.csr });
    let created = call.post(CERTIFICATE, body).await;
    assert_eq!(created.status, 201, "{}", created.text);
    assert!(!created.text.contains("PRIVATE KEY"));
    let created = created.json();
    assert_eq!((&created["nickname"], &created["end_date"]), (&json!("Build server 1"), &json!("2999-12-31")));
    assert_eq!((&created["enabled"], &created["status"]), (&json!(true), &json!("ACTIVE")));
    let identity = request.identity(&created);
    assert_eq!(created["serial_number"], identity.serial_number());

    let own = Caller::client_auth(&emulator).certificate(&identity);
    let me = own.get(ME).await;
    assert_eq!((me.status, me.caller.as_deref(), me.proof.as_deref()), (200, Some("ci-bot"), Some("certificate")));
    let listed = me.json()["client_auth_certificates"].as_array().unwrap().last().unwrap().clone();
    for field in ["id", "nickname", "end_date", "enabled", "status", "serial_number"] {
        assert_eq!(listed[field], created[field], "{field}");
    }
    assert_eq!(listed["certificate"], json!(null));

    let path = format!("{CERTIFICATE}/{}/enable", created["id"].as_str().unwrap());
    let disabled = call.put(&path, json!({ "enabled": false })).await;
    assert_eq!((disabled.status, &disabled.json()["status"]), (200, &json!("DISABLED")));
    assert!(!disabled.text.contains("BEGIN"));
    assert!(own.get(ME).await.text.contains("certificate is disabled"));
    assert_eq!(call.put(&path, json!({ "enabled": true })).await.json()["enabled"], true);
    assert_eq!(own.get(ME).await.status, 200);
    call.put(&path, json!({})).await.is_invalid("enabled");
}

#[tokio::test]
async fn invalid_request_names_the_field() {
    let end: LastDay = "2999-06-30".parse().unwrap();
    let options = EmulatorOptions::default().service_users([ServiceUserSpec::new("ci-bot").end_date(end)]);
    let emulator = Emulator::start_blocking(options).unwrap();
    let (call, csr) = (key_of(&emulator), Request::new().csr);
    let halved = &csr[..csr.len() / 2];
    for (field, body) in [
        ("nickname", json!({ "csr": csr })),
        ("nickname", json!({ "nickname": "a:b", "csr": csr })),
        ("csr", json!({ "nickname": "fresh" })),
        ("csr", json!({ "nickname": "fresh", "csr": "no request" })),
        ("csr", json!({ "nickname": "fresh", "csr": halved })),
        ("csr", json!({ "nickname": "fresh", "csr": emulator.ca_pem() })),
        ("csr", json!({ "nickname": "fresh", "csr": WEAK })),
        ("end_date", json!({ "nickname": "fresh", "csr": csr, "end_date": "2020-01-01" })),
        ("end_date", json!({ "nickname": "fresh", "csr": csr, "end_date": "2999-07-01" })),
    ] {
        call.post(CERTIFICATE, body).await.is_invalid(field);
    }
    let taken = call.post(CERTIFICATE, json!({ "nickname": "certificate 1", "csr": csr })).await;
    assert_eq!(taken.error(), (409, "duplicate_error".to_owned(), Some("nickname".to_owned())));
    let last_day = json!({ "nickname": "fresh", "csr": csr, "end_date": "2999-06-30" });
    assert_eq!(call.post(CERTIFICATE, last_day).await.status, 201);
    let missing = call.put(&format!("{CERTIFICATE}/unknown/enable"), json!({ "enabled": true })).await;
    assert_eq!(missing.error(), (404, "resource_not_found".to_owned(), None));
}

#[tokio::test]
async fn others_need_the_permission_and_own_need_a_role() {
    let users = [
        ServiceUserSpec::new("plain").roles(&["AM_DEFAULT_USER"]),
        ServiceUserSpec::new("signer").roles(&["SM_SIGNER"]),
        ServiceUserSpec::new("other"),
    ];
    let emulator = Emulator::start_blocking(EmulatorOptions::default().service_users(users)).unwrap();
    let [plain, signer, other] = emulator.users() else { panic!("three users") };
    let enable = |id: &str| format!("{CERTIFICATE}/{id}/enable");
    let (own, theirs) = (plain.certificate_ids().next().unwrap(), other.certificate_ids().next().unwrap());
    let call = Caller::platform(&emulator).key(plain.api_key());
    assert_eq!(call.put(&enable(own), json!({ "enabled": true })).await.status, 200);
    let refused = call.put(&enable(theirs), json!({ "enabled": false })).await;
    assert!(refused.error().0 == 403 && refused.text.contains("MANAGE_AM_ACCOUNT"), "{}", refused.text);
    let manager = Caller::platform(&emulator).key(other.api_key());
    assert_eq!(manager.put(&enable(own), json!({ "enabled": false })).await.status, 200);
    assert_eq!(Caller::client_auth(&emulator).certificate(plain.certificate()).get(ME).await.status, 401);

    let body = json!({ "nickname": "fresh", "csr": Request::new().csr });
    let refused = Caller::platform(&emulator).key(signer.api_key()).post(CERTIFICATE, body).await;
    assert_eq!(refused.error().0, 403);
}

#[tokio::test]
async fn clock_years_away_is_refused_by_the_platform_not_in_tls() {
    let (emulator, set) = at(ServiceUserSpec::new("ci-bot").api_keys([ApiKeySpec::default()]));
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    for moment in [SystemTime::now() + 4 * year, SystemTime::now() - 4 * year] {
        set(moment);
        let day = LastDay::day_of(moment + Duration::from_secs(24 * 60 * 60));
        let request = Request::new();
        let nickname = format!("until {day}");
        let body = json!({ "nickname": nickname, "csr": request.csr, "end_date": day.to_string() });
        let created = key_of(&emulator).post(CERTIFICATE, body).await;
        assert_eq!(created.status, 201, "{}", created.text);
        let identity = request.identity(&created.json());
        let own = Caller::client_auth(&emulator).certificate(&identity);
        set(day.last_second());
        assert_eq!(own.get(ME).await.status, 200);
        set(day.last_second() + Duration::from_secs(1));
        let refused = own.get(ME).await;
        assert_eq!(refused.status, 401);
        assert!(refused.text.contains("certificate has expired"), "{}", refused.text);
    }
}

#[tokio::test]
async fn admin_certificate_expires_with_its_api_token() {
    let emulator = Emulator::start().await.unwrap();
    let administrator = Caller::platform(&emulator).key(emulator.administrator().api_key());
    let path = format!("/account/api/v1/api-access-token/{}", emulator.administrator().api_token_ids().next().unwrap());
    assert_eq!(administrator.put(&path, json!({ "end_date": "2999-06-30" })).await.status, 200);
    let body = |end: &str| json!({ "nickname": "fresh", "csr": Request::new().csr, "end_date": end });
    administrator.post(CERTIFICATE, body("2999-07-01")).await.is_invalid("end_date");
    assert_eq!(administrator.post(CERTIFICATE, body("2999-06-30")).await.status, 201);
}

/// A request with an RSA key of 1024 bits, which no library here can generate.
const WEAK: &str = "\
-----BEGIN CERTIFICATE REQUEST-----\n\
MIIBTjCBuAIBADAPMQ0wCwYDVQQDDAR3ZWFrMIGfMA0GCSqGSIb3DQEBAQUAA4GN\n\
ADCBiQKBgQC9FpxWw7QlF0F9pm2tTLgtENP9/QJJvPprOenqqY28TzvWrEDSNLqc\n\
UITuI7yNnbO+w7/MOOnyDdsEF1bqqCnR3JJiuGTcGqMBwn7MyDnV/bP+Zixkyv76\n\
shgHVF3y9nDWk/ZXgKMthz0xpZBvRE+bY5aTWVHvwqOhH/Vr17QyKQIDAQABoAAw\n\
DQYJKoZIhvcNAQELBQADgYEAmPPR6PyKo2AYrAgZ2Jm7TUm+3DP2+Sj3N9DdV8uF\n\
kiDh6UaBsIhuIVLq5OaQlT211T9a5RJ9QT+uA/3cpyvHgUr368TOdgd0CWAoVf04\n\
UH3AomVYNiChCIiB43fA2vkpcxYAyxCVLjD7qZyJK6ZNgUBmvvXXNn5krrldQ1qc\n\
adQ=\n\
-----END CERTIFICATE REQUEST-----\n";

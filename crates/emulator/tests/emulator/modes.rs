//! The three modes of authentication, and invalid credentials.

use digicert_one_emulator::{ClientAuth, Emulator, EmulatorOptions, HostKind, Proof};
use reqwest::Method;

use crate::caller::{Caller, ME, client, read};

fn start() -> Emulator {
    Emulator::start_blocking(EmulatorOptions::default()).unwrap()
}

#[tokio::test]
async fn key_certificate_and_both_are_recognised() {
    let emulator = start();
    let user = &emulator.users()[0];
    let calls = [
        (Caller::platform(&emulator).key(user.api_key()), Proof::ApiKey),
        (Caller::client_auth(&emulator).certificate(user.certificate()), Proof::Certificate),
        (Caller::client_auth(&emulator).key(user.api_key()).certificate(user.certificate()), Proof::Both),
        // Whether the public clientauth host accepts an API key without a certificate is unknown; here it is
        // a valid credential.
        (Caller::client_auth(&emulator).key(user.api_key()), Proof::ApiKey),
    ];
    for (call, proof) in calls {
        let response = call.get(ME).await;

        assert_eq!(response.status, 200);
        assert_eq!(response.json()["friendly_name"], "ci-bot");
        assert_eq!(response.caller.as_deref(), Some("ci-bot"));
        assert_eq!(response.proof, Some(proof.to_string()));
        let seen = emulator.observed().pop().unwrap();
        assert_eq!((seen.host, seen.status, seen.path.as_str()), (call.host, 200, ME));
        assert_eq!((seen.caller.as_deref(), seen.proof), (Some("ci-bot"), Some(proof)));
        assert_eq!(seen.api_key_sent, call.api_key.is_some());
        assert_eq!(seen.certificate, call.certificate.map(|certificate| certificate.fingerprint()));
    }
}

#[tokio::test]
async fn platform_host_never_receives_a_certificate() {
    let emulator = start();
    let response = Caller::platform(&emulator).certificate(emulator.users()[0].certificate()).get(ME).await;

    assert_eq!(response.status, 401);
    let connection = &emulator.ledger(HostKind::Platform).connections()[0];
    assert!(!connection.requested_client_cert);
    assert_eq!(connection.peer_fingerprint, None);
}

#[tokio::test]
async fn invalid_credentials_are_401_in_the_shape_of_the_product() {
    let emulator = start();
    let (foreign_key, stranger) = (emulator.foreign_api_key(), emulator.unregistered_client());
    let user = &emulator.users()[0];
    let cut_key = &user.api_key()[..90];
    let refused = || {
        [
            Caller::platform(&emulator),
            Caller::platform(&emulator).key(&foreign_key),
            Caller::platform(&emulator).key(cut_key),
            Caller::platform(&emulator).key(""),
            Caller::client_auth(&emulator),
            Caller::client_auth(&emulator).certificate(&stranger),
            Caller::client_auth(&emulator).certificate(&stranger).key(user.api_key()),
            Caller::client_auth(&emulator).certificate(user.certificate()).key(&foreign_key),
        ]
    };
    for call in refused() {
        let response = call.get(ME).await;
        assert_eq!(response.status, 401);
        assert_eq!(response.json()["errors"][0]["code"], "invalid_api_key");
        assert_eq!(response.caller, None);

        let response = call.get("/signingmanager/api/v1/certificates").await;
        assert_eq!(response.status, 401);
        assert_eq!(response.json()["error"]["status"], "invalid_api_key");
        assert!(response.json()["error"]["message"].is_string());
        assert_eq!(emulator.observed().pop().unwrap().caller, None);
    }
}

#[tokio::test]
async fn two_keys_in_one_request_are_refused() {
    let emulator = start();
    let key = emulator.users()[0].api_key();
    let request =
        client(&emulator, None).get(emulator.platform_url() + ME).header("x-api-key", key).header("x-api-key", key);

    assert_eq!(read(request).await.unwrap().status, 401);
}

#[tokio::test]
async fn certificate_of_foreign_authority_is_refused_in_tls() {
    let emulator = start();
    let foreign = emulator.foreign_client();

    let response = Caller::client_auth(&emulator).certificate(&foreign).send(Method::GET, ME, None).await;

    assert!(response.is_err());
    assert!(emulator.observed().is_empty());
    assert!(emulator.ledger(HostKind::ClientAuth).requests().is_empty());
}

#[tokio::test]
async fn strict_listener_refuses_missing_certificate_in_tls() {
    let emulator = Emulator::start_blocking(EmulatorOptions::default().client_auth(ClientAuth::Required)).unwrap();
    let user = &emulator.users()[0];

    let without = Caller::client_auth(&emulator).key(user.api_key()).send(Method::GET, ME, None).await;
    assert!(without.is_err());
    assert!(emulator.observed().is_empty());

    assert_eq!(Caller::client_auth(&emulator).certificate(user.certificate()).get(ME).await.status, 200);
}

#[test]
fn secrets_are_in_no_debug_output() {
    let emulator = start();
    let user = &emulator.users()[0];
    let printed = format!("{emulator:?} {emulator:#?} {user:?}");

    assert!(printed.contains("ci-bot"));
    assert!(!printed.contains(user.api_key()));
    assert!(!printed.contains("PRIVATE KEY"));
}

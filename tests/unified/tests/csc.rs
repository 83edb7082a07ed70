//! Signing runs against the emulator, over every transport: each authentication, each kind of credential. A
//! library verifies the signatures, and so does `openssl` if installed.

use std::error::Error as _;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use bytes::Bytes;
use digicert_one_client::Error;
use digicert_one_core::{ApiKey, Code, Connector, Instance, Secret, TransportConfig, TrustRoots};
use digicert_one_csc::{
    AuthorizeRequest, CscClient, CscCredential, ErrorCode, HashAlgo, ListRequest, Rejection, SignAlgo, SignIn,
    SignRequest,
};
use digicert_one_emulator::{CscCredentialSpec, CscOptions, Emulator, EmulatorOptions, Scal, SigningKey};
use rustls_pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

const MESSAGES: [&[u8]; 3] = [b"first", b"second", b"third"];

/// One transport with its own service.
struct Bench {
    emulator: Emulator,
    connector: Arc<dyn Connector>,
}

impl Bench {
    fn new(connector: impl Connector) -> Self {
        let credentials = [
            CscCredentialSpec::new("rsa"),
            CscCredentialSpec::new("rsa-scal2").scal(Scal::Two),
            CscCredentialSpec::new("rsa-pin").pin("canary-pin"),
            CscCredentialSpec::new("rsa-oauth").scal(Scal::Two).auth_mode(digicert_one_emulator::AuthMode::OAuth2Code),
            CscCredentialSpec::new("ecdsa").key(SigningKey::P256),
        ];
        let options = CscOptions::default().credentials(credentials).pkce_required(true);
        let emulator = Emulator::start_blocking(EmulatorOptions::default().csc(options)).expect("starts");
        Self { emulator, connector: Arc::new(connector) }
    }

    fn config(&self) -> TransportConfig {
        let root = CertificateDer::from(self.emulator.ca_der().to_vec());
        TransportConfig::new().with_trust(TrustRoots::Only(vec![root]))
    }

    fn client(&self, credential: CscCredential) -> CscClient {
        CscClient::builder()
            .instance(Instance::parse(&self.emulator.platform_url()).expect("a host"))
            .shared_connector(Arc::clone(&self.connector))
            .transport_config(self.config())
            .credential(credential)
            .build()
            .expect("complete")
    }

    fn by_client_credentials(&self) -> CscClient {
        let csc = self.emulator.csc();
        self.client(CscCredential::client_credentials(csc.client_id(), secret(csc.client_secret())))
    }

    fn by_code(&self) -> CscClient {
        let csc = self.emulator.csc();
        let redirect = csc.redirect_uri().expect("one");
        let secret = secret(csc.client_secret());
        self.client(CscCredential::authorization_code(csc.client_id(), Some(secret), redirect))
    }

    /// Simulates the browser, and the signer who agrees: returns the redirect target.
    async fn browser(&self, url: &str) -> String {
        let transport = self.connector.connect(&self.config()).expect("a transport");
        let request = http::Request::get(url).body(Bytes::new()).expect("an address");
        let response = transport.send(request).await.expect("a response").response;
        assert_eq!(response.status(), 302);
        response.headers()["location"].to_str().expect("an address").to_owned()
    }

    /// Each signature is over its message, with the key of the certificate that the service shows for the credential.
    async fn assert_signed(&self, client: &CscClient, credential: &str, signatures: &[Vec<u8>]) {
        let info = client.credentials_info(credential).await.expect("a credential");
        let chain = info.cert.der().expect("base64");
        let known = self.emulator.csc().certificate(credential).expect("known").chain_der();
        assert!(!chain.is_empty() && chain[0].as_slice() == &*known[0], "the service shows the right certificate");
        let verifier: &'static dyn VerificationAlgorithm = match credential {
            "ecdsa" => &ECDSA_P256_SHA256_ASN1,
            _ => &RSA_PKCS1_2048_8192_SHA256,
        };
        let leaf = Certificate::from_der(&chain[0]).expect("a certificate");
        let key = leaf.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes().to_vec();
        let key = UnparsedPublicKey::new(verifier, key);
        let pem = self.emulator.csc().certificate_pem(credential).expect("known");
        for (message, signature) in MESSAGES.iter().zip(signatures) {
            assert!(key.verify(message, signature).is_ok(), "{credential}: the signature does not hold");
            assert!(key.verify(b"another", signature).is_err(), "{credential}: the signature holds for anything");
            openssl_agrees(self.emulator.ca_pem(), &pem, message, signature);
        }
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text, "the emulator")
}

fn hashes() -> [Vec<u8>; 3] {
    MESSAGES.map(|message| Sha256::digest(message).to_vec())
}

fn request(credential: &str) -> SignRequest {
    let algorithm = if credential == "ecdsa" { SignAlgo::EcdsaSha256 } else { SignAlgo::Rsa };
    SignRequest::new(credential, HashAlgo::Sha256, algorithm).hashes(hashes()).description("three words")
}

/// An error shows its whole chain where a test fails.
fn explained(error: Error) -> String {
    format!("{error} {:?} {}", error.source().map(ToString::to_string), error.diagnosis())
}

async fn all(bench: &Bench) {
    client_credentials_sign(bench).await;
    a_pin_is_wanted(bench).await;
    a_signer_signs_in(bench).await;
    a_signer_refuses(bench).await;
    a_login_and_a_key_list(bench).await;
    what_is_not_known_is_refused(bench).await;
}

async fn client_credentials_sign(bench: &Bench) {
    let client = bench.by_client_credentials();
    let signer = ListRequest::of_user(bench.emulator.csc().signer_id());
    let list = client.credentials_list(&signer).await.map_err(explained).expect("a list");
    assert_eq!(list.credential_ids, bench.emulator.csc().credential_ids());
    for credential in ["rsa", "rsa-scal2", "ecdsa"] {
        // All at once, and in parts under one authorisation.
        for at_once in [3, 2] {
            let signatures = client.sign_hashes(&request(credential).batch_size(at_once)).await;
            let signatures = signatures.map_err(explained).expect("signatures");
            assert_eq!(signatures.len(), 3);
            bench.assert_signed(&client, credential, &signatures).await;
        }
    }
    client.revoke().await.map_err(explained).expect("revoked");
    client.credentials_list(&signer).await.map_err(explained).expect("with a new token");
}

async fn a_pin_is_wanted(bench: &Bench) {
    let client = bench.by_client_credentials();
    let asked = client.credentials_info("rsa-pin").await.map_err(explained).expect("a credential");
    assert!(asked.pin.is_some_and(|pin| pin.is_required()));
    let error = client.sign_hashes(&request("rsa-pin").pin(secret("canary-wrong"))).await.expect_err("the wrong PIN");
    assert!(Rejection::of(&error).is_some() && !explained(error).contains("canary"));
    let signatures = client.sign_hashes(&request("rsa-pin").pin(secret("canary-pin"))).await;
    bench.assert_signed(&client, "rsa-pin", &signatures.map_err(explained).expect("signatures")).await;
}

async fn a_signer_signs_in(bench: &Bench) {
    let client = bench.by_code();
    let error = client.credentials_list(&ListRequest::own()).await.expect_err("not signed in");
    assert_eq!(error.code(), Code::ID_13);
    let SignIn { url, pending, .. } = client.authorize_url().await.map_err(explained).expect("an address");
    let back = bench.browser(&url).await;
    client.exchange_redirect(pending, &back).await.map_err(explained).expect("signed in");
    let list = client.credentials_list(&ListRequest::own()).await.map_err(explained).expect("a list");
    assert_eq!(list.credential_ids, bench.emulator.csc().credential_ids());

    // The right to sign is granted in the browser as well.
    let right = AuthorizeRequest::new("rsa-oauth").hashes(hashes());
    let SignIn { url, pending, .. } =
        client.authorize_credential_url(&right).await.map_err(explained).expect("an address");
    let back = bench.browser(&url).await;
    let right = client.exchange_sad_redirect(pending, &back).await.map_err(explained).expect("a SAD");
    let signatures = client.sign_hash(&request("rsa-oauth"), &right.sad).await.map_err(explained).expect("signatures");
    bench.assert_signed(&client, "rsa-oauth", &signatures).await;

    // Another process continues with the refresh token.
    let kept = client.refresh_token().expect("one");
    let csc = bench.emulator.csc();
    let other =
        CscCredential::authorization_code(csc.client_id(), Some(secret(csc.client_secret())), "https://x.test/");
    let other = bench.client(other.with_refresh_token(kept));
    other.credentials_list(&ListRequest::own()).await.map_err(explained).expect("no sign-in is needed");
}

async fn a_signer_refuses(bench: &Bench) {
    let client = bench.by_code();
    bench.emulator.csc().set_signer_agrees(false);
    let SignIn { url, pending, .. } = client.authorize_url().await.map_err(explained).expect("an address");
    let back = bench.browser(&url).await;
    bench.emulator.csc().set_signer_agrees(true);
    let error = client.exchange_redirect(pending, &back).await.expect_err("refused");
    assert_eq!(Rejection::of(&error).map(Rejection::code), Some(&ErrorCode::AccessDenied));
}

async fn a_login_and_a_key_list(bench: &Bench) {
    let csc = bench.emulator.csc();
    let signer = ListRequest::of_user(csc.signer_id());
    let password = secret(csc.digest_password().expect("one"));
    let client = bench.client(CscCredential::digest(csc.digest_user().expect("one"), password));
    client.credentials_list(&ListRequest::own()).await.map_err(explained).expect("logged in by digest");
    client.revoke().await.map_err(explained).expect("logged out");
    client.credentials_list(&ListRequest::own()).await.map_err(explained).expect("logged in again");
    let key = ApiKey::new(bench.emulator.users()[0].api_key()).expect("a key");
    let client = bench.client(CscCredential::api_key(key));
    client.credentials_list(&signer).await.map_err(explained).expect("by API key");
    let signatures = client.sign_hashes(&request("rsa")).await.map_err(explained).expect("signatures");
    bench.assert_signed(&client, "rsa", &signatures).await;
}

async fn what_is_not_known_is_refused(bench: &Bench) {
    let csc = bench.emulator.csc();
    let list = ListRequest::of_user(csc.signer_id());
    let strangers = [
        CscCredential::client_credentials(csc.client_id(), secret("canary-wrong")),
        CscCredential::digest(csc.digest_user().expect("one"), secret("canary-wrong")),
        CscCredential::bearer(digicert_one_csc::CscToken::new("canary-token").expect("a token")),
        CscCredential::api_key(ApiKey::new("canary-key").expect("a key")),
    ];
    for stranger in strangers {
        let name = format!("{stranger:?}");
        let error = bench.client(stranger).credentials_list(&list).await.expect_err(&name);
        assert_eq!(error.code(), Code::AUT_01, "{name}: {error}");
        assert!(!explained(error).contains("canary"), "{name}");
    }
}

/// Lets `openssl`, if installed, verify the signature and the chain.
fn openssl_agrees(root: &str, chain: &str, message: &[u8], signature: &[u8]) {
    let place = tempfile::tempdir().expect("a directory");
    let write = |name: &str, content: &[u8]| {
        let path = place.path().join(name);
        std::fs::write(&path, content).expect("written");
        path.into_os_string().into_string().expect("UTF-8")
    };
    let (root, chain) = (write("root.pem", root.as_bytes()), write("chain.pem", chain.as_bytes()));
    let (message, signature) = (write("message", message), write("signature", signature));
    // openssl uses the first certificate of a chain in one file: the leaf.
    let Some(key) = openssl(place.path(), &["x509", "-in", &chain, "-pubkey", "-noout"]) else { return };
    let key = write("key.pem", key.as_bytes());
    openssl(place.path(), &["verify", "-CAfile", &root, "-untrusted", &chain, &chain]);
    let said = openssl(place.path(), &["dgst", "-sha256", "-verify", &key, "-signature", &signature, &message]);
    assert_eq!(said.as_deref().map(str::trim), Some("Verified OK"));
}

/// Its output on success; `None` if it is not installed.
fn openssl(place: &Path, arguments: &[&str]) -> Option<String> {
    match Command::new("openssl").args(arguments).current_dir(place).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("failed to run openssl: {error}"),
        Ok(output) => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "openssl {arguments:?}: {complaint}");
            Some(String::from_utf8(output.stdout).expect("text"))
        }
    }
}

/// For the transports that need a runtime.
fn on_tokio(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work);
}

#[test]
fn over_reqwest() {
    on_tokio(all(&Bench::new(digicert_one_reqwest::Connector::new())));
}

#[test]
fn over_isahc() {
    futures_executor::block_on(all(&Bench::new(digicert_one_isahc::Connector::new())));
}

#[test]
fn over_native_tls() {
    on_tokio(all(&Bench::new(digicert_one_native_tls::Connector::new())));
}

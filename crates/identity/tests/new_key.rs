//! Generated keys, their certificate requests, and the resulting identities.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use der::{Decode, Encode};
use digicert_one_core::{Code, KeyKind, Secret};
use digicert_one_identity::{KeyAlgorithm, NewKey, Rules};
use p256::ecdsa::signature::Verifier;
use x509_cert::request::{CertReq, ExtensionReq};

const BOTH: [KeyAlgorithm; 2] = [KeyAlgorithm::P256, KeyAlgorithm::P384];

fn self_signed(key: &NewKey, name: &str) -> Vec<u8> {
    let pem = key.to_pem();
    let pair = rcgen::KeyPair::from_pem(pem.expose_text().expect("text")).expect("PKCS#8");
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).expect("no names");
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    parameters.self_signed(&pair).expect("signed").der().to_vec()
}

fn request(pem: &str) -> CertReq {
    let (label, der) = pem_rfc7468::decode_vec(pem.as_bytes()).expect("PEM");
    assert_eq!(label, "CERTIFICATE REQUEST");
    CertReq::from_der(&der).expect("a request")
}

/// Verifies the signature with the key that the request contains.
fn is_signed(request: &CertReq) -> bool {
    let body = request.info.to_der().expect("DER");
    let key = request.info.public_key.subject_public_key.raw_bytes();
    let signature = request.signature.raw_bytes();
    match request.algorithm.oid.to_string().as_str() {
        "1.2.840.10045.4.3.2" => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).expect("a point");
            key.verify(&body, &p256::ecdsa::DerSignature::try_from(signature).expect("a signature")).is_ok()
        }
        "1.2.840.10045.4.3.3" => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).expect("a point");
            key.verify(&body, &p384::ecdsa::DerSignature::try_from(signature).expect("a signature")).is_ok()
        }
        other => panic!("signed with {other}"),
    }
}

#[test]
fn request_is_signed_and_has_name_and_purposes() {
    for algorithm in BOTH {
        let key = NewKey::generate(algorithm).expect("random numbers");
        for name in ["ci-pipeline", "O=not, CN=escaped + \"#;<>\\", "dienst-für-alles", &"x".repeat(64)] {
            let mut request = request(&key.csr_pem(name).expect("a request"));
            assert!(is_signed(&request), "{algorithm}");
            let subject = request.info.subject.common_name().expect("readable").expect("there");
            assert_eq!((&*subject.value(), request.info.subject.len()), (name, 1));
            let asked = request.info.attributes.get(0).expect("an attribute");
            let asked: ExtensionReq = asked.values.get(0).expect("a value").decode_as().expect("extensions");
            let asked: Vec<String> = asked.0.iter().map(|one| one.extn_id.to_string()).collect();
            assert_eq!(asked, ["2.5.29.15", "2.5.29.37"]);
            request.info.subject = "CN=another".parse().expect("a name");
            assert!(!is_signed(&request), "the check can fail");
        }
    }
}

#[test]
fn invalid_common_name_is_refused() {
    let key = NewKey::generate(KeyAlgorithm::default()).expect("random numbers");
    for name in ["", "a\nb", "a\0", &"x".repeat(65)] {
        assert_eq!(key.csr_pem(name).expect_err(name).code(), Code::CFG_01);
    }
}

#[test]
fn openssl_reads_and_verifies_the_request() {
    if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
        return;
    }
    for algorithm in BOTH {
        let pem = NewKey::generate(algorithm).and_then(|key| key.csr_pem("ci-pipeline")).expect("a request");
        let mut child = Command::new("openssl")
            .args(["req", "-verify", "-noout", "-subject", "-text"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        child.stdin.take().expect("piped").write_all(pem.as_bytes()).expect("written");
        let output = child.wait_with_output().expect("it ends");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success() && said.contains("verify OK"), "{said}");
        let flat = said.replace(' ', "");
        assert!(flat.contains("CN=ci-pipeline") && said.contains("TLS Web Client Authentication"), "{said}");
    }
}

#[test]
fn key_and_its_own_certificate_only_make_an_identity() {
    let rules = Rules::at(SystemTime::now());
    for (algorithm, kind) in BOTH.into_iter().zip([KeyKind::P256, KeyKind::P384]) {
        let (key, other) = (NewKey::generate(algorithm), NewKey::generate(algorithm));
        let (key, other) = (key.expect("random numbers"), other.expect("random numbers"));
        let certificate = self_signed(&key, "ci");
        let origin = "field certificate of the response";
        let identity = key.into_identity(&Secret::new(certificate.clone(), origin), &rules, &mut Vec::new());
        let identity = identity.expect("they belong together");
        assert_eq!((identity.key_kind(), identity.subject()), (kind, "CN=ci"));
        let error = other.into_identity(&Secret::new(certificate.clone(), origin), &rules, &mut Vec::new());
        let error = error.expect_err("another key");
        assert_eq!(error.code(), Code::ID_01);
        assert!(error.to_string().contains(origin), "{error}");
        assert_eq!(other.pair_with(vec![certificate.into()]).expect_err("another key").code(), Code::ID_01);
    }
}

#[test]
fn stored_key_is_loaded_again_and_keys_are_unique() {
    for algorithm in BOTH {
        let key = NewKey::generate(algorithm).expect("random numbers");
        let again = NewKey::from_pem(&key.to_pem()).expect("the same");
        assert_eq!(again.algorithm(), algorithm);
        assert_eq!(again.to_pem().expose(), key.to_pem().expose());
        assert!(again.pair_with(vec![self_signed(&key, "ci").into()]).is_ok());
        assert_ne!(NewKey::generate(algorithm).expect("random numbers").to_pem().expose(), key.to_pem().expose());
        assert!(!format!("{key:?} {:?}", key.to_pem()).contains("BEGIN"));
    }
    let wrapped = Secret::new(rcgen::KeyPair::generate().expect("a key").serialize_pem() + "canary", "a file");
    for text in [&b""[..], b"canary", b"-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"] {
        let error = NewKey::from_pem(&Secret::new(text, "journal.key")).expect_err("no key");
        assert!(error.to_string().contains("journal.key") && !error.to_string().contains("canary"), "{error}");
    }
    assert!(NewKey::from_pem(&wrapped).is_ok(), "text around a section is ignored");
}

#[test]
fn key_algorithm_names_are_parsed_in_any_spelling() {
    for (text, algorithm) in
        [("p256", KeyAlgorithm::P256), ("P-384", KeyAlgorithm::P384), (" P256 ", KeyAlgorithm::P256)]
    {
        assert_eq!(text.parse::<KeyAlgorithm>().expect(text), algorithm);
    }
    assert!("rsa2048".parse::<KeyAlgorithm>().is_err());
}

//! `signatures/signHash`: the signatures are real, in the order of the hashes, and only for valid input.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, VerificationAlgorithm,
};
use data_encoding::BASE64;
use digicert_one_emulator::{CscCredentialSpec, CscOptions, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::caller::Bench;
use super::verify::{assert_signed, openssl_agrees};

const SIGN: &str = "signatures/signHash";
const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_SHA256: &str = "1.2.840.113549.1.1.11";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SHA384: &str = "2.16.840.1.101.3.4.2.2";
const SHA512: &str = "2.16.840.1.101.3.4.2.3";

fn signatures(body: &Value) -> Vec<Vec<u8>> {
    let texts = body["signatures"].as_array().unwrap();
    texts.iter().map(|text| BASE64.decode(text.as_str().unwrap().as_bytes()).unwrap()).collect()
}

/// Each way to sign: credential, `signAlgo`, `hashAlgo`, and what verifies it.
struct Way {
    credential: &'static str,
    sign_algo: &'static str,
    hash_algo: Option<&'static str>,
    digest: &'static str,
    verifier: &'static dyn VerificationAlgorithm,
}

impl Way {
    fn hash(&self, message: &[u8]) -> String {
        BASE64.encode(&match self.digest {
            "-sha256" => Sha256::digest(message).to_vec(),
            "-sha384" => Sha384::digest(message).to_vec(),
            _ => Sha512::digest(message).to_vec(),
        })
    }
}

fn ways() -> Vec<Way> {
    let way =
        |credential, sign_algo, hash_algo, digest, verifier| Way { credential, sign_algo, hash_algo, digest, verifier };
    let rsa = |sign_algo, hash_algo, digest, verifier| way("rsa", sign_algo, hash_algo, digest, verifier);
    vec![
        rsa(RSA, Some(SHA256), "-sha256", &RSA_PKCS1_2048_8192_SHA256),
        rsa(RSA, Some(SHA384), "-sha384", &RSA_PKCS1_2048_8192_SHA384),
        rsa(RSA, Some(SHA512), "-sha512", &RSA_PKCS1_2048_8192_SHA512),
        rsa(RSA_SHA256, None, "-sha256", &RSA_PKCS1_2048_8192_SHA256),
        rsa(RSA_SHA256, Some(SHA256), "-sha256", &RSA_PKCS1_2048_8192_SHA256),
        rsa("1.2.840.113549.1.1.12", None, "-sha384", &RSA_PKCS1_2048_8192_SHA384),
        rsa("1.2.840.113549.1.1.13", None, "-sha512", &RSA_PKCS1_2048_8192_SHA512),
        way("p256", "1.2.840.10045.4.3.2", None, "-sha256", &ECDSA_P256_SHA256_ASN1),
        way("p256", "1.2.840.10045.2.1", Some(SHA256), "-sha256", &ECDSA_P256_SHA256_ASN1),
        way("p384", "1.2.840.10045.4.3.3", None, "-sha384", &ECDSA_P384_SHA384_ASN1),
    ]
}

#[tokio::test]
async fn signatures_verify_and_have_the_order_of_the_hashes() {
    let credentials = [
        CscCredentialSpec::new("rsa"),
        CscCredentialSpec::new("p256").key(SigningKey::P256),
        CscCredentialSpec::new("p384").key(SigningKey::P384),
    ];
    let bench = Bench::with(CscOptions::default().credentials(credentials));
    let token = bench.client_token().await;
    let messages: [&[u8]; 3] = [b"first", b"second", b"third"];
    for way in ways() {
        let hashes: Vec<_> = messages.iter().map(|message| way.hash(message)).collect();
        let sad = bench.sad(&token, way.credential, 3, &[]).await;
        let mut body = json!({
            "credentialID": way.credential, "SAD": sad, "hash": hashes, "signAlgo": way.sign_algo,
        });
        if let Some(hash_algo) = way.hash_algo {
            body["hashAlgo"] = hash_algo.into();
        }
        let signatures = signatures(&bench.call(&token, SIGN, body).await.json());
        assert_eq!(signatures.len(), 3);
        let leaf = &bench.csc().certificate(way.credential).unwrap().chain_der()[0];
        for (message, signature) in messages.iter().zip(&signatures) {
            assert_signed(way.verifier, leaf, message, signature);
        }
        let chain = bench.csc().certificate_pem(way.credential).unwrap();
        // Without openssl, only the library above has verified.
        openssl_agrees(bench.emulator.ca_pem(), &chain, way.digest, messages[1], &signatures[1]);
    }
}

#[tokio::test]
async fn mismatched_algorithms_are_named_and_consume_nothing() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    let sad = bench.sad(&token, "rsa", 1, &[]).await;
    let hash = BASE64.encode(&Sha256::digest(b"message"));
    let right = json!({ "credentialID": "rsa", "SAD": sad, "hash": [hash], "signAlgo": RSA, "hashAlgo": SHA256 });
    for (changes, word) in [
        (json!({ "hashAlgo": null }), "string parameter hashAlgo"),
        (json!({ "hashAlgo": "1.2.3" }), "Invalid parameter hashAlgo"),
        (json!({ "hashAlgo": 3 }), "string parameter hashAlgo"),
        (json!({ "hashAlgo": SHA384 }), "Invalid digest value length"),
        (json!({ "signAlgo": RSA_SHA256, "hashAlgo": SHA384 }), "Invalid parameter hashAlgo"),
        (json!({ "signAlgo": null }), "string parameter signAlgo"),
        (json!({ "signAlgo": "1.2.840.10045.4.3.2" }), "Invalid parameter signAlgo"),
        (json!({ "hash": null }), "array parameter hash"),
        (json!({ "hash": "x" }), "array parameter hash"),
        (json!({ "hash": [] }), "Empty hash array"),
        (json!({ "hash": ["!"] }), "Invalid Base64 hash"),
        (json!({ "hash": [7] }), "Invalid Base64 hash"),
        (json!({ "hash": [BASE64.encode(b"short")] }), "Invalid digest value length"),
        (json!({ "SAD": null }), "string parameter SAD"),
        (json!({ "credentialID": null }), "string parameter credentialID"),
        (json!({ "credentialID": "nothing" }), "Invalid parameter credentialID"),
    ] {
        let mut body = right.clone();
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        bench.call(&token, SIGN, body).await.assert_error(400, "invalid_request", word);
    }
    assert_eq!(bench.call(&token, SIGN, right).await.status, 200);
}

#[tokio::test]
async fn older_version_signs_the_same() {
    let bench = Bench::new();
    let token = bench.client_token().await;
    let sad = bench.sad(&token, "ecdsa", 1, &[]).await;
    let bearer = format!("Bearer {token}");
    let hash = BASE64.encode(&Sha256::digest(b"message"));
    let body = json!({ "credentialID": "ecdsa", "SAD": sad, "hash": [hash], "signAlgo": "1.2.840.10045.4.3.2" });
    let path = "/documentmanager/csc/v0/signatures/signHash";
    let response =
        bench.send(reqwest::Method::POST, path, &[("authorization", &bearer)], Some(body.to_string())).await.json();
    let leaf = &bench.csc().certificate("ecdsa").unwrap().chain_der()[0];
    assert_signed(&ECDSA_P256_SHA256_ASN1, leaf, b"message", &signatures(&response)[0]);
}

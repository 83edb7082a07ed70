//! Bad input gives a coded error in bounded time and memory, never a panic, and the error contains no byte of
//! the input.

use std::time::SystemTime;

use digicert_one_core::{Code, Secret};
use digicert_one_identity::{ReadOptions, read_client_identity};
use digicert_one_testbed::{ClientSpec, Format, KeyEncoding, KeyStore, Pki, random_bytes};

use crate::{CERTIFICATE, read};

#[test]
fn non_identity_is_id_07_and_its_format_is_named() {
    let client = Pki::shared().client(ClientSpec::default());
    let key = client.key_pem(KeyEncoding::Pkcs8).expect("any key");
    let spki = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n";
    let openssh =
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH PRIVATE KEY-----\n";
    let request = "-----BEGIN CERTIFICATE REQUEST-----\nMIHYMIGAAgEAMB4xHDAaBgNVBAMME2NhbmFyeS1yZXF1ZXN0LXRleHQ=\n-----END CERTIFICATE REQUEST-----\n";
    let base64_of_text = data_encoding::BASE64.encode(b"canary: some long text: neither a key store nor PEM");
    let cases: &[(&[u8], &str)] = &[
        (b"", "an empty file"),
        (b"\n\n", "an empty file"),
        (spki.as_bytes(), "a public key"),
        (openssh.as_bytes(), "an OpenSSH key"),
        (b"PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n", "a PuTTY key"),
        (b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ canary", "an SSH public key"),
        (b"<!doctype html><title>canary sign-in</title>", "an HTML page; it was probably saved from a sign-in"),
        (b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01", "keytool -importkeystore"),
        (b"PK\x03\x04\x14\0", "a ZIP archive; unpack it"),
        (b"\xff\xfe-\0-\0-\0", "UTF-16"),
        (b"canary words", "neither PEM nor DER"),
        (b"\x30\x82\x01\x0a\x02\x82", "truncated"),
        (b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", "DER that is neither a certificate nor a private key"),
        (base64_of_text.as_bytes(), "base64 of neither PEM nor DER"),
        (request.as_bytes(), "a certificate request"),
        (key.as_bytes(), "missing certificate: found a private key only"),
        (Pki::shared().root_pem().as_bytes(), "missing private key: found a certificate only"),
    ];
    for (bytes, text) in cases {
        let read = read(bytes, None, None);
        let message = read.error().to_string();
        assert_eq!(read.error().code(), Code::ID_07, "{message}");
        assert!(message.contains(text) && message.contains(CERTIFICATE), "{text}: {message}");
        assert!(!message.contains("canary"), "{message}");
    }
}

#[test]
fn public_key_or_private_key_instead_of_certificate_is_id_07() {
    let client = Pki::shared().client(ClientSpec::default());
    let key = client.pkcs8_der();
    let text = read(key, Some(key), None).error().to_string();
    assert!(text.contains("missing certificate: found a private key only"), "{text}");
    let certificate = &client.chain_der()[0];
    let text = read(certificate, Some(certificate), None).error().to_string();
    assert!(text.contains("missing private key: found a certificate only"), "{text}");
}

#[test]
fn ident_13_two_keys_require_a_choice() {
    let (first, second) = (Format::PemBundle.make(), Format::PemPkcs8P384.make());
    let both =
        [first.certificate.as_slice(), second.certificate.as_slice(), second.key.as_deref().expect("a key")].concat();
    for (certificate, key) in [(both.as_slice(), None), (first.certificate.as_slice(), second.key.as_deref())] {
        let read = read(certificate, key, None);
        assert_eq!(read.error().code(), Code::ID_17, "{}", read.error());
        assert!(read.error().to_string().contains("2 private keys"), "{}", read.error());
    }
}

#[test]
fn random_bytes_are_refused_with_any_prefix() {
    for start in [
        &b""[..],
        b"\x30\x82\x0f\xfc",
        b"\x30\x82\x0f\xfc\x02\x01\x03",
        b"\x30\x80\x02\x01\x03\x30\x80",
        b"-----BEGIN ",
    ] {
        for _ in 0..50 {
            let bytes = [start, &random_bytes::<4092>()].concat();
            let read = read(&bytes, Some(&bytes[1..]), Some("password"));
            assert!([Code::ID_07, Code::ID_04].contains(&read.error().code()), "{}", read.error());
        }
    }
}

#[test]
fn file_truncated_anywhere_is_a_coded_error_or_still_complete() {
    for format in Format::ALL {
        let store = format.make();
        let step = if store.password.is_some() { 61 } else { 7 };
        for cut in (0..store.certificate.len()).step_by(step) {
            check(*format, &store, &store.certificate[..cut], store.key.as_deref());
        }
        if let Some(key) = &store.key {
            for cut in (0..key.len()).step_by(step) {
                check(*format, &store, &store.certificate, Some(&key[..cut]));
            }
        }
    }
}

#[test]
fn file_with_flipped_bit_is_a_coded_error_or_the_same_key() {
    for format in Format::ALL {
        let store = format.make();
        let step = if store.password.is_some() { 97 } else { 17 };
        for (index, bit) in (0..store.certificate.len()).step_by(step).zip((0..8).cycle()) {
            let mut certificate = store.certificate.clone();
            certificate[index] ^= 1 << bit;
            check(*format, &store, &certificate, store.key.as_deref());
        }
        if let Some(key) = &store.key {
            for (index, bit) in (0..key.len()).step_by(step).zip((0..8).cycle()) {
                let mut key = key.clone();
                key[index] ^= 1 << bit;
                check(*format, &store, &store.certificate, Some(&key));
            }
        }
    }
}

/// Accepts the identity with the original key, or a coded error that names its file.
fn check(format: Format, store: &KeyStore, certificate: &[u8], key: Option<&[u8]>) {
    let certificate = Secret::new(certificate, CERTIFICATE);
    let key = key.map(|key| Secret::new(key, "/etc/testbed/client.key"));
    let password = store.password.as_deref().map(|password| Secret::new(password, "TESTBED_PASSWORD"));
    let rules = ReadOptions::at(SystemTime::now()).allow_expired(true);
    match read_client_identity(&certificate, key.as_ref(), password.as_ref(), &rules, &mut Vec::new()) {
        Ok(identity) => assert_eq!(
            format!("{:?}", identity.key_kind()).replace("Rsa", "Rsa2048"),
            format!("{:?}", format.key_kind())
        ),
        Err(error) => {
            let place = error.place().unwrap_or_default();
            assert!(error.code().as_str().starts_with("ID-") && place.contains("/etc/testbed/"), "{error}");
        }
    }
}

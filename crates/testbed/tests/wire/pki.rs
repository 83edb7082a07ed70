//! Keys and certificates in the forms that programs read, with openssl as the judge where it is installed.

use std::io::Write;
use std::process::{Command, Stdio};

use digicert_one_testbed::{
    Authority, ClientSpec, DigestKind, KeyEncoding, KeyKind, Pki, Purpose, RequestError, RequestSpec, SignError,
    Validity, certificate_pem, serial_number, sha256_hex,
};

fn client(key: KeyKind, name: &str) -> digicert_one_testbed::ClientCert {
    Pki::shared().client(ClientSpec { key, common_name: name.to_owned(), ..ClientSpec::default() })
}

/// The output of `openssl` for this input, or `None` if it is not installed.
fn openssl(arguments: &[&str], input: &str) -> Option<String> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn each_kind_of_key_has_its_forms() {
    for (kind, sec1, pkcs1) in [
        (KeyKind::Rsa2048, false, true),
        (KeyKind::P256, true, false),
        (KeyKind::P384, true, false),
        (KeyKind::P521, true, false),
        (KeyKind::Ed25519, false, false),
    ] {
        let client = client(kind, "forms");
        assert!(client.key_pem(KeyEncoding::Pkcs8).unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
        let sec1_pem = client.key_pem(KeyEncoding::Sec1);
        assert_eq!(sec1_pem.is_some(), sec1, "{kind:?}");
        assert!(sec1_pem.is_none_or(|pem| pem.starts_with("-----BEGIN EC PRIVATE KEY-----\n")));
        let pkcs1_pem = client.key_pem(KeyEncoding::Pkcs1);
        assert_eq!(pkcs1_pem.is_some(), pkcs1, "{kind:?}");
        assert!(pkcs1_pem.is_none_or(|pem| pem.starts_with("-----BEGIN RSA PRIVATE KEY-----\n")));
    }
}

#[test]
fn openssl_reads_each_form_as_the_key_of_the_certificate() {
    for kind in [KeyKind::Rsa2048, KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::Ed25519] {
        let client = client(kind, "openssl");
        let Some(certified) = openssl(&["x509", "-noout", "-pubkey"], &client.chain_pem()) else { return };
        for encoding in [KeyEncoding::Pkcs8, KeyEncoding::Sec1, KeyEncoding::Pkcs1] {
            if let Some(pem) = client.key_pem(encoding) {
                let public = openssl(&["pkey", "-pubout"], &pem).unwrap();
                assert_eq!(public, certified, "{kind:?} as {encoding:?}");
                // A traditional key is unchanged by openssl.
                if encoding == KeyEncoding::Sec1 {
                    assert_eq!(openssl(&["pkey", "-traditional"], &pem).unwrap(), pem);
                }
            }
        }
    }
}

#[test]
fn bundle_is_chain_then_key() {
    let client = client(KeyKind::P256, "bundle");
    assert_eq!(client.bundle_pem(), client.chain_pem() + &client.key_pem(KeyEncoding::Pkcs8).unwrap());
    assert_eq!(client.chain_pem().matches("BEGIN CERTIFICATE").count(), 2);
    assert!(client.chain_pem().ends_with(Pki::shared().intermediate_pem()));
}

#[test]
fn rsa_keys_differ_between_common_names_only() {
    let pkcs8 = |name| client(KeyKind::Rsa2048, name).pkcs8_der().to_vec();
    assert_eq!(pkcs8("first"), pkcs8("first"));
    assert_ne!(pkcs8("first"), pkcs8("second"));
}

#[test]
fn foreign_authority_and_other_pkis_are_unrelated() {
    let foreign = Pki::shared().client(ClientSpec { authority: Authority::Foreign, ..ClientSpec::default() });
    assert_ne!(foreign.chain_der()[1], Pki::shared().intermediate_der());
    assert_ne!(Pki::shared().foreign_root_der(), Pki::shared().root_der());
    assert_ne!(Pki::generate().root_der(), Pki::shared().root_der());
}

#[test]
fn valid_request_is_certified_and_invalid_one_is_refused() {
    let pki = Pki::shared();
    let spec =
        RequestSpec { common_name: "ci-bot".to_owned(), validity: Validity::Valid, purpose: Purpose::ClientAuth };
    let Some(key) = openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout"], "") else { return };
    let directory = std::env::temp_dir().join(format!("testbed-request-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("key.pem");
    std::fs::write(&file, key).unwrap();
    let file = file.to_str().unwrap();
    let request = ["req", "-new", "-key", file, "-subj", "/CN=root", "-addext", "subjectKeyIdentifier=hash"];
    let request = openssl(&request, "").unwrap();

    let chain = pki.sign_request(&request, &spec).unwrap();
    let leaf = certificate_pem(&chain[0]);
    let text = openssl(&["x509", "-noout", "-subject", "-pubkey"], &leaf).unwrap();
    assert!(text.contains("ci-bot") && !text.contains("root"), "{text}");
    let public_key = openssl(&["pkey", "-in", file, "-pubout"], "").unwrap();
    assert!(text.contains(&public_key));
    assert_ne!(serial_number(&chain[0]), serial_number(&pki.sign_request(&request, &spec).unwrap()[0]));

    let weak = ["req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=weak"];
    let weak = openssl(&weak, "").unwrap();
    assert_eq!(pki.sign_request(&weak, &spec), Err(RequestError::WeakKey { bits: 1024 }));
    let (label, mut der) = pem_rfc7468::decode_vec(request.trim().as_bytes()).unwrap();
    let last = der.len() - 1;
    der[last] ^= 1;
    let forged = pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, &der).unwrap();
    assert_eq!(pki.sign_request(&forged, &spec), Err(RequestError::BadSignature));
    assert_eq!(pki.sign_request("no request", &spec), Err(RequestError::NotPem));
    assert_eq!(pki.sign_request(&leaf, &spec), Err(RequestError::NotPem));
    let other = leaf.replace("CERTIFICATE", "CERTIFICATE REQUEST");
    assert_eq!(pki.sign_request(&other, &spec), Err(RequestError::Malformed));
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn authority_continues_from_its_parts() {
    let before = Pki::generate();
    let after = Pki::from_parts(&before.to_parts()).unwrap();
    assert_eq!((before.root_der(), before.intermediate_der()), (after.root_der(), after.intermediate_der()));

    let client = after.client(ClientSpec::default());
    let kept = digicert_one_testbed::ClientCert::from_parts(client.chain_der().to_vec(), client.pkcs8_der()).unwrap();
    assert_eq!((kept.fingerprint(), kept.key_kind()), (client.fingerprint(), client.key_kind()));
    assert_eq!(kept.pkcs8_der(), client.pkcs8_der());

    let mut broken = before.to_parts();
    broken.intermediate_key.clear();
    assert!(Pki::from_parts(&broken).unwrap_err().to_string().contains("intermediate"));
    assert!(!format!("{broken:?}").contains("root_key"));
}

#[test]
fn digests_are_signed_by_the_keys_that_fit_them() {
    let digest = sha256_hex(b"text");
    let digest = data_encoding::HEXLOWER.decode(digest.as_bytes()).unwrap();
    let ed25519 = client(KeyKind::Ed25519, "signer");
    assert_eq!(ed25519.sign_digest(DigestKind::Sha256, &digest), Err(SignError::Kind));
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let signer = client(kind, "signer");
        let short = signer.sign_digest(DigestKind::Sha256, &digest[1..]);
        assert_eq!(short, Err(SignError::Length { expected: 32, given: 31 }));

        let signature = signer.sign_digest(DigestKind::Sha256, &digest).unwrap();
        let directory = std::env::temp_dir().join(format!("testbed-signature-{kind:?}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = directory.join(name);
            std::fs::write(&path, bytes).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (signature, key) = (file("signature", &signature), file("public.der", &signer.public_key_der()));
        let verify = ["dgst", "-sha256", "-verify", &key, "-keyform", "DER", "-signature", &signature];
        if let Some(verdict) = openssl(&verify, "text") {
            assert!(verdict.contains("Verified OK"), "{verdict}");
        }
        std::fs::remove_dir_all(directory).unwrap();
    }
}

#[test]
fn revocation_list_has_revoked_certificates() {
    let pki = Pki::generate();
    let serial = client(KeyKind::P256, "revoked").serial_number();
    let bytes = data_encoding::HEXUPPER.decode(serial.as_bytes()).unwrap();
    let list = pki.revocation_list(7, &[(bytes, std::time::SystemTime::now())], std::time::SystemTime::now());
    let pem = pem_rfc7468::encode_string("X509 CRL", pem_rfc7468::LineEnding::LF, &list).unwrap();
    if let Some(text) = openssl(&["crl", "-noout", "-text"], &pem) {
        assert!(text.contains(&serial), "{text}");
    }
}

//! Keys and certificates in the forms that programs read, with openssl as the judge where it is installed.

use std::io::Write;
use std::process::{Command, Stdio};

use digicert_one_testbed::{Authority, ClientSpec, KeyEncoding, KeyKind, Pki};

fn client(key: KeyKind, name: &str) -> digicert_one_testbed::ClientCert {
    Pki::shared().client(ClientSpec { key, common_name: name.to_owned(), ..ClientSpec::default() })
}

/// What `openssl` prints for this input, or `None` where there is no openssl.
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
fn each_kind_of_key_has_the_forms_that_exist_for_it() {
    for (kind, sec1, pkcs1) in [
        (KeyKind::Rsa2048, false, true),
        (KeyKind::P256, true, false),
        (KeyKind::P384, true, false),
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
    for kind in [KeyKind::Rsa2048, KeyKind::P256, KeyKind::P384, KeyKind::Ed25519] {
        let client = client(kind, "openssl");
        let Some(certified) = openssl(&["x509", "-noout", "-pubkey"], &client.chain_pem()) else { return };
        for encoding in [KeyEncoding::Pkcs8, KeyEncoding::Sec1, KeyEncoding::Pkcs1] {
            if let Some(pem) = client.key_pem(encoding) {
                let public = openssl(&["pkey", "-pubout"], &pem).unwrap();
                assert_eq!(public, certified, "{kind:?} as {encoding:?}");
                // A traditional key comes out of openssl as it went in.
                if encoding == KeyEncoding::Sec1 {
                    assert_eq!(openssl(&["pkey", "-traditional"], &pem).unwrap(), pem);
                }
            }
        }
    }
}

#[test]
fn the_bundle_is_the_chain_and_then_the_key() {
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
fn the_foreign_authority_and_other_pkis_are_unrelated() {
    let foreign = Pki::shared().client(ClientSpec { authority: Authority::Foreign, ..ClientSpec::default() });
    assert_ne!(foreign.chain_der()[1], Pki::shared().intermediate_der());
    assert_ne!(Pki::shared().foreign_root_der(), Pki::shared().root_der());
    assert_ne!(Pki::generate().root_der(), Pki::shared().root_der());
}

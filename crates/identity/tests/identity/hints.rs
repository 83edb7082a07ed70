//! Hints about an identity match the content of its file.

use std::time::SystemTime;

use digicert_one_core::{
    CallContext, ClientIdentity, Code, Delivery, Diagnosis, Mode, TlsAlert, TransportError, TransportErrorKind,
    diagnosis::diagnose_transport,
};
use digicert_one_testbed::{Chain, ClientSpec, Format, Pki};

use crate::read;

fn diagnosis(identity: &ClientIdentity, kind: TransportErrorKind) -> Diagnosis {
    let mut context = CallContext::new("one.test", Mode::Certificate, SystemTime::now());
    context.identity = Some(identity.clone());
    diagnose_transport(&TransportError::new(kind, Delivery::NotSent), &context)
}

fn cause_of_unknown_ca(file: &str) -> String {
    let read = read(file.as_bytes(), None, None);
    let diagnosis = diagnosis(read.identity(), TransportErrorKind::PeerAlert(TlsAlert(48)));
    assert_eq!(diagnosis.code, Code::HS_02);
    diagnosis.cause
}

/// A leaf by a root, both in PEM, and the keys of both.
fn by_a_root() -> [String; 4] {
    let ca_key = rcgen::KeyPair::generate().expect("a key");
    let mut ca = rcgen::CertificateParams::default();
    ca.distinguished_name.push(rcgen::DnType::CommonName, "Only Root");
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = ca.self_signed(&ca_key).expect("signed").pem();
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "bot");
    let leaf = params.signed_by(&key, &rcgen::Issuer::from_params(&ca, &ca_key)).expect("signed").pem();
    [leaf, root, key.serialize_pem(), ca_key.serialize_pem()]
}

#[test]
fn leaf_issued_by_its_root_does_not_lack_an_intermediate() {
    let [leaf, root, key, _] = by_a_root();
    let cause = cause_of_unknown_ca(&(leaf.clone() + &root + &key));
    assert!(cause.contains("another host") && !cause.contains("intermediate"), "{cause}");
    let cause = cause_of_unknown_ca(&(leaf + &key));
    assert!(cause.contains("an intermediate may be missing") && cause.contains("Only Root"), "{cause}");
}

#[test]
fn key_of_the_issuer_in_place_of_the_leafs_is_an_error() {
    let [leaf, root, key, ca_key] = by_a_root();
    for file in [leaf.clone() + &root + &ca_key, root.clone() + &leaf + &ca_key] {
        let read = read(file.as_bytes(), None, None);
        assert_eq!(read.error().code(), Code::ID_01);
        let text = read.error().to_string();
        assert!(
            text.contains("CA certificate \"CN=Only Root\"") && text.contains("key of \"CN=bot\" is missing"),
            "{text}"
        );
    }
    // A certificate of a CA alone may be meant: OpenSSL's self-signed ones are.
    assert_eq!(read((root.clone() + &ca_key).as_bytes(), None, None).identity().subject(), "CN=Only Root");
    assert_eq!(read((leaf + &root + &key).as_bytes(), None, None).identity().subject(), "CN=bot");
}

#[test]
fn leaf_with_unrelated_root_lacks_its_issuer_by_name() {
    let client = Pki::shared().client(ClientSpec { chain: Chain::LeafOnly, ..ClientSpec::default() });
    let cause = cause_of_unknown_ca(&(client.bundle_pem() + Pki::shared().root_pem()));
    assert!(cause.contains("CN=Testbed Intermediate") && cause.contains("may be missing"), "{cause}");
    assert!(!cause.contains("leaf only"), "{cause}");
    let whole = Pki::shared().client(ClientSpec::default());
    assert!(cause_of_unknown_ca(&whole.bundle_pem()).contains("another host"));
}

#[test]
fn self_signed_leaf_is_named_as_such() {
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = rcgen::CertificateParams::default().self_signed(&key).expect("signed");
    let cause = cause_of_unknown_ca(&(certificate.pem() + &key.serialize_pem()));
    assert!(cause.contains("self-signed"), "{cause}");
}

#[test]
fn refused_identity_names_the_certificate_not_the_key_kind() {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::default();
    let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![0x05, 0]);
    extension.set_criticality(true);
    params.custom_extensions.push(extension);
    let certificate = params.self_signed(&key).expect("signed");
    let odd = read((certificate.pem() + &key.serialize_pem()).as_bytes(), None, None);
    let diagnosis_of_odd = diagnosis(odd.identity(), TransportErrorKind::LocalIdentity);
    assert_eq!(diagnosis_of_odd.code, Code::ID_06);
    assert!(diagnosis_of_odd.cause.contains("1.2.3.4") && diagnosis_of_odd.cause.contains("critical"));
    let usual = Pki::shared().client(ClientSpec::default());
    let usual = read(usual.bundle_pem().as_bytes(), None, None);
    assert!(diagnosis(usual.identity(), TransportErrorKind::LocalIdentity).cause.contains("key of this kind"));
}

#[test]
fn sections_of_other_programs_are_named() {
    let certificate = Format::PemPkcs8P256.make().certificate;
    let body = "MIIBszCCAVmgAwIBAgIUAQIDBAUGBwgJCgsMDQ4PEBESExQwCgYIKoZIzj0EAwIw";
    for (label, name) in [
        ("TSS2 PRIVATE KEY", "a key of a TPM"),
        ("PGP PRIVATE KEY BLOCK", "a PGP key"),
        ("PKCS#11 PROVIDER URI", "a PKCS#11 token"),
    ] {
        let section = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        let read = read(&[&certificate[..], section.as_bytes()].concat(), None, None);
        assert!(read.error().to_string().contains(name), "{}", read.error());
    }
}

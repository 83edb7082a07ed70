//! The chain that is sent, for any order in the file.

use digicert_one_core::Code;
use digicert_one_testbed::{Authority, Chain, ClientCert, ClientSpec, Format, KeyEncoding, KeyKind, Pki, Validity};

use crate::{CERTIFICATE, KEY, read, read_store};

fn client(spec: ClientSpec) -> ClientCert {
    Pki::shared().client(spec)
}

fn key_of(client: &ClientCert) -> String {
    client.key_pem(KeyEncoding::Pkcs8).expect("any key")
}

fn pem(der: &[u8]) -> String {
    let body = data_encoding::BASE64_MIME.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
}

#[test]
fn ident_14_and_15_key_of_another_certificate_names_both_files() {
    let certificate = client(ClientSpec::default());
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Ed25519, KeyKind::Rsa2048] {
        let other =
            key_of(&client(ClientSpec { key: kind, common_name: "another".to_owned(), ..ClientSpec::default() }));
        let read = read(certificate.chain_pem().as_bytes(), Some(other.as_bytes()), None);
        let text = read.error().to_string();
        assert_eq!(read.error().code(), Code::ID_01, "{text}");
        assert!(text.contains(CERTIFICATE) && text.contains(KEY) && text.contains("testbed client"), "{text}");
    }
}

#[test]
fn key_without_certificate_is_compared_with_the_leaf() {
    let (mine, other) = (client(ClientSpec::default()), client(ClientSpec::default()));
    let authorities = Pki::shared().root_pem().to_owned() + Pki::shared().intermediate_pem();
    let key = key_of(&other);
    let read_with = |certificates: String| read((certificates + &key).as_bytes(), None, None);
    let error = read_with(authorities.clone() + &pem(&mine.chain_der()[0])).error().to_string();
    assert!(error.contains("certificate \"CN=testbed client\""), "{error}");
    let read = read_with(authorities);
    assert_eq!(read.error().code(), Code::ID_01);
    assert!(read.error().to_string().contains("all of them are of certificate authorities"), "{}", read.error());
}

#[test]
fn ident_17_and_18_wrong_order_is_sorted_and_root_not_sent() {
    let store = Format::PemWrongOrderWithRoot.make();
    let read = read_store(&store);
    let sent: Vec<&[u8]> = read.identity().chain().iter().map(|der| &**der).collect();
    assert_eq!(sent, store.client.chain_der());
    assert_eq!(read.codes(), [Code::ID_11, Code::ID_11]);
    assert!(read.warnings[0].text.contains("not in order"), "{:?}", read.warnings);
    assert!(read.warnings[1].text.contains("root \"CN=Testbed Root"), "{:?}", read.warnings);
}

#[test]
fn ident_16_missing_issuer_of_leaf_is_named_in_a_warning() {
    let leaf = client(ClientSpec { chain: Chain::LeafOnly, ..ClientSpec::default() });
    let read = read(leaf.bundle_pem().as_bytes(), None, None);
    assert_eq!(read.identity().chain().len(), 1);
    assert_eq!(read.codes(), [Code::ID_10]);
    assert!(read.warnings[0].text.contains("CN=Testbed Intermediate"), "{:?}", read.warnings);
}

#[test]
fn duplicates_and_unrelated_certificates_are_not_sent() {
    let mine = client(ClientSpec::default());
    let foreign = client(ClientSpec { authority: Authority::Foreign, ..ClientSpec::default() });
    let file = foreign.chain_pem() + &mine.chain_pem() + &mine.bundle_pem();
    let read = read(file.as_bytes(), None, None);
    let sent: Vec<&[u8]> = read.identity().chain().iter().map(|der| &**der).collect();
    assert_eq!(sent, mine.chain_der());
    let texts: Vec<&str> = read.warnings.iter().map(|warning| warning.text.as_str()).collect();
    assert!(read.warnings.iter().all(|warning| warning.code == Code::ID_11), "{texts:?}");
    assert_eq!(texts.iter().filter(|text| text.contains("twice")).count(), 2, "{texts:?}");
    assert!(
        texts.iter().any(|text| text.starts_with("2 certificates") && text.contains("testbed client")),
        "{texts:?}"
    );
}

#[test]
fn intermediate_with_same_name_and_other_key_is_not_the_issuer() {
    // Two authorities with one name: they differ in the key id.
    let mine = client(ClientSpec::default());
    let twin = testbed_twin();
    let file = pem(&mine.chain_der()[0]) + &twin + &key_of(&mine);
    let read = read(file.as_bytes(), None, None);
    assert_eq!(read.identity().chain().len(), 1, "{:?}", read.warnings);
    assert!(read.codes().contains(&Code::ID_10) && read.codes().contains(&Code::ID_11), "{:?}", read.warnings);
}

/// A certificate with the name of the shared intermediate and another key.
fn testbed_twin() -> String {
    let name = x509_name(Pki::shared().intermediate_der());
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer_key = rcgen::KeyPair::generate().expect("a key");
    let mut issuer = rcgen::CertificateParams::default();
    issuer.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer = rcgen::CertifiedIssuer::self_signed(issuer, issuer_key).expect("a root");
    params.signed_by(&key, &issuer).expect("signed").pem()
}

fn x509_name(der: &[u8]) -> String {
    use x509_cert::der::Decode;
    let certificate = x509_cert::Certificate::from_der(der).expect("our own");
    let subject = certificate.tbs_certificate().subject().to_string();
    subject.strip_prefix("CN=").expect("a common name alone").to_owned()
}

#[test]
fn later_of_two_certificates_of_one_key_is_used() {
    let spec = |validity| ClientSpec {
        key: KeyKind::Rsa2048,
        common_name: "renewed".to_owned(),
        validity,
        ..ClientSpec::default()
    };
    let (old, new) = (client(spec(Validity::Expired)), client(spec(Validity::Valid)));
    for file in [pem(&old.chain_der()[0]) + &new.bundle_pem(), new.bundle_pem() + &pem(&old.chain_der()[0])] {
        assert_eq!(read(file.as_bytes(), None, None).identity().thumbprint_hex(), new.fingerprint());
    }
}

#[test]
fn unreadable_authority_certificate_is_not_sent() {
    let mine = client(ClientSpec { chain: Chain::LeafOnly, ..ClientSpec::default() });
    let mut broken = Pki::shared().intermediate_der().to_vec();
    broken.truncate(broken.len() - 9);
    let read = read((mine.bundle_pem() + &pem(&broken)).as_bytes(), None, None);
    assert_eq!(read.identity().chain().len(), 1);
    assert!(read.codes().contains(&Code::ID_11), "{:?}", read.warnings);
}

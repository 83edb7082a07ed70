//! A file is read by its content, not by its label, encoding or line separators.

use std::time::SystemTime;

use data_encoding::BASE64;
use digicert_one_core::diagnosis::{TransportInUse, diagnose_transport};
use digicert_one_core::{
    CallContext, Code, ConnectorInfo, Delivery, Mode, TransportConfig, TransportError, TransportErrorKind,
};
use digicert_one_testbed::{ClientSpec, Format, KeyEncoding, KeyKind, KeyStore, Pki};

use crate::{read, read_store};

fn section(label: &str, der: &[u8]) -> String {
    let body = data_encoding::BASE64_MIME.encode(der);
    format!("-----BEGIN {label}-----\r\n{body}-----END {label}-----\r\n")
}

fn relabelled(text: &[u8], from: &str, to: &str) -> Vec<u8> {
    String::from_utf8_lossy(text).replace(from, to).into_bytes()
}

fn thumbprint(store: &KeyStore) -> String {
    let read = read_store(store);
    assert_eq!(read.identity().thumbprint_hex(), store.client.fingerprint());
    read.identity().thumbprint_hex()
}

#[test]
fn pkcs12_under_any_label_is_read_as_pkcs12() {
    let store = Format::Pkcs12Aes256.make();
    // `certutil -encode` of Windows labels every file so.
    for label in ["CERTIFICATE", "PKCS12", "PRIVATE KEY", "DATA"] {
        thumbprint(&KeyStore { certificate: section(label, &store.certificate).into_bytes(), ..store.clone() });
    }
}

#[test]
fn pkcs12_in_pem_labels_or_in_base64_is_read() {
    let store = Format::Pkcs12Ber.make();
    let text = section("CERTIFICATE", &store.certificate);
    for text in [
        text.replace("\r\n", ""),
        BASE64.encode(text.as_bytes()),
        BASE64.encode(BASE64.encode(text.as_bytes()).as_bytes()),
    ] {
        thumbprint(&KeyStore { certificate: text.into_bytes(), ..store.clone() });
    }
}

#[test]
fn key_under_the_label_of_another_form_is_read_as_what_it_is() {
    for (format, label) in [
        (Format::PemPkcs1, "RSA PRIVATE KEY"),
        (Format::PemSec1P256, "EC PRIVATE KEY"),
        (Format::PemPkcs8P256, "PRIVATE KEY"),
        (Format::PemPkcs8Rsa, "PRIVATE KEY"),
        (Format::PemPbes2Aes256, "ENCRYPTED PRIVATE KEY"),
    ] {
        let store = format.make();
        for other in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "CERTIFICATE"] {
            let key = relabelled(store.key.as_deref().expect("a key"), label, other);
            thumbprint(&KeyStore { key: Some(key), ..store.clone() });
        }
    }
}

#[test]
fn certificates_and_bags_under_wrong_labels_are_read() {
    let store = Format::PemPkcs7.make();
    thumbprint(&KeyStore { certificate: relabelled(&store.certificate, "PKCS7", "CERTIFICATE"), ..store.clone() });
    let store = Format::PemPkcs8P256.make();
    thumbprint(&KeyStore { certificate: relabelled(&store.certificate, "CERTIFICATE", "PKCS7"), ..store.clone() });
}

#[test]
fn encrypted_traditional_key_is_read_with_any_line_separator() {
    for format in [Format::PemDekAes256, Format::PemDekAes128, Format::PemDekTripleDes] {
        let store = format.make();
        for separator in ["\\n", "\r", "\\r\\n", " ", "\r\n", ""] {
            let key = relabelled(store.key.as_deref().expect("a key"), "\n", separator);
            thumbprint(&KeyStore { key: Some(key), ..store.clone() });
        }
        let key = relabelled(store.key.as_deref().expect("a key"), "Proc-Type", "Comment: mine\nProc-Type");
        thumbprint(&KeyStore { key: Some(key), ..store.clone() });
    }
}

#[test]
fn text_in_utf16_is_read() {
    let store = Format::PemBundle.make();
    let text = String::from_utf8(store.certificate.clone()).expect("PEM");
    for (mark, to_bytes) in
        [("\u{feff}", u16::to_le_bytes as fn(u16) -> [u8; 2]), ("", u16::to_le_bytes), ("", u16::to_be_bytes)]
    {
        let bytes = format!("{mark}{text}").encode_utf16().flat_map(to_bytes).collect();
        thumbprint(&KeyStore { certificate: bytes, ..store.clone() });
    }
}

#[test]
fn certificates_and_key_in_der_joined_are_all_read() {
    let store = Format::DerPkcs8.make();
    let chain = store.client.chain_der().concat();
    let read = read(&chain, store.key.as_deref(), None);
    assert_eq!(read.identity().chain().len(), store.client.chain_der().len());
    let whole = [chain.as_slice(), store.key.as_deref().expect("a key")].concat();
    assert_eq!(crate::read(&whole, None, None).identity().thumbprint_hex(), store.client.fingerprint());
}

#[test]
fn typographic_dashes_are_named() {
    let store = Format::PemBundle.make();
    let text = String::from_utf8(store.certificate).expect("PEM");
    for dashes in ["\u{2014}\u{2014}-", "\u{2013}\u{2013}\u{2013}", "----", "\u{2011}\u{2011}\u{2011}\u{2011}\u{2011}"]
    {
        let read = read(text.replace("-----", dashes).as_bytes(), None, None);
        assert_eq!(read.error().code(), Code::ID_07);
        assert!(read.error().to_string().contains("five hyphens"), "{}", read.error());
    }
}

#[test]
fn unsupported_kind_of_key_is_named() {
    let client = Pki::shared().client(ClientSpec { key: KeyKind::P256, ..ClientSpec::default() });
    let key = client.key_pem(KeyEncoding::Pkcs8).expect("any key");
    let (_, der) = pem_rfc7468::decode_vec(key.as_bytes()).expect("our own PEM");
    // The curve is the last part of the algorithm: 1.2.840.10045.3.1.7 becomes secp224r1 and an unknown one.
    let p256 = [0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let place = der.windows(p256.len()).position(|window| window == p256).expect("the curve");
    for (curve, name) in [
        ([0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1], "P-192"),
        ([0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 99], "1.2.840.10045.3.1.99"),
    ] {
        let mut der = der.clone();
        der[place + 2..place + 10].copy_from_slice(&curve);
        let text = read(client.chain_pem().as_bytes(), Some(&der), None).error().to_string();
        assert!(text.contains(name) && text.contains("unsupported") && text.contains("use RSA"), "{text}");
    }
}

#[test]
fn curve_by_its_parameters_is_named_in_sec1_too() {
    let client = Pki::shared().client(ClientSpec::default());
    // RFC 5915 with the parameters of X9.62: ECPrivateKey { 1, key, [0] { version 1, { prime-field, p } } }.
    let field = [&[0x30, 12, 0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 1, 1, 0x02, 1, 7][..]].concat();
    let parameters = [&[0xa0, 19, 0x30, 17, 0x02, 1, 1][..], &field].concat();
    let der = [&[0x30, 45, 0x02, 1, 1, 0x04, 19], &[7; 19][..], &parameters].concat();
    let pem = pem_rfc7468::encode_string("EC PRIVATE KEY", pem_rfc7468::LineEnding::LF, &der).expect("short");
    let text = read(client.chain_pem().as_bytes(), Some(pem.as_bytes()), None).error().to_string();
    assert!(text.contains("given by its parameters") && text.contains("use RSA"), "{text}");
}

#[test]
fn certificate_that_some_tls_libraries_refuse_is_named_at_reading() {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::default();
    for (oid, critical) in [(&[2, 5, 29, 36][..], true), (&[1, 2, 3, 4], true), (&[1, 2, 3, 5], false)] {
        let mut extension = rcgen::CustomExtension::from_oid_content(oid, vec![0x05, 0]);
        extension.set_criticality(critical);
        params.custom_extensions.push(extension);
    }
    let certificate = params.self_signed(&key).expect("self-signed");
    let read = read((certificate.pem() + &key.serialize_pem()).as_bytes(), None, None);
    assert_eq!(read.identity().quirks().len(), 2);
    assert_eq!(read.codes(), [Code::ID_06, Code::ID_06]);
    assert!(read.warnings[0].text.contains("policy constraints"), "{:?}", read.warnings);
    assert!(read.warnings[1].text.contains("1.2.3.4"), "{:?}", read.warnings);
}

#[test]
fn certificate_of_version_1_is_named_at_reading() {
    use x509_cert::der::asn1::ContextSpecific;
    use x509_cert::der::{Any, Decode, Encode, Reader, SliceReader};
    let key = rcgen::KeyPair::generate().expect("a key");
    let der = rcgen::CertificateParams::default().self_signed(&key).expect("signed").der().to_vec();
    let sequence = |parts: &[&[u8]]| {
        Any::new(x509_cert::der::Tag::Sequence, parts.concat()).and_then(|any| any.to_der()).expect("short")
    };
    let parts = |der: &[u8]| {
        let content = Any::from_der(der).expect("a value").value().to_vec();
        let mut reader = SliceReader::new(&content).expect("short");
        let mut parts = Vec::new();
        while !reader.is_finished() {
            parts.push(reader.tlv_bytes().expect("a value").to_vec());
        }
        parts
    };
    let outer = parts(&der);
    // Without the version and the extensions, which are tagged. The signature of a leaf is the server's to check.
    let body: Vec<Vec<u8>> =
        parts(&outer[0]).into_iter().filter(|part| ContextSpecific::<Any>::from_der(part).is_err()).collect();
    let body: Vec<&[u8]> = body.iter().map(Vec::as_slice).collect();
    let version_1 = sequence(&[&sequence(&body), &outer[1], &outer[2]]);
    let read = read((section("CERTIFICATE", &version_1) + &key.serialize_pem()).as_bytes(), None, None);
    assert!(read.identity().quirks()[0].contains("version 1"), "{:?}", read.identity().quirks());
    assert!(read.codes().contains(&Code::ID_06), "{:?}", read.warnings);
}

#[test]
fn refused_peculiar_certificate_leads_to_openssl_only_from_elsewhere() {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::default();
    let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![0x05, 0]);
    extension.set_criticality(true);
    params.custom_extensions.push(extension);
    let certificate = params.self_signed(&key).expect("self-signed");
    let identity = read((certificate.pem() + &key.serialize_pem()).as_bytes(), None, None).identity().clone();
    let error = TransportError::new(TransportErrorKind::LocalIdentity, Delivery::NotSent);
    for (engine, leads) in [
        ("rustls 0.23 / aws-lc-rs", true),
        ("libcurl on rustls 0.23", true),
        ("native-tls 0.2 / OpenSSL 3.6.3", false),
        ("libcurl on OpenSSL 3.6.3", false),
    ] {
        let context = CallContext::new("one.test", Mode::Certificate, SystemTime::UNIX_EPOCH);
        let transport = TransportInUse::new(&ConnectorInfo::new("one", "", engine), &TransportConfig::new());
        let context = context.with_identity(Some(identity.clone())).with_transport(transport);
        let diagnosis = diagnose_transport(&error, &context);
        assert_eq!(diagnosis.code, Code::ID_06);
        assert_eq!(diagnosis.remedy.contains("OpenSSL"), leads, "on {engine}: {diagnosis}");
    }
}

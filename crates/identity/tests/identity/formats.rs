//! Every format of the testbed gives the same facts.

use digicert_one_core::Code;
use digicert_one_testbed::{Format, Pki};

use crate::{read, read_store};

#[test]
fn ident_01_to_11_every_format_gives_the_written_identity() {
    for format in Format::ALL {
        let store = format.make();
        let read = read_store(&store);
        let identity = match &read.result {
            Ok(identity) => identity,
            Err(error) => panic!("{}: {} {error}", format.name(), error.code()),
        };
        assert_eq!(identity.thumbprint_hex(), store.client.fingerprint(), "{}", format.name());
        let sent: Vec<&[u8]> = identity.chain().iter().map(|der| &**der).collect();
        let expected = &store.client.chain_der()[..if format.has_intermediate() { 2 } else { 1 }];
        assert_eq!(sent, expected, "{}", format.name());
        identity.expose_pkcs8(|key| assert!(key == store.client.pkcs8_der() || key.len() > 40, "{}", format.name()));
    }
}

#[test]
fn ident_11_only_outdated_protection_gives_a_warning() {
    for format in Format::ALL {
        let warnings = read_store(&format.make()).warnings;
        let outdated: Vec<_> = warnings.iter().filter(|warning| warning.code == Code::ID_04).collect();
        assert_eq!(outdated.len(), usize::from(format.is_outdated()), "{}: {warnings:?}", format.name());
        let expected = match format {
            Format::Pkcs12Rc2 => "(RC2 with 40 bits, an integrity check with SHA-1)",
            Format::Pkcs12TripleDes => "(an integrity check with SHA-1, triple DES)",
            Format::PemPbes1Md5 => "(DES)",
            Format::PemDekAes256 => "MD5",
            _ => continue,
        };
        assert!(outdated[0].text.contains(expected), "{}", outdated[0].text);
    }
}

#[test]
fn correct_formats_give_no_warning() {
    for format in Format::ALL {
        let warnings = read_store(&format.make()).warnings;
        let quiet = !format.is_outdated() && format.has_intermediate() && *format != Format::PemWrongOrderWithRoot;
        assert!(!quiet || warnings.is_empty(), "{}: {warnings:?}", format.name());
    }
}

#[test]
fn format_names_are_unique() {
    let names: std::collections::BTreeSet<_> = Format::ALL.iter().map(|format| format.name()).collect();
    assert_eq!(names.len(), Format::ALL.len());
    assert!(names.len() >= 20);
}

#[test]
fn file_given_for_both_is_read_once() {
    let store = Format::PemBundle.make();
    let read = read(&store.certificate, Some(&store.certificate), None);
    assert_eq!(read.identity().thumbprint_hex(), store.client.fingerprint());
    assert_eq!(read.warnings, []);
}

#[test]
fn same_key_in_two_forms_is_one_key() {
    let (store, pkcs1) = (Format::PemBundleKeyFirst.make(), Format::PemPkcs1);
    let key = pkcs1.write(&store.client).key.expect("a key file");
    assert_eq!(read(&store.certificate, Some(&key), None).identity().thumbprint_hex(), store.client.fingerprint());
}

#[test]
fn certificate_in_pkcs7_der_or_surrounded_by_text_is_read() {
    let store = Format::PemPkcs7.make();
    let text = String::from_utf8(store.certificate.clone()).expect("PEM");
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = data_encoding::BASE64.decode(body.as_bytes()).expect("base64");
    for certificate in [der, format!("subject=/CN=x\n{text}\n# the end").into_bytes()] {
        let read = read(&certificate, store.key.as_deref(), None);
        assert_eq!(read.identity().chain().len(), 2);
    }
}

#[test]
fn literal_line_ends_of_pasted_variable_are_read() {
    let store = Format::PemBundle.make();
    let pasted = String::from_utf8(store.certificate).expect("PEM").replace('\n', "\\n");
    assert_eq!(read(pasted.as_bytes(), None, None).identity().thumbprint_hex(), store.client.fingerprint());
}

#[test]
fn unneeded_password_and_content_are_ignored() {
    let store = Format::PemBundle.make();
    let more = [b"# comment\n", store.certificate.as_slice(), Pki::shared().foreign_root_pem().as_bytes()].concat();
    let read = read(&more, None, Some("a password for nothing"));
    assert_eq!(read.identity().chain().len(), 2);
    assert_eq!(read.codes(), [Code::ID_11]);
}

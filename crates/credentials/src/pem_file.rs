//! PEM files: client certificate and key, and trust roots. What is no PEM is recognised by its look, so that the error can say
//! what the file is instead of what it is not.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use digicert_one_core::{ClientIdentity, Code, CredentialError};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use zeroize::Zeroizing;

/// No certificate chain or CA bundle comes near this size.
const MAX_BYTES: u64 = 4 << 20;

/// Reads a client identity from a file with the chain (leaf first) and, there or in a file of its own, the key.
///
/// # Errors
/// A file that cannot be read or is something else than PEM, and see [`ClientIdentity::from_pem`]; each names the path.
pub fn read_identity(certificate: &Path, key: Option<&Path>) -> Result<ClientIdentity, CredentialError> {
    let mut pem = read(certificate)?;
    let mut place = certificate.display().to_string();
    if let Some(key) = key {
        let key_pem = read(key)?;
        let mut joined = Zeroizing::new(Vec::with_capacity(pem.len() + key_pem.len() + 1));
        joined.extend_from_slice(&pem);
        joined.push(b'\n');
        joined.extend_from_slice(&key_pem);
        pem = joined;
        place = format!("{place} and {}", key.display());
    }
    ClientIdentity::from_pem(&pem).map_err(|error| error.at(place))
}

/// Reads the certificates of a CA file.
///
/// # Errors
/// A file that cannot be read, or holds no certificate (TR-03); each names the path.
pub fn read_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, CredentialError> {
    let empty = |found: &str| {
        let message = format!("the CA file holds no certificate (found: {found}); needed: PEM with BEGIN CERTIFICATE");
        CredentialError::new(Code::TR_03, message).at(path.display().to_string())
    };
    let bytes = read_any(path)?;
    let roots = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| empty("broken PEM").with_source(error.to_string()))?;
    if roots.is_empty() {
        return Err(empty(look(&bytes).unwrap_or("no certificate")));
    }
    Ok(roots)
}

/// The file, if it can be a PEM file.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
    let bytes = read_any(path)?;
    match look(&bytes) {
        None => Ok(bytes),
        Some(found) => {
            let remedy = match found {
                "PKCS#12" => "; convert it with: openssl pkcs12 -in FILE -out FILE.pem -noenc",
                _ => "",
            };
            let message = format!("the file is not PEM with a certificate or key: it looks like {found}{remedy}");
            Err(CredentialError::new(Code::ID_07, message).at(path.display().to_string()))
        }
    }
}

fn read_any(path: &Path) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
    let failed = |error: std::io::Error| {
        CredentialError::new(Code::ID_13, format!("cannot read the file: {error}"))
            .at(path.display().to_string())
            .with_source(error)
    };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(
            CredentialError::new(Code::ID_13, "cannot read the file: it is a directory").at(path.display().to_string())
        );
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("the file is larger than {MAX_BYTES} bytes, which no certificate or key is");
        return Err(CredentialError::new(Code::ID_07, message).at(path.display().to_string()));
    }
    Ok(bytes)
}

/// What the bytes are, if they are no PEM that we read.
fn look(bytes: &[u8]) -> Option<&'static str> {
    let has = |text: &str| bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()));
    // PFX starts with version 3 (RFC 7292 §4); a certificate and a PKCS#8 key do not.
    let pfx = bytes.first() == Some(&0x30) && bytes.windows(3).take(8).any(|window| window == [0x02, 0x01, 0x03]);
    Some(match bytes {
        [] => "an empty file",
        _ if pfx => "PKCS#12",
        [0x30, 0x80..=0x84, ..] => "DER",
        _ if has("-----BEGIN OPENSSH PRIVATE KEY") => "an OpenSSH key",
        _ if has("-----BEGIN PUBLIC KEY") && !has("-----BEGIN CERTIFICATE") => "a public key",
        _ if has("-----BEGIN ") => return None,
        _ if has("<html") || has("<!doctype") => "an HTML page",
        _ => "neither PEM nor DER",
    })
}

#[cfg(test)]
mod tests {
    use digicert_one_testbed::{ClientSpec, KeyEncoding, Pki};

    use super::*;

    fn file(bytes: impl AsRef<[u8]>) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), bytes).expect("written");
        file
    }

    #[test]
    fn a_pair_is_read_from_one_file_or_two() {
        let client = Pki::shared().client(ClientSpec::default());
        let bundle = file(client.bundle_pem());
        let chain = file(client.chain_pem());
        let key = file(client.key_pem(KeyEncoding::Sec1).expect("an EC key"));
        let one = read_identity(bundle.path(), None).expect("a bundle");
        let two = read_identity(chain.path(), Some(key.path())).expect("a pair");
        assert_eq!(one.thumbprint_hex(), client.fingerprint());
        assert_eq!(one.thumbprint(), two.thumbprint());
        assert!(one.has_intermediate());
    }

    #[test]
    fn what_is_no_pem_is_named_for_what_it_is() {
        let client = Pki::shared().client(ClientSpec::default());
        let cases: [(&[u8], &str); 6] = [
            (b"", "an empty file"),
            (client.chain_der()[0].as_slice(), "DER"),
            (b"<!DOCTYPE html><html>", "HTML"),
            (b"-----BEGIN OPENSSH PRIVATE KEY-----\n", "OpenSSH"),
            (b"-----BEGIN PUBLIC KEY-----\n", "public key"),
            (&[0x30, 0x82, 0x09, 0xc1, 0x02, 0x01, 0x03, 0x30], "PKCS#12"),
        ];
        for (bytes, found) in cases {
            let file = file(bytes);
            let error = read_identity(file.path(), None).expect_err(found);
            assert_eq!(error.code(), Code::ID_07);
            assert!(error.to_string().contains(found), "{error}");
            assert!(error.to_string().contains(&file.path().display().to_string()), "{error}");
        }
    }

    #[test]
    fn an_unreadable_file_and_a_directory_name_the_path() {
        let directory = tempfile::tempdir().expect("a directory");
        for path in [directory.path().to_owned(), directory.path().join("missing.pem")] {
            let error = read_identity(&path, None).expect_err("unreadable");
            assert_eq!(error.code(), Code::ID_13);
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
    }

    #[test]
    fn an_encrypted_key_and_a_foreign_key_have_codes_of_their_own() {
        let client = Pki::shared().client(ClientSpec::default());
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let error =
            read_identity(file(format!("{}{encrypted}", client.chain_pem())).path(), None).expect_err("encrypted");
        assert_eq!(error.code(), Code::ID_02, "{error}");
        let other = Pki::shared().client(ClientSpec { common_name: "other".to_owned(), ..ClientSpec::default() });
        let key = file(other.key_pem(KeyEncoding::Pkcs8).expect("any key"));
        let error = read_identity(file(client.chain_pem()).path(), Some(key.path())).expect_err("another's key");
        assert_eq!(error.code(), Code::ID_01, "{error}");
    }

    #[test]
    fn trust_10_a_ca_file_without_a_certificate_names_the_path_and_what_it_holds() {
        let client = Pki::shared().client(ClientSpec::default());
        let key = client.key_pem(KeyEncoding::Pkcs8).expect("any key");
        for (bytes, found) in
            [(Vec::new(), "empty"), (key.into_bytes(), "no certificate"), (client.chain_der()[0].clone(), "DER")]
        {
            let file = file(bytes);
            let error = read_roots(file.path()).expect_err(found);
            assert_eq!(error.code(), Code::TR_03);
            assert!(error.to_string().contains(found) && error.to_string().contains("from /"), "{error}");
        }
        assert_eq!(read_roots(file(Pki::shared().root_pem()).path()).expect("a root").len(), 1);
    }
}

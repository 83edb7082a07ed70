//! Trust roots from CA files. No secret: a CA file is public.

use std::path::Path;

use digicert_one_core::{Code, CredentialError};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::file::read_secret;
use crate::identity::look;

/// Reads the certificates of a CA file in PEM.
///
/// # Errors
/// A file that cannot be read, or holds no certificate (TR-03); each names the path.
pub fn read_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, CredentialError> {
    let empty = |found: &str| {
        let message = format!("the CA file holds no certificate (found: {found}); needed: PEM with BEGIN CERTIFICATE");
        CredentialError::new(Code::TR_03, message).at(path.display().to_string())
    };
    // Wide permissions are right for a CA file.
    let file = read_secret(path, &mut Vec::new())?;
    let roots = CertificateDer::pem_slice_iter(file.expose())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| empty("broken PEM").with_source(error.to_string()))?;
    if roots.is_empty() {
        return Err(empty(look::at(file.expose()).name()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use digicert_one_testbed::{ClientSpec, KeyEncoding, Pki};

    use super::*;

    #[test]
    fn trust_10_a_ca_file_without_a_certificate_names_the_path_and_what_it_holds() {
        let client = Pki::shared().client(ClientSpec::default());
        let key = client.key_pem(KeyEncoding::Pkcs8).expect("any key");
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        for (bytes, found) in [(Vec::new(), "empty"), (key.into_bytes(), "PEM"), (client.chain_der()[0].clone(), "DER")]
        {
            std::fs::write(file.path(), bytes).expect("written");
            let error = read_roots(file.path()).expect_err(found);
            assert_eq!(error.code(), Code::TR_03);
            assert!(error.to_string().contains(found) && error.to_string().contains("from /"), "{error}");
        }
        std::fs::write(file.path(), Pki::shared().root_pem()).expect("written");
        assert_eq!(read_roots(file.path()).expect("a root").len(), 1);
    }
}

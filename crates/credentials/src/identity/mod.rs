//! Client identities from any file format into the one normal form, offline and in memory, the same for every transport.

pub(crate) mod look;

use digicert_one_core::{ClientIdentity, Code, CredentialError};
use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

use crate::{Rules, Secret, Warning};

/// Reads a client identity: from one file with chain and key, or from two; decrypted with the password where one is needed.
///
/// # Errors
/// See the codes ID-01 to ID-17; each error names the origin it is about.
pub fn read_client_identity(
    certificate: &Secret,
    private_key: Option<&Secret>,
    _password: Option<&Secret>,
    _rules: &Rules,
    _warnings: &mut Vec<Warning>,
) -> Result<ClientIdentity, CredentialError> {
    let mut chain = Vec::new();
    let mut keys: Vec<PrivateKeyDer<'static>> = Vec::new();
    for secret in [Some(certificate), private_key].into_iter().flatten() {
        let place = secret.origin().to_string();
        let found = look::at(secret.expose());
        if found != look::Look::Pem {
            let message = format!("the file is not PEM with a certificate or key: it looks like {}", found.name());
            return Err(CredentialError::new(Code::ID_07, message).at(place));
        }
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(secret.expose()) {
            let (kind, der) = section.map_err(|error| {
                CredentialError::new(Code::ID_07, "the text is not PEM")
                    .at(place.clone())
                    .with_source(error.to_string())
            })?;
            match kind {
                SectionKind::Certificate => chain.push(CertificateDer::from(der)),
                SectionKind::PrivateKey => keys.push(PrivatePkcs8KeyDer::from(der).into()),
                SectionKind::RsaPrivateKey => keys.push(PrivatePkcs1KeyDer::from(der).into()),
                SectionKind::EcPrivateKey => keys.push(PrivateSec1KeyDer::from(der).into()),
                _ => drop(Zeroizing::new(der)),
            }
        }
    }
    let [key] = keys.as_slice() else {
        let message =
            format!("found {} certificate(s) and {} key(s); needed 1 or more and exactly 1", chain.len(), keys.len());
        return Err(CredentialError::new(Code::ID_07, message).at(certificate.origin().to_string()));
    };
    ClientIdentity::new(chain, key).map_err(|error| error.at(certificate.origin().to_string()))
}

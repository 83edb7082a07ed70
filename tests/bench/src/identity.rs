//! A client certificate, in the forms that the libraries take.

use digicert_one::core::{BoxError, ClientIdentity};
use digicert_one_testbed::{ClientCert, KeyEncoding};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// A client certificate with its key.
#[derive(Clone)]
pub(crate) struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub chain_pem: String,
    pub key_pem: String,
}

impl Identity {
    pub(crate) fn of(client: &ClientCert) -> Result<Self, BoxError> {
        Ok(Self {
            chain: client.chain_der().iter().map(|der| CertificateDer::from(der.clone())).collect(),
            chain_pem: client.chain_pem(),
            key_pem: client.key_pem(KeyEncoding::Pkcs8).ok_or("the key has no PKCS#8")?,
        })
    }

    /// As our transports take it.
    pub(crate) fn normal(&self) -> Result<ClientIdentity, BoxError> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(self.key_pem.as_bytes())?;
        Ok(ClientIdentity::unchecked(self.chain.clone(), &key)?)
    }
}

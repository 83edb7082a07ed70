//! Certificates with their keys, as the state file holds them.

use data_encoding::BASE64;
use digicert_one_testbed::ClientCert;
use serde::{Deserialize, Serialize};

/// A chain, leaf first, and its key (PKCS#8), both DER in Base64.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredIdentity {
    pub(crate) chain: Vec<String>,
    pub(crate) pkcs8: String,
}

impl StoredIdentity {
    pub(crate) fn of(certificate: &ClientCert) -> Self {
        StoredIdentity {
            chain: certificate.chain_der().iter().map(|der| BASE64.encode(der)).collect(),
            pkcs8: BASE64.encode(certificate.pkcs8_der()),
        }
    }

    /// `None` if what was stored is not a certificate with its key.
    pub(crate) fn certificate(&self) -> Option<ClientCert> {
        let chain: Option<Vec<_>> = self.chain.iter().map(|text| BASE64.decode(text.as_bytes()).ok()).collect();
        ClientCert::from_parts(chain?, &BASE64.decode(self.pkcs8.as_bytes()).ok()?).ok()
    }
}

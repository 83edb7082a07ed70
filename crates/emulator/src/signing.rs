//! What Software Trust keeps for the account: key pairs with their certificates, to list and to sign with.
//!
//! The signatures are random bytes. Who may ask for one is what this emulator is about, not cryptography.

use data_encoding::BASE64;
use digicert_one_testbed::{ClientSpec, Pki, random_bytes};
use serde_json::{Value, json};

use crate::service_user::new_id;

/// One certificate with its key pair.
#[derive(Debug)]
pub(crate) struct SigningCertificate {
    id: String,
    alias: String,
    keypair_id: String,
    leaf: String,
    issuer: String,
}

impl SigningCertificate {
    pub(crate) fn create(pki: &Pki, number: usize) -> Self {
        let alias = format!("release-{number}");
        let certificate = pki.client(ClientSpec { common_name: alias.clone(), ..ClientSpec::default() });
        SigningCertificate {
            id: new_id(),
            keypair_id: new_id(),
            alias,
            leaf: BASE64.encode(&certificate.chain_der()[0]),
            issuer: BASE64.encode(pki.intermediate_der()),
        }
    }

    pub(crate) fn keypair_id(&self) -> &str {
        &self.keypair_id
    }

    pub(crate) fn to_json(&self, account_id: &str, account_name: &str, created_on: &str) -> Value {
        json!({
            "id": self.id,
            "alias": self.alias,
            "cert": self.leaf,
            "certificate_status": "ACTIVE",
            "account": { "id": account_id, "name": account_name },
            "keypair": { "id": self.keypair_id, "alias": format!("{}-key", self.alias) },
            "created_on": created_on,
            "chain": [
                { "cert_type": "end_entity", "blob": self.leaf },
                { "cert_type": "intermediate", "blob": self.issuer },
            ],
        })
    }
}

/// An answer to a signing call.
pub(crate) fn signature() -> Value {
    json!({ "id": new_id(), "signature": BASE64.encode(&random_bytes::<64>()) })
}

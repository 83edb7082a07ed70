//! The file of vectors, and which of them a server can show.

use digicert_one_testbed::ServerCert;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;

/// The part of the file's schema that is used here.
#[derive(Deserialize)]
struct File {
    testcases: Vec<Vector>,
}

/// One vector, as the file has it.
#[derive(Debug, Deserialize)]
pub(super) struct Vector {
    pub(super) id: String,
    features: Vec<String>,
    validation_kind: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    peer_certificate_key: Option<String>,
    validation_time: Option<String>,
    expected_result: String,
    expected_peer_name: Option<Name>,
    #[serde(default)]
    crls: Vec<String>,
}

/// The name that is called.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Name {
    pub(super) kind: String,
    pub(super) value: String,
}

/// A vector that can be played.
pub(super) struct Shown {
    pub(super) roots: Vec<CertificateDer<'static>>,
    pub(super) server: ServerCert,
    pub(super) name: Name,
}

pub(super) fn read(text: &str) -> Result<Vec<Vector>, String> {
    let file: File = serde_json::from_str(text).map_err(|error| format!("not a file of x509-limbo: {error}"))?;
    if file.testcases.is_empty() {
        return Err("a file of x509-limbo without vectors".to_owned());
    }
    Ok(file.testcases)
}

impl Vector {
    /// Whether the profile permits the chain.
    pub(super) fn is_permitted(&self) -> bool {
        self.expected_result == "SUCCESS"
    }

    /// What the server presents and the client trusts, or why that cannot be run.
    pub(super) fn shown(&self) -> Result<Shown, &'static str> {
        if self.validation_kind != "SERVER" {
            return Err("it is about a certificate of a client");
        }
        if !self.crls.is_empty() {
            return Err("it needs a revocation list, and no transport takes one");
        }
        if self.validation_time.is_some() {
            return Err("it needs another time than now, and a transport verifies by the clock");
        }
        if self.features.iter().any(|feature| feature == "max-chain-depth") {
            return Err("it needs a limit for the length of chains, and no transport takes one");
        }
        let key = self.peer_certificate_key.as_deref().ok_or("the key of the server is not known")?;
        let name = self.expected_peer_name.clone().ok_or("it says no name to call")?;
        let unreadable = "a certificate or key is not in PEM";
        let der = |pem: &String| CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| unreadable);
        let chain = std::iter::once(&self.peer_certificate).chain(&self.untrusted_intermediates);
        let chain = chain.map(|pem| der(pem).map(|der| der.to_vec())).collect::<Result<_, _>>()?;
        let server = ServerCert::from_elsewhere(chain, key).map_err(|_| unreadable)?;
        Ok(Shown { roots: self.trusted_certs.iter().map(der).collect::<Result<_, _>>()?, server, name })
    }
}

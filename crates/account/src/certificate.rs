//! Client certificates: the platform's object, the request for a new one, and parsing of the issued
//! certificates. The calls are in `certificates.rs`.

use std::time::SystemTime;

use digicert_one_core::EndDate;
use pem_rfc7468::LineEnding;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::de::Deserializer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::check::{self, InvalidField};
use crate::fields::{self, Extra, Fields, write_end};
use crate::{Id, Status};

/// A client certificate as stored by the platform; the certificate itself is shown only when it is created.
///
/// Source: that it has a nickname, an end date and a state is documented; the names of the fields are inferred.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ClientCertificate {
    /// The id at the platform.
    pub id: Id<ClientCertificate>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// The last second in which it is valid: not after its owner's, and never changed.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_end")]
    pub end_date: Option<EndDate>,
    /// Whether it is enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The serial number of the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// Unknown fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ClientCertificate {
    /// Returns whether the platform reports it as enabled; `None` if it does not report it, or in a word that
    /// this version does not know. Expiry is independent of this.
    #[must_use]
    pub fn is_enabled(&self) -> Option<bool> {
        self.enabled.or_else(|| self.status.as_ref()?.is_enabled())
    }
}

impl<'de> Deserialize<'de> for ClientCertificate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::read(deserializer)?;
        Ok(Self {
            id: fields.need(&["id", "certificate_id", "cert_id", "client_auth_certificate_id"])?,
            nickname: fields.take(&["nickname", "name", "friendly_name"]),
            end_date: fields.end_date(),
            enabled: fields.take(&["enabled", "is_enabled"]),
            status: fields.take(&["status", "state", "certificate_status"]),
            serial_number: fields.take(&["serial_number", "serial"]),
            extra: fields.rest(),
        })
    }
}

/// The request for a client certificate for an existing key.
///
/// Source: method, path and purpose are documented; the names of the fields are inferred.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct NewClientCertificate {
    /// The name, unique: letters, digits, blanks, `-` and `_` (documented).
    pub nickname: String,
    /// Its last day, not after its owner's (documented).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_end")]
    pub end_date: Option<EndDate>,
    /// The certificate signing request in PEM. The private key stays on this machine.
    #[serde(rename = "csr")]
    pub csr_pem: String,
}

impl NewClientCertificate {
    /// Creates a request with this name, for the key of this CSR.
    #[must_use]
    pub fn new(nickname: impl Into<String>, csr_pem: impl Into<String>) -> Self {
        Self { nickname: nickname.into(), end_date: None, csr_pem: csr_pem.into() }
    }

    /// Sets its last day; it cannot be changed later.
    #[must_use]
    pub fn end_date(mut self, end_date: EndDate) -> Self {
        self.end_date = Some(end_date);
        self
    }

    pub(crate) fn check(&self, now: SystemTime) -> Result<(), InvalidField> {
        check::name("nickname", &self.nickname)?;
        check::csr(&self.csr_pem)?;
        check::end_date(self.end_date, now)
    }
}

/// A newly created client certificate.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedCertificate {
    /// The platform's object; `None` if the response has no id. Its nickname identifies it in the list.
    pub certificate: Option<ClientCertificate>,
    /// The certificate and its issuers in DER, in the order of the response: the leaf comes first, unless the
    /// platform wrote all of them into one text in another order. Reading them together with the private key
    /// sorts them.
    pub chain: Vec<CertificateDer<'static>>,
}

impl IssuedCertificate {
    /// Returns the chain in PEM, as stored in a file.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        let pems = self.chain.iter().map(|one| pem_rfc7468::encode_string("CERTIFICATE", LineEnding::LF, one));
        // Fails only for a length beyond the address space.
        pems.filter_map(Result::ok).collect()
    }
}

/// Field names of the leaf, and of the object or text that holds it. (inferred; `blob` is from the private CA)
const LEAF: [&str; 8] = ["certificate", "cert", "pem", "blob", "certificate_pem", "leaf", "client_certificate", "der"];
/// Field names of its issuers. (inferred; `chain` is from the private CA)
const CHAIN: [&str; 8] = [
    "chain",
    "certificate_chain",
    "ca_chain",
    "intermediates",
    "intermediate",
    "certificates",
    "issuer_certificates",
    "ca",
];

/// Removes the certificates from a response and returns them, the leaf first, without duplicates.
pub(crate) fn take_chain(response: &mut Map<String, Value>) -> Vec<CertificateDer<'static>> {
    let mut chain: Vec<CertificateDer<'static>> = Vec::new();
    for name in LEAF.iter().chain(&CHAIN) {
        let Some(field) = fields::field(response, name) else { continue };
        let mut found = Vec::new();
        gather(response.get(&field), 3, &mut found);
        if found.is_empty() {
            continue;
        }
        response.remove(&field);
        found.into_iter().for_each(|one| {
            if !chain.contains(&one) {
                chain.push(one);
            }
        });
    }
    chain
}

/// Collects every certificate from a text (PEM, or DER in base64; none if one is damaged), a list, or an
/// object with one of the names.
fn gather(value: Option<&Value>, depth: usize, found: &mut Vec<CertificateDer<'static>>) {
    match value {
        Some(Value::String(text)) => found.extend(certificates(text)),
        Some(Value::Array(items)) if depth > 0 => items.iter().for_each(|item| gather(Some(item), depth - 1, found)),
        Some(Value::Object(object)) if depth > 0 => {
            for name in LEAF.iter().chain(&CHAIN) {
                gather(fields::field(object, name).and_then(|field| object.get(&field)), depth - 1, found);
            }
        }
        _ => {}
    }
}

fn certificates(text: &str) -> Vec<CertificateDer<'static>> {
    let armored;
    let pem = if text.contains("-----BEGIN") {
        text
    } else {
        armored = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", text.trim());
        &armored
    };
    // A SEQUENCE, like every certificate; it is verified when it is read together with its key.
    let is_sequence = |der: &CertificateDer<'_>| der.len() > 4 && der.first() == Some(&0x30);
    match CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>() {
        Ok(read) if read.iter().all(is_sequence) => read,
        // A chain with a gap would look complete; as text it stays among the other fields.
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_with_a_damaged_certificate_stays_a_field_of_the_response() {
        let good = "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n";
        let damaged = "-----BEGIN CERTIFICATE-----\nMAMC*QU=\n-----END CERTIFICATE-----\n";
        let text = |chain: &str| {
            let mut response = Map::new();
            response.insert("certificate".to_owned(), Value::from(good));
            response.insert("chain".to_owned(), Value::from(chain));
            response
        };
        let mut response = text(&format!("{}{damaged}", good.replace("AQU", "AQY")));
        assert_eq!(take_chain(&mut response).len(), 1);
        assert!(response.contains_key("chain") && !response.contains_key("certificate"));
        let mut response = text(&good.replace("AQU", "AQY"));
        assert_eq!((take_chain(&mut response).len(), response.len()), (2, 0));
    }
}

//! A certificate authority that lives as long as the test: root, intermediate, servers, clients, and a stranger.
//!
//! Nothing is read from disk and nothing in the repository expires, since everything is generated at run
//! time. The second, *foreign* authority signs certificates that are valid in every respect, except that no
//! server here trusts it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PublicKeyData, RevokedCertParams,
    SerialNumber,
};
use rustls::pki_types::CertificateDer;

use crate::certificate::{ClientCert, Issued, pem};
use crate::provider::random_bytes;
use crate::request::{RequestError, RequestSpec, public_key};
use crate::spec::{Authority, Chain, ClientSpec, KeyKind, Purpose, Validity};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A throw-away PKI: a trusted authority, a foreign one, and the certificates that they issue.
#[derive(Debug)]
pub struct Pki {
    trusted: Ca,
    foreign: OnceLock<Ca>,
}

/// What a PKI must store to continue after a restart: the trusted authority's certificates (DER) and keys (PKCS#8).
#[derive(Clone)]
pub struct PkiParts {
    /// The root's certificate.
    pub root: Vec<u8>,
    /// The root's key.
    pub root_key: Vec<u8>,
    /// The intermediate's certificate.
    pub intermediate: Vec<u8>,
    /// The intermediate's key.
    pub intermediate_key: Vec<u8>,
}

/// Why stored parts are not a valid PKI.
#[derive(Debug, thiserror::Error)]
#[error("failed to parse the stored {part} of the PKI")]
pub struct PkiPartsError {
    part: &'static str,
    source: rcgen::Error,
}

impl Pki {
    /// Returns the PKI of this process, created at first use. Most tests need no other.
    pub fn shared() -> &'static Pki {
        static SHARED: OnceLock<Pki> = OnceLock::new();
        SHARED.get_or_init(Pki::generate)
    }

    /// Creates a PKI that is unrelated to all others.
    pub fn generate() -> Pki {
        Pki { trusted: Ca::generate("Testbed"), foreign: OnceLock::new() }
    }

    /// Two PKIs whose authorities have the same names and different keys.
    pub fn namesakes() -> [Pki; 2] {
        let names = ca_names("Namesake");
        [(); 2].map(|()| Pki { trusted: Ca::named(&names), foreign: OnceLock::new() })
    }

    /// A PKI as it was before.
    pub fn from_parts(parts: &PkiParts) -> Result<Pki, PkiPartsError> {
        Ok(Pki { trusted: Ca::from_parts(parts)?, foreign: OnceLock::new() })
    }

    /// Returns the input of [`Pki::from_parts`].
    pub fn to_parts(&self) -> PkiParts {
        PkiParts {
            root: self.trusted.root_der.clone(),
            root_key: self.trusted.root.key().serialize_der(),
            intermediate: self.trusted.intermediate_der.clone(),
            intermediate_key: self.trusted.intermediate.key().serialize_der(),
        }
    }

    /// The trusted root.
    pub fn root_pem(&self) -> &str {
        &self.trusted.root_pem
    }

    /// The trusted root.
    pub fn root_der(&self) -> &[u8] {
        &self.trusted.root_der
    }

    /// The trusted intermediate.
    pub fn intermediate_pem(&self) -> &str {
        &self.trusted.intermediate_pem
    }

    /// The trusted intermediate.
    pub fn intermediate_der(&self) -> &[u8] {
        &self.trusted.intermediate_der
    }

    /// The root of the foreign authority.
    pub fn foreign_root_pem(&self) -> &str {
        &self.foreign().root_pem
    }

    /// The root of the foreign authority.
    pub fn foreign_root_der(&self) -> &[u8] {
        &self.foreign().root_der
    }

    /// A client certificate.
    pub fn client(&self, spec: ClientSpec) -> ClientCert {
        let params = client_params(&spec.common_name, spec.purpose);
        let key = match spec.key {
            KeyKind::Rsa2048 => rsa_key(&spec.common_name),
            kind => generate(kind),
        };
        ClientCert(Arc::new(self.authority(spec.authority).issue(params, spec.validity, key, spec.key, spec.chain)))
    }

    /// Returns the chain (DER, leaf first) for a PKCS#10 request in PEM. Only the key of the request is used,
    /// after its signature was verified: the authority decides the content of the certificate.
    pub fn sign_request(&self, pem: &str, spec: &RequestSpec) -> Result<Vec<Vec<u8>>, RequestError> {
        let key = public_key(pem)?;
        let params = client_params(&spec.common_name, spec.purpose);
        let ca = &self.trusted;
        Ok(vec![leaf(params, spec.validity, &key, &ca.intermediate), ca.intermediate_der.clone()])
    }

    /// A revocation list (DER) of the trusted intermediate: the serial numbers (big-endian) with the moment of each.
    pub fn revocation_list(&self, number: u64, revoked: &[(Vec<u8>, SystemTime)], from: SystemTime) -> Vec<u8> {
        let revoked = revoked.iter().map(|(serial, moment)| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: rcgen::date_time_ymd(1970, 1, 1) + since_epoch(*moment),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(1970, 1, 1) + since_epoch(from),
            next_update: rcgen::date_time_ymd(1970, 1, 1) + since_epoch(from + DAY),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.trusted.intermediate).expect("an intermediate can sign a list").der().to_vec()
    }

    pub(crate) fn root(&self) -> &Issuer<'static, KeyPair> {
        &self.trusted.root
    }

    fn foreign(&self) -> &Ca {
        self.foreign.get_or_init(|| Ca::generate("Foreign"))
    }

    pub(crate) fn authority(&self, authority: Authority) -> &Ca {
        match authority {
            Authority::Trusted => &self.trusted,
            Authority::Foreign => self.foreign(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Ca {
    pub(crate) root: Issuer<'static, KeyPair>,
    root_der: Vec<u8>,
    root_pem: String,
    pub(crate) intermediate: Issuer<'static, KeyPair>,
    pub(crate) intermediate_der: Vec<u8>,
    intermediate_pem: String,
}

impl Ca {
    fn generate(name: &str) -> Ca {
        Ca::named(&ca_names(name))
    }

    /// The root and the intermediate have these names.
    fn named([root, intermediate]: &[String; 2]) -> Ca {
        let mut params = named_ca_params(root);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = generate(KeyKind::P256);
        let root_der = params.self_signed(&key).expect("a root can sign itself").der().to_vec();
        let root = Issuer::new(params, key);

        let mut params = named_ca_params(intermediate);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.use_authority_key_identifier_extension = true;
        let key = generate(KeyKind::P256);
        let certificate = params.signed_by(&key, &root).expect("a root can sign an intermediate");
        Ca::new(root, root_der, Issuer::new(params, key), certificate.der().to_vec())
    }

    fn from_parts(parts: &PkiParts) -> Result<Ca, PkiPartsError> {
        let issuer = |certificate: &[u8], key: &[u8], part| {
            KeyPair::try_from(key)
                .and_then(|key| Issuer::from_ca_cert_der(&CertificateDer::from(certificate), key))
                .map_err(|source| PkiPartsError { part, source })
        };
        let root = issuer(&parts.root, &parts.root_key, "root")?;
        let intermediate = issuer(&parts.intermediate, &parts.intermediate_key, "intermediate")?;
        Ok(Ca::new(root, parts.root.clone(), intermediate, parts.intermediate.clone()))
    }

    fn new(
        root: Issuer<'static, KeyPair>,
        root_der: Vec<u8>,
        intermediate: Issuer<'static, KeyPair>,
        intermediate_der: Vec<u8>,
    ) -> Ca {
        let (root_pem, intermediate_pem) = (pem("CERTIFICATE", &root_der), pem("CERTIFICATE", &intermediate_der));
        Ca { root, root_der, root_pem, intermediate, intermediate_der, intermediate_pem }
    }

    fn issue(
        &self,
        params: CertificateParams,
        validity: Validity,
        key: KeyPair,
        kind: KeyKind,
        chain: Chain,
    ) -> Issued {
        let mut certificates = vec![leaf(params, validity, &key, &self.intermediate)];
        if chain == Chain::Full {
            certificates.push(self.intermediate_der.clone());
        }
        Issued::new(certificates, &key, kind)
    }
}

/// A certificate that this issuer signs.
pub(crate) fn leaf(
    mut params: CertificateParams,
    validity: Validity,
    key: &impl PublicKeyData,
    issuer: &Issuer<'static, KeyPair>,
) -> Vec<u8> {
    set_validity(&mut params, validity);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(new_serial());
    params.signed_by(key, issuer).expect("an intermediate can sign a leaf").der().to_vec()
}

fn client_params(common_name: &str, purpose: Purpose) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject(common_name);
    params.extended_key_usages = vec![usage(purpose)];
    params
}

pub(crate) fn usage(purpose: Purpose) -> ExtendedKeyUsagePurpose {
    match purpose {
        Purpose::ClientAuth => ExtendedKeyUsagePurpose::ClientAuth,
        Purpose::ServerAuth => ExtendedKeyUsagePurpose::ServerAuth,
    }
}

/// An extension of an arc that belongs to no organisation, with an ASN.1 NULL.
pub(crate) fn unknown_critical_extension() -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4, 5], vec![5, 0]);
    extension.set_criticality(true);
    extension
}

/// 128 bits, positive and without a leading zero: two certificates of one key differ in it.
fn new_serial() -> SerialNumber {
    let mut serial = random_bytes::<16>();
    serial[0] = serial[0] & 0x3f | 0x40;
    SerialNumber::from_slice(&serial)
}

/// The names of a root and an intermediate.
fn ca_names(name: &str) -> [String; 2] {
    ["Root", "Intermediate"].map(|what| distinct(&format!("{name} {what}")))
}

/// A serial in the name: two authorities of one process must differ in their subject, or path building guesses.
fn distinct(name: &str) -> String {
    format!("{name} {}", data_encoding::HEXLOWER.encode(&random_bytes::<4>()))
}

pub(crate) fn ca_params(name: &str) -> CertificateParams {
    named_ca_params(&distinct(name))
}

fn named_ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject(name);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let now = SystemTime::now();
    set_validity(&mut params, Validity::Between(now - 400 * DAY, now + 3650 * DAY));
    params
}

pub(crate) fn subject(common_name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, common_name);
    subject
}

pub(crate) fn set_validity(params: &mut CertificateParams, validity: Validity) {
    let now = SystemTime::now();
    let (from, until) = match validity {
        Validity::Valid => (now - DAY, now + 365 * DAY),
        Validity::Expired => (now - 30 * DAY, now - DAY),
        Validity::NotYetValid => (now + DAY, now + 30 * DAY),
        Validity::Between(from, until) => (from, until),
    };
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_epoch(from);
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + since_epoch(until);
}

fn since_epoch(time: SystemTime) -> Duration {
    Duration::from_secs(time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

pub(crate) fn generate(kind: KeyKind) -> KeyPair {
    let algorithm = match kind {
        KeyKind::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
        KeyKind::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        KeyKind::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        KeyKind::P521 => &rcgen::PKCS_ECDSA_P521_SHA512,
        KeyKind::Ed25519 => &rcgen::PKCS_ED25519,
    };
    KeyPair::generate_for(algorithm).expect("the provider makes keys of each kind")
}

impl std::fmt::Debug for PkiParts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PkiParts").finish_non_exhaustive()
    }
}

/// RSA keys are slow to generate, so each common name keeps its key for the lifetime of the process.
fn rsa_key(common_name: &str) -> KeyPair {
    static KEYS: Mutex<Option<HashMap<String, Vec<u8>>>> = Mutex::new(None);
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    let der = keys
        .get_or_insert_default()
        .entry(common_name.to_owned())
        .or_insert_with(|| generate(KeyKind::Rsa2048).serialize_der());
    KeyPair::try_from(der.as_slice()).expect("a key just written can be read")
}

//! A certificate authority that lives as long as the test: root, intermediate, servers, clients, and a stranger.
//!
//! Nothing is read from disk and nothing expires in the repository, since everything is made at run time. The second,
//! *foreign* authority signs certificates that are perfect in every respect, except that nobody here trusts it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use der::Encode;
use pem_rfc7468::LineEnding;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PublicKeyData,
};

use crate::provider::sha256_hex;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A throw-away PKI: a trusted authority, a foreign one, and the certificates that they issue.
#[derive(Debug)]
pub struct Pki {
    trusted: Ca,
    foreign: OnceLock<Ca>,
}

/// What a server certificate is to be; the default is one for loopback that every client accepts.
#[derive(Clone, Debug)]
pub struct ServerSpec {
    /// DNS names (`*.` allowed) and IP addresses.
    pub names: Vec<String>,
    /// When it is valid.
    pub validity: Validity,
    /// Who signs it.
    pub authority: Authority,
    /// Whether the server sends its intermediate, as a right server does.
    pub send_intermediate: bool,
}

impl Default for ServerSpec {
    fn default() -> Self {
        ServerSpec {
            names: ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec(),
            validity: Validity::Valid,
            authority: Authority::Trusted,
            send_intermediate: true,
        }
    }
}

/// What a client certificate is to be; the default is a valid P-256 one of the trusted authority.
#[derive(Clone, Debug)]
pub struct ClientSpec {
    /// The kind of key.
    pub key: KeyKind,
    /// When it is valid.
    pub validity: Validity,
    /// Who signs it.
    pub authority: Authority,
    /// The extended key usage.
    pub purpose: Purpose,
    /// The subject; RSA keys are kept for each common name, so equal names mean equal RSA keys.
    pub common_name: String,
    /// What goes into the chain.
    pub chain: Chain,
}

impl Default for ClientSpec {
    fn default() -> Self {
        ClientSpec {
            key: KeyKind::P256,
            validity: Validity::Valid,
            authority: Authority::Trusted,
            purpose: Purpose::ClientAuth,
            common_name: "testbed client".to_owned(),
            chain: Chain::Full,
        }
    }
}

/// When a certificate is valid, as seen from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// From yesterday, for a year.
    Valid,
    /// Ended yesterday.
    Expired,
    /// Begins tomorrow.
    NotYetValid,
    /// Exactly this span (whole seconds).
    Between(SystemTime, SystemTime),
}

/// Who signs a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The authority that servers and clients of the test trust.
    Trusted,
    /// A well-made authority that nobody trusts.
    Foreign,
}

/// Key kinds of client certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA, 2048 bits.
    Rsa2048,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// Ed25519.
    Ed25519,
}

/// The extended key usage of a client certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `clientAuth`, the right one.
    ClientAuth,
    /// `serverAuth` alone, which a server must refuse from a client.
    ServerAuth,
}

/// What goes into a client's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Leaf, then intermediate.
    Full,
    /// The leaf alone: a server that trusts just the root cannot build the path.
    LeafOnly,
}

/// How a private key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEncoding {
    /// `PRIVATE KEY`, any key.
    Pkcs8,
    /// `EC PRIVATE KEY`, with the curve named in it as openssl writes it.
    Sec1,
    /// `RSA PRIVATE KEY`.
    Pkcs1,
}

/// A server's chain and key.
#[derive(Clone, Debug)]
pub struct ServerCert(Arc<Issued>);

/// A client's chain and key.
#[derive(Clone, Debug)]
pub struct ClientCert(Arc<Issued>);

impl Pki {
    /// The PKI of this process, made at first use. Most tests need no other.
    pub fn shared() -> &'static Pki {
        static SHARED: OnceLock<Pki> = OnceLock::new();
        SHARED.get_or_init(Pki::generate)
    }

    /// A PKI of its own, unrelated to all others.
    pub fn generate() -> Pki {
        Pki { trusted: Ca::generate("Testbed"), foreign: OnceLock::new() }
    }

    /// The trusted root.
    pub fn root_pem(&self) -> &str {
        &self.trusted.root_pem
    }

    /// The trusted root.
    pub fn root_der(&self) -> &[u8] {
        self.trusted.root.der()
    }

    /// The trusted intermediate.
    pub fn intermediate_pem(&self) -> &str {
        &self.trusted.intermediate_pem
    }

    /// The trusted intermediate.
    pub fn intermediate_der(&self) -> &[u8] {
        self.trusted.intermediate.der()
    }

    /// The root of the foreign authority.
    pub fn foreign_root_pem(&self) -> &str {
        &self.foreign().root_pem
    }

    /// The root of the foreign authority.
    pub fn foreign_root_der(&self) -> &[u8] {
        self.foreign().root.der()
    }

    /// A right server certificate for these DNS names and IP addresses.
    pub fn server<N: AsRef<str>>(&self, names: &[N]) -> ServerCert {
        let names = names.iter().map(|name| name.as_ref().to_owned()).collect();
        self.server_with(ServerSpec { names, ..ServerSpec::default() })
    }

    /// A server certificate with a chosen defect.
    ///
    /// # Panics
    ///
    /// If a name is no DNS name.
    pub fn server_with(&self, spec: ServerSpec) -> ServerCert {
        let mut params = CertificateParams::new(spec.names).expect("the names are DNS names or IP addresses");
        params.distinguished_name = subject("testbed server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let chain = if spec.send_intermediate { Chain::Full } else { Chain::LeafOnly };
        let key = generate(KeyKind::P256);
        ServerCert(Arc::new(self.authority(spec.authority).issue(params, spec.validity, key, KeyKind::P256, chain)))
    }

    /// A client certificate.
    pub fn client(&self, spec: ClientSpec) -> ClientCert {
        let mut params = CertificateParams::default();
        params.distinguished_name = subject(&spec.common_name);
        params.extended_key_usages = vec![match spec.purpose {
            Purpose::ClientAuth => ExtendedKeyUsagePurpose::ClientAuth,
            Purpose::ServerAuth => ExtendedKeyUsagePurpose::ServerAuth,
        }];
        let key = match spec.key {
            KeyKind::Rsa2048 => rsa_key(&spec.common_name),
            kind => generate(kind),
        };
        ClientCert(Arc::new(self.authority(spec.authority).issue(params, spec.validity, key, spec.key, spec.chain)))
    }

    fn foreign(&self) -> &Ca {
        self.foreign.get_or_init(|| Ca::generate("Foreign"))
    }

    fn authority(&self, authority: Authority) -> &Ca {
        match authority {
            Authority::Trusted => &self.trusted,
            Authority::Foreign => self.foreign(),
        }
    }
}

impl ServerCert {
    /// The chain as sent, leaf first.
    pub fn chain_pem(&self) -> String {
        self.0.chain_pem()
    }

    /// The chain as sent, leaf first.
    pub fn chain_der(&self) -> &[Vec<u8>] {
        &self.0.chain
    }

    /// The key, PKCS#8.
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.0.pkcs8)
    }

    /// The key, PKCS#8.
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.0.pkcs8
    }

    /// Lower-case hexadecimal SHA-256 of the leaf.
    pub fn fingerprint(&self) -> String {
        sha256_hex(&self.0.chain[0])
    }
}

impl ClientCert {
    /// The chain, leaf first.
    pub fn chain_pem(&self) -> String {
        self.0.chain_pem()
    }

    /// The chain, leaf first.
    pub fn chain_der(&self) -> &[Vec<u8>] {
        &self.0.chain
    }

    /// The key in one of its forms, or `None` where this kind of key has no such form.
    pub fn key_pem(&self, encoding: KeyEncoding) -> Option<String> {
        match encoding {
            KeyEncoding::Pkcs8 => Some(pem("PRIVATE KEY", &self.0.pkcs8)),
            KeyEncoding::Sec1 => Some(pem("EC PRIVATE KEY", &self.0.sec1()?)),
            KeyEncoding::Pkcs1 => {
                (self.0.kind == KeyKind::Rsa2048).then(|| pem("RSA PRIVATE KEY", inner_key(&self.0.pkcs8)))
            }
        }
    }

    /// Chain and PKCS#8 key in one text.
    pub fn bundle_pem(&self) -> String {
        self.chain_pem() + &pem("PRIVATE KEY", &self.0.pkcs8)
    }

    /// The key, PKCS#8.
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.0.pkcs8
    }

    /// Lower-case hexadecimal SHA-256 of the leaf.
    pub fn fingerprint(&self) -> String {
        sha256_hex(&self.0.chain[0])
    }

    /// The kind of key.
    pub fn key_kind(&self) -> KeyKind {
        self.0.kind
    }
}

#[derive(Debug)]
struct Ca {
    root: CertifiedIssuer<'static, KeyPair>,
    root_pem: String,
    intermediate: CertifiedIssuer<'static, KeyPair>,
    intermediate_pem: String,
}

#[derive(Debug)]
struct Issued {
    chain: Vec<Vec<u8>>,
    pkcs8: Vec<u8>,
    kind: KeyKind,
    public_point: Vec<u8>,
}

impl Ca {
    fn generate(name: &str) -> Ca {
        let mut params = ca_params(&format!("{name} Root"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, generate(KeyKind::P256)).expect("a root can sign itself");

        let mut params = ca_params(&format!("{name} Intermediate"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.use_authority_key_identifier_extension = true;
        let intermediate = CertifiedIssuer::signed_by(params, generate(KeyKind::P256), &root)
            .expect("a root can sign an intermediate");
        Ca {
            root_pem: pem("CERTIFICATE", root.der()),
            intermediate_pem: pem("CERTIFICATE", intermediate.der()),
            root,
            intermediate,
        }
    }

    fn issue(
        &self,
        mut params: CertificateParams,
        validity: Validity,
        key: KeyPair,
        kind: KeyKind,
        chain: Chain,
    ) -> Issued {
        set_validity(&mut params, validity);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &self.intermediate).expect("an intermediate can sign a leaf");
        let mut certificates = vec![leaf.der().to_vec()];
        if chain == Chain::Full {
            certificates.push(self.intermediate.der().to_vec());
        }
        Issued { chain: certificates, pkcs8: plain_pkcs8(&key), kind, public_point: key.der_bytes().to_vec() }
    }
}

impl Issued {
    fn chain_pem(&self) -> String {
        self.chain.iter().map(|der| pem("CERTIFICATE", der)).collect()
    }

    fn sec1(&self) -> Option<Vec<u8>> {
        let curve = match self.kind {
            KeyKind::P256 => ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
            KeyKind::P384 => ObjectIdentifier::new_unwrap("1.3.132.0.34"),
            KeyKind::Rsa2048 | KeyKind::Ed25519 => return None,
        };
        let inner = sec1::EcPrivateKey::try_from(inner_key(&self.pkcs8)).expect("an EC key holds SEC1 in its PKCS#8");
        let whole = sec1::EcPrivateKey {
            private_key: inner.private_key,
            parameters: Some(sec1::EcParameters::NamedCurve(curve)),
            public_key: Some(&self.public_point),
        };
        Some(whole.to_der().expect("a key just decoded encodes again"))
    }
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    // A serial in the name: two authorities of one process must differ in their subject, or path building guesses.
    let serial = data_encoding::HEXLOWER.encode(&crate::provider::random_bytes::<4>());
    params.distinguished_name = subject(&format!("{name} {serial}"));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let now = SystemTime::now();
    set_validity(&mut params, Validity::Between(now - 400 * DAY, now + 3650 * DAY));
    params
}

fn subject(common_name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, common_name);
    subject
}

fn set_validity(params: &mut CertificateParams, validity: Validity) {
    let now = SystemTime::now();
    let (from, until) = match validity {
        Validity::Valid => (now - DAY, now + 365 * DAY),
        Validity::Expired => (now - 30 * DAY, now - DAY),
        Validity::NotYetValid => (now + DAY, now + 30 * DAY),
        Validity::Between(from, until) => (from, until),
    };
    let since_epoch = |time: SystemTime| {
        Duration::from_secs(time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    };
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_epoch(from);
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + since_epoch(until);
}

fn generate(kind: KeyKind) -> KeyPair {
    let algorithm = match kind {
        KeyKind::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
        KeyKind::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        KeyKind::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        KeyKind::Ed25519 => &rcgen::PKCS_ED25519,
    };
    KeyPair::generate_for(algorithm).expect("the provider makes keys of each kind")
}

/// RSA keys are slow to make, so each common name keeps its own for the life of the process.
fn rsa_key(common_name: &str) -> KeyPair {
    static KEYS: Mutex<Option<HashMap<String, Vec<u8>>>> = Mutex::new(None);
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    let der = keys
        .get_or_insert_default()
        .entry(common_name.to_owned())
        .or_insert_with(|| generate(KeyKind::Rsa2048).serialize_der());
    KeyPair::try_from(der.as_slice()).expect("a key just written can be read")
}

/// PKCS#8 version 1, as openssl writes it: its older releases refuse the public key that version 2 adds.
fn plain_pkcs8(key: &KeyPair) -> Vec<u8> {
    let der = key.serialized_der();
    let mut info = PrivateKeyInfoRef::try_from(der).expect("a fresh key is PKCS#8");
    info.public_key = None;
    info.to_der().expect("a key just decoded encodes again")
}

fn inner_key(pkcs8: &[u8]) -> &[u8] {
    PrivateKeyInfoRef::try_from(pkcs8).expect("a fresh key is PKCS#8").private_key.as_bytes()
}

fn pem(label: &str, der: &[u8]) -> String {
    pem_rfc7468::encode_string(label, LineEnding::LF, der).expect("the label is valid and memory suffices")
}

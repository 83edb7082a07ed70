//! A certificate authority that lives as long as the test: root, intermediate, servers, clients, and a stranger.
//!
//! Nothing is read from disk and nothing expires in the repository, since everything is made at run time. The second,
//! *foreign* authority signs certificates that are perfect in every respect, except that nobody here trusts it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use crate::certificate::{ClientCert, Issued, ServerCert, pem};
use crate::spec::{Authority, Chain, ClientSpec, KeyKind, Purpose, ServerSpec, Validity};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A throw-away PKI: a trusted authority, a foreign one, and the certificates that they issue.
#[derive(Debug)]
pub struct Pki {
    trusted: Ca,
    foreign: OnceLock<Ca>,
}

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

#[derive(Debug)]
struct Ca {
    root: CertifiedIssuer<'static, KeyPair>,
    root_pem: String,
    intermediate: CertifiedIssuer<'static, KeyPair>,
    intermediate_pem: String,
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
        Issued::new(certificates, &key, kind)
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

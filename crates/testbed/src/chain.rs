//! Server chains with more than one CA, or with content that no certificate tool writes.

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, GeneralSubtree, IsCa, Issuer, KeyPair, NameConstraints, SanType,
};
use rustls::pki_types::CertificateDer;

use crate::certificate::{Issued, ServerCert};
use crate::pki::{Pki, ca_params, generate, leaf, set_validity, subject, unknown_critical_extension, usage};
use crate::spec::{KeyKind, Purpose, Validity};

/// A chain from the trusted root of a [`Pki`] to a server. The default: one right CA, and a server without names.
#[derive(Clone, Debug)]
pub struct ChainSpec {
    /// The CAs below the root, from above.
    pub authorities: Vec<CaSpec>,
    /// The names of the server, as they are.
    pub names: Vec<SubjectName>,
    /// Its common name.
    pub common_name: String,
    /// The first CA is signed by another key than the root's, in the root's name.
    pub impostor: bool,
    /// The kind of key of the server.
    pub key: KeyKind,
    /// What the leaf is for: a server, or a client with a longer chain than that of [`ClientSpec`](crate::ClientSpec).
    pub purpose: Purpose,
}

/// A CA of a chain. The default is a right one, which may have any number of others below it.
#[derive(Clone, Debug)]
pub struct CaSpec {
    /// Whether it is marked as a CA.
    pub mark: CaMark,
    /// How many CAs it may have below it; without a number as many as it likes.
    pub path_length: Option<u8>,
    /// When it is valid.
    pub validity: Validity,
    /// What certificates below it may be for; without one for everything.
    pub purpose: Option<Purpose>,
    /// What it may issue for; if empty, everything.
    pub permitted: Vec<SubjectName>,
    /// What it may not issue for.
    pub excluded: Vec<SubjectName>,
    /// Whether it has an unknown critical extension.
    pub unknown_critical_extension: bool,
}

/// Whether a certificate is marked as a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaMark {
    /// It is one.
    Ca,
    /// It is not.
    NotACa,
    /// Not specified.
    Missing,
}

/// A name in a certificate. As a constraint, an address matches only itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectName {
    /// A DNS name, or any other ASCII text instead.
    Dns(String),
    /// An address.
    Address(IpAddr),
}

impl Default for ChainSpec {
    fn default() -> Self {
        Self {
            authorities: vec![CaSpec::default()],
            names: Vec::new(),
            common_name: "testbed server".to_owned(),
            impostor: false,
            key: KeyKind::P256,
            purpose: Purpose::ServerAuth,
        }
    }
}

impl Default for CaSpec {
    fn default() -> Self {
        Self {
            mark: CaMark::Ca,
            path_length: None,
            validity: Validity::Valid,
            purpose: None,
            permitted: Vec::new(),
            excluded: Vec::new(),
            unknown_critical_extension: false,
        }
    }
}

impl ChainSpec {
    /// A server with this DNS name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { names: vec![SubjectName::dns(name)], ..Self::default() }
    }

    /// Below these CAs.
    #[must_use]
    pub fn below(mut self, authorities: impl IntoIterator<Item = CaSpec>) -> Self {
        self.authorities = authorities.into_iter().collect();
        self
    }
}

impl SubjectName {
    /// A DNS name, or any other ASCII text instead.
    #[must_use]
    pub fn dns(name: &str) -> Self {
        Self::Dns(name.to_owned())
    }

    fn san(&self) -> SanType {
        match self {
            Self::Dns(name) => SanType::DnsName(Ia5String::try_from(name.as_str()).expect("the name is ASCII")),
            Self::Address(address) => SanType::IpAddress(*address),
        }
    }

    fn subtree(&self) -> GeneralSubtree {
        match self {
            Self::Dns(name) => GeneralSubtree::DnsName(name.clone()),
            Self::Address(IpAddr::V4(address)) => {
                GeneralSubtree::IpAddress(CidrSubnet::V4(address.octets(), [u8::MAX; 4]))
            }
            Self::Address(IpAddr::V6(address)) => {
                GeneralSubtree::IpAddress(CidrSubnet::V6(address.octets(), [u8::MAX; 16]))
            }
        }
    }
}

impl Pki {
    /// A server with this chain, which it sends whole but for the root.
    ///
    /// # Panics
    ///
    /// If a name is not ASCII.
    pub fn server_below(&self, spec: &ChainSpec) -> ServerCert {
        let mut chain = Vec::new();
        let mut issuer: Option<Issuer<'static, KeyPair>> = spec.impostor.then(|| impostor(self.root_der()));
        for authority in &spec.authorities {
            let (params, key) = (authority.params(), generate(KeyKind::P256));
            let above = issuer.as_ref().unwrap_or(self.root());
            let signed = params.signed_by(&key, above).expect("what has a key can sign");
            chain.insert(0, signed.der().to_vec());
            issuer = Some(Issuer::new(params, key));
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = subject(&spec.common_name);
        params.subject_alt_names = spec.names.iter().map(SubjectName::san).collect();
        params.extended_key_usages = vec![usage(spec.purpose)];
        let key = generate(spec.key);
        chain.insert(0, leaf(params, Validity::Valid, &key, issuer.as_ref().unwrap_or(self.root())));
        ServerCert(Arc::new(Issued::new(chain, &key, spec.key)))
    }
}

impl ServerCert {
    /// This certificate with one text of it replaced by another of the same length after it was signed.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    #[must_use]
    pub fn altered(&self, text: &str, other: &str) -> ServerCert {
        assert_eq!(text.len(), other.len(), "lengths must match: the certificate contains the outer length");
        ServerCert(Arc::new(self.0.altered(text.as_bytes(), other.as_bytes())))
    }
}

impl CaSpec {
    fn params(&self) -> CertificateParams {
        let mut params = ca_params("Chain Intermediate");
        params.is_ca = match (self.mark, self.path_length) {
            (CaMark::Ca, None) => IsCa::Ca(BasicConstraints::Unconstrained),
            (CaMark::Ca, Some(length)) => IsCa::Ca(BasicConstraints::Constrained(length)),
            (CaMark::NotACa, _) => IsCa::ExplicitNoCa,
            (CaMark::Missing, _) => IsCa::NoCa,
        };
        set_validity(&mut params, self.validity);
        params.extended_key_usages = self.purpose.into_iter().map(usage).collect();
        if !self.permitted.is_empty() || !self.excluded.is_empty() {
            let subtrees = |names: &[SubjectName]| names.iter().map(SubjectName::subtree).collect();
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: subtrees(&self.permitted),
                excluded_subtrees: subtrees(&self.excluded),
            });
        }
        if self.unknown_critical_extension {
            params.custom_extensions.push(unknown_critical_extension());
        }
        params
    }
}

/// Signs in the name of this root with another key.
fn impostor(root: &[u8]) -> Issuer<'static, KeyPair> {
    Issuer::from_ca_cert_der(&CertificateDer::from(root), generate(KeyKind::P256)).expect("a root of ours can be read")
}

//! What a certificate is to be like: right by default, with one defect or another on request.
//!
//! Plain data: what is made of it is in `pki.rs`. Each field is one defect that a case can ask for, independent of the rest.

use std::time::SystemTime;

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
    /// A rule that it breaks.
    pub flaw: Option<ServerFlaw>,
}

/// A rule that a server certificate breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerFlaw {
    /// It is for client authentication alone.
    ForClientsOnly,
    /// It has a critical extension that no client knows.
    UnknownCriticalExtension,
    /// It names SHA-224 as the hash that it is signed with: outdated as SHA-1 is, and refused before anything is verified.
    OutdatedSignature,
    /// It is self-signed and marked as a CA, as `openssl req -x509` makes it.
    SelfSignedCa,
    /// The name constraints of its intermediate permit other names alone.
    ConstrainedIssuer,
    /// It is of X.509 version 1: without extensions, and so without names.
    Version1,
    /// It has an RSA key of 1024 bits.
    #[cfg(feature = "openssl")]
    SmallKey,
}

impl ServerFlaw {
    /// Whether a server on rustls serves such a certificate; one on OpenSSL serves each of them.
    pub fn is_served_by_rustls(self) -> bool {
        match self {
            Self::ForClientsOnly | Self::OutdatedSignature | Self::SelfSignedCa | Self::ConstrainedIssuer => true,
            Self::UnknownCriticalExtension | Self::Version1 => false,
            #[cfg(feature = "openssl")]
            Self::SmallKey => false,
        }
    }
}

impl Default for ServerSpec {
    fn default() -> Self {
        ServerSpec {
            names: ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec(),
            validity: Validity::Valid,
            authority: Authority::Trusted,
            send_intermediate: true,
            flaw: None,
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
    /// ECDSA on P-521.
    P521,
    /// Ed25519.
    Ed25519,
}

/// The extended key usage of a certificate; the other side must refuse one for the wrong purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `clientAuth` alone, the right one for a client.
    ClientAuth,
    /// `serverAuth` alone, the right one for a server.
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

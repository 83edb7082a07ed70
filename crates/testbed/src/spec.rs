//! Certificate specifications: correct by default, with selected defects on request.
//!
//! Plain data; `pki.rs` creates the certificates. Each field is one defect that a case can select,
//! independent of the rest.

use std::time::SystemTime;

/// The specification of a server certificate; the default is one for loopback that every client accepts.
#[derive(Clone, Debug)]
pub struct ServerSpec {
    /// DNS names (`*.` allowed) and IP addresses.
    pub names: Vec<String>,
    /// When it is valid.
    pub validity: Validity,
    /// The issuer.
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
    /// It has an unknown critical extension.
    UnknownCriticalExtension,
    /// It names SHA-224 as the hash that it is signed with: outdated as SHA-1 is, and refused before anything is verified.
    OutdatedSignature,
    /// It is self-signed and marked as a CA, as created by `openssl req -x509`.
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
    /// Returns whether a server on rustls accepts such a certificate; one on OpenSSL accepts all of them.
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

/// The specification of a client certificate; the default is a valid P-256 certificate of the trusted authority.
#[derive(Clone, Debug)]
pub struct ClientSpec {
    /// The kind of key.
    pub key: KeyKind,
    /// When it is valid.
    pub validity: Validity,
    /// The issuer.
    pub authority: Authority,
    /// The extended key usage.
    pub purpose: Purpose,
    /// The subject; RSA keys are cached by common name, so equal names mean equal RSA keys.
    pub common_name: String,
    /// The content of the chain.
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
    /// Expired yesterday.
    Expired,
    /// Begins tomorrow.
    NotYetValid,
    /// Exactly this span (whole seconds).
    Between(SystemTime, SystemTime),
}

/// The issuer of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The authority that servers and clients of the test trust.
    Trusted,
    /// A well-formed authority that is not trusted.
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

/// The content of a client's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Leaf, then intermediate.
    Full,
    /// The leaf alone: a server that trusts just the root cannot build the path.
    LeafOnly,
}

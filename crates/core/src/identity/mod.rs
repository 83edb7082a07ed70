//! The client identity in one normal form: chain in DER, leaf first, key in PKCS#8. Every file format is
//! converted to this before a TLS library sees it, so that each format works on each transport. Other crates
//! parse the formats and check the keys.

mod algorithm;
mod certificate;
mod key_kind;
mod pem;
mod public_key;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use hmac_sha256::Hash as Sha256;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

pub use self::algorithm::name as algorithm_name;
pub use self::certificate::CertificateFacts;
pub use self::key_kind::KeyKind;
pub use self::public_key::PublicKey;
use crate::{CredentialError, Fingerprint};

/// A certificate chain and the private key of its leaf.
///
/// Cheap to clone. `Debug` shows public facts of the leaf only; the key is wiped when the last clone is
/// dropped. The type is opaque, so that keys on hardware tokens can be added later.
///
/// DigiCert ONE offers the certificate for download once; store the file and its password.
#[derive(Clone)]
pub struct ClientIdentity(Arc<Inner>);

struct Inner {
    chain: Vec<CertificateDer<'static>>,
    pkcs8: Zeroizing<Vec<u8>>,
    is_checked: bool,
    key_kind: KeyKind,
    key_bits: usize,
    leaf: CertificateFacts,
    thumbprint: [u8; 32],
    issuer_present: bool,
}

impl ClientIdentity {
    /// Creates an identity from a chain (leaf first) and a key in PKCS#8, after `check` has confirmed that
    /// the key belongs to the leaf's public key. `check` also receives the leaf's subject, for its message.
    /// `digicert_one_identity` has such a check, and parses every other form of certificates and keys.
    ///
    /// # Errors
    /// Returns an error if the certificate is missing or cannot be parsed (ID-07), if `check` fails (ID-01
    /// for a key that belongs to another certificate), or for a kind of key that DigiCert ONE does not use
    /// (ID-07).
    pub fn checked(
        chain: Vec<CertificateDer<'static>>,
        key: &PrivatePkcs8KeyDer<'_>,
        check: impl FnOnce(&PublicKey, &str) -> Result<(), CredentialError>,
    ) -> Result<Self, CredentialError> {
        let leaf = CertificateFacts::of(&chain)?;
        check(&leaf.public_key, &leaf.subject)?;
        Self::put_together(chain, leaf, key, true)
    }

    /// Creates an identity from a chain (leaf first) and a key in PKCS#8 without checking the key: the caller
    /// guarantees that they belong together. If they do not, every handshake fails.
    ///
    /// # Errors
    /// Returns an error if the certificate is missing or cannot be parsed, or for a kind of key that
    /// DigiCert ONE does not use (ID-07).
    pub fn unchecked(
        chain: Vec<CertificateDer<'static>>,
        key: &PrivatePkcs8KeyDer<'_>,
    ) -> Result<Self, CredentialError> {
        let leaf = CertificateFacts::of(&chain)?;
        Self::put_together(chain, leaf, key, false)
    }

    fn put_together(
        chain: Vec<CertificateDer<'static>>,
        leaf: CertificateFacts,
        key: &PrivatePkcs8KeyDer<'_>,
        is_checked: bool,
    ) -> Result<Self, CredentialError> {
        let (key_kind, key_bits) = leaf.public_key.kind()?;
        let thumbprint = Sha256::hash(&chain[0]);
        let pkcs8 = Zeroizing::new(key.secret_pkcs8_der().to_vec());
        let inner = Inner { chain, pkcs8, is_checked, key_kind, key_bits, leaf, thumbprint, issuer_present: false };
        Ok(Self(Arc::new(inner)))
    }

    /// Returns whether the key was checked against the certificate.
    #[must_use]
    pub fn is_checked(&self) -> bool {
        self.0.is_checked
    }

    /// Returns the public key of the leaf.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0.leaf.public_key
    }

    /// Records whether the issuer of the chain's last certificate was present when the identity was read.
    /// Roots are not sent, so the chain alone does not show it. Has no effect on an identity that is already
    /// shared.
    #[must_use]
    pub fn with_issuer_present(mut self, at_hand: bool) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.issuer_present = at_hand;
        }
        self
    }

    /// Returns the chain, leaf first.
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.0.chain
    }

    /// Lends the private key in PKCS#8 to a TLS library. With [`expose_key_pem`](Self::expose_key_pem), the
    /// only access to the key.
    pub fn expose_pkcs8<R>(&self, use_key: impl FnOnce(&[u8]) -> R) -> R {
        use_key(&self.0.pkcs8)
    }

    /// Returns the chain as PEM, leaf first.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        self.0.chain.iter().map(|certificate| pem::encode("CERTIFICATE", certificate).as_str().to_owned()).collect()
    }

    /// Lends the private key as PKCS#8 PEM to a TLS library that does not accept DER; the text is wiped afterwards.
    pub fn expose_key_pem<R>(&self, use_key: impl FnOnce(&str) -> R) -> R {
        use_key(&pem::encode("PRIVATE KEY", &self.0.pkcs8))
    }

    /// Returns the SHA-256 of the leaf, which names this identity in logs and distinguishes identities
    /// without comparing secrets.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        self.0.thumbprint
    }

    /// Returns the thumbprint in lower-case hexadecimal digits.
    #[must_use]
    pub fn thumbprint_hex(&self) -> String {
        hex(&self.0.thumbprint)
    }

    /// Returns the short form of the thumbprint.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_certificate(&self.0.thumbprint)
    }

    /// Returns the kind of the key.
    #[must_use]
    pub fn key_kind(&self) -> KeyKind {
        self.0.key_kind
    }

    /// Returns the size of the key in bits.
    #[must_use]
    pub fn key_bits(&self) -> usize {
        self.0.key_bits
    }

    /// Returns the leaf's extended key usages (RFC 5280 section 4.2.1.12), in dotted form; `None` if it has
    /// no such extension.
    #[must_use]
    pub fn extended_key_usages(&self) -> Option<&[String]> {
        self.0.leaf.extended_key_usages.as_deref()
    }

    /// Returns the leaf's subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.leaf.subject
    }

    /// Returns the name of the leaf's issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.leaf.issuer
    }

    /// Returns the first second in which the leaf is valid.
    #[must_use]
    pub fn not_before(&self) -> SystemTime {
        self.0.leaf.not_before
    }

    /// Returns the last second in which the leaf is valid.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        self.0.leaf.not_after
    }

    /// Returns whether the chain holds more than the leaf.
    #[must_use]
    pub fn has_intermediate(&self) -> bool {
        self.0.chain.len() > 1
    }

    /// Returns whether an intermediate may be missing: the chain is the leaf only, and its issuer was not
    /// present when it was read.
    #[must_use]
    pub fn may_lack_intermediate(&self) -> bool {
        !self.has_intermediate() && !self.0.issuer_present && !self.is_self_issued()
    }

    /// Returns whether subject and issuer of the leaf are equal.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject() == self.issuer()
    }

    /// Returns why some TLS libraries and servers refuse the leaf, regardless of its key: an X.509 version
    /// before 3, unsupported critical extensions. Usually empty.
    #[must_use]
    pub fn quirks(&self) -> &[String] {
        &self.0.leaf.quirks
    }

    /// Returns a function that returns whether the identity and all its clones were dropped, which wipes the key.
    pub fn drop_probe(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let inner = Arc::downgrade(&self.0);
        move || inner.strong_count() == 0
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientIdentity")
            .field("subject", &self.leaf.subject)
            .field("thumbprint", &hex(&self.thumbprint))
            .field("key", &format_args!("{} (redacted)", self.key_kind))
            .field("checked", &self.is_checked)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! The client identity as rustls presents it, and a record of whether a server requested it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use digicert_one_core::{ConnectionFacts, TransportConfig, TransportError, TransportErrorKind as Kind, TrustRoots};
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::sign::{CertifiedKey, Signer, SigningKey};
use tokio_rustls::rustls::{SignatureAlgorithm, SignatureScheme};

use super::{Flaw, failure};
use crate::table::Defect;

/// The identity of the configuration, checked.
pub(super) fn load(
    config: &TransportConfig,
    provider: &CryptoProvider,
    flaw: Flaw,
) -> Result<Option<Arc<CertifiedKey>>, TransportError> {
    let ignored = [Defect::IgnoresIdentities, Defect::DropsIdentitiesItCannotUse];
    let Some(identity) = config.identity().filter(|_| !flaw.among(&ignored)) else { return Ok(None) };
    let mut chain = identity.chain().to_vec();
    if flaw.is(Defect::SendsLeavesAlone) {
        chain.truncate(1);
    }
    if flaw.is(Defect::ReversesChains) {
        chain[1..].reverse();
    }
    if let (true, TrustRoots::Only(roots)) = (flaw.is(Defect::SendsRootsToo), config.trust()) {
        chain.extend(roots.iter().cloned());
    }
    let key = identity.expose_pkcs8(|der| {
        let key = PrivatePkcs8KeyDer::from(der.to_vec()).into();
        CertifiedKey::from_der(chain, key, provider).map(|mut made| {
            if flaw.is(Defect::SignsByOneHash) {
                made.key = Arc::new(OneHash(made.key));
            }
            Arc::new(made)
        })
    });
    let key = key.map_err(|error| failure::local(Kind::LocalIdentity, error))?;
    if flaw.among(&[Defect::FindsIdentitiesByName, Defect::FindsIdentitiesByKey]) {
        static KNOWN: Mutex<Vec<(String, Arc<CertifiedKey>)>> = Mutex::new(Vec::new());
        let name = match flaw.is(Defect::FindsIdentitiesByKey) {
            true => format!("{:?}", identity.public_key().bits()),
            false => identity.subject().to_owned(),
        };
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, earlier)) = known.iter().find(|(one, _)| *one == name) {
            return Ok(Some(Arc::clone(earlier)));
        }
        known.push((name, Arc::clone(&key)));
        return Ok(Some(key));
    }
    if flaw.is(Defect::PresentsTheFirstIdentity) {
        static FIRST: OnceLock<Arc<CertifiedKey>> = OnceLock::new();
        return Ok(Some(Arc::clone(FIRST.get_or_init(|| key))));
    }
    Ok(Some(key))
}

/// A key that signs by SHA-256 alone.
#[derive(Debug)]
struct OneHash(Arc<dyn SigningKey>);

impl SigningKey for OneHash {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let schemes = [SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256];
        let offered: Vec<_> = offered.iter().copied().filter(|one| schemes.contains(one)).collect();
        self.0.choose_scheme(&offered)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

/// What one handshake requested: 0 nothing, 1 requested, 2 requested and sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(Arc<AtomicU8>);

impl Asked {
    pub(super) fn report(&self, facts: &mut ConnectionFacts, flaw: Flaw) {
        let asked = self.0.load(Ordering::Relaxed);
        facts.identity_requested = Some(asked > 0 && !flaw.is(Defect::ClaimsThatNobodyAsked));
        if flaw.is(Defect::HidesWhetherItWasAsked) {
            facts.identity_requested = None;
        }
        facts.identity_sent = Some(asked == 2 || flaw.is(Defect::ClaimsThatItSentOne));
    }
}

/// Presents the identity in one handshake.
#[derive(Debug)]
pub(super) struct Presenter {
    pub(super) key: Option<Arc<CertifiedKey>>,
    pub(super) asked: Asked,
    pub(super) flaw: Flaw,
    /// Whether only TLS 1.2 is allowed.
    pub(super) is_tls12: bool,
}

impl ResolvesClientCert for Presenter {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let usable = self.key.clone().filter(|key| key.key.choose_scheme(schemes).is_some());
        let usable = usable.filter(|key| {
            let obeys = self.flaw.is(Defect::ObeysHints) || self.is_tls12 && self.flaw.is(Defect::ObeysHintsUnderTls12);
            let obeys = obeys || issuers.len() > 100 && self.flaw.is(Defect::ObeysLongHints);
            let hinted = !obeys || issuers.is_empty() || is_of(key, issuers);
            let ed25519 = key.key.algorithm() == SignatureAlgorithm::ED25519;
            hinted && !(ed25519 && self.flaw.is(Defect::DropsEd25519))
        });
        let claims = self.key.is_some() && self.flaw.is(Defect::ClaimsUnfitIdentities);
        self.asked.0.store(if usable.is_some() || claims { 2 } else { 1 }, Ordering::Relaxed);
        usable
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}

/// Whether the chain names one of the issuers.
fn is_of(key: &CertifiedKey, issuers: &[&[u8]]) -> bool {
    let named = |issuer: &&[u8]| key.cert.iter().any(|one| one.windows(issuer.len()).any(|part| part == *issuer));
    issuers.iter().any(named)
}

/// Presents the identity that was set last, for all transports of the process: rustls then shares sessions
/// between them.
#[derive(Debug, Default)]
pub(super) struct SharedPresenter(Mutex<Option<Arc<CertifiedKey>>>);

impl SharedPresenter {
    pub(super) fn set(&self, key: Option<Arc<CertifiedKey>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = key;
    }
}

impl ResolvesClientCert for SharedPresenter {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn has_certs(&self) -> bool {
        true
    }
}

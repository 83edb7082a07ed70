//! The verifier of servers: webpki's. The broken ones ignore some of its findings.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use digicert_one_core::ServerCertificate;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{self, CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::Flaw;
use super::chain::Shown;
use crate::table::Defect;

/// Verifies as the verifier does that was set last, for all transports of the process: rustls then shares sessions between them.
#[derive(Debug, Default)]
pub(super) struct SharedVerifier(Mutex<Option<Arc<Verifier>>>);

impl SharedVerifier {
    pub(super) fn set(&self, verifier: Arc<Verifier>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(verifier);
    }

    fn current(&self) -> Result<Arc<Verifier>, Error> {
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        current.ok_or_else(|| Error::General("no handshake has begun".to_owned()))
    }
}

impl ServerCertVerifier for SharedVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.current()?.verify_server_cert(leaf, others, name, stapled, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.current()?.verify_tls12_signature(message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.current()?.verify_tls13_signature(message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.current().map(|current| current.supported_verify_schemes()).unwrap_or_default()
    }
}

/// The verdict of webpki, except for what the defect ignores.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) webpki: Arc<WebPkiServerVerifier>,
    pub(super) roots: Vec<CertificateDer<'static>>,
    pub(super) flaw: Flaw,
    pub(super) is_tunnelled: bool,
    /// Called for a trusted server, for defects that need it.
    pub(super) has_verified: AtomicBool,
    /// The certificate that it was shown last.
    pub(super) last: Mutex<Option<Arc<ServerCertificate>>>,
    /// What a defect has found of the server that it was shown last.
    pub(super) verdict: Mutex<Option<Error>>,
}

impl Verifier {
    /// One with the same roots that overlooks every fault.
    pub(super) fn trusting(&self) -> Self {
        Self {
            webpki: Arc::clone(&self.webpki),
            roots: self.roots.clone(),
            flaw: Flaw(Some(Defect::AcceptsAnyServerInTunnels), self.flaw.1),
            is_tunnelled: true,
            has_verified: AtomicBool::new(false),
            last: Mutex::default(),
            verdict: Mutex::default(),
        }
    }

    /// Why the last server is refused, where a defect keeps that.
    pub(super) fn kept(&self) -> Option<Error> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn last(&self) -> Option<Arc<ServerCertificate>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn skips(&self) -> bool {
        self.flaw.is(Defect::SkipsSignaturesInTunnels) && self.is_tunnelled
    }

    /// Whether each certificate is issued by the next one.
    fn is_in_order(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> bool {
        others.iter().enumerate().all(|(index, issuer)| {
            let mut roots = RootCertStore::empty();
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let added = roots.add(issuer.clone().into_owned());
            let below = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
            let below = added.ok().and_then(|()| below.ok());
            below.is_some_and(|below| below.verify_server_cert(leaf, &others[..index], name, &[], now).is_ok())
        })
    }

    fn overlooks(&self, fault: &CertificateError) -> bool {
        if self.flaw.is(Defect::AcceptsAnyServerInTunnels) && self.is_tunnelled {
            return true;
        }
        let defect = match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Defect::AcceptsExpiredServers,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Defect::AcceptsServersOfTomorrow
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Defect::AcceptsAnyName
            }
            CertificateError::UnknownIssuer => Defect::AcceptsAnyIssuer,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Defect::AcceptsClientCertificates
            }
            _ => return false,
        };
        self.flaw.is(defect)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.flaw.is(Defect::MixesUpHandshakes) {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = ServerCertificate::read(leaf).map(Arc::new);
        }
        static FIRST: OnceLock<UnixTime> = OnceLock::new();
        let now = if self.flaw.is(Defect::StopsItsClock) { *FIRST.get_or_init(|| now) } else { now };
        let verify = |name: &ServerName<'_>| self.webpki.verify_server_cert(leaf, others, name, stapled, now);
        let mut verdict = verify(name);
        if self.flaw.is(Defect::WantsChainsInOrder) && verdict.is_ok() && !self.is_in_order(leaf, others, name, now) {
            verdict = Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        }
        if let (Err(_), true, Ok(address)) =
            (&verdict, self.flaw.is(Defect::TakesAddressesForNames), ServerName::try_from("127.0.0.1"))
        {
            verdict = verify(&address);
        }
        if self.flaw.is(Defect::RefusesLongChains) && others.len() > 3 {
            verdict = Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        }
        let shown = ServerCertificate::read(leaf).map(|shown| shown.names).unwrap_or_default();
        let is_beyond = shown.len() == 8 && !shown.iter().any(|one| one.eq_ignore_ascii_case(&name.to_str()));
        let is_same = shown.contains(&name.to_str().into_owned());
        let is_other = !is_same && shown.iter().any(|one| one.eq_ignore_ascii_case(&name.to_str()));
        let is_other = is_other && self.flaw.is(Defect::ComparesCapitalsOfCertificates);
        if is_other || is_beyond && self.flaw.is(Defect::ComparesTheFirstNamesAlone) {
            verdict = Err(Error::InvalidCertificate(CertificateError::NotValidForName));
        }
        if self.flaw.is(Defect::CachesIntermediates) {
            static SEEN: Mutex<Vec<CertificateDer<'static>>> = Mutex::new(Vec::new());
            let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
            if verdict.is_ok() {
                seen.extend(others.iter().map(|one| one.clone().into_owned()));
            } else {
                verdict = self.webpki.verify_server_cert(leaf, &seen, name, stapled, now);
            }
        }
        if self.flaw.is(Defect::AllowsClockSkew) && verdict.is_err() {
            let earlier = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs() - 300));
            verdict = self.webpki.verify_server_cert(leaf, others, name, stapled, earlier);
        }
        if let (Err(_), true, ServerName::DnsName(name)) =
            (&verdict, self.flaw.is(Defect::LetsWildcardsCoverMore), name)
            && let Some((_, parent)) = name.as_ref().split_once('.')
            && let Ok(parent) = ServerName::try_from(parent)
        {
            return verify(&parent);
        }
        if verdict.is_ok() && self.flaw.is(Defect::VerifiesTheFirstServerAlone) {
            self.has_verified.store(true, Ordering::Relaxed);
        }
        if self.flaw.is(Defect::KeepsVerdictsWithTheTransport) {
            *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = verdict.err();
            return Ok(ServerCertVerified::assertion());
        }
        let is_localhost = matches!(name, ServerName::DnsName(name) if name.as_ref() == "localhost");
        let shown = Shown { leaf, others, name };
        match verdict {
            Err(Error::InvalidCertificate(fault)) if shown.is_overlooked(&fault, self.flaw) => {
                Ok(ServerCertVerified::assertion())
            }
            Err(_) if self.flaw.is(Defect::TrustsRootsForEveryName) && self.roots.contains(leaf) => {
                Ok(ServerCertVerified::assertion())
            }
            Err(_) if self.has_verified.load(Ordering::Relaxed) => Ok(ServerCertVerified::assertion()),
            Err(_) if is_localhost && self.flaw.is(Defect::TrustsLocalhost) => Ok(ServerCertVerified::assertion()),
            Err(Error::InvalidCertificate(fault)) if self.overlooks(&fault) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let is_pss = matches!(
            signature.scheme,
            SignatureScheme::RSA_PSS_SHA256 | SignatureScheme::RSA_PSS_SHA384 | SignatureScheme::RSA_PSS_SHA512
        );
        let skips = self.flaw.is(Defect::SkipsTls12SignaturesOfPss) && is_pss;
        if skips || self.flaw.is(Defect::SkipsTls12Signatures) || self.skips() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        self.webpki.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.flaw.is(Defect::SkipsTls13Signatures) || self.skips() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        self.webpki.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.webpki.supported_verify_schemes();
        if self.flaw.is(Defect::RefusesRsaServers) {
            schemes.retain(|scheme| format!("{scheme:?}").starts_with("ECDSA"));
        }
        schemes
    }
}

//! TLS for one transport: roots, versions, identity. Each handshake has its own record of what the server
//! requested, so no session is ever resumed: rustls resumes only with the same presenter.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use digicert_one_core::{
    ConnectionFacts, Proxy, ServerCertificate, TlsVersion, TlsVersions, TransportConfig, TransportError,
    TransportErrorKind as Kind,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::{Resumption, WebPkiServerVerifier};
use tokio_rustls::rustls::crypto::aws_lc_rs::kx_group;
use tokio_rustls::rustls::pki_types::{ServerName, TrustAnchor};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore};

use super::failure::{Report, is_ours, local};
use super::identity::{self, Asked, Presenter, SharedPresenter};
use super::misjudged::{self, Misjudged};
use super::verifier::{SharedVerifier, Verifier};
use super::{Flaw, sessions, surroundings, wants_http2};
use crate::table::Defect;

/// What carries HTTP.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// The defects that need sessions to resume.
const SHARING: [Defect; 6] = [
    Defect::SharesSessions,
    Defect::SharesSessionsByHost,
    Defect::SendsEarlyData,
    Defect::ClaimsFullHandshakes,
    Defect::ClaimsResumedWasNotAsked,
    Defect::ResumesSessionsOfOtherNames,
];

/// Whether sessions are those of the process.
fn shares(flaw: Flaw, is_tls12: bool) -> bool {
    flaw.among(&SHARING) || is_tls12 && flaw.is(Defect::SharesSessionsOfTls12)
}

/// Performs handshakes with one configuration.
pub(super) struct Tls {
    config: ClientConfig,
    key: Option<Arc<CertifiedKey>>,
    verifier: Arc<Verifier>,
    flaw: Flaw,
    has_shaken: AtomicBool,
    /// How many handshakes are under way.
    shaking: AtomicUsize,
    /// Whether only TLS 1.2 is allowed.
    is_tls12: bool,
}

impl Tls {
    pub(super) fn new(config: &TransportConfig, flaw: Flaw) -> Result<Self, TransportError> {
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        if flaw.is(Defect::OffersTwoGroups) {
            provider.kx_groups = vec![kx_group::X25519, kx_group::SECP256R1];
        }
        let provider = Arc::new(provider);
        let key = identity::load(config, &provider, flaw)?;
        let versions: &[&rustls::SupportedProtocolVersion] = match config.tls_versions() {
            _ if flaw.is(Defect::IgnoresTlsVersions) => rustls::DEFAULT_VERSIONS,
            _ if flaw.is(Defect::IgnoresTlsVersionsOverHttp1) && !wants_http2(config, flaw) => rustls::DEFAULT_VERSIONS,
            _ if flaw.is(Defect::IgnoresTlsVersionsInTunnels) && !matches!(config.proxy(), Proxy::None) => {
                rustls::DEFAULT_VERSIONS
            }
            TlsVersions::Only(TlsVersion::Tls12) => &[&rustls::version::TLS12],
            TlsVersions::Only(_) => &[&rustls::version::TLS13],
            _ => rustls::DEFAULT_VERSIONS,
        };
        let roots = Arc::new(roots(config, flaw)?);
        let webpki = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
        let webpki = webpki.map_err(|error| local(Kind::TrustRoots, error))?;
        let verifier = Arc::new(Verifier {
            webpki,
            roots: config.trust().given()?.to_vec(),
            flaw,
            is_tunnelled: !matches!(config.proxy(), Proxy::None),
            has_verified: AtomicBool::new(false),
            last: Mutex::default(),
            verdict: Mutex::default(),
        });
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| local(Kind::Config, error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::<Verifier>::clone(&verifier))
            .with_no_client_auth();
        let best = if wants_http2(config, flaw) { &[&b"h2"[..], b"http/1.1"][..] } else { &[&b"http/1.1"[..]] };
        tls.alpn_protocols = best.iter().map(|name| name.to_vec()).collect();
        tls.resumption = Resumption::disabled();
        if flaw.is(Defect::KeepsAKeyLog) {
            tls.key_log = Arc::new(rustls::KeyLogFile::new());
        }
        let is_tls12 = config.tls_versions() == TlsVersions::Only(TlsVersion::Tls12);
        if flaw.is(Defect::SharesSessionsByHost) {
            share_sessions(&mut tls);
        } else if flaw.is(Defect::ResumesSessionsOfOtherNames) {
            let presenter = SharedPresenter::default();
            presenter.set(key.clone());
            tls.client_auth_cert_resolver = Arc::new(presenter);
            tls.resumption = sessions::of_one_server();
        } else if shares(flaw, is_tls12) {
            tls = shared(tls, key.clone());
            tls.enable_early_data = flaw.is(Defect::SendsEarlyData);
        }
        Ok(Self {
            config: tls,
            key,
            verifier,
            flaw,
            has_shaken: AtomicBool::new(false),
            shaking: AtomicUsize::new(0),
            is_tls12,
        })
    }

    /// The same, without an identity.
    pub(super) fn without_identity(&self) -> Self {
        Self {
            config: self.config.clone(),
            key: None,
            verifier: Arc::clone(&self.verifier),
            flaw: self.flaw,
            has_shaken: AtomicBool::new(false),
            shaking: AtomicUsize::new(0),
            is_tls12: self.is_tls12,
        }
    }

    /// Performs one handshake; the facts contain what it showed.
    pub(super) async fn shake<S: Wire + 'static>(
        &self,
        host: &str,
        stream: S,
        facts: &mut ConnectionFacts,
    ) -> Result<(Box<dyn Wire>, bool), TransportError> {
        let host = match host.parse::<std::net::IpAddr>() {
            Ok(_) if self.flaw.is(Defect::NamesAddresses) => "localhost",
            _ => host,
        };
        let name = ServerName::try_from(host.to_owned()).map_err(|error| local(Kind::Config, error))?;
        let asked = Asked::default();
        let mut tls = self.config.clone();
        if self.flaw.is(Defect::SharesSessionsByHost) {
            let Common { verifier, presenter, .. } = common();
            verifier.set(Arc::clone(&self.verifier));
            presenter.set(self.key.clone());
        }
        if self.flaw.is(Defect::FindsVerifiersByHost) {
            static KNOWN: Mutex<Vec<(ServerName<'static>, Arc<Verifier>)>> = Mutex::new(Vec::new());
            let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
            match known.iter().find(|(one, _)| *one == name) {
                Some((_, earlier)) => tls.dangerous().set_certificate_verifier(Arc::<Verifier>::clone(earlier)),
                None => known.push((name.clone(), Arc::clone(&self.verifier))),
            }
        }
        if !shares(self.flaw, self.is_tls12) {
            let is_beside = self.shaking.load(Ordering::Relaxed) > 0;
            let is_shown = is_beside && self.flaw.is(Defect::PresentsItsIdentityToOneAtATime)
                || self.flaw.is(Defect::PresentsItsIdentityOnce) && self.has_shaken.swap(true, Ordering::Relaxed)
                || self.flaw.is(Defect::HidesItsIdentityAfterAFailedHandshake)
                    && self.has_shaken.load(Ordering::Relaxed);
            let presenter = Presenter {
                key: self.key.clone().filter(|_| !is_shown),
                asked: asked.clone(),
                flaw: self.flaw,
                is_tls12: self.is_tls12,
            };
            tls.client_auth_cert_resolver = Arc::new(presenter);
        }
        let connecting = TlsConnector::from(Arc::new(tls)).connect_with(name, stream, |session| {
            if let Some(mut early) = session.early_data() {
                // A part of a request shows it as well as a whole one.
                let _ = io::Write::write(&mut early, b"GET / HTTP/1.1\r\n");
            }
        });
        self.shaking.fetch_add(1, Ordering::Relaxed);
        let mut outcome = connecting.await;
        self.shaking.fetch_sub(1, Ordering::Relaxed);
        if outcome.is_err() && self.flaw.is(Defect::HidesItsIdentityAfterAFailedHandshake) {
            self.has_shaken.store(true, Ordering::Relaxed);
        }
        if let Some(error) = self.verifier.kept().filter(|_| outcome.is_ok()) {
            outcome = Err(io::Error::other(error));
        }
        asked.report(facts, self.flaw);
        // The certificate is chosen before the server is verified, and sent after that.
        let refused = outcome.as_ref().is_err_and(is_ours);
        if refused && !self.flaw.among(&[Defect::ReportsChosenAsSent, Defect::ClaimsThatItSentOne]) {
            facts.identity_sent = Some(false);
        }
        if outcome.is_err() && self.flaw.is(Defect::ClaimsToBeAsked) && self.key.is_some() {
            facts.identity_requested = Some(true);
        }
        let stream = outcome.map_err(|error| Report::new(facts.clone(), self.flaw).of_handshake(error))?;
        self.learn(&stream, facts);
        let selected = stream.get_ref().1.alpn_protocol();
        let assumes = self.flaw.is(Defect::AssumesHttp2) && self.config.alpn_protocols.len() > 1;
        let is_http2 = selected == Some(b"h2") || assumes && selected.is_none();
        let misjudges = misjudged::is_wanted(is_http2, self.flaw);
        Ok((if misjudges { Box::new(Misjudged(stream, self.flaw)) } else { Box::new(stream) }, is_http2))
    }

    /// A handshake with a proxy, which gets no identity.
    pub(super) async fn to_proxy(&self, host: &str, stream: Box<dyn Wire>) -> Result<Box<dyn Wire>, TransportError> {
        let failed = |error: io::Error| local(Kind::Proxy(None), error);
        let name = ServerName::try_from(host.to_owned()).map_err(|error| local(Kind::Config, error))?;
        let key = self.key.clone().filter(|_| self.flaw.is(Defect::ShowsIdentitiesToProxies));
        let mut tls = self.config.clone();
        if self.flaw.is(Defect::TrustsAnyProxyOfHttps) {
            tls.dangerous().set_certificate_verifier(Arc::new(self.verifier.trusting()));
        }
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        tls.client_auth_cert_resolver =
            Arc::new(Presenter { key, asked: Asked::default(), flaw: self.flaw, is_tls12: false });
        Ok(Box::new(TlsConnector::from(Arc::new(tls)).connect(name, stream).await.map_err(failed)?))
    }

    fn learn<S>(&self, stream: &TlsStream<S>, facts: &mut ConnectionFacts) {
        let session = &stream.get_ref().1;
        facts.tls_version = match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => Some(TlsVersion::Tls13),
            Some(ProtocolVersion::TLSv1_2) if self.flaw.is(Defect::ClaimsTls13) => Some(TlsVersion::Tls13),
            Some(ProtocolVersion::TLSv1_2) => Some(TlsVersion::Tls12),
            _ => None,
        };
        let resumed = session.handshake_kind().map(|kind| match self.flaw.is(Defect::TakesSecondHellosForSessions) {
            true => kind != HandshakeKind::Full,
            false => kind == HandshakeKind::Resumed,
        });
        facts.tls_resumed = if self.flaw.is(Defect::ClaimsFullHandshakes) { Some(false) } else { resumed };
        if shares(self.flaw, self.is_tls12) {
            // The shared presenter of all of them records nothing.
            let denies = self.flaw.is(Defect::ClaimsResumedWasNotAsked) && resumed == Some(true);
            (facts.identity_requested, facts.identity_sent) = (denies.then_some(false), None);
        }
        let chain = session.peer_certificates().unwrap_or_default();
        let leaf = if self.flaw.is(Defect::ShowsTheIssuersCertificate) { chain.last() } else { chain.first() };
        facts.server_certificate = leaf.and_then(ServerCertificate::read).map(Arc::new);
        if self.flaw.is(Defect::MixesUpHandshakes) {
            facts.server_certificate = self.verifier.last();
        }
        if self.flaw.is(Defect::HidesTheServersCertificate) {
            facts.server_certificate = None;
        }
    }
}

/// The roots to trust, each of them a certificate.
fn roots(config: &TransportConfig, flaw: Flaw) -> Result<RootCertStore, TransportError> {
    let mut store = RootCertStore::empty();
    let given = config.trust().given()?;
    let is_twice = given.iter().enumerate().any(|(index, root)| given[..index].contains(root));
    if is_twice && flaw.is(Defect::RefusesRootsGivenTwice) {
        return Err(local(Kind::TrustRoots, "a root is there already"));
    }
    for root in given {
        store.add(root.clone()).map_err(|error| local(Kind::TrustRoots, error))?;
        if flaw.is(Defect::TrustsTheFirstRootOnly) {
            break;
        }
    }
    if let (true, Some(identity)) = (flaw.is(Defect::TrustsAuthoritiesOfItsIdentity), config.identity()) {
        store.add_parsable_certificates(identity.chain().iter().skip(1).cloned());
    }
    if flaw.is(Defect::AddsTheSystemsRoots) {
        store.add_parsable_certificates(surroundings::system_roots());
    }
    if flaw.is(Defect::SharesRoots) {
        static ALL: Mutex<Vec<TrustAnchor<'static>>> = Mutex::new(Vec::new());
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(store.roots.iter().cloned());
        store.extend(all.iter().cloned());
    }
    if flaw.is(Defect::FindsRootsByName) {
        static KNOWN: Mutex<Vec<(Vec<u8>, RootCertStore)>> = Mutex::new(Vec::new());
        let name = store.roots.iter().flat_map(|root| root.subject.to_vec()).collect();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, earlier)) = known.iter().find(|(one, _)| *one == name) {
            return Ok(earlier.clone());
        }
        known.push((name, store.clone()));
    }
    if flaw.is(Defect::KeepsTheFirstRoots) {
        static FIRST: OnceLock<RootCertStore> = OnceLock::new();
        return Ok(FIRST.get_or_init(|| store).clone());
    }
    Ok(store)
}

/// Verifier, presenter and sessions of the whole process.
fn shared(mut own: ClientConfig, key: Option<Arc<CertifiedKey>>) -> ClientConfig {
    static SHARED: OnceLock<(ClientConfig, Arc<SharedPresenter>)> = OnceLock::new();
    let (first, presenter) = SHARED.get_or_init(|| {
        own.resumption = Resumption::in_memory_sessions(32);
        let presenter = Arc::new(SharedPresenter::default());
        own.client_auth_cert_resolver = Arc::<SharedPresenter>::clone(&presenter);
        (own, presenter)
    });
    presenter.set(key);
    first.clone()
}

/// The sessions of the process, by host, and what rustls compares before it resumes one.
struct Common {
    verifier: Arc<SharedVerifier>,
    presenter: Arc<SharedPresenter>,
    sessions: Resumption,
}

fn common() -> &'static Common {
    static COMMON: OnceLock<Common> = OnceLock::new();
    COMMON.get_or_init(|| Common {
        verifier: Arc::default(),
        presenter: Arc::default(),
        sessions: Resumption::in_memory_sessions(32),
    })
}

fn share_sessions(tls: &mut ClientConfig) {
    let Common { verifier, presenter, sessions } = common();
    tls.dangerous().set_certificate_verifier(Arc::<SharedVerifier>::clone(verifier));
    tls.client_auth_cert_resolver = Arc::<SharedPresenter>::clone(presenter);
    tls.resumption = sessions.clone();
}

//! A handshake by rustls.
//!
//! Each connection gets its own verifier around the shared one: rustls asks it for the acceptable authorities
//! exactly when it sends a certificate request, and passes it the client's chain even if it refuses. So the
//! ledger knows what was requested and presented even if the handshake failed.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::aws_lc_rs::kx_group;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{Acceptor, NoClientAuth, NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{
    DigitallySignedStruct, DistinguishedName, HandshakeKind, ProtocolVersion, RootCertStore, ServerConfig,
    SignatureScheme, SupportedProtocolVersion,
};
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::entry::{Accepted, Agreed, Entry, Refused, protocols, text};
use super::invalid::invalid;
use super::stream::Stream;
use crate::options::{ClientAuth, ClientSignatures, FrontOptions, Group, Hints, Sessions, TlsRange, TlsVersion};
use crate::pki::Pki;
use crate::provider::provider;

/// More than the head of any request of the tests.
const MOST_EARLY_DATA: u32 = 16 << 10;

/// What all connections of one server share.
#[derive(Clone, Debug)]
pub(crate) struct RustlsServer {
    config: Arc<ServerConfig>,
    verifier: Arc<dyn ClientCertVerifier>,
    versions: &'static [&'static SupportedProtocolVersion],
    signatures: ClientSignatures,
}

impl RustlsServer {
    pub(super) fn new(options: &FrontOptions) -> io::Result<Self> {
        static ONLY_12: &[&SupportedProtocolVersion] = &[&TLS12];
        static ONLY_13: &[&SupportedProtocolVersion] = &[&TLS13];
        if let Some(weakness) = options.weakness {
            return Err(invalid(format!("rustls has no such weakness: {weakness:?}")));
        }
        let versions = match options.tls {
            TlsRange::Both => rustls::ALL_VERSIONS,
            TlsRange::Only11 => return Err(invalid("rustls has no TLS 1.1")),
            TlsRange::Only12 => ONLY_12,
            TlsRange::Only13 => ONLY_13,
        };
        let verifier = client_verifier(options)?;
        let chain = options.server.chain_der().iter().map(|der| CertificateDer::from(der.clone())).collect();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(options.server.pkcs8_der().to_vec()));
        // Unchecked: the key may be that of another certificate.
        let key = provider().key_provider.load_private_key(key).map_err(invalid)?;
        let shown = SingleCertAndKey::from(CertifiedKey::new(chain, key));
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        if let Some(group) = options.group {
            provider.kx_groups = vec![key_exchange(group)];
        }
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)
            .map_err(invalid)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = protocols(options.http).into_iter().map(<[u8]>::to_vec).collect();
        match options.sessions {
            Sessions::Off => {
                config.session_storage = Arc::new(NoServerSessionStorage {});
                config.send_tls13_tickets = 0;
            }
            Sessions::Tickets => config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(invalid)?,
            // The builder's default: a session cache, without stateless tickets.
            Sessions::Ids => {}
        }
        if options.early_data {
            if options.sessions != Sessions::Ids {
                return Err(invalid("early data needs sessions that the server remembers"));
            }
            config.max_early_data_size = MOST_EARLY_DATA;
        }
        Ok(RustlsServer { config: Arc::new(config), verifier, versions, signatures: options.client_signatures })
    }

    /// The shared configuration (key, sessions, tickets) with a verifier for one connection.
    fn config_with(&self, verifier: Arc<Witness>) -> io::Result<Arc<ServerConfig>> {
        let shared = &self.config;
        let mut config = ServerConfig::builder_with_provider(Arc::clone(shared.crypto_provider()))
            .with_protocol_versions(self.versions)
            .map_err(invalid)?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::clone(&shared.cert_resolver));
        config.alpn_protocols.clone_from(&shared.alpn_protocols);
        config.ticketer = Arc::clone(&shared.ticketer);
        config.session_storage = Arc::clone(&shared.session_storage);
        config.send_tls13_tickets = shared.send_tls13_tickets;
        config.max_early_data_size = shared.max_early_data_size;
        // For a script that continues where rustls has no API.
        config.enable_secret_extraction = true;
        Ok(Arc::new(config))
    }

    pub(super) async fn accept(&self, tcp: TcpStream, entry: &Entry) -> Result<Accepted, Refused> {
        let acceptor = LazyConfigAcceptor::new(Acceptor::default(), tcp);
        tokio::pin!(acceptor);
        let start = match acceptor.as_mut().await {
            Ok(start) => start,
            Err(error) => return Err(Refused { error, stream: acceptor.take_io().map(Stream::Plain) }),
        };
        let hello = start.client_hello();
        let sni = hello.server_name().map(str::to_owned);
        entry.hello(sni.clone(), hello.alpn().into_iter().flatten().map(text).collect());

        let witness = Arc::new(Witness {
            inner: Arc::clone(&self.verifier),
            signatures: self.signatures,
            seen: Mutex::default(),
        });
        let config = self.config_with(Arc::clone(&witness)).map_err(|error| Refused { error, stream: None })?;
        let result = start.into_stream(config).into_fallible().await;

        let seen = std::mem::take(&mut *witness.seen.lock().unwrap_or_else(PoisonError::into_inner));
        entry.shown(seen.asked, &seen.chain);
        let mut stream = result.map_err(|(error, tcp)| Refused { error, stream: Some(Stream::Plain(tcp)) })?;
        let early = early_data(&mut stream);
        if early > 0 {
            entry.change(|connection| connection.early_data = early);
            let error = invalid("the client sent early data");
            return Err(Refused { error, stream: Some(Stream::Rustls(Box::new(stream))) });
        }
        let (_, session) = stream.get_ref();
        let agreed = Agreed {
            chain: session.peer_certificates().unwrap_or_default().iter().map(|der| der.to_vec()).collect(),
            sni,
            version: version(session.protocol_version()),
            alpn: session.alpn_protocol().map(text),
            resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
        };
        Ok(Accepted { stream: Stream::Rustls(Box::new(stream)), agreed })
    }
}

fn key_exchange(group: Group) -> &'static dyn SupportedKxGroup {
    match group {
        Group::X25519 => kx_group::X25519,
        Group::P256 => kx_group::SECP256R1,
        Group::P384 => kx_group::SECP384R1,
    }
}

fn is_accepted(scheme: SignatureScheme, by: ClientSignatures) -> bool {
    use SignatureScheme as Scheme;
    let is_pkcs1 = matches!(scheme, Scheme::RSA_PKCS1_SHA256 | Scheme::RSA_PKCS1_SHA384 | Scheme::RSA_PKCS1_SHA512);
    match by {
        ClientSignatures::All => true,
        ClientSignatures::LongHashes => !matches!(scheme, Scheme::RSA_PKCS1_SHA256 | Scheme::RSA_PSS_SHA256),
        ClientSignatures::Pss => !is_pkcs1,
        ClientSignatures::Rsa => {
            is_pkcs1 || matches!(scheme, Scheme::RSA_PSS_SHA256 | Scheme::RSA_PSS_SHA384 | Scheme::RSA_PSS_SHA512)
        }
    }
}

/// How many bytes arrived before the handshake was done.
fn early_data(stream: &mut TlsStream<TcpStream>) -> u64 {
    let early = stream.get_mut().1.early_data();
    early.and_then(|mut early| io::copy(&mut early, &mut io::sink()).ok()).unwrap_or(0)
}

fn version(version: Option<ProtocolVersion>) -> Option<TlsVersion> {
    match version {
        Some(ProtocolVersion::TLSv1_2) => Some(TlsVersion::Tls12),
        Some(ProtocolVersion::TLSv1_3) => Some(TlsVersion::Tls13),
        _ => None,
    }
}

fn client_verifier(options: &FrontOptions) -> io::Result<Arc<dyn ClientCertVerifier>> {
    if options.client_auth == ClientAuth::Off {
        return Ok(Arc::new(NoClientAuth));
    }
    let mut roots = RootCertStore::empty();
    for root in &options.trusted_clients {
        roots.add(CertificateDer::from(root.clone())).map_err(invalid)?;
    }
    let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    match options.hints {
        Hints::Accepted => {}
        Hints::Foreign => {
            let mut foreign = RootCertStore::empty();
            foreign.add(CertificateDer::from(Pki::shared().foreign_root_der().to_vec())).map_err(invalid)?;
            builder = builder.clear_root_hint_subjects().add_root_hint_subjects(foreign.subjects());
        }
        Hints::Empty => builder = builder.clear_root_hint_subjects(),
        Hints::Many => {
            let many = Hints::many().into_iter().map(DistinguishedName::from);
            builder = builder.clear_root_hint_subjects().add_root_hint_subjects(many);
        }
    }
    let builder = match options.client_auth {
        ClientAuth::Optional => builder.allow_unauthenticated(),
        ClientAuth::Off | ClientAuth::Required => builder,
    };
    builder.build().map_err(invalid)
}

/// A verifier that delegates to the inner one, and records its inputs.
#[derive(Debug)]
struct Witness {
    inner: Arc<dyn ClientCertVerifier>,
    signatures: ClientSignatures,
    seen: Mutex<ClientCertificateRecord>,
}

#[derive(Debug, Default)]
struct ClientCertificateRecord {
    asked: bool,
    chain: Vec<Vec<u8>>,
}

impl ClientCertVerifier for Witness {
    fn offer_client_auth(&self) -> bool {
        self.inner.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.inner.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).asked = true;
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).chain =
            std::iter::once(end_entity).chain(intermediates).map(|der| der.to_vec()).collect();
        self.inner.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.inner.supported_verify_schemes();
        schemes.retain(|scheme| is_accepted(*scheme, self.signatures));
        schemes
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.inner.requires_raw_public_keys()
    }
}

//! The server's side of a handshake, which writes itself into the ledger.
//!
//! Each connection gets a verifier of its own around the shared one: rustls asks it for the acceptable authorities
//! exactly when it sends a certificate request, and hands it the client's chain even when the answer is no. So the ledger
//! knows what was asked and what was shown also where the handshake failed.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{Acceptor, NoClientAuth, NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{
    DigitallySignedStruct, DistinguishedName, HandshakeKind, ProtocolVersion, RootCertStore, ServerConfig,
    SignatureScheme, SupportedProtocolVersion,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::ledger::{Connection, Handshake, Ledger};
use crate::options::{ClientAuth, FrontOptions, HttpVersions, TlsRange, TlsVersion};
use crate::pki::Pki;
use crate::provider::{provider, sha256_hex};

/// The prepared server side of handshakes.
#[derive(Clone, Debug)]
pub(crate) struct TlsServer {
    config: Arc<ServerConfig>,
    verifier: Arc<dyn ClientCertVerifier>,
    versions: &'static [&'static SupportedProtocolVersion],
}

impl TlsServer {
    pub(crate) fn new(options: &FrontOptions) -> io::Result<Self> {
        static ONLY_12: &[&SupportedProtocolVersion] = &[&TLS12];
        static ONLY_13: &[&SupportedProtocolVersion] = &[&TLS13];
        let versions = match options.tls {
            TlsRange::Both => rustls::ALL_VERSIONS,
            TlsRange::Only12 => ONLY_12,
            TlsRange::Only13 => ONLY_13,
        };
        let verifier = client_verifier(options)?;
        let chain = options.server.chain_der().iter().map(|der| CertificateDer::from(der.clone())).collect();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(options.server.pkcs8_der().to_vec()));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .map_err(invalid)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(invalid)?;
        config.alpn_protocols = match options.http {
            HttpVersions::Both => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            HttpVersions::Only1 => vec![b"http/1.1".to_vec()],
            HttpVersions::Only2 => vec![b"h2".to_vec()],
        };
        if options.tickets {
            config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(invalid)?;
        } else {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(TlsServer { config: Arc::new(config), verifier, versions })
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
        Ok(Arc::new(config))
    }

    /// Does one handshake and records it; `None` when it failed.
    pub(crate) async fn accept(&self, tcp: TcpStream, ledger: &Ledger, id: u64) -> Option<TlsStream<TcpStream>> {
        let acceptor = LazyConfigAcceptor::new(Acceptor::default(), tcp);
        tokio::pin!(acceptor);
        let start = match acceptor.as_mut().await {
            Ok(start) => start,
            Err(error) => {
                record_failure(ledger, id, &error);
                if let Some(tcp) = acceptor.take_io() {
                    linger(tcp).await;
                }
                return None;
            }
        };
        let hello = start.client_hello();
        let sni = hello.server_name().map(str::to_owned);
        let offered = hello.alpn().into_iter().flatten().map(text).collect();
        ledger.update_connection(id, |connection| {
            connection.sni = sni;
            connection.alpn_offered = offered;
        });

        let witness = Arc::new(Witness { inner: Arc::clone(&self.verifier), seen: Mutex::default() });
        let config = match self.config_with(Arc::clone(&witness)) {
            Ok(config) => config,
            Err(error) => {
                record_failure(ledger, id, &error);
                return None;
            }
        };
        let result = start.into_stream(config).into_fallible().await;

        let seen = std::mem::take(&mut *witness.seen.lock().unwrap_or_else(PoisonError::into_inner));
        ledger.update_connection(id, |connection| {
            connection.requested_client_cert = seen.asked;
            set_peer(connection, &seen.chain);
        });
        match result {
            Ok(stream) => {
                let (_, session) = stream.get_ref();
                let chain: Vec<_> =
                    session.peer_certificates().unwrap_or_default().iter().map(|der| der.to_vec()).collect();
                ledger.update_connection(id, |connection| {
                    set_peer(connection, &chain);
                    connection.alpn = session.alpn_protocol().map(text);
                    connection.tls_version = version(session.protocol_version());
                    connection.handshake = match session.handshake_kind() {
                        Some(HandshakeKind::Resumed) => Handshake::Resumed,
                        _ => Handshake::Full,
                    };
                });
                Some(stream)
            }
            Err((error, tcp)) => {
                record_failure(ledger, id, &error);
                linger(tcp).await;
                None
            }
        }
    }
}

pub(crate) fn version(version: Option<ProtocolVersion>) -> Option<TlsVersion> {
    match version {
        Some(ProtocolVersion::TLSv1_2) => Some(TlsVersion::Tls12),
        Some(ProtocolVersion::TLSv1_3) => Some(TlsVersion::Tls13),
        _ => None,
    }
}

/// Ends our half and reads the other to its end: a socket closed over unread bytes sends a reset, and a reset would
/// overtake the alert or answer that the client is meant to see.
pub(crate) async fn linger(mut tcp: TcpStream) {
    let drain = async {
        let _ = tcp.shutdown().await;
        let mut sink = [0; 4096];
        while matches!(tcp.read(&mut sink).await, Ok(1..)) {}
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), drain).await;
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
    if options.foreign_hints {
        let mut foreign = RootCertStore::empty();
        foreign.add(CertificateDer::from(Pki::shared().foreign_root_der().to_vec())).map_err(invalid)?;
        builder = builder.clear_root_hint_subjects().add_root_hint_subjects(foreign.subjects());
    }
    let builder = match options.client_auth {
        ClientAuth::Optional => builder.allow_unauthenticated(),
        ClientAuth::Off | ClientAuth::Required => builder,
    };
    builder.build().map_err(invalid)
}

fn record_failure(ledger: &Ledger, id: u64, error: &io::Error) {
    let reason = error.to_string();
    ledger.update_connection(id, |connection| connection.handshake = Handshake::Failed(reason));
}

fn set_peer(connection: &mut Connection, chain: &[Vec<u8>]) {
    if !chain.is_empty() {
        connection.peer_chain_fingerprints = chain.iter().map(|der| sha256_hex(der)).collect();
        connection.peer_fingerprint = connection.peer_chain_fingerprints.first().cloned();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

/// A verifier that answers as the one inside, and remembers what went by.
#[derive(Debug)]
struct Witness {
    inner: Arc<dyn ClientCertVerifier>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
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
        self.inner.supported_verify_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.inner.requires_raw_public_keys()
    }
}

//! TLS by OpenSSL. native-tls, which would be a layer above it, reads the system's roots for each connector, and cannot be handed any.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;

use digicert_one_core::{
    ClientIdentity, Delivery, HttpVersions, TlsVersion, TlsVersions, TransportConfig, TransportError,
    TransportErrorKind, TrustRoots,
};
use digicert_one_hyper::Wire;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{self, Ssl, SslContext, SslVersion};
use openssl::x509::verify::X509CheckFlags;
use openssl::x509::{X509, X509VerifyResult};
use tokio_openssl::SslStream;

use crate::contexts::context;

/// A stream after its handshake.
pub(crate) type Encrypted = SslStream<Wire>;

/// What the connections of one transport have in common.
pub(crate) struct Connector {
    context: SslContext,
    lowest: SslVersion,
    highest: Option<SslVersion>,
    alpn: &'static [u8],
    identity: Option<Identity>,
}

struct Identity {
    leaf: X509,
    chain: Vec<X509>,
    key: PKey<Private>,
}

impl Connector {
    pub(crate) fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        let trust = config.trust();
        trust.given()?;
        if !matches!(trust, TrustRoots::System | TrustRoots::SystemAnd(_) | TrustRoots::Only(_)) {
            return Err(failed(TransportErrorKind::Config, "unsupported kind of trust roots"));
        }
        let context = context(trust).map_err(|error| failed(TransportErrorKind::TrustRoots, error))?;
        let (lowest, highest) = match config.tls_versions() {
            TlsVersions::Only(TlsVersion::Tls12) => (SslVersion::TLS1_2, Some(SslVersion::TLS1_2)),
            TlsVersions::Only(TlsVersion::Tls13) => (SslVersion::TLS1_3, Some(SslVersion::TLS1_3)),
            TlsVersions::Both => (SslVersion::TLS1_2, None),
            _ => return Err(failed(TransportErrorKind::Config, "a TLS version that this transport does not support")),
        };
        let alpn: &[u8] = match config.http_versions() {
            HttpVersions::Http1 => b"\x08http/1.1",
            _ => b"\x02h2\x08http/1.1",
        };
        let unusable = |error| failed(TransportErrorKind::LocalIdentity, error);
        let identity = config.identity().map(Identity::new).transpose().map_err(unusable)?;
        let connector = Self { context, lowest, highest, alpn, identity };
        // OpenSSL checks an identity when it takes it up, which must not be left to the first call.
        let kind = match connector.identity {
            Some(_) => TransportErrorKind::LocalIdentity,
            None => TransportErrorKind::Config,
        };
        connector.connection().map_err(|error| failed(kind, error))?;
        Ok(connector)
    }

    fn connection(&self) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(&self.context)?;
        ssl.set_min_proto_version(Some(self.lowest))?;
        ssl.set_max_proto_version(self.highest)?;
        ssl.set_alpn_protos(self.alpn)?;
        if let Some(identity) = &self.identity {
            ssl.set_certificate(&identity.leaf)?;
            ssl.set_private_key(&identity.key)?;
            for issuer in &identity.chain {
                ssl.add_chain_cert(issuer.clone())?;
            }
        }
        Ok(ssl)
    }

    fn connection_to(&self, name: &str) -> Result<Ssl, ErrorStack> {
        let mut ssl = self.connection()?;
        let address = name.parse::<IpAddr>().ok();
        if address.is_none() {
            ssl.set_hostname(name)?;
        }
        let rules = ssl.param_mut();
        // The common name of a certificate does not count, whatever other names it has (RFC 9110 section 4.3.4).
        rules.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS | X509CheckFlags::NEVER_CHECK_SUBJECT);
        match address {
            Some(address) => rules.set_ip(address)?,
            None => rules.set_host(name)?,
        }
        Ok(ssl)
    }

    pub(crate) async fn connect(&self, name: &str, wire: Wire) -> Result<Encrypted, Failure> {
        let ssl = self.connection_to(name).map_err(Failure::early)?;
        let mut stream = SslStream::new(ssl, wire).map_err(Failure::early)?;
        match Pin::new(&mut stream).connect().await {
            Ok(()) => Ok(stream),
            Err(error) => Err(Failure { error, verdict: stream.ssl().verify_result() }),
        }
    }
}

impl Identity {
    fn new(identity: &ClientIdentity) -> Result<Self, ErrorStack> {
        let mut chain = Vec::new();
        for certificate in identity.chain() {
            chain.push(X509::from_der(certificate)?);
        }
        let key = identity.expose_pkcs8(PKey::private_key_from_pkcs8)?;
        // A chain is never empty.
        let leaf = chain.remove(0);
        Ok(Self { leaf, chain, key })
    }
}

/// A handshake that failed, in OpenSSL's words.
#[derive(Debug)]
pub(crate) struct Failure {
    error: ssl::Error,
    verdict: X509VerifyResult,
}

impl Failure {
    fn early(error: ErrorStack) -> Self {
        Self { error: error.into(), verdict: X509VerifyResult::OK }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.verdict {
            X509VerifyResult::OK => self.error.fmt(f),
            verdict => write!(f, "{} ({verdict})", self.error),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

fn failed(kind: TransportErrorKind, source: impl Into<digicert_one_core::BoxError>) -> TransportError {
    TransportError::new(kind, Delivery::NotSent).with_source(source)
}

/// The TCP side.
pub(crate) fn wire(stream: &mut Encrypted) -> &mut Wire {
    stream.get_mut()
}

/// Whether the server ended TCP.
pub(crate) fn has_ended(stream: &Encrypted) -> bool {
    stream.get_ref().has_ended()
}

/// The protocol that the server chose.
pub(crate) fn alpn(stream: &Encrypted) -> Option<Vec<u8>> {
    stream.ssl().selected_alpn_protocol().map(<[u8]>::to_vec)
}

/// The server's certificate, in DER.
pub(crate) fn server_der(stream: &Encrypted) -> Option<Vec<u8>> {
    stream.ssl().peer_certificate()?.to_der().ok()
}

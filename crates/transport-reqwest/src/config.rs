//! `TransportConfig` in terms of rustls and reqwest.

use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{
    Capability, Delivery, HeadLimit, ProxyAddress, TlsVersion, TransportConfig, TransportError, TransportErrorKind,
};
use digicert_one_error_kinds::{SmallKeys, alpn, protocol_versions, server_verifier};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};

use crate::ciphers;
use crate::connections::Connections;
use crate::handshake::Handshake;
use crate::identity::Resolver;

/// Thirty years: hyper-util adds this limit to the clock without a check, in a task of its own.
const LONGEST_IDLE: Duration = Duration::from_secs(1_000_000_000);
/// A head over [`HeadLimit`] is to come whole, so that the error can give its size: h2 counts 32 bytes more for each field.
const HEAD_LIST: u32 = 256 * 1024;
/// hyper fills two arrays of the number of fields for each response, 10 instructions for an entry, so it is one over the limit and no more.
const SPARE_FIELDS: usize = 1;

/// A reqwest client with exactly this configuration.
pub(crate) fn client(config: &TransportConfig, connections: &Connections) -> Result<reqwest::Client, TransportError> {
    let timeouts = config.timeouts();
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls(config)?)
        .connector_layer(connections.clone())
        .http1_max_headers(HeadLimit::FIELDS + SPARE_FIELDS)
        .http2_max_header_list_size(HEAD_LIST)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .tcp_nodelay(true)
        .pool_idle_timeout(timeouts.pool_idle().min(LONGEST_IDLE))
        .connect_timeout(timeouts.connect())
        .timeout(timeouts.total());
    builder = match config.proxy().address().map_err(invalid)? {
        None => builder,
        Some(address) => {
            if address.capability() != Capability::HttpProxy {
                // reqwest has one TLS configuration for host and proxy: the proxy, too, would be shown the identity.
                let why = "the proxy must be given as http://HOST:PORT";
                return Err(TransportError::unsupported(address.capability(), why));
            }
            builder.proxy(proxy(&address)?)
        }
    };
    for (host, address) in config.name_overrides() {
        // Port 0 stands for the port of the URL.
        builder = builder.resolve(host, (*address, 0).into());
    }
    builder.build().map_err(invalid)
}

fn tls(config: &TransportConfig) -> Result<ClientConfig, TransportError> {
    let provider = Arc::new(ciphers::provider());
    let inner = server_verifier(config.trust(), &provider)?;
    let verifier = Arc::new(Witness { inner, small_keys: SmallKeys::new(config.trust().given()?) });
    let resolver = Resolver::new(config.identity(), &provider)?;
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(protocol_versions(config.tls_versions()))
        .map_err(invalid)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Arc::new(resolver));
    // reqwest leaves ALPN of a ready-made configuration alone.
    tls.alpn_protocols = alpn(config.http_versions());
    Ok(tls)
}

/// By CONNECT. The tunnel's TLS is ours, so the proxy sees neither key nor certificate.
fn proxy(address: &ProxyAddress) -> Result<reqwest::Proxy, TransportError> {
    if address.scheme() != "http" {
        return Err(invalid("the proxy must be given as http://HOST:PORT"));
    }
    // Not for clear text: that goes to this machine only, and the proxy would read it.
    let url = format!("http://{}:{}", address.host(), address.port());
    let proxy = reqwest::Proxy::https(url).map_err(|_| invalid("the proxy address is not valid"))?;
    Ok(match address.authorization() {
        Some(authorization) => proxy.custom_http_auth(authorization),
        None => proxy,
    })
}

fn invalid(source: impl Into<digicert_one_core::BoxError>) -> TransportError {
    TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(source)
}

/// Lets the real verifier decide and notes what the server shows and which TLS version asked.
#[derive(Debug)]
struct Witness {
    inner: Arc<dyn ServerCertVerifier>,
    small_keys: SmallKeys,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Handshake::note_server(end_entity);
        if std::iter::once(end_entity).chain(intermediates).any(|one| self.small_keys.explain(one)) {
            Handshake::note_small_key();
        }
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Handshake::note_version(TlsVersion::Tls12);
        let valid = self.inner.verify_tls12_signature(message, certificate, signature)?;
        // Next comes our certificate, in clear text (RFC 5246 section 7.3), so no cipher sees it leave.
        Handshake::note_tls12_server_verified();
        Ok(valid)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Handshake::note_version(TlsVersion::Tls13);
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

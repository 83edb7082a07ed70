//! `TransportConfig` in terms of isahc.

use digicert_one_core::{
    Capability, Delivery, HttpVersions, Proxy, TlsVersion, TransportConfig, TransportError, TransportErrorKind,
    TrustRoots,
};
use http::Uri;
use isahc::HttpClient;
use isahc::auth::{Authentication, Credentials};
use isahc::config::{Configurable, RedirectPolicy, VersionNegotiation};
use isahc::tls::{ProtocolVersion, TlsConfig, TrustStore};

use crate::OPENSSL;
use crate::identity::Handover;

/// Whether connections are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    Pool,
    Never,
}

/// An isahc client with exactly this configuration.
pub(crate) fn client(
    config: &TransportConfig,
    identity: Option<&Handover>,
    reuse: Reuse,
) -> Result<HttpClient, TransportError> {
    let timeouts = config.timeouts();
    let mut builder = HttpClient::builder()
        .redirect_policy(RedirectPolicy::None)
        .expect_continue(false)
        .automatic_decompression(false)
        .tcp_nodelay()
        .timeout(timeouts.total())
        .connect_timeout(timeouts.connect())
        .version_negotiation(match config.http_versions() {
            HttpVersions::Http1 => VersionNegotiation::http11(),
            _ => VersionNegotiation::latest_compatible(),
        })
        .tls_config(tls(config, identity)?);
    if reuse == Reuse::Never {
        builder = builder.connection_cache_size(0);
    }
    builder = match config.proxy() {
        // An explicit none: without it libcurl reads the proxy variables.
        Proxy::None => builder.proxy(None),
        Proxy::Http(uri) => {
            let (address, credentials) = proxy(uri)?;
            let builder = builder.proxy(address);
            match credentials {
                Some(credentials) => {
                    builder.proxy_authentication(Authentication::basic()).proxy_credentials(credentials)
                }
                None => builder,
            }
        }
        _ => return Err(invalid("a kind of proxy that this transport does not know")),
    };
    builder.build().map_err(invalid)
}

fn tls(config: &TransportConfig, identity: Option<&Handover>) -> Result<TlsConfig, TransportError> {
    let mut tls = TlsConfig::builder()
        .trust_store(trust(config.trust())?)
        .min_version(version(config.tls_versions().lowest()))
        .max_version(version(config.tls_versions().highest()));
    if let Some(identity) = identity {
        tls = tls.identity(identity.identity());
    }
    Ok(tls.build())
}

fn trust(trust: &TrustRoots) -> Result<TrustStore, TransportError> {
    let given = trust.given()?;
    match trust {
        TrustRoots::System => return Ok(TrustStore::native()),
        TrustRoots::Only(_) if OPENSSL => {
            // curl sets the directory on every handle, and isahc has no way to unset it.
            let why = "libcurl on OpenSSL also trusts the system's CA directory; use the rustls engine";
            return Err(TransportError::unsupported(Capability::TrustOnly, why));
        }
        TrustRoots::SystemAnd(_) if !OPENSSL => {
            let why = "libcurl on rustls takes given roots in place of the system's, not beside them";
            return Err(TransportError::unsupported(Capability::TrustSystemAnd, why));
        }
        TrustRoots::Only(_) | TrustRoots::SystemAnd(_) => {}
        _ => return Err(invalid("a kind of trust roots that this transport does not know")),
    }
    let store = given.iter().fold(TrustStore::builder(), |store, root| store.certificate_from_der(root));
    Ok(store.build())
}

fn version(version: TlsVersion) -> ProtocolVersion {
    match version {
        TlsVersion::Tls12 => ProtocolVersion::Tlsv12,
        _ => ProtocolVersion::Tlsv13,
    }
}

/// By CONNECT. isahc 2.0.2 inverts the verification flags of a proxy's TLS (`proxy_ssl_verify_peer`), so clear text only.
fn proxy(uri: &Uri) -> Result<(Uri, Option<Credentials>), TransportError> {
    let host = uri.host().unwrap_or_default();
    if uri.scheme_str() != Some("http") || host.is_empty() {
        return Err(invalid("the proxy must be given as http://HOST:PORT"));
    }
    let address = format!("http://{host}:{}", uri.port_u16().unwrap_or(80));
    let address = address.parse().map_err(|_| invalid("the proxy address is not valid"))?;
    let user_info =
        uri.authority().and_then(|authority| authority.as_str().rsplit_once('@')).map(|(user_info, _)| user_info);
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let credentials = user_info.map(|user_info| {
        let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
        Credentials::new(decoded(user), decoded(password))
    });
    Ok((address, credentials))
}

fn invalid(source: impl Into<digicert_one_core::BoxError>) -> TransportError {
    TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(source)
}

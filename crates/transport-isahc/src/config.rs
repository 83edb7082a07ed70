//! `TransportConfig` in terms of isahc.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{
    Capability, Delivery, HttpVersions, ProxyAddress, TlsVersion, TransportConfig, TransportError, TransportErrorKind,
};
use http::Uri;
use isahc::HttpClient;
use isahc::auth::{Authentication, Credentials};
use isahc::config::{Configurable, RedirectPolicy, VersionNegotiation};
use isahc::tls::{ProtocolVersion, TlsConfig, TrustStore};

use crate::client_slot::{Reuse, SlotClient};
use crate::identity::Handover;
use crate::log_silencer::LogSilencer;

/// More is not to be had: libcurl counts the milliseconds in 32 bits.
const ELEVEN_DAYS: Duration = Duration::from_secs(1_000_000);

/// An isahc client with exactly this configuration.
pub(crate) fn slot_client(
    config: &TransportConfig,
    trust: &TrustStore,
    identity: Option<Arc<Handover>>,
    reuse: Reuse,
) -> Result<SlotClient, TransportError> {
    no_key_log()?;
    let timeouts = config.timeouts();
    let mut builder = HttpClient::builder()
        .redirect_policy(RedirectPolicy::None)
        .expect_continue(false)
        .automatic_decompression(false)
        .tcp_nodelay()
        .timeout(limit(timeouts.total()))
        .connect_timeout(limit(timeouts.connect()))
        // Not a limit, but an occasion: libcurl then looks after each transfer every second. It needs that for a stream of HTTP/2 that it
        // has reset itself, about which it otherwise hears no more (lib/http2.c, `on_stream_close`).
        .low_speed_timeout(1, ELEVEN_DAYS)
        // libcurl counts whole seconds here, and looks when it is next asked for a connection.
        .connection_cache_ttl(timeouts.pool_idle().clamp(Duration::from_secs(1), Duration::from_secs(i32::MAX as u64)))
        .version_negotiation(match (config.http_versions(), reuse) {
            (HttpVersions::Both, Reuse::Pool) => VersionNegotiation::latest_compatible(),
            // Over HTTP/2 a second request joins the first on its connection, and libcurl repeats what such a connection
            // takes with it (lib/transfer.c, `Curl_retry_request`). isahc cannot switch that off.
            _ => VersionNegotiation::http11(),
        })
        .tls_config(tls(config, trust, identity.as_deref()));
    if reuse == Reuse::Never {
        builder = builder.connection_cache_size(0);
    }
    builder = match config.proxy().address().map_err(invalid)? {
        // An explicit none: without it libcurl reads the proxy variables.
        None => builder.proxy(None),
        Some(address) => {
            let (address, credentials) = proxy(&address, config)?;
            // An explicit empty list: without it libcurl reads `no_proxy`.
            let builder = builder.proxy(address).proxy_blacklist(Vec::<String>::new());
            match credentials {
                Some(credentials) => {
                    builder.proxy_authentication(Authentication::basic()).proxy_credentials(credentials)
                }
                None => builder,
            }
        }
    };
    let silencer = LogSilencer::new();
    let client = silencer.around(|| builder.build()).map_err(invalid)?;
    Ok(SlotClient::new(client, silencer, reuse, identity))
}

/// libcurl writes the keys of every connection to the file that this variable names, and has no switch against it: anyone with that
/// file reads all traffic, API keys included (SECRET-11).
fn no_key_log() -> Result<(), TransportError> {
    match std::env::var_os("SSLKEYLOGFILE") {
        Some(path) if !path.is_empty() => Err(invalid(
            "SSLKEYLOGFILE is set, so libcurl would write the keys of every connection to a file: unset it, or take another transport",
        )),
        _ => Ok(()),
    }
}

/// The fixed address of a host, if it has one.
pub(crate) fn overridden(config: &TransportConfig, host: &str) -> Option<IpAddr> {
    let mut overrides = config.name_overrides().iter();
    overrides.find(|(name, _)| name.eq_ignore_ascii_case(host)).map(|(_, address)| *address)
}

/// libcurl counts whole milliseconds, takes 0 for "no limit", and has a `long` to count in.
fn limit(limit: Duration) -> Duration {
    limit.clamp(Duration::from_millis(1), Duration::from_millis(i32::MAX as u64))
}

fn tls(config: &TransportConfig, trust: &TrustStore, identity: Option<&Handover>) -> TlsConfig {
    let mut tls = TlsConfig::builder()
        .trust_store(trust.clone())
        .min_version(version(config.tls_versions().lowest()))
        .max_version(version(config.tls_versions().highest()));
    if let Some(identity) = identity {
        tls = tls.identity(identity.identity());
    }
    tls.build()
}

fn version(version: TlsVersion) -> ProtocolVersion {
    match version {
        TlsVersion::Tls12 => ProtocolVersion::Tlsv12,
        _ => ProtocolVersion::Tlsv13,
    }
}

/// By CONNECT. isahc 2.0.2 inverts the verification flags of a proxy's TLS (`proxy_ssl_verify_peer`), so clear text only.
fn proxy(proxy: &ProxyAddress, config: &TransportConfig) -> Result<(Uri, Option<Credentials>), TransportError> {
    if proxy.capability() != Capability::HttpProxy {
        return Err(TransportError::unsupported(proxy.capability(), "the proxy must be given as http://HOST:PORT"));
    }
    let host = match overridden(config, proxy.host()) {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => format!("[{address}]"),
        None => proxy.host().to_owned(),
    };
    let address = format!("http://{host}:{}", proxy.port());
    let address = address.parse().map_err(|_| invalid("the proxy address is not valid"))?;
    let credentials = proxy.credentials().map(|(user, password)| Credentials::new(user, password));
    Ok((address, credentials))
}

pub(crate) fn invalid(source: impl Into<digicert_one_core::BoxError>) -> TransportError {
    TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(source)
}

//! `TransportConfig` in terms of native-tls and hyper-util.

use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{
    BoxError, Capability, Delivery, HeadLimit, HttpVersions, NameOverride, ProxyAddress, TlsVersion, TlsVersions,
    TransportConfig, TransportError, TransportErrorKind, TrustRoots, UploadBody,
};
use http_body_util::{Either, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use native_tls::{Certificate, Protocol, TlsConnector};

use crate::dial::{Dialer, Names};
use crate::identity;
use crate::tunnel::Tunnel;

/// In memory, or streaming.
pub(crate) type RequestBody = Either<Full<Bytes>, UploadBody>;

/// A head over [`HeadLimit`] is to come whole, so that the error can give its size: h2 counts 32 bytes more for each field.
const HEAD_LIST: u32 = 256 * 1024;
const MAX_HEADERS: usize = HeadLimit::FIELDS + 256;

/// What makes the connections of one transport.
pub(crate) fn dialer(config: &TransportConfig) -> Result<Dialer, TransportError> {
    let proxy = config.proxy().address().map_err(invalid)?;
    if let Some(lacking) = proxy.as_ref().map(ProxyAddress::capability).filter(|one| *one != Capability::HttpProxy) {
        return Err(TransportError::unsupported(lacking, "the proxy must be given as http://HOST:PORT"));
    }
    let tunnel = proxy.map(|proxy| Tunnel::new(&proxy).map_err(invalid)).transpose()?;
    let limit = config.timeouts().connect();
    let mut tcp = HttpConnector::new_with_resolver(Names::new(names(config.name_overrides())?));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    // Shared out among the addresses of a name, so that a dead first one leaves time for the next.
    tcp.set_connect_timeout(Some(limit));
    Ok(Dialer::new(tcp, tls(config)?.into(), tunnel, limit, config.identity().is_some()))
}

/// A hyper client over these connections.
///
/// hyper-util tries a request again only if it came back unwritten from a pooled connection that was found dead: another
/// pooled connection is chosen before the first byte, which the contract allows. So that setting stays on.
pub(crate) fn client(dialer: Dialer, pool_idle: Duration) -> Client<Dialer, RequestBody> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(pool_idle)
        .timer(TokioTimer::new())
        .http1_max_headers(MAX_HEADERS)
        .http2_max_header_list_size(HEAD_LIST)
        .build(dialer)
}

fn tls(config: &TransportConfig) -> Result<TlsConnector, TransportError> {
    let mut builder = TlsConnector::builder();
    let (lowest, highest) = versions(config.tls_versions())?;
    builder.min_protocol_version(Some(lowest)).max_protocol_version(highest);
    for root in config.trust().given()? {
        builder.add_root_certificate(Certificate::from_der(root).map_err(unusable_roots)?);
    }
    match config.trust() {
        TrustRoots::System | TrustRoots::SystemAnd(_) => {}
        TrustRoots::Only(_) => {
            builder.disable_built_in_roots(true);
        }
        _ => return Err(invalid("a kind of trust roots that this transport does not know")),
    }
    if let Some(identity) = config.identity() {
        builder.identity(identity::identity(identity)?);
    }
    builder.request_alpns(match config.http_versions() {
        HttpVersions::Http1 => &["http/1.1"],
        _ => &["h2", "http/1.1"],
    });
    // Everything has been read by now but the identity, which OpenSSL checks when it takes it up.
    builder.build().map_err(|error| {
        let kind =
            if config.identity().is_some() { TransportErrorKind::LocalIdentity } else { TransportErrorKind::Config };
        TransportError::new(kind, Delivery::NotSent).with_source(error)
    })
}

fn versions(versions: TlsVersions) -> Result<(Protocol, Option<Protocol>), TransportError> {
    match versions {
        TlsVersions::Only(TlsVersion::Tls12) => Ok((Protocol::Tlsv12, Some(Protocol::Tlsv12))),
        TlsVersions::Only(TlsVersion::Tls13) if crate::engine::capabilities().has(Capability::Tls13) => {
            Ok((Protocol::Tlsv13, Some(Protocol::Tlsv13)))
        }
        TlsVersions::Only(TlsVersion::Tls13) => {
            Err(TransportError::unsupported(Capability::Tls13, "this system's TLS ends at TLS 1.2"))
        }
        TlsVersions::Both => Ok((Protocol::Tlsv12, None)),
        _ => Err(invalid("a TLS version that this transport does not know")),
    }
}

fn names(overrides: &[NameOverride]) -> Result<Vec<NameOverride>, TransportError> {
    match overrides.iter().any(|one| one.host.parse::<std::net::IpAddr>().is_ok()) {
        // An address is never looked up, so such an override would be ignored.
        true => Err(invalid("a name override is for a name, and an address stands in its place")),
        false => Ok(overrides.to_vec()),
    }
}

fn unusable_roots(source: native_tls::Error) -> TransportError {
    TransportError::new(TransportErrorKind::TrustRoots, Delivery::NotSent).with_source(source)
}

fn invalid(source: impl Into<BoxError>) -> TransportError {
    TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(source)
}

//! `TransportConfig` in terms of hyper; what is about TLS is read by the engine.

use std::net::IpAddr;

use bytes::Bytes;
use digicert_one_core::{
    BoxError, Capability, Delivery, HeadLimit, ProxyAddress, TransportConfig, TransportError, TransportErrorKind,
    UploadBody,
};
use http_body_util::{Either, Full};
use hyper_util::client::legacy::connect::HttpConnector;

use crate::dial::{Dialer, Names};
use crate::engine::Engine;
use crate::tunnel::Tunnel;

/// In memory, or streaming.
pub(crate) type RequestBody = Either<Full<Bytes>, UploadBody>;

/// A head over [`HeadLimit`] is to come whole, so that the error can give its size: h2 counts 32 bytes more for each field.
pub(crate) const HEAD_LIST: u32 = 256 * 1024;
/// hyper fills two arrays of this length for each response, 10 instructions for an entry, so it is one over the limit and no more.
pub(crate) const MAX_HEADERS: usize = HeadLimit::FIELDS + 1;

/// What makes the connections of one transport.
pub(crate) fn dialer<E: Engine>(config: &TransportConfig) -> Result<Dialer<E>, TransportError> {
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
    Ok(Dialer::new(tcp, E::new(config)?, tunnel, limit))
}

fn names(overrides: &[(String, IpAddr)]) -> Result<Vec<(String, IpAddr)>, TransportError> {
    match overrides.iter().any(|(name, _)| name.parse::<IpAddr>().is_ok()) {
        // An address is never looked up, so such an override would be ignored.
        true => Err(invalid("a name override is for a name, and an address stands in its place")),
        false => Ok(overrides.to_vec()),
    }
}

fn invalid(source: impl Into<BoxError>) -> TransportError {
    TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(source)
}

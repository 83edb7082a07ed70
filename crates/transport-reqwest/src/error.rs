//! reqwest's error chain in our vocabulary. Below reqwest stand hyper-util, hyper, `io::Error` and rustls;
//! the first of them that says something precise decides.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use digicert_one_core::{
    ConnectionFacts, Delivery, HeadLimit, PeerFault, Phase, TransportError, TransportErrorKind as Kind, causes,
};
use digicert_one_error_kinds::{http_kind, is_unprocessed, tls_kind};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpInfo;

use crate::begun::BegunConnection;
use crate::connections::Connections;
use crate::handshake::Handshake;

/// A failed call, before the head of its response. Through a proxy, the only name to resolve and the only address to dial are the
/// proxy's.
pub(crate) fn of_call(
    error: reqwest::Error,
    call: &BegunConnection,
    connections: &Connections,
    proxied: bool,
    since: Instant,
) -> TransportError {
    // The URL is in the caller's hands already, and its query may hold anything.
    let error = error.without_url();
    if error.is_timeout() {
        call.note_timeout();
    }
    let connecting = error.is_connect() || call.was_connecting();
    let begun = call.handshake();
    let carrier = carrier(&error, connections);
    let connection = carrier.as_ref().or(begun.as_ref());
    let kind = match connection.and_then(|one| one.alert()) {
        Some(alert) => Kind::PeerAlert(alert),
        None => match kind(&error, connecting) {
            Kind::Dns | Kind::Refused if proxied => Kind::Proxy(None),
            Kind::PeerUntrusted(PeerFault::BadSignature) if connection.is_some_and(|one| one.has_small_key()) => {
                Kind::PeerUntrusted(PeerFault::WeakKey)
            }
            kind => kind,
        },
    };
    if kind == Kind::HeadLimit {
        return HeadLimit::unmeasured().error().with_facts(facts(connection, begun.as_ref(), connections, since));
    }
    let delivery =
        if connecting || error.is_builder() || is_unprocessed(&error) { Delivery::NotSent } else { Delivery::Unknown };
    TransportError::new(kind, delivery)
        .with_facts(facts(connection, begun.as_ref(), connections, since))
        .with_source(error)
}

/// A call whose connection is gone and that hyper left without a word.
pub(crate) fn of_lost_call(call: &BegunConnection, connections: &Connections, since: Instant) -> TransportError {
    let begun = call.handshake();
    let kind = begun.as_ref().and_then(|one| one.alert()).map_or(Kind::Interrupted, Kind::PeerAlert);
    TransportError::new(kind, Delivery::Unknown)
        .with_facts(facts(begun.as_ref(), begun.as_ref(), connections, since))
        .with_source("the connection ended in the moment in which it was given the request")
}

/// The facts of the connection of a call. One that the call began itself is fresh; one from the pool has been used only if it has
/// carried a response.
fn facts(
    connection: Option<&Arc<Handshake>>,
    begun: Option<&Arc<Handshake>>,
    connections: &Connections,
    since: Instant,
) -> ConnectionFacts {
    let Some(connection) = connection else {
        let mut facts = ConnectionFacts::unknown();
        facts.reused = connections.reused(since);
        return facts;
    };
    let mut facts = connection.facts();
    let is_fresh = begun.is_some_and(|begun| Arc::ptr_eq(begun, connection));
    facts.reused = if is_fresh { Some(false) } else { connection.reused(since, false) };
    facts
}

/// The connection that an error names.
fn carrier(error: &reqwest::Error, connections: &Connections) -> Option<Arc<Handshake>> {
    let mut extras = http::Extensions::new();
    causes(error).find_map(|cause| cause.downcast_ref::<legacy::Error>()?.connect_info())?.get_extras(&mut extras);
    connections.find(extras.get::<HttpInfo>()?)
}

/// A body that failed after its head.
pub(crate) fn of_body(error: reqwest::Error, facts: &ConnectionFacts) -> TransportError {
    let error = error.without_url();
    let kind = if error.is_timeout() { Kind::Timeout(Phase::Body) } else { Kind::BodyCut };
    TransportError::new(kind, Delivery::Sent).with_facts(facts.clone()).with_source(error)
}

/// A body whose HTTP/2 stream was reset, without an error and before its end.
pub(crate) fn of_reset_body(facts: &ConnectionFacts) -> TransportError {
    TransportError::new(Kind::BodyCut, Delivery::Sent)
        .with_facts(facts.clone())
        .with_source("the server ended the HTTP/2 stream before the end of the body (no END_STREAM)")
}

fn kind(error: &reqwest::Error, connecting: bool) -> Kind {
    if error.is_builder() {
        return Kind::Config;
    }
    if error.is_timeout() {
        return Kind::Timeout(if connecting { Phase::ConnectOrHandshake } else { Phase::Response });
    }
    if error.is_dns() {
        return Kind::Dns;
    }
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return tls_kind(tls);
    }
    if let Some(kind) = http_kind(error) {
        return kind;
    }
    let mut ended = false;
    for cause in causes(error) {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            match io.kind() {
                io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable => return Kind::Refused,
                _ => ended = true,
            }
        }
        let text = cause.to_string();
        if text.starts_with("tunnel error") || text.contains("proxy authorization required") {
            return Kind::Proxy(text.contains("authorization required").then_some(407));
        }
    }
    match (connecting, ended) {
        (true, true) => Kind::Tls,
        (false, _) => Kind::Interrupted,
        (true, false) => Kind::Other,
    }
}

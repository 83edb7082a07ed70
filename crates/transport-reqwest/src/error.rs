//! reqwest's error chain in our vocabulary. Below reqwest stand hyper-util, hyper, `io::Error` and rustls;
//! the first of them that says something precise decides.

use std::error::Error;
use std::io;
use std::sync::Arc;

use digicert_one_core::{
    ConnectionFacts, Delivery, HeadLimit, PeerFault, Phase, TlsAlert, TransportError, TransportErrorKind as Kind,
    causes,
};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpInfo;
use rustls::{AlertDescription, InvalidMessage};

use crate::handshake::{Call, Connections, Handshake};
use crate::untrusted;

/// A failed call, before the head of its answer. Through a proxy, the only name to resolve and the only address to dial are the
/// proxy's.
pub(crate) fn of_call(error: reqwest::Error, call: &Call, connections: &Connections, proxied: bool) -> TransportError {
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
        return HeadLimit::unmeasured().error().with_facts(facts(connection, begun.as_ref(), connections));
    }
    let delivery =
        if connecting || error.is_builder() || is_unprocessed(&error) { Delivery::NotSent } else { Delivery::Unknown };
    TransportError::new(kind, delivery).with_facts(facts(connection, begun.as_ref(), connections)).with_source(error)
}

/// Whether the server says that it did not look at the request: a stream that it refused, or that a GOAWAY without error left
/// out (RFC 9113 section 8.7).
fn is_unprocessed(error: &(dyn Error + 'static)) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<h2::Error>()).any(|stream| {
        stream.is_remote()
            && match stream.reason() {
                Some(h2::Reason::REFUSED_STREAM) => stream.is_reset(),
                Some(h2::Reason::NO_ERROR) => stream.is_go_away(),
                _ => false,
            }
    })
}

/// A call whose connection is gone and that hyper left without a word.
pub(crate) fn of_lost_call(call: &Call, connections: &Connections) -> TransportError {
    let begun = call.handshake();
    let kind = begun.as_ref().and_then(|one| one.alert()).map_or(Kind::Interrupted, Kind::PeerAlert);
    TransportError::new(kind, Delivery::Unknown)
        .with_facts(facts(begun.as_ref(), begun.as_ref(), connections))
        .with_source("the connection ended in the moment in which it was given the request")
}

/// The facts of the connection of a call. One that the call began itself is fresh; one from the pool has been used only if it has
/// carried a response.
fn facts(
    connection: Option<&Arc<Handshake>>,
    begun: Option<&Arc<Handshake>>,
    connections: &Connections,
) -> ConnectionFacts {
    let Some(connection) = connection else {
        let mut facts = ConnectionFacts::unknown();
        facts.reused = connections.reused();
        return facts;
    };
    let mut facts = connection.facts();
    let is_fresh = begun.is_some_and(|begun| Arc::ptr_eq(begun, connection));
    facts.reused = Some(!is_fresh && connection.has_answered());
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
    let mut ended = false;
    for cause in causes(error) {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return of_tls(tls);
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            match io.kind() {
                io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable => return Kind::Refused,
                _ => ended = true,
            }
        }
        if cause.downcast_ref::<h2::Error>().and_then(h2::Error::reason) == Some(h2::Reason::HTTP_1_1_REQUIRED) {
            return Kind::Http11Required;
        }
        if let Some(kind) = of_head(cause) {
            return kind;
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

/// A head that the library refused: it broke a rule of HTTP, or was too large.
fn of_head(cause: &(dyn Error + 'static)) -> Option<Kind> {
    if let Some(http) = cause.downcast_ref::<hyper::Error>().filter(|http| http.is_parse()) {
        // `is_parse_too_large` is there only with hyper's server, which no client needs.
        let too_large = http.to_string() == "message head is too large";
        return Some(if too_large { Kind::HeadLimit } else { Kind::Protocol });
    }
    let ours = cause.downcast_ref::<h2::Error>().filter(|stream| stream.is_library())?;
    match ours.reason()? {
        // For a head without end.
        h2::Reason::ENHANCE_YOUR_CALM => Some(Kind::HeadLimit),
        h2::Reason::PROTOCOL_ERROR
        | h2::Reason::COMPRESSION_ERROR
        | h2::Reason::FRAME_SIZE_ERROR
        | h2::Reason::FLOW_CONTROL_ERROR
        | h2::Reason::STREAM_CLOSED => Some(Kind::Protocol),
        _ => None,
    }
}

fn of_tls(error: &rustls::Error) -> Kind {
    match error {
        rustls::Error::AlertReceived(alert) => Kind::PeerAlert(TlsAlert(u8::from(*alert))),
        rustls::Error::InvalidCertificate(_)
        | rustls::Error::UnsupportedNameType
        | rustls::Error::NoCertificatesPresented
        | rustls::Error::InvalidCertRevocationList(_) => Kind::PeerUntrusted(untrusted::fault(error)),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Kind::NotTls,
        rustls::Error::PeerIncompatible(_) => Kind::PeerAlert(TlsAlert(u8::from(AlertDescription::HandshakeFailure))),
        _ => Kind::Tls,
    }
}

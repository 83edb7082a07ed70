//! reqwest's error chain in our vocabulary. Below reqwest stand hyper-util, hyper, `io::Error` and rustls;
//! the first of them that says something precise decides.

use std::error::Error;
use std::io;
use std::sync::Arc;

use digicert_one_core::{
    ConnectionFacts, Delivery, PeerFault, Phase, TlsAlert, TransportError, TransportErrorKind as Kind, causes,
};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpInfo;
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use crate::handshake::{Call, Connections, Handshake};

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
    let kind = match carrier.as_ref().or(begun.as_ref()).and_then(|one| one.alert()) {
        Some(alert) => Kind::PeerAlert(alert),
        None => match kind(&error, connecting) {
            Kind::Dns | Kind::Refused if proxied => Kind::Proxy(None),
            kind => kind,
        },
    };
    let delivery =
        if connecting || error.is_builder() || is_unprocessed(&error) { Delivery::NotSent } else { Delivery::Unknown };
    TransportError::new(kind, delivery).with_facts(facts(begun)).with_source(error)
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
pub(crate) fn of_lost_call(call: &Call) -> TransportError {
    let begun = call.handshake();
    let kind = begun.as_ref().and_then(|one| one.alert()).map_or(Kind::Interrupted, Kind::PeerAlert);
    TransportError::new(kind, Delivery::Unknown)
        .with_facts(facts(begun))
        .with_source("the connection ended in the moment in which it was given the request")
}

/// A call that made no connection of its own went over one from the pool.
fn facts(begun: Option<Arc<Handshake>>) -> ConnectionFacts {
    let mut facts = begun.as_ref().map_or_else(ConnectionFacts::unknown, |handshake| handshake.facts());
    facts.reused = Some(begun.is_none());
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
        if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            return Kind::Protocol;
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

fn of_tls(error: &rustls::Error) -> Kind {
    match error {
        rustls::Error::AlertReceived(alert) => Kind::PeerAlert(TlsAlert(u8::from(*alert))),
        rustls::Error::InvalidCertificate(fault) => Kind::PeerUntrusted(match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => PeerFault::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => PeerFault::NotYetValid,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                PeerFault::NameMismatch
            }
            CertificateError::UnknownIssuer => PeerFault::UnknownIssuer,
            CertificateError::Revoked => PeerFault::Revoked,
            _ => PeerFault::Unspecified,
        }),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Kind::NotTls,
        rustls::Error::PeerIncompatible(_) => Kind::PeerAlert(TlsAlert(u8::from(AlertDescription::HandshakeFailure))),
        _ => Kind::Tls,
    }
}

//! The failures of this stack in our vocabulary: hyper-util, hyper and `io::Error`, with our own [`ConnectFailure`] where a
//! connection was not made.
//!
//! native-tls keeps its engine's error to itself, so the texts decide. They are OpenSSL's, which are not translated; the
//! other engines' are, and there the wider kind stands.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use digicert_one_core::{
    BoxError, ConnectionFacts, Delivery, HeadLimit, Phase, TransportError, TransportErrorKind as Kind, causes,
};
use digicert_one_error_kinds::{http_kind, is_unprocessed};
use hyper_util::client::legacy;

use crate::alert::alert_in;
use crate::handshake::Handshake;
use crate::records::Seen;
use crate::untrusted;

/// What OpenSSL says where client and server have nothing in common and no alert came: the version, the size of the key exchange, or
/// the way to renegotiate.
const INCOMPATIBLE: [&str; 3] = ["unsupported protocol", "dh key too small", "unsafe legacy renegotiation disabled"];

/// Why a connection was not made.
#[derive(Debug)]
pub(crate) struct ConnectFailure {
    kind: Kind,
    source: BoxError,
}

impl ConnectFailure {
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn new(kind: Kind, source: impl Into<BoxError>) -> Self {
        Self { kind, source: source.into() }
    }

    /// No address, or nobody there.
    pub(crate) fn of_tcp(error: impl Error + Send + Sync + 'static) -> Self {
        let kind = causes(&error).find_map(|cause| {
            if cause.is::<NoAddress>() {
                return Some(Kind::Dns);
            }
            match cause.downcast_ref::<io::Error>()?.kind() {
                io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable => Some(Kind::Refused),
                // Somebody was there and ended it at once, before a word of TLS or in the midst of it: who, nobody can tell.
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::NotConnected
                | io::ErrorKind::UnexpectedEof => Some(Kind::Tls),
                // Of one address, or the system's own limit.
                io::ErrorKind::TimedOut => Some(Kind::Timeout(Phase::Connect)),
                _ => None,
            }
        });
        Self::new(kind.unwrap_or(Kind::Other), error)
    }

    /// No connection to the proxy: the host was not even asked for.
    pub(crate) fn at_proxy(self) -> Self {
        match self.kind {
            Kind::Timeout(_) => self,
            _ => Self { kind: Kind::Proxy(None), ..self },
        }
    }

    /// A TLS handshake that failed, with what could be seen of it.
    pub(crate) fn of_handshake(error: native_tls::Error, seen: &Seen) -> Self {
        let kind = if seen.not_tls {
            Kind::NotTls
        } else if let Some(alert) = alert_in(&error).or(seen.alert) {
            Kind::PeerAlert(alert)
        } else if let Some(fault) = untrusted::fault_in(&error.to_string()) {
            Kind::PeerUntrusted(fault)
        } else if INCOMPATIBLE.iter().any(|reason| error.to_string().contains(reason)) {
            Kind::TlsIncompatible
        } else {
            Kind::Tls
        };
        Self::new(kind, error)
    }
}

impl fmt::Display for ConnectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection was made")
    }
}

impl Error for ConnectFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// A call that failed before the head of its answer. `begun` is the connection that it began to make.
pub(crate) fn of_call(error: legacy::Error, begun: Option<&Handshake>) -> TransportError {
    let mut extras = http::Extensions::new();
    if let Some(info) = error.connect_info() {
        info.get_extras(&mut extras);
    }
    let carrier = extras.get::<Arc<Handshake>>();
    // hyper-util gives a request to a connection only once it stands, and then every error names the connection.
    let delivery = match carrier {
        Some(connection) if !connection.is_unused() && !is_unprocessed(&error) => Delivery::Unknown,
        _ => Delivery::NotSent,
    };
    let connection = carrier.map(|one| &**one).or(begun);
    let facts = connection.map_or_else(ConnectionFacts::unknown, Handshake::facts);
    match kind(&error, connection) {
        Kind::HeadLimit => HeadLimit::unmeasured().error().with_facts(facts),
        kind => TransportError::new(kind, delivery).with_facts(facts).with_source(error),
    }
}

/// A call whose connection is gone and that hyper left without a word.
pub(crate) fn of_lost_call(connection: &Handshake) -> TransportError {
    let delivery = if connection.is_unused() { Delivery::NotSent } else { Delivery::Unknown };
    TransportError::new(connection.alert().map_or(Kind::Interrupted, Kind::PeerAlert), delivery)
        .with_facts(connection.facts())
        .with_source("the connection ended in the moment in which it was given the request")
}

/// A call whose time ran out before the head of its answer.
pub(crate) fn of_late_call(carrier: Option<&Handshake>, begun: Option<&Handshake>) -> TransportError {
    let (phase, delivery) = match carrier {
        // From a connection that is gone the request may have been taken back for another one.
        Some(connection) if connection.is_gone() => (Phase::Call, Delivery::Unknown),
        Some(_) => (Phase::Response, Delivery::Unknown),
        None => (begun.and_then(Handshake::phase).unwrap_or(Phase::Call), Delivery::NotSent),
    };
    let facts = carrier.or(begun).map_or_else(ConnectionFacts::unknown, Handshake::facts);
    TransportError::new(Kind::Timeout(phase), delivery)
        .with_facts(facts)
        .with_source("the limit of the whole call ran out")
}

/// A body that failed after its head.
pub(crate) fn of_body(error: hyper::Error, facts: &ConnectionFacts) -> TransportError {
    TransportError::new(Kind::BodyCut, Delivery::Sent).with_facts(facts.clone()).with_source(error)
}

/// A body whose HTTP/2 stream was reset, without an error and before its end.
pub(crate) fn of_reset_body(facts: &ConnectionFacts) -> TransportError {
    TransportError::new(Kind::BodyCut, Delivery::Sent)
        .with_facts(facts.clone())
        .with_source("the server ended the HTTP/2 stream before the end of the body (no END_STREAM)")
}

/// A body whose time ran out.
pub(crate) fn of_late_body(facts: &ConnectionFacts) -> TransportError {
    TransportError::new(Kind::Timeout(Phase::Body), Delivery::Sent)
        .with_facts(facts.clone())
        .with_source(io::Error::from(io::ErrorKind::TimedOut))
}

fn kind(error: &legacy::Error, handshake: Option<&Handshake>) -> Kind {
    if let Some(failure) = causes(error).find_map(|cause| cause.downcast_ref::<ConnectFailure>()) {
        return failure.kind;
    }
    // Under TLS 1.3 a server refuses our certificate only after we hold the handshake to be finished.
    if let Some(alert) = handshake.and_then(Handshake::alert) {
        return Kind::PeerAlert(alert);
    }
    if causes(error).any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_user)) {
        return Kind::Config;
    }
    http_kind(error).unwrap_or(Kind::Interrupted)
}

/// A name without an address.
#[derive(Debug)]
pub(crate) struct NoAddress(pub(crate) Option<io::Error>);

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the resolver knows no address")
    }
}

impl Error for NoAddress {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_ref().map(|error| error as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_was_never_made_is_told_by_what_the_system_says() {
        let cases = [
            (io::ErrorKind::ConnectionRefused, Kind::Refused),
            (io::ErrorKind::NetworkUnreachable, Kind::Refused),
            (io::ErrorKind::ConnectionReset, Kind::Tls),
            (io::ErrorKind::UnexpectedEof, Kind::Tls),
            (io::ErrorKind::TimedOut, Kind::Timeout(Phase::Connect)),
            (io::ErrorKind::OutOfMemory, Kind::Other),
        ];
        for (said, kind) in cases {
            assert_eq!(ConnectFailure::of_tcp(io::Error::from(said)).kind, kind, "{said}");
        }
    }

    #[test]
    fn a_late_call_says_where_it_was() {
        let told = |carrier: Option<&Handshake>, begun: Option<&Handshake>| {
            let error = of_late_call(carrier, begun);
            (error.kind(), error.delivery())
        };
        let (connecting, stands, gone) = (Handshake::default(), Handshake::default(), Handshake::default());
        stands.stands();
        gone.stands();
        gone.note_gone();
        let late = Kind::Timeout;
        assert_eq!(told(None, None), (late(Phase::Call), Delivery::NotSent));
        assert_eq!(told(None, Some(&connecting)), (late(Phase::Connect), Delivery::NotSent));
        assert_eq!(told(Some(&stands), Some(&connecting)), (late(Phase::Response), Delivery::Unknown));
        assert_eq!(told(Some(&gone), Some(&connecting)), (late(Phase::Call), Delivery::Unknown));
    }

    #[test]
    fn a_lost_call_was_not_sent_if_nothing_was_written() {
        let connection = Handshake::default();
        assert_eq!(of_lost_call(&connection).delivery(), Delivery::NotSent);
        connection.note_writing();
        assert_eq!(of_lost_call(&connection).delivery(), Delivery::Unknown);
    }
}

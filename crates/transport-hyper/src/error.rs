//! The failures of a call in our vocabulary: hyper's, and our own [`ConnectFailure`] where a connection was not made. What an error of TLS means, the engine says.

use std::io;

use digicert_one_core::{ConnectionFacts, Delivery, HeadLimit, Phase, TransportError, TransportErrorKind as Kind};
use digicert_one_error_kinds::{http_kind, is_unprocessed};

use crate::engine::Engine;
use crate::failure::ConnectFailure;
use crate::handshake::Handshake;

/// A call that failed on this connection before the head of its response.
pub(crate) fn of_call<E: Engine>(error: hyper::Error, carrier: &Handshake, reused: bool) -> TransportError {
    let is_unsent = carrier.is_unused() || is_unprocessed(&error);
    of_http::<E>(error, carrier, reused, if is_unsent { Delivery::NotSent } else { Delivery::Unknown })
}

/// A call that got no connection: HTTP did not start on the one that was made for it.
pub(crate) fn of_start<E: Engine>(error: hyper::Error, begun: &Handshake) -> TransportError {
    of_http::<E>(error, begun, false, Delivery::NotSent)
}

/// A call that got no connection.
pub(crate) fn of_dial(failure: ConnectFailure, begun: &Handshake) -> TransportError {
    TransportError::new(failure.kind(), Delivery::NotSent).with_facts(begun.facts(false)).with_source(failure)
}

fn of_http<E: Engine>(error: hyper::Error, connection: &Handshake, reused: bool, delivery: Delivery) -> TransportError {
    let facts = connection.facts(reused);
    match kind::<E>(&error, connection) {
        Kind::HeadLimit => HeadLimit::unmeasured().error().with_facts(facts),
        kind => TransportError::new(kind, delivery).with_facts(facts).with_source(error),
    }
}

/// A call whose connection is gone and that hyper left without a word.
pub(crate) fn of_lost_call(connection: &Handshake, reused: bool) -> TransportError {
    let delivery = if connection.is_unused() { Delivery::NotSent } else { Delivery::Unknown };
    TransportError::new(connection.end().unwrap_or(Kind::Interrupted), delivery)
        .with_facts(connection.facts(reused))
        .with_source("the connection ended in the moment in which it was given the request")
}

/// A call that waited for a stream of a connection that then ended.
pub(crate) fn of_unsent_call(connection: &Handshake, reused: bool) -> TransportError {
    TransportError::new(connection.end().unwrap_or(Kind::Interrupted), Delivery::NotSent)
        .with_facts(connection.facts(reused))
        .with_source("the connection ended while the call waited for one of its streams")
}

/// A call whose time ran out while it waited for a stream.
pub(crate) fn of_waiting_call(connection: &Handshake, reused: bool) -> TransportError {
    TransportError::new(Kind::Timeout(Phase::Response), Delivery::NotSent)
        .with_facts(connection.facts(reused))
        .with_source("the limit of the whole call ran out while it waited for a stream of the connection")
}

/// A call whose time ran out before the head of its response. The carrier comes with whether it was used before.
pub(crate) fn of_late_call(carrier: Option<(&Handshake, bool)>, begun: Option<&Handshake>) -> TransportError {
    let (phase, delivery) = match carrier {
        Some(_) => (Phase::Response, Delivery::Unknown),
        None => (begun.and_then(Handshake::phase).unwrap_or(Phase::Call), Delivery::NotSent),
    };
    let known = carrier.or(begun.map(|begun| (begun, false)));
    let facts = known.map_or_else(ConnectionFacts::unknown, |(connection, reused)| connection.facts(reused));
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

fn kind<E: Engine>(error: &hyper::Error, connection: &Handshake) -> Kind {
    // Under TLS 1.3 a server refuses our certificate only after we hold the handshake to be finished.
    if let Some(alert) = connection.alert() {
        return Kind::PeerAlert(alert);
    }
    if let Some(kind) = E::kind(error) {
        return kind;
    }
    if error.is_user() {
        return Kind::Config;
    }
    http_kind(error).or_else(|| connection.end()).unwrap_or(Kind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_call_reports_its_phase() {
        let judged = |carrier: Option<(&Handshake, bool)>, begun: Option<&Handshake>| {
            let error = of_late_call(carrier, begun);
            (error.kind(), error.delivery())
        };
        let (connecting, stands) = (Handshake::default(), Handshake::default());
        stands.stands();
        let late = Kind::Timeout;
        assert_eq!(judged(None, None), (late(Phase::Call), Delivery::NotSent));
        assert_eq!(judged(None, Some(&connecting)), (late(Phase::Connect), Delivery::NotSent));
        assert_eq!(judged(Some((&stands, false)), Some(&connecting)), (late(Phase::Response), Delivery::Unknown));
    }

    #[test]
    fn lost_call_is_not_sent_when_nothing_was_written() {
        let connection = Handshake::default();
        assert_eq!(of_lost_call(&connection, false).delivery(), Delivery::NotSent);
        connection.note_writing();
        assert_eq!(of_lost_call(&connection, false).delivery(), Delivery::Unknown);
    }
}

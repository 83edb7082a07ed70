//! Converts the failures of this stack (hyper, h2 and rustls) to core's types. Defects that report something
//! other than what happened are here.

use std::error::Error;
use std::fmt;

use digicert_one_core::{
    BoxError, ConnectionFacts, Delivery, PeerFault, Phase, TlsAlert, TransportError, TransportErrorKind as Kind, causes,
};
use digicert_one_error_kinds::{http_kind, is_unprocessed, tls_kind};

use super::{Flaw, foreign};
use crate::table::Defect;

/// A failure before any connection.
pub(super) fn local(kind: Kind, error: impl Into<BoxError>) -> TransportError {
    TransportError::new(kind, Delivery::NotSent).with_source(error)
}

/// A cause that has a cause itself, and no text.
#[derive(Debug)]
struct Wordless(BoxError);

impl fmt::Display for Wordless {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl Error for Wordless {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// What is left of an error that is converted to text.
pub(super) fn text_of(error: &(dyn Error + 'static)) -> std::io::Error {
    std::io::Error::other(causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": "))
}

/// Whether the server has left below the stream of a call.
pub(super) fn is_goaway(error: &TransportError) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<h2::Error>()).any(h2::Error::is_go_away)
}

/// Whether the server has reset the stream of a call by this code.
pub(super) fn is_reset_by(error: &TransportError, code: h2::Reason) -> bool {
    let mut streams = causes(error).filter_map(|cause| cause.downcast_ref::<h2::Error>());
    streams.any(|stream| stream.is_reset() && stream.reason() == Some(code))
}

/// The text of an error, as one of our own.
#[derive(Debug)]
pub(super) struct Worded(String);

impl Worded {
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        Self(causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": "))
    }
}

impl fmt::Display for Worded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Worded {}

/// Creates errors about one connection.
#[derive(Clone, Debug)]
pub(super) struct Report {
    facts: ConnectionFacts,
    flaw: Flaw,
}

impl Report {
    pub(super) fn new(facts: ConnectionFacts, flaw: Flaw) -> Self {
        Self { facts, flaw }
    }

    pub(super) fn flaw(&self) -> Flaw {
        self.flaw
    }

    /// Whether the connection had carried a response before.
    pub(super) fn was_used(&self) -> bool {
        self.facts.reused == Some(true)
    }

    /// Whether the connection has no TLS.
    pub(super) fn is_in_clear_text(&self) -> bool {
        self.facts.peer.is_some() && self.facts.tls_version.is_none()
    }

    pub(super) fn error(&self, kind: Kind, delivery: Delivery, source: impl Into<BoxError>) -> TransportError {
        let is_in_body = matches!(kind, Kind::BodyCut | Kind::Timeout(Phase::Body));
        let facts = match is_in_body && self.flaw.is(Defect::ForgetsFactsInBodies) {
            true => ConnectionFacts::unknown(),
            false => self.facts.clone(),
        };
        let error = TransportError::new(self.reported(kind), delivery).with_facts(facts);
        match self.flaw {
            flaw if flaw.is(Defect::LosesSourcesOfTimeouts) && matches!(kind, Kind::Timeout(_)) => error,
            flaw if flaw.is(Defect::LosesSources) => error,
            flaw if flaw.is(Defect::FailsWithoutWords) => error.with_source(Wordless(source.into())),
            _ => error.with_source(source),
        }
    }

    /// A handshake that failed.
    pub(super) fn of_handshake(&self, error: std::io::Error) -> TransportError {
        self.error(kind_in(&error, Kind::Tls), Delivery::NotSent, error)
    }

    /// A call that failed before the head of its response.
    pub(super) fn of_call(&self, error: hyper::Error, unsent: bool) -> TransportError {
        let kind = match kind_in(&error, Kind::Interrupted) {
            Kind::Protocol if self.flaw.is(Defect::TakesMalformedFramesForAnEnd) && !error.is_parse() => {
                Kind::Interrupted
            }
            kind => kind,
        };
        let takes_for_unsent = self.flaw.is(Defect::TakesLateAlertsForUnsent) && matches!(kind, Kind::PeerAlert(_));
        let unsent = unsent || self.is_unprocessed(&error) || takes_for_unsent;
        let delivery = if unsent { Delivery::NotSent } else { Delivery::Unknown };
        if self.flaw.is(Defect::QuotesGarbage) && kind == Kind::Protocol {
            return self.error(kind, delivery, format!("not HTTP: {}", String::from_utf8_lossy(&foreign::last_read())));
        }
        self.error(kind, delivery, error)
    }

    /// A body that ended before its end.
    pub(super) fn of_body(&self, error: hyper::Error) -> TransportError {
        if self.flaw.is(Defect::LosesSourcesOfBodies) {
            return TransportError::new(Kind::BodyCut, Delivery::Sent).with_facts(self.facts.clone());
        }
        if self.flaw.is(Defect::FlattensErrorsOfBodies) {
            return self.error(Kind::BodyCut, Delivery::Sent, text_of(&error));
        }
        let is_lost = self.flaw.is(Defect::CallsCutBodiesLost);
        self.error(if is_lost { Kind::Interrupted } else { Kind::BodyCut }, Delivery::Sent, error)
    }

    /// Whether the server says that it did not look at the request (RFC 9113 section 8.7).
    fn is_unprocessed(&self, error: &hyper::Error) -> bool {
        if self.flaw.is(Defect::TakesRefusedStreamsForSent) {
            return false;
        }
        let is_broken_stream = || causes(error).any(|cause| cause.is::<h2::Error>());
        is_unprocessed(error) || (self.flaw.is(Defect::TakesBrokenStreamsForUnsent) && is_broken_stream())
    }

    /// What is reported of a failure: the truth, unless there is a defect.
    fn reported(&self, kind: Kind) -> Kind {
        let is = |defect| self.flaw.is(defect);
        match kind {
            Kind::PeerAlert(alert) if is(Defect::BlamesTheServer) && alert.concerns_client_certificate() => {
                Kind::PeerUntrusted(PeerFault::Unspecified)
            }
            Kind::PeerAlert(_) if is(Defect::HidesAlerts) => Kind::Tls,
            Kind::PeerAlert(_) if is(Defect::LosesAlertsOnUsed) && self.was_used() => Kind::Interrupted,
            Kind::TlsIncompatible | Kind::PeerAlert(TlsAlert(40 | 70)) if is(Defect::TakesOldTlsForABlip) => {
                Kind::Interrupted
            }
            Kind::NotTls if is(Defect::TakesClearTextForTls) => Kind::Tls,
            Kind::Protocol if is(Defect::TakesGarbageForAnEnd) => Kind::Interrupted,
            Kind::Dns if is(Defect::HasOneKindForTheNetwork) => Kind::Refused,
            Kind::PeerUntrusted(fault) if is(Defect::HidesBrokenRules) && breaks_a_rule(fault) => {
                Kind::PeerUntrusted(PeerFault::Unspecified)
            }
            Kind::TlsIncompatible if is(Defect::InventsAlerts) => Kind::PeerAlert(TlsAlert(40)),
            Kind::PeerUntrusted(_) if is(Defect::HidesPeerFaults) => Kind::PeerUntrusted(PeerFault::Unspecified),
            kind => kind,
        }
    }
}

/// Whether a certificate is refused for a reason other than its dates, its name or its issuer.
fn breaks_a_rule(fault: PeerFault) -> bool {
    use PeerFault::{Expired, NameMismatch, NotYetValid, UnknownIssuer};
    !matches!(fault, Expired | NotYetValid | NameMismatch | UnknownIssuer)
}

/// The text of the libraries, or `otherwise`.
fn kind_in(error: &(dyn Error + 'static), otherwise: Kind) -> Kind {
    let of_tls = causes(error).find_map(|cause| cause.downcast_ref()).map(tls_kind);
    of_tls.or_else(|| http_kind(error)).unwrap_or(otherwise)
}

/// Whether our side refused the server.
pub(super) fn is_ours(error: &std::io::Error) -> bool {
    matches!(kind_in(error, Kind::Tls), Kind::PeerUntrusted(_))
}

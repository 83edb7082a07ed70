//! The failures of this stack in the vocabulary of core: hyper, h2 and rustls. Defects of the kind that tell something else than what
//! happened have their place here.

use std::error::Error;
use std::fmt;

use digicert_one_core::{
    BoxError, ConnectionFacts, Delivery, PeerFault, TlsAlert, TransportError, TransportErrorKind as Kind, causes,
};
use tokio_rustls::rustls::{self, CertificateError};

use super::Flaw;
use crate::table::Defect;

/// A failure before any connection.
pub(super) fn local(kind: Kind, error: impl Into<BoxError>) -> TransportError {
    TransportError::new(kind, Delivery::NotSent).with_source(error)
}

/// A cause that has one itself, and no words.
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

/// Makes errors about one connection.
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

    pub(super) fn error(&self, kind: Kind, delivery: Delivery, source: impl Into<BoxError>) -> TransportError {
        let error = TransportError::new(self.told(kind), delivery).with_facts(self.facts.clone());
        match self.flaw {
            flaw if flaw.is(Defect::LosesSources) => error,
            flaw if flaw.is(Defect::FailsWithoutWords) => error.with_source(Wordless(source.into())),
            _ => error.with_source(source),
        }
    }

    /// A handshake that failed.
    pub(super) fn of_handshake(&self, error: std::io::Error) -> TransportError {
        self.error(kind_in(&error, Kind::Tls), Delivery::NotSent, error)
    }

    /// A call that failed before the head of its answer.
    pub(super) fn of_call(&self, error: hyper::Error, unsent: bool) -> TransportError {
        let is_malformed = causes(&error).any(is_malformed) && !self.flaw.is(Defect::TakesMalformedFramesForAnEnd);
        let kind = kind_in(&error, if is_malformed { Kind::Protocol } else { Kind::Interrupted });
        let takes_for_unsent = self.flaw.is(Defect::TakesLateAlertsForUnsent) && matches!(kind, Kind::PeerAlert(_));
        let unsent = unsent || self.is_unprocessed(&error) || takes_for_unsent;
        let delivery = if unsent { Delivery::NotSent } else { Delivery::Unknown };
        self.error(kind, delivery, error)
    }

    /// A body that ended before its end.
    pub(super) fn of_body(&self, error: hyper::Error) -> TransportError {
        if self.flaw.is(Defect::LosesSourcesOfBodies) {
            return TransportError::new(Kind::BodyCut, Delivery::Sent).with_facts(self.facts.clone());
        }
        let is_lost = self.flaw.is(Defect::CallsCutBodiesLost);
        self.error(if is_lost { Kind::Interrupted } else { Kind::BodyCut }, Delivery::Sent, error)
    }

    /// Whether the server says that it did not look at the request (RFC 9113 section 8.7).
    fn is_unprocessed(&self, error: &hyper::Error) -> bool {
        if self.flaw.is(Defect::TakesRefusedStreamsForSent) {
            return false;
        }
        causes(error).filter_map(|cause| cause.downcast_ref::<h2::Error>()).any(|stream| match stream.reason() {
            Some(h2::Reason::REFUSED_STREAM) => stream.is_remote() && stream.is_reset(),
            Some(h2::Reason::NO_ERROR) => stream.is_remote() && stream.is_go_away(),
            _ => self.flaw.is(Defect::TakesBrokenStreamsForUnsent),
        })
    }

    /// What is told of a failure: what it was, unless there is a defect.
    fn told(&self, kind: Kind) -> Kind {
        let is = |defect| self.flaw.is(defect);
        match kind {
            Kind::PeerAlert(alert) if is(Defect::BlamesTheServer) && alert.concerns_client_certificate() => {
                Kind::PeerUntrusted(PeerFault::Unspecified)
            }
            Kind::PeerAlert(_) if is(Defect::HidesAlerts) => Kind::Tls,
            Kind::PeerAlert(TlsAlert(40 | 70)) if is(Defect::TakesOldTlsForABlip) => Kind::Interrupted,
            Kind::NotTls if is(Defect::TakesClearTextForTls) => Kind::Tls,
            Kind::Protocol if is(Defect::TakesGarbageForAnEnd) => Kind::Interrupted,
            Kind::Dns if is(Defect::HasOneKindForTheNetwork) => Kind::Refused,
            Kind::PeerUntrusted(PeerFault::WrongPurpose | PeerFault::Other) if is(Defect::HidesBrokenRules) => {
                Kind::PeerUntrusted(PeerFault::Unspecified)
            }
            Kind::PeerUntrusted(_) if is(Defect::HidesPeerFaults) => Kind::PeerUntrusted(PeerFault::Unspecified),
            kind => kind,
        }
    }
}

/// Whether our HTTP/2 found that the server breaks its rules.
fn is_malformed(cause: &(dyn Error + 'static)) -> bool {
    let ours = cause.downcast_ref::<h2::Error>().filter(|stream| stream.is_library());
    ours.and_then(h2::Error::reason) == Some(h2::Reason::PROTOCOL_ERROR)
}

/// What the libraries say, or `otherwise`.
fn kind_in(error: &(dyn Error + 'static), otherwise: Kind) -> Kind {
    let mut kind = otherwise;
    for cause in causes(error) {
        match cause.downcast_ref::<rustls::Error>() {
            Some(rustls::Error::AlertReceived(alert)) => kind = Kind::PeerAlert(TlsAlert(u8::from(*alert))),
            Some(rustls::Error::InvalidCertificate(fault)) => kind = Kind::PeerUntrusted(fault_in(fault)),
            // No version or cipher in common: the alert goes from us to the server, and means the same.
            Some(rustls::Error::PeerIncompatible(_)) => kind = Kind::PeerAlert(TlsAlert(40)),
            Some(rustls::Error::InvalidMessage(_)) => kind = Kind::NotTls,
            // What our own side could not go on with, such as a request for a certificate after the handshake.
            Some(_) => kind = Kind::Tls,
            None => {}
        }
        if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            kind = Kind::Protocol;
        }
        if cause.downcast_ref::<h2::Error>().and_then(h2::Error::reason) == Some(h2::Reason::HTTP_1_1_REQUIRED) {
            kind = Kind::Http11Required;
        }
    }
    kind
}

/// Whether it was we who refused the server.
pub(super) fn is_ours(error: &std::io::Error) -> bool {
    matches!(kind_in(error, Kind::Tls), Kind::PeerUntrusted(_))
}

fn fault_in(fault: &CertificateError) -> PeerFault {
    match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => PeerFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => PeerFault::NotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => PeerFault::NameMismatch,
        CertificateError::UnknownIssuer => PeerFault::UnknownIssuer,
        CertificateError::Revoked => PeerFault::Revoked,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => PeerFault::WrongPurpose,
        _ => PeerFault::Other,
    }
}

//! Maps errors of ureq to the kinds that all transports share. Facts only: core gives the advice.

use digicert_one_core::{BoxError, Delivery, Phase, TransportError, TransportErrorKind as Kind, causes};
use digicert_one_error_kinds::tls_kind;
use ureq::Error;

use crate::stage::Stage;

/// A failure before anything was sent.
pub(crate) fn local(kind: Kind, error: impl Into<BoxError>) -> TransportError {
    TransportError::new(kind, Delivery::NotSent).with_source(error)
}

/// A call without a response. Its progress determines the delivery of the request.
pub(crate) fn of_call(error: Error, stage: &Stage) -> TransportError {
    let phase = stage.phase();
    let kind = match (&error, phase) {
        (Error::Timeout(_), phase) => Kind::Timeout(phase),
        (Error::Io(_), Phase::Connect) => Kind::Refused,
        (_, Phase::Connect) => Kind::Config,
        (_, Phase::Handshake) => Kind::Tls,
        (Error::Protocol(_) | Error::LargeResponseHeader(..), _) => Kind::Protocol,
        _ => Kind::Interrupted,
    };
    let delivery = if phase == Phase::Response { Delivery::Unknown } else { Delivery::NotSent };
    // ureq's own error has no source; as an I/O error the cause below it stays in reach.
    let error = error.into_io();
    let kind = causes(&error).find_map(|cause| cause.downcast_ref()).map_or(kind, tls_kind);
    TransportError::new(kind, delivery).with_source(error)
}

/// A body that did not reach its end.
pub(crate) fn of_body(error: std::io::Error) -> TransportError {
    let late = causes(&error).any(|cause| matches!(cause.downcast_ref(), Some(Error::Timeout(_))));
    let kind = if late { Kind::Timeout(Phase::Body) } else { Kind::BodyCut };
    TransportError::new(kind, Delivery::Sent).with_source(error)
}

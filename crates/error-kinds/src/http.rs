//! Kinds for errors of hyper and h2: refused responses, and what the server reports about the request.

use std::error::Error;

use digicert_one_core::{TransportErrorKind as Kind, causes};
use h2::Reason;

/// Returns the kind of a failed call if hyper or h2 refused the response head, or the server wants HTTP/1.1;
/// `None` for everything else, such as a closed connection.
///
/// ```
/// use digicert_one_core::TransportErrorKind;
/// use digicert_one_error_kinds::http_kind;
///
/// let error = h2::Error::from(h2::Reason::HTTP_1_1_REQUIRED);
/// assert_eq!(http_kind(&error), Some(TransportErrorKind::Http11Required));
/// ```
#[must_use]
pub fn http_kind(error: &(dyn Error + 'static)) -> Option<Kind> {
    causes(error).find_map(|cause| {
        if let Some(http) = cause.downcast_ref::<hyper::Error>().filter(|http| http.is_parse()) {
            // `is_parse_too_large` exists only with hyper's server feature, which no client needs.
            let is_too_large = http.to_string() == "message head is too large";
            return Some(if is_too_large { Kind::HeadLimit } else { Kind::Protocol });
        }
        let stream = cause.downcast_ref::<h2::Error>()?;
        match stream.reason()? {
            Reason::HTTP_1_1_REQUIRED => Some(Kind::Http11Required),
            // Our own error, for a head without end.
            Reason::ENHANCE_YOUR_CALM if stream.is_library() => Some(Kind::HeadLimit),
            Reason::PROTOCOL_ERROR
            | Reason::COMPRESSION_ERROR
            | Reason::FRAME_SIZE_ERROR
            | Reason::FLOW_CONTROL_ERROR
            | Reason::STREAM_CLOSED
                if stream.is_library() =>
            {
                Some(Kind::Protocol)
            }
            _ => None,
        }
    })
}

/// Returns whether the server reports that it did not process the request: a refused stream, or one above the
/// last stream of a GOAWAY without an error (RFC 9113 section 8.7).
#[must_use]
pub fn is_unprocessed(error: &(dyn Error + 'static)) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<h2::Error>()).any(|stream| {
        stream.is_remote()
            && match stream.reason() {
                Some(Reason::REFUSED_STREAM) => stream.is_reset(),
                Some(Reason::NO_ERROR) => stream.is_go_away(),
                _ => false,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_unrelated_to_the_response_has_no_kind() {
        for reason in [Reason::PROTOCOL_ERROR, Reason::CANCEL, Reason::REFUSED_STREAM, Reason::NO_ERROR] {
            let error = h2::Error::from(reason);
            assert_eq!((http_kind(&error), is_unprocessed(&error)), (None, false), "{reason:?}");
        }
        let io = std::io::Error::other("it ended");
        assert_eq!(http_kind(&io), None);
        let below = std::io::Error::other(h2::Error::from(Reason::HTTP_1_1_REQUIRED));
        assert_eq!(http_kind(&below), Some(Kind::Http11Required));
    }
}

//! Correlation headers: the transaction id of DigiCert's own clients, and W3C Trace Context. Like every request, they go to the
//! installation's origin only.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::parse_error::ParseError;

/// Seen in DigiCert's own code for the CA service; not documented publicly.
pub(crate) const TRANSACTION_ID: HeaderName = HeaderName::from_static("x-dc-transactionid");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACE_STATE: HeaderName = HeaderName::from_static("tracestate");

/// A fresh transaction id (RFC 9562 section 5.4).
pub(crate) fn fresh_transaction_id() -> HeaderValue {
    let id = uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid();
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    // Hexadecimal digits and hyphens are a header value.
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)).unwrap_or(HeaderValue::from_static(""))
}

/// The position of a call in a distributed trace (W3C Trace Context, level 1).
///
/// ```
/// use digicert_one_client::TraceContext;
/// let context = TraceContext::new("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")?;
/// assert!(TraceContext::new("somewhere").is_err());
/// # Ok::<(), digicert_one_client::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    parent: HeaderValue,
    state: Option<HeaderValue>,
}

const PARENT: ParseError = ParseError(
    "invalid traceparent: expected 00-<32 digits>-<16 digits>-<2 digits> in lower-case hexadecimal, without an id of zeros",
);
const STATE: ParseError = ParseError("invalid tracestate: expected a header value of at most 512 bytes");

impl TraceContext {
    /// Parses the value of a `traceparent` header.
    ///
    /// # Errors
    /// Another form.
    pub fn new(traceparent: &str) -> Result<Self, ParseError> {
        let mut parts = traceparent.split('-');
        let fits = [(2, false), (32, true), (16, true), (2, false)].into_iter().all(|(length, is_id)| {
            parts.next().is_some_and(|part| {
                part.len() == length
                    && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
                    && !(is_id && part.bytes().all(|byte| byte == b'0'))
            })
        });
        if !fits || parts.next().is_some() || traceparent.starts_with("ff") {
            return Err(PARENT);
        }
        let parent = HeaderValue::from_str(traceparent).map_err(|_| PARENT)?;
        Ok(Self { parent, state: None })
    }

    /// Adds the value of a `tracestate` header.
    ///
    /// # Errors
    /// Not a header value of at most 512 bytes.
    pub fn with_state(mut self, tracestate: &str) -> Result<Self, ParseError> {
        let state = HeaderValue::from_str(tracestate).map_err(|_| STATE)?;
        if state.len() > 512 {
            return Err(STATE);
        }
        self.state = Some(state);
        Ok(self)
    }

    fn write(self, headers: &mut HeaderMap) {
        headers.insert(TRACE_PARENT, self.parent);
        if let Some(state) = self.state {
            headers.insert(TRACE_STATE, state);
        }
    }
}

/// The function of the program that returns the trace context of an attempt.
#[derive(Clone)]
pub(crate) struct Tracer(Arc<dyn Fn() -> Option<TraceContext> + Send + Sync>);

impl Tracer {
    pub(crate) fn new(current: impl Fn() -> Option<TraceContext> + Send + Sync + 'static) -> Self {
        Self(Arc::new(current))
    }

    /// Adds the headers, unless the function returns `None` or panics.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.0)())) {
            Ok(Some(context)) => context.write(headers),
            Ok(None) => {}
            Err(_) => tracing::error!("the function that gives the trace context panicked"),
        }
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tracer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_trace_contexts_are_refused() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(TraceContext::new(good).is_ok());
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4BF92F3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceContext::new(bad), Err(PARENT), "{bad}");
        }
        let context = TraceContext::new(good).expect("good");
        assert!(context.clone().with_state("vendor=1").is_ok());
        assert_eq!(context.clone().with_state("a\nb"), Err(STATE));
        assert_eq!(context.with_state(&"a".repeat(513)), Err(STATE));
    }

    #[test]
    fn transaction_ids_are_fresh_uuids() {
        let (one, other) = (fresh_transaction_id(), fresh_transaction_id());
        assert_ne!(one, other);
        let id = uuid::Uuid::parse_str(one.to_str().expect("ASCII")).expect("a UUID");
        assert_eq!(id.get_version_num(), 4);
    }
}

//! The responses of the proxy: those of the platform passed on chunk by chunk, and failures as JSON with a status that says whose fault
//! it is.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use digicert_one::core::diagnosis::Advice;
use digicert_one::core::{ResponseBody, TransportError, TransportErrorKind, printable_json};
use digicert_one::{Diagnosis, Error, ErrorKind};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use serde_json::{Value, json};

use super::admission::Refusal;
use super::metrics::{RequestOutcome, Ticket};
use crate::output::diagnosis_json;

/// The diagnosis code of an error response, of the platform or the proxy.
const CODE: HeaderName = HeaderName::from_static("x-d1-code");
/// Who made the response, where it is not the platform.
const ANSWERED_BY: HeaderName = HeaderName::from_static("x-d1-answered-by");

/// The body of a response. Its request is in flight until it is dropped.
pub(crate) struct ProxyBody {
    inner: ResponseBody,
    /// Bytes that are still to come, where their number is known.
    left: Option<u64>,
    /// The request, and its outcome if the body is complete.
    request: Option<(Ticket, RequestOutcome)>,
}

impl ProxyBody {
    fn whole(text: String) -> Self {
        Self { inner: ResponseBody::full(text), left: None, request: None }
    }

    fn finish(&mut self, outcome: Option<RequestOutcome>) {
        if let Some((mut ticket, complete)) = self.request.take() {
            ticket.ends(outcome.unwrap_or(complete));
        }
    }
}

impl Body for ProxyBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            None => self.finish(None),
            Some(Err(_)) => self.finish(Some(RequestOutcome::Interrupted)),
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                self.left = self.left.map(|left| left.saturating_sub(length));
                // The server does not ask again after the announced end.
                if self.left == Some(0) || self.inner.is_end_stream() {
                    self.finish(None);
                }
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A response of the platform, its headers cleaned; `code` explains its status if that is an error.
pub(crate) fn relayed(
    response: Response<ResponseBody>,
    code: Option<&'static str>,
    is_head: bool,
    ticket: Ticket,
) -> Response<ProxyBody> {
    let (mut head, inner) = response.into_parts();
    head.version = http::Version::HTTP_11;
    head.extensions.clear();
    if let Some(code) = code {
        head.headers.insert(CODE, HeaderValue::from_static(code));
    }
    let outcome = match head.status.as_u16() {
        ..400 => RequestOutcome::Success,
        400..500 => RequestOutcome::ClientError,
        _ => RequestOutcome::ServerError,
    };
    let left = inner.size_hint().exact();
    let is_empty = is_head || inner.is_end_stream() || left == Some(0);
    let mut body = ProxyBody { inner, left, request: Some((ticket, outcome)) };
    if is_empty {
        body.finish(None);
    }
    Response::from_parts(head, body)
}

/// A call without a response that can be passed on.
pub(crate) fn failed(error: &Error) -> Response<ProxyBody> {
    let mut document = diagnosis_json(error.diagnosis());
    document["attempts"] = json!(error.attempts());
    explained(status_of(error), error.diagnosis(), document)
}

/// A response with which the platform refused the credential: not the caller's fault, so it is not passed on as a 401.
pub(crate) fn credential_refused(diagnosis: &Diagnosis) -> Response<ProxyBody> {
    explained(StatusCode::BAD_GATEWAY, diagnosis, diagnosis_json(diagnosis))
}

/// A request that was not admitted. Its connection is closed, since its body is not read.
pub(crate) fn refused(refusal: &Refusal) -> Response<ProxyBody> {
    let mut document = diagnosis_json(&refusal.diagnosis);
    document["reason"] = json!(refusal.reason);
    let mut response = explained(refusal.status, &refusal.diagnosis, document);
    let headers = response.headers_mut();
    match refusal.status {
        StatusCode::UNAUTHORIZED => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE"));
        }
        _ => {}
    }
    response
}

/// A document of the proxy itself.
pub(crate) fn document(status: StatusCode, document: &Value) -> Response<ProxyBody> {
    of_proxy(status, "application/json", printable_json(&document.to_string()).into_owned())
}

/// A text of the proxy itself, for Prometheus.
pub(crate) fn metrics(text: String) -> Response<ProxyBody> {
    of_proxy(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
}

fn explained(status: StatusCode, diagnosis: &Diagnosis, error: Value) -> Response<ProxyBody> {
    let mut response = document(status, &json!({ "error": error }));
    let headers = response.headers_mut();
    headers.insert(CODE, HeaderValue::from_static(diagnosis.code.as_str()));
    if let Advice::Retry { not_before: Some(wait) } = diagnosis.advice
        && matches!(status.as_u16(), 429 | 503)
    {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds(wait)));
    }
    response
}

fn of_proxy(status: StatusCode, content_type: &'static str, text: String) -> Response<ProxyBody> {
    let mut response = Response::new(ProxyBody::whole(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ANSWERED_BY, HeaderValue::from_static("proxy"));
    response
}

/// Rounded up, and never zero.
fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// The status that says whose fault it is: 4xx the caller's, 502 and 504 beyond the proxy, 503 the proxy's.
fn status_of(error: &Error) -> StatusCode {
    use TransportErrorKind as Kind;
    match (error.kind(), error.transport().map(digicert_one::core::TransportError::kind)) {
        (ErrorKind::Request, _) => StatusCode::BAD_REQUEST,
        (ErrorKind::Config | ErrorKind::Credential, _) => StatusCode::SERVICE_UNAVAILABLE,
        (ErrorKind::RateLimit, _) => StatusCode::TOO_MANY_REQUESTS,
        (_, Some(Kind::Timeout(_))) => StatusCode::GATEWAY_TIMEOUT,
        (_, Some(Kind::Upload)) => StatusCode::BAD_REQUEST,
        (_, Some(Kind::Config | Kind::LocalIdentity | Kind::NoRuntime | Kind::TrustRoots | Kind::Unsupported(_))) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        // The deadline of the whole call.
        (ErrorKind::Transport, None) => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    }
}

#[cfg(test)]
mod tests {
    use digicert_one::core::{Code, Delivery, Phase};

    use super::*;

    #[test]
    fn status_says_whose_fault_it_is() {
        let of_transport = |kind| {
            Error::new(ErrorKind::Transport, Diagnosis::of(Code::NET_07, "x"))
                .with_source(TransportError::new(kind, Delivery::Unknown))
        };
        for (error, status) in [
            (Error::local(ErrorKind::Request, "x"), 400),
            (Error::local(ErrorKind::Config, "x"), 503),
            (Error::new(ErrorKind::Credential, Diagnosis::of(Code::ID_15, "x")), 503),
            (Error::new(ErrorKind::RateLimit, Diagnosis::of(Code::PACE_01, "x")), 429),
            (Error::new(ErrorKind::Redirect, Diagnosis::of(Code::SEC_01, "x")), 502),
            (Error::new(ErrorKind::Transport, Diagnosis::of(Code::NET_08, "x")), 504),
            (of_transport(TransportErrorKind::Refused), 502),
            (of_transport(TransportErrorKind::Timeout(Phase::Connect)), 504),
            (of_transport(TransportErrorKind::Upload), 400),
            (of_transport(TransportErrorKind::TrustRoots), 503),
        ] {
            assert_eq!(status_of(&error).as_u16(), status, "{error}");
        }
    }

    #[test]
    fn throttled_failure_has_the_delay_in_whole_seconds() {
        for (wait, expected) in [(1500, "2"), (0, "1"), (3000, "3")] {
            let advice = Advice::Retry { not_before: Some(Duration::from_millis(wait)) };
            let diagnosis = Diagnosis::of(Code::PACE_01, "x").advising(advice);
            let response = failed(&Error::new(ErrorKind::RateLimit, diagnosis));
            assert_eq!(
                (response.status().as_u16(), &response.headers()["retry-after"]),
                (429, &expected.parse().expect("a value"))
            );
            assert_eq!(response.headers()["x-d1-code"], "PACE-01");
        }
    }
}

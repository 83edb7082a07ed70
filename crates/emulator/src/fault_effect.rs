//! The effect of a fault on a call and its response.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one_testbed::Ending;
use http::StatusCode;
use http::header::DATE;
use serde_json::Value;

use crate::error_shape::{ErrorFacts, html_page};
use crate::fault::FaultKind;
use crate::faults::Met;
use crate::limits;
use crate::response::Response;
use crate::retry_after::http_date;
use crate::steering::Steering;

/// The fields that show a secret once, wherever they stand in a response.
const SECRET_FIELDS: [&str; 3] = ["token", "api_key", "password"];

/// Applies one fault, and returns the response as it is then: still `None` where there was none and the fault made none.
pub(crate) async fn apply(met: Met, response: Option<Response>, path: &str, steering: &Steering) -> Option<Response> {
    let now = || steering.clock.now();
    let reshaped = |response| Some(steering.shapes().reshape(response, path, now()));
    match met.kind {
        FaultKind::Delay { milliseconds } => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            response
        }
        FaultKind::Hold => {
            met.gate.passed().await;
            response
        }
        FaultKind::Reset => Some(with_ending(response.unwrap_or_default(), Ending::Reset)),
        FaultKind::Cut { bytes } => response.map(|response| with_ending(response, Ending::Cut { after: bytes })),
        FaultKind::TooManyRequests(retry_after) => reshaped(limits::too_many(retry_after, path, now())),
        FaultKind::Unavailable(retry_after) => reshaped(limits::unavailable(retry_after, path, now())),
        FaultKind::HtmlPage { status } => Some(html_page(status)),
        FaultKind::Error { status, shape } => {
            let facts = ErrorFacts::new(code(status), "The emulator was asked for this error");
            Some(shape.response(status, &facts, path, now()))
        }
        FaultKind::WrongDate { seconds } => response.map(|response| with_date(response, seconds, now())),
        FaultKind::WithoutSecret => response.map(without_secret),
    }
}

/// Whether a response shows a secret that [`FaultKind::WithoutSecret`] would take out.
pub(crate) fn holds_secret(response: &Response) -> bool {
    response.status().is_success() && stripped(response.body()).is_some()
}

fn with_ending(mut response: Response, ending: Ending) -> Response {
    response.extensions_mut().insert(ending);
    response
}

fn with_date(mut response: Response, seconds: i64, now: SystemTime) -> Response {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let by = Duration::from_secs(seconds.unsigned_abs());
    let told = if seconds < 0 { now.saturating_sub(by) } else { now.saturating_add(by) };
    if let Some(date) = http_date(told) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

fn without_secret(response: Response) -> Response {
    match stripped(response.body()) {
        Some(body) => response.map(|_| body),
        None => response,
    }
}

/// The body without its secrets; `None` where there is none in it.
fn stripped(body: &[u8]) -> Option<Bytes> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    strip(&mut body).then(|| Bytes::from(body.to_string()))
}

fn strip(value: &mut Value) -> bool {
    match value {
        Value::Object(fields) => {
            let before = fields.len();
            fields.retain(|name, value| !(SECRET_FIELDS.contains(&name.as_str()) && value.is_string()));
            let below = fields.values_mut().filter_map(|value| strip(value).then_some(())).count();
            fields.len() < before || below > 0
        }
        Value::Array(items) => items.iter_mut().filter_map(|item| strip(item).then_some(())).count() > 0,
        _ => false,
    }
}

/// The machine code that goes with a status. Those of 409 and above are inferred.
fn code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "invalid_request",
        401 => "invalid_api_key",
        403 => "access_denied",
        404 => "resource_not_found",
        409 => "duplicate_error",
        429 => "request_limit_exceeded",
        503 => "service_unavailable",
        _ => "internal_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_secrets_are_removed_and_only_from_success() {
        let body = r#"{"id":"1","api_token":{"id":"2","token":"canary","token_count":1}}"#;
        let response = Response::new(Bytes::from(body));
        assert!(holds_secret(&response));
        let left: Value = serde_json::from_slice(without_secret(response).body()).expect("JSON");
        assert_eq!(left, serde_json::json!({ "id": "1", "api_token": { "id": "2", "token_count": 1 } }));
        for body in ["", "no JSON", r#"{"token":{"id":"2"}}"#, r#"[{"name":"token"}]"#] {
            assert!(!holds_secret(&Response::new(Bytes::from(body))), "{body}");
        }
        let mut refused = Response::new(Bytes::from(r#"{"token":"canary"}"#));
        *refused.status_mut() = StatusCode::BAD_REQUEST;
        assert!(!holds_secret(&refused));
    }
}

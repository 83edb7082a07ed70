//! What a fault does to a call and its answer.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one_testbed::Ending;
use http::StatusCode;
use http::header::DATE;
use serde_json::Value;

use super::FaultKind;
use super::armed::Met;
use crate::answer::Answer;
use crate::error_shape::{ErrorFacts, html_page};
use crate::limits;
use crate::retry_after::http_date;
use crate::steering::Steering;

/// The fields that show a secret once, wherever they stand in an answer.
const SECRET_FIELDS: [&str; 3] = ["token", "api_key", "password"];

/// Does what one fault says, and returns the answer as it is then: still `None` where there was none and the fault made none.
pub(crate) async fn act(met: Met, answer: Option<Answer>, path: &str, steering: &Steering) -> Option<Answer> {
    let now = || steering.clock.now();
    match met.kind {
        FaultKind::Delay(duration) => {
            tokio::time::sleep(duration).await;
            answer
        }
        FaultKind::Hold => {
            met.gate.passed().await;
            answer
        }
        FaultKind::Reset => Some(with_ending(answer.unwrap_or_default(), Ending::Reset)),
        FaultKind::Cut { after } => answer.map(|answer| with_ending(answer, Ending::Cut { after })),
        FaultKind::TooManyRequests(retry_after) => {
            let answer = limits::too_many(retry_after, path, now());
            Some(steering.shapes().reshape(answer, path, now()))
        }
        FaultKind::Unavailable(retry_after) => {
            let answer = limits::unavailable(retry_after, path, now());
            Some(steering.shapes().reshape(answer, path, now()))
        }
        FaultKind::HtmlPage(status) => Some(html_page(status)),
        FaultKind::Error { status, shape } => {
            let facts = ErrorFacts::new(code(status), "The emulator was asked for this error");
            Some(shape.answer(status, &facts, path, now()))
        }
        FaultKind::WrongDate { seconds } => answer.map(|answer| with_date(answer, seconds, now())),
        FaultKind::WithoutSecret => answer.map(without_secret),
    }
}

/// Whether an answer shows a secret that [`FaultKind::WithoutSecret`] would take out.
pub(crate) fn holds_secret(answer: &Answer) -> bool {
    answer.status().is_success() && stripped(answer.body()).is_some()
}

fn with_ending(mut answer: Answer, ending: Ending) -> Answer {
    answer.extensions_mut().insert(ending);
    answer
}

fn with_date(mut answer: Answer, seconds: i64, now: SystemTime) -> Answer {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let by = Duration::from_secs(seconds.unsigned_abs());
    let told = if seconds < 0 { now.saturating_sub(by) } else { now.saturating_add(by) };
    if let Some(date) = http_date(told) {
        answer.headers_mut().insert(DATE, date);
    }
    answer
}

fn without_secret(answer: Answer) -> Answer {
    match stripped(answer.body()) {
        Some(body) => answer.map(|_| body),
        None => answer,
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
    use http::Response;

    use super::*;

    #[test]
    fn secrets_are_taken_out_and_nothing_else() {
        let body = r#"{"id":"1","api_token":{"id":"2","token":"canary","token_count":1}}"#;
        let answer = Response::new(Bytes::from(body));
        assert!(holds_secret(&answer));
        let left: Value = serde_json::from_slice(without_secret(answer).body()).expect("JSON");
        assert_eq!(left, serde_json::json!({ "id": "1", "api_token": { "id": "2", "token_count": 1 } }));
    }

    #[test]
    fn answers_without_a_secret_are_let_alone() {
        for body in ["", "no JSON", r#"{"token":{"id":"2"}}"#, r#"[{"name":"token"}]"#] {
            assert!(!holds_secret(&Response::new(Bytes::from(body))), "{body}");
        }
        let mut refused = Response::new(Bytes::from(r#"{"token":"canary"}"#));
        *refused.status_mut() = StatusCode::BAD_REQUEST;
        assert!(!holds_secret(&refused));
    }
}

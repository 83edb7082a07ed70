//! What can be controlled while the emulator runs: time, faults with their effects, limits, error shapes.
//! (The store has the users.)

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one_testbed::Ending;
use http::StatusCode;
use http::header::DATE;
use serde_json::Value;

use crate::clock::EmulatorClock;
use crate::error_shape::{ErrorShape, ErrorShapes, html_page};
use crate::fault::{Fault, FaultKind};
use crate::faults::{Faults, Met};
use crate::limits::{self, Limits, RateLimit};
use crate::options::EmulatorOptions;
use crate::response::{Rejection, Response};
use crate::retry_after::http_date;

#[derive(Debug)]
pub(crate) struct Steering {
    pub(crate) clock: EmulatorClock,
    pub(crate) faults: Faults,
    pub(crate) limits: Limits,
    shapes: RwLock<ErrorShapes>,
    /// The initial value, which a reset restores.
    start: Start,
}

#[derive(Debug)]
struct Start {
    fixed: Option<SystemTime>,
    rate_limit: Option<RateLimit>,
    shapes: Vec<(String, ErrorShape)>,
    faults: Vec<Fault>,
}

impl Steering {
    pub(crate) fn new(options: &EmulatorOptions) -> Self {
        let clock = options.steered_clock();
        let fixed = clock.is_fixed().then(|| clock.now());
        let steering = Steering {
            clock,
            faults: Faults::default(),
            limits: Limits::default(),
            shapes: RwLock::default(),
            start: Start {
                fixed,
                rate_limit: options.rate_limit,
                shapes: options.error_shapes.clone(),
                faults: options.faults.clone(),
            },
        };
        steering.apply_options();
        steering
    }

    pub(crate) fn reset(&self) {
        match self.start.fixed {
            Some(moment) => self.clock.fix(moment),
            None => self.clock.reset(),
        }
        self.faults.clear();
        self.limits.set_maintenance(None, self.clock.now());
        self.apply_options();
    }

    pub(crate) fn shapes(&self) -> RwLockReadGuard<'_, ErrorShapes> {
        self.shapes.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn shapes_mut(&self) -> RwLockWriteGuard<'_, ErrorShapes> {
        self.shapes.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply_options(&self) {
        self.limits.set_limit(self.start.rate_limit);
        let mut shapes = self.shapes_mut();
        shapes.clear();
        for (prefix, shape) in &self.start.shapes {
            shapes.set(prefix.clone(), *shape);
        }
        for fault in &self.start.faults {
            self.faults.arm(fault.clone());
        }
    }
}

/// The fields that contain a secret that is shown once, anywhere in a response.
const SECRET_FIELDS: [&str; 3] = ["token", "api_key", "password"];

impl Steering {
    /// Applies one fault, and returns the response: still `None` if there was none and the fault created none.
    pub(crate) async fn apply(&self, met: Met, response: Option<Response>, path: &str) -> Option<Response> {
        let now = || self.clock.now();
        let reshaped = |response| Some(self.shapes().reshape(response, path, now()));
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
                let rejection = Rejection::new(status, code(status), "The emulator was asked for this error");
                Some(shape.response(rejection, path, now()))
            }
            FaultKind::WrongDate { seconds } => response.map(|response| with_date(response, seconds, now())),
            FaultKind::WithoutSecret => response.map(without_secret),
        }
    }
}

/// Returns whether a response contains a secret that [`FaultKind::WithoutSecret`] would remove.
pub(crate) fn holds_secret(response: &Response) -> bool {
    response.status().is_success() && stripped(response.body()).is_some()
}

fn with_ending(mut response: Response, ending: Ending) -> Response {
    response.extensions_mut().insert(ending);
    response
}

fn with_date(mut response: Response, seconds: i64, now: SystemTime) -> Response {
    // Further than any calendar, and no further than the system's time.
    let by = Duration::from_secs(seconds.unsigned_abs().min(1 << 40));
    let moved = if seconds < 0 { now.checked_sub(by) } else { now.checked_add(by) };
    if let Some(date) = http_date(moved.unwrap_or(SystemTime::UNIX_EPOCH)) {
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

/// Removes the secrets from the body; `None` if it has none.
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

/// Returns the machine-readable code of a status. Those of 409 and above are inferred.
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

//! What holds back callers that may call: rate limits of one credential each, and maintenance of the whole.
//!
//! Both use the emulator's clock. The platform publishes no number for its limits and only documents that
//! they apply per API key; the window is rolling, as in its sister service (inferred), and callers without a
//! key are counted by certificate (inferred).

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use crate::decide::Presented;
use crate::error_shape::Product;
use crate::response::{Rejection, Response};
use crate::retry_after::{RetryAfter, RetryAfterForm};

/// A number of calls by one credential within a rolling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RateLimit {
    /// Calls that are served in one window.
    pub calls: usize,
    /// Its length.
    #[serde(rename = "window_seconds", with = "crate::words::seconds")]
    pub window: Duration,
    /// The form of `Retry-After` for a caller over the limit.
    #[serde(rename = "retry_after_form", default)]
    pub retry_after: RetryAfterForm,
}

/// A time in which every call gets 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Maintenance {
    /// The delay that callers are asked for.
    pub retry_after: RetryAfter,
    /// How long it lasts by the emulator's clock; `None` until it is ended.
    pub ending_in: Option<Duration>,
}

impl RateLimit {
    /// This many calls in each window, with `Retry-After` in seconds.
    pub fn new(calls: usize, window: Duration) -> Self {
        RateLimit { calls, window, retry_after: RetryAfterForm::Seconds }
    }

    /// Sets the form of `Retry-After`.
    #[must_use]
    pub fn retry_after(self, retry_after: RetryAfterForm) -> Self {
        RateLimit { retry_after, ..self }
    }
}

impl Maintenance {
    /// Until it is ended, with this `Retry-After`.
    pub fn new(retry_after: RetryAfter) -> Self {
        Maintenance { retry_after, ending_in: None }
    }

    /// Ends it automatically after this time.
    #[must_use]
    pub fn ending_in(self, duration: Duration) -> Self {
        Maintenance { ending_in: Some(duration), ..self }
    }
}

/// Counts calls and holds them back.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    state: Mutex<State>,
    /// Credentials are stored as numbers that have no meaning elsewhere.
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct State {
    limit: Option<RateLimit>,
    calls: HashMap<u64, VecDeque<SystemTime>>,
    maintenance: Option<(Maintenance, Option<SystemTime>)>,
}

impl Limits {
    /// Sets or removes the limit; previous counts are reset.
    pub(crate) fn set_limit(&self, limit: Option<RateLimit>) {
        let mut state = self.lock();
        state.limit = limit;
        state.calls.clear();
    }

    pub(crate) fn limit(&self) -> Option<RateLimit> {
        self.lock().limit
    }

    pub(crate) fn set_maintenance(&self, maintenance: Option<Maintenance>, now: SystemTime) {
        self.lock().maintenance = maintenance.map(|maintenance| {
            let end = maintenance.ending_in.and_then(|duration| now.checked_add(duration));
            (maintenance, end)
        });
    }

    pub(crate) fn maintenance(&self, now: SystemTime) -> Option<(Maintenance, Option<SystemTime>)> {
        self.lock().maintenance.filter(|(_, end)| end.is_none_or(|end| now < end))
    }

    /// The response to a call that is held back. A call that is not is counted.
    pub(crate) fn hold_back(&self, presented: Presented<'_>, path: &str, now: SystemTime) -> Option<Response> {
        if let Some((maintenance, _)) = self.maintenance(now) {
            return Some(unavailable(maintenance.retry_after, path, now));
        }
        let (limit, wait) = self.count(presented, now)?;
        Some(too_many(RetryAfter::new(limit.retry_after, wait), path, now))
    }

    /// Counts a call; over the limit, it returns the time until the oldest counted call leaves the window.
    fn count(&self, presented: Presented<'_>, now: SystemTime) -> Option<(RateLimit, Duration)> {
        // A caller without either is refused anyway, and its calls count for no credential.
        let credential = presented.api_key.or(presented.certificate)?;
        let credential = self.hasher.hash_one((presented.api_key.is_some(), credential));
        let mut state = self.lock();
        let limit = state.limit?;
        // A clock that was set back leaves calls in the future: they count no more.
        let age = |call: &SystemTime| now.duration_since(*call).ok();
        state.calls.retain(|_, calls| {
            calls.retain(|call| age(call).is_some_and(|age| age < limit.window));
            !calls.is_empty()
        });
        let calls = state.calls.entry(credential).or_default();
        if calls.len() < limit.calls {
            calls.push_back(now);
            return None;
        }
        let oldest = calls.front().and_then(age).unwrap_or_default();
        Some((limit, limit.window.saturating_sub(oldest)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 429. The code is that of the platform's sister service (inferred).
pub(crate) fn too_many(retry_after: RetryAfter, path: &str, now: SystemTime) -> Response {
    let message = "Too many requests with this credential: wait and repeat";
    held(StatusCode::TOO_MANY_REQUESTS, "request_limit_exceeded", message, retry_after.header(now), path)
}

/// 503. The code is ours: none is published.
pub(crate) fn unavailable(retry_after: RetryAfter, path: &str, now: SystemTime) -> Response {
    let message = "The service is down for maintenance";
    held(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", message, retry_after.header(now), path)
}

fn held(status: StatusCode, code: &'static str, message: &str, wait: Option<HeaderValue>, path: &str) -> Response {
    let mut response = Product::of(path).rejected(Rejection::new(status, code, message));
    response.headers_mut().extend(wait.map(|wait| (RETRY_AFTER, wait)));
    response
}

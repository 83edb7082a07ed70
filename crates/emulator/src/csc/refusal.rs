//! Errors as OAuth and the CSC write them: `{"error","error_description"}`, a code and a sentence.
//!
//! Codes are those of RFC 6749 §5.2, RFC 6750 §3.1 and the CSC API 1.0.4; most sentences are the CSC's own. (spec)

use std::time::SystemTime;

use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::error_shape::ErrorShape;
use crate::response::{Rejection, Response, with_allow};

/// A call refused, or failed.
pub(crate) struct Refused {
    rejection: Rejection,
    challenges: Vec<String>,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        Refused { rejection: Rejection::new(status, code, description), challenges: Vec::new() }
    }

    pub(crate) fn bad(code: &'static str, description: impl Into<String>) -> Self {
        Refused::new(StatusCode::BAD_REQUEST, code, description)
    }

    /// 400 `invalid_request`, by far the most frequent.
    pub(crate) fn request(description: impl Into<String>) -> Self {
        Refused::bad("invalid_request", description)
    }

    pub(crate) fn missing(kind: &str, name: &str) -> Self {
        Refused::request(format!("Missing (or invalid type) {kind} parameter {name}"))
    }

    pub(crate) fn parameter(name: &str) -> Self {
        Refused::request(format!("Invalid parameter {name}"))
    }

    pub(crate) fn server(description: &'static str) -> Self {
        Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", description)
    }

    pub(super) fn malformed_authorization() -> Self {
        Refused::request("Malformed authorization header.")
    }

    /// 401 that asks for a bearer token.
    pub(crate) fn token(description: impl Into<String>, presented: bool) -> Self {
        // RFC 6750 §3.1: without credentials, the challenge names no error.
        let challenge = if presented { "Bearer error=\"invalid_token\"" } else { "Bearer" };
        Refused::new(StatusCode::UNAUTHORIZED, "invalid_token", description).challenge(challenge)
    }

    #[must_use]
    pub(crate) fn challenge(mut self, challenge: impl Into<String>) -> Self {
        self.challenges.push(challenge.into());
        self
    }

    pub(crate) fn code(&self) -> &'static str {
        self.rejection.code
    }

    pub(crate) fn description(&self) -> &str {
        &self.rejection.message
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = ErrorShape::Csc.response(self.rejection, "", SystemTime::UNIX_EPOCH);
        for challenge in self.challenges {
            if let Ok(challenge) = HeaderValue::try_from(challenge) {
                response.headers_mut().append(WWW_AUTHENTICATE, challenge);
            }
        }
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

pub(super) fn wrong_method(allowed: &str) -> Response {
    let message = format!("This path takes {allowed}");
    with_allow(Refused::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", message).into_response(), allowed)
}

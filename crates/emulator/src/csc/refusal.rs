//! Errors as OAuth and the CSC write them: `{"error","error_description"}`, a code and a sentence.
//!
//! Codes are those of RFC 6749 §5.2, RFC 6750 §3.1 and the CSC API 1.0.4; most sentences are the CSC's own. (spec)

use std::borrow::Cow;

use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::response::{Response, json_response, with_allow};

/// A call refused, or failed.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    code: &'static str,
    description: Cow<'static, str>,
    challenges: Vec<String>,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, code: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Refused { status, code, description: description.into(), challenges: Vec::new() }
    }

    pub(crate) fn bad(code: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Refused::new(StatusCode::BAD_REQUEST, code, description)
    }

    /// 400 `invalid_request`, by far the most frequent.
    pub(crate) fn request(description: impl Into<Cow<'static, str>>) -> Self {
        Refused::bad("invalid_request", description)
    }

    /// A parameter is not there, or is of another type.
    pub(crate) fn missing(kind: &str, name: &str) -> Self {
        Refused::request(format!("Missing (or invalid type) {kind} parameter {name}"))
    }

    /// A parameter has a value that cannot be.
    pub(crate) fn parameter(name: &str) -> Self {
        Refused::request(format!("Invalid parameter {name}"))
    }

    pub(crate) fn server(description: &'static str) -> Self {
        Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", description)
    }

    /// 401 that asks for a bearer token.
    pub(crate) fn token(description: impl Into<Cow<'static, str>>, presented: bool) -> Self {
        // RFC 6750 §3.1: who showed nothing is told of no error.
        let challenge = if presented { "Bearer error=\"invalid_token\"" } else { "Bearer" };
        Refused::new(StatusCode::UNAUTHORIZED, "invalid_token", description).challenge(challenge)
    }

    #[must_use]
    pub(crate) fn challenge(mut self, challenge: impl Into<String>) -> Self {
        self.challenges.push(challenge.into());
        self
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn description(&self) -> &str {
        &self.description
    }

    pub(crate) fn into_response(self) -> Response {
        let body = json!({ "error": self.code, "error_description": self.description });
        let mut response = json_response(self.status, &body);
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

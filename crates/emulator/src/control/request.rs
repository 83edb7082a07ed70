//! A request to the control API: its path, its JSON, and validation errors.

use http::StatusCode;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::handle::ControlError;
use crate::response::{Response, response};
use crate::words::Fields;

pub(super) struct ControlRequest<'a> {
    variables: Vec<String>,
    body: &'a [u8],
}

pub(super) struct Problem {
    status: StatusCode,
    message: String,
}

impl<'a> ControlRequest<'a> {
    pub(super) fn new(variables: &[&str], body: &'a [u8]) -> Option<Self> {
        let decode = |text: &&str| percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned);
        let variables = variables.iter().map(decode).collect::<Option<_>>()?;
        // No body at all is an empty object.
        Some(ControlRequest { variables, body: if body.is_empty() { b"{}" } else { body } })
    }

    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(self.body).map_err(|error| Problem::from(format!("invalid body: {error}")))
    }

    pub(super) fn fields(&self) -> Result<Fields, Problem> {
        self.body().map(Fields)
    }

    /// Returns the value of a path placeholder, counted from 0.
    pub(super) fn variable(&self, index: usize) -> &str {
        self.variables.get(index).map(String::as_str).unwrap_or_default()
    }
}

impl Problem {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Problem { status, message: message.into() }
    }

    pub(super) fn into_response(self) -> Response {
        json_response(self.status, &json!({ "error": self.message }))
    }
}

pub(super) fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    response(status, Some("application/json"), format!("{body:#}\n"))
}

/// 400.
impl From<String> for Problem {
    fn from(message: String) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, message)
    }
}

impl From<&str> for Problem {
    fn from(message: &str) -> Self {
        Problem::from(message.to_owned())
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        let status = match error {
            ControlError::NoSuchUser(..) | ControlError::NoSuchCredential(..) => StatusCode::NOT_FOUND,
            ControlError::NoStateFile => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Problem::new(status, error.to_string())
    }
}

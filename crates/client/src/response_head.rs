//! The head of a response whose body was read: reads the body as JSON, and finds the errors that it may be.

use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use digicert_one_core::diagnosis::{diagnose_content, diagnose_error_document, with_responder};
use digicert_one_core::{CallContext, Code, Diagnosis};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;

use crate::error::{Error, ErrorKind};
use crate::mismatch::Mismatch;
use crate::{decode, document, json_text, redact};

/// The head of a response whose body was read, for typed clients that are built on this one: reads the body, and finds the errors that it
/// may be.
pub struct ResponseHead {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    pub(crate) context: CallContext,
    pub(crate) key: Option<HeaderValue>,
    /// How often the call was tried.
    pub attempts: u32,
}

impl fmt::Debug for ResponseHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead").field("status", &self.status).finish_non_exhaustive()
    }
}

impl ResponseHead {
    /// The body as JSON of a `T`. An error document that is not a `T` is an error with its message.
    pub(crate) fn read<T: DeserializeOwned>(&self, body: &Bytes) -> Result<T, Error> {
        self.json(body).map_err(|error| self.likely_error_document(body).unwrap_or(error))
    }

    /// The body as JSON of a `T`, whatever it says.
    ///
    /// # Errors
    /// It is not the JSON of a `T`.
    pub fn json<T: DeserializeOwned>(&self, body: &Bytes) -> Result<T, Error> {
        serde_json::from_slice(&json_text::utf8(body)).map_err(|error| {
            self.foreign_body(body).unwrap_or_else(|| {
                let text = format!("the response ({}, {} bytes) is not the expected JSON", self.seen(), body.len());
                let cause = match error.classify() {
                    _ if body.trim_ascii().is_empty() => "it has no body",
                    Category::Data => "it is JSON of another structure",
                    Category::Eof => "its JSON ends too early",
                    _ => "its body is not JSON",
                };
                let cause = format!(
                    "{cause}; it is unknown who sent it: a load balancer or a firewall may respond instead of the platform"
                );
                let response = decode::response(self.status, &self.headers, &Bytes::new(), self.context.now);
                let diagnosis = with_responder(Diagnosis::new(Code::AUT_05, text, cause), &response);
                Error::new(ErrorKind::Decode, diagnosis).with_source(Mismatch::new(&error)).after_attempts(self.attempts)
            })
        })
    }

    /// The error of a body that a gateway or proxy in front of the API sent or changed: a web page, or an encoding that was not asked for.
    #[must_use]
    pub fn foreign_body(&self, body: &Bytes) -> Option<Error> {
        // A page is recognised by its beginning, however long it is.
        let beginning = body.slice(..body.len().min(decode::MAX_ERROR_BODY));
        let response = decode::response(self.status, &self.headers, &beginning, self.context.now);
        let diagnosis = diagnose_content(&response, &self.context)?;
        Some(Error::new(ErrorKind::Decode, diagnosis).after_attempts(self.attempts))
    }

    /// When the request left, by the client's clock.
    #[must_use]
    pub fn sent_at(&self) -> SystemTime {
        self.context.now
    }

    /// The error of a body that is certainly an error document.
    #[must_use]
    pub fn error_document(&self, body: &Bytes) -> Option<Error> {
        self.read_error(body, document::reports_error)
    }

    /// The error of a body that is not what was expected and looks like an error document.
    #[must_use]
    pub fn likely_error_document(&self, body: &Bytes) -> Option<Error> {
        self.read_error(body, document::looks_like_error)
    }

    fn read_error(&self, body: &Bytes, is_one: fn(&Value) -> bool) -> Option<Error> {
        let json = serde_json::from_slice::<Value>(&json_text::utf8(body)).ok()?;
        if !is_one(&json) {
            return None;
        }
        let body = match &self.key {
            Some(key) => redact::body(body.clone(), key.as_bytes()),
            None => body.clone(),
        };
        let response = decode::response(self.status, &self.headers, &body, self.context.now);
        let diagnosis = diagnose_error_document(&response, &self.context);
        Some(Error::new(ErrorKind::Decode, diagnosis).after_attempts(self.attempts))
    }

    /// Status and content type, for an error.
    pub(crate) fn seen(&self) -> String {
        let content_type = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("none");
        format!("HTTP {}, content type {content_type}", self.status.as_u16())
    }
}

/// The error of a body that is not what was asked for.
pub(crate) fn undecoded(summary: String, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Decode, Diagnosis::of(Code::AUT_05, summary)).with_source(source)
}

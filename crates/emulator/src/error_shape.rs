//! The shapes in which error responses have been seen, and the switch that turns one into another.
//!
//! A response is made in the shape of its product first and rewritten afterwards, so that the calls need not know of the switch.

use std::time::SystemTime;

use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::end_date::rfc3339;
use crate::response::{Response, json_response, response};
use crate::words::words;

words! { "shape",
    /// A shape of an error's body. All have been seen in responses of the platform or in what its clients expect.
    #[non_exhaustive]
    pub enum ErrorShape {
        /// 1: `{"errors":[{"code","message","field"?}]}`. Account Manager, Trust Lifecycle, and the gateway.
        Errors = "errors",
        /// 2: `{"error":{"code","message"}}`. The structure that the platform's guide describes.
        ErrorCode = "error-code",
        /// 3: `{"error":{"status","message"}}`, with the machine code as `status`. Software Trust.
        ErrorStatus = "error-status",
        /// 4: `{"timestamp","status":"500","error":"Internal Server Error","path"}`, a web framework's own. Software Trust's 500s.
        Framework = "framework",
        /// 5: `{"message","code":500}`, the code being a number. Private CA.
        MessageCode = "message-code",
        /// 6: `{"error","error_description"}`. Signatures by the CSC protocol, and OAuth.
        Csc = "csc",
        /// 7: the message as plain text.
        Text = "text",
        /// 7: an HTML page, such as a proxy in front of the platform sends.
        Html = "html",
        /// 7: no body at all.
        Empty = "empty",
    }
}

/// Shapes by the paths that they are for; elsewhere, responses stay as their product makes them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ErrorShapes(Vec<(String, ErrorShape)>);

/// The content of an error, whatever its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorFacts {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) field: Option<String>,
}

impl ErrorShape {
    pub(crate) fn response(self, status: StatusCode, facts: &ErrorFacts, path: &str, now: SystemTime) -> Response {
        let ErrorFacts { code, message, field } = facts;
        let body = match self {
            ErrorShape::Errors => match field {
                Some(field) => json!({ "errors": [{ "code": code, "message": message, "field": field }] }),
                None => json!({ "errors": [{ "code": code, "message": message }] }),
            },
            ErrorShape::ErrorCode => json!({ "error": { "code": code, "message": message } }),
            ErrorShape::ErrorStatus => json!({ "error": { "status": code, "message": message } }),
            ErrorShape::Framework => {
                let reason = status.canonical_reason().unwrap_or("Error");
                json!({ "timestamp": rfc3339(now), "status": status.as_str(), "error": reason, "path": path })
            }
            ErrorShape::MessageCode => json!({ "message": message, "code": status.as_u16() }),
            ErrorShape::Csc => json!({ "error": code, "error_description": message }),
            ErrorShape::Text => return response(status, Some("text/plain;charset=UTF-8"), message.clone()),
            ErrorShape::Html => return html_page(status),
            ErrorShape::Empty => return response(status, None, ""),
        };
        json_response(status, &body)
    }
}

impl ErrorShapes {
    pub(crate) fn set(&mut self, prefix: String, shape: ErrorShape) {
        self.0.retain(|(present, _)| *present != prefix);
        self.0.push((prefix, shape));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, ErrorShape)> {
        self.0.iter().map(|(prefix, shape)| (prefix.as_str(), *shape))
    }

    /// The shape for this path, by the longest prefix that matches whole segments.
    fn of(&self, path: &str) -> Option<ErrorShape> {
        let fits = |prefix: &str| {
            let prefix = prefix.trim_end_matches('/');
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.iter().filter(|(prefix, _)| fits(prefix)).max_by_key(|(prefix, _)| prefix.len()).map(|(_, shape)| shape)
    }

    /// The response in the shape for its path, if it is an error. The gateway's own, for wrong paths, stays as it is.
    pub(crate) fn reshape(&self, given: Response, path: &str, now: SystemTime) -> Response {
        if !(given.status().is_client_error() || given.status().is_server_error()) {
            return given;
        }
        let Some((shape, facts)) = self.of(path).zip(ErrorFacts::read(given.body())) else { return given };
        if facts.code == "INTERNAL_SERVER_ERROR" && facts.message == "Path not found" {
            return given;
        }
        let mut reshaped = shape.response(given.status(), &facts, path, now);
        for (name, value) in given.headers().iter().filter(|(name, _)| **name != CONTENT_TYPE) {
            reshaped.headers_mut().append(name, value.clone());
        }
        reshaped
    }
}

impl ErrorFacts {
    pub(crate) fn new(code: &str, message: &str) -> Self {
        ErrorFacts { code: code.to_owned(), message: message.to_owned(), field: None }
    }

    /// Reads the shapes that the calls here write: 1, 3 and 6.
    fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let (first, error) = (&body["errors"][0], &body["error"]);
        let (code, message) = if first.is_object() {
            (&first["code"], &first["message"])
        } else if error.is_object() {
            (&error["status"], &error["message"])
        } else {
            (error, &body["error_description"])
        };
        let field = first["field"].as_str().map(str::to_owned);
        Some(ErrorFacts { field, ..ErrorFacts::new(code.as_str()?, message.as_str()?) })
    }
}

/// A page such as a load balancer or a firewall before the platform sends.
pub(crate) fn html_page(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><h1>{reason}</h1>\n\
         <p>The request could not be served. Incident ID: 0000-emulated</p></body></html>\n",
        status = status.as_str(),
    );
    response(status, Some("text/html; charset=utf-8"), page)
}

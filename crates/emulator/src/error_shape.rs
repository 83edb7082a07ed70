//! The shapes in which error answers have been seen, and the switch that turns one into another.
//!
//! An answer is made in the shape of its product first and rewritten afterwards, so that no call has to know of the switch.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::end_date::rfc3339;

/// A shape of an error's body. All have been seen in answers of the platform or in what its clients expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorShape {
    /// 1: `{"errors":[{"code","message","field"?}]}`. Account Manager, Trust Lifecycle, and the gateway.
    Errors,
    /// 2: `{"error":{"code","message"}}`. The structure that the platform's guide describes.
    ErrorCode,
    /// 3: `{"error":{"status","message"}}`, with the machine code as `status`. Software Trust.
    ErrorStatus,
    /// 4: `{"timestamp","status":"500","error":"Internal Server Error","path"}`, a web framework's own. Software Trust's 500s.
    Framework,
    /// 5: `{"message","code":500}`, the code being a number. Private CA.
    MessageCode,
    /// 6: `{"error","error_description"}`. Signatures by the CSC protocol, and OAuth.
    Csc,
    /// 7: the message as plain text.
    Text,
    /// 7: a page for people, as something before the platform sends it.
    Html,
    /// 7: no body at all.
    Empty,
}

/// The text is no name of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an error shape is one of errors, error-code, error-status, framework, message-code, csc, text, html, empty")]
pub struct UnknownErrorShape;

/// Shapes by the paths that they are for; where none fits, answers stay as their product makes them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ErrorShapes(Vec<(String, ErrorShape)>);

/// What an error says, whatever its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorFacts {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) field: Option<String>,
}

impl ErrorShape {
    /// All of them.
    pub const ALL: [ErrorShape; 9] = [
        ErrorShape::Errors,
        ErrorShape::ErrorCode,
        ErrorShape::ErrorStatus,
        ErrorShape::Framework,
        ErrorShape::MessageCode,
        ErrorShape::Csc,
        ErrorShape::Text,
        ErrorShape::Html,
        ErrorShape::Empty,
    ];

    /// The name that is written in JSON and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            ErrorShape::Errors => "errors",
            ErrorShape::ErrorCode => "error-code",
            ErrorShape::ErrorStatus => "error-status",
            ErrorShape::Framework => "framework",
            ErrorShape::MessageCode => "message-code",
            ErrorShape::Csc => "csc",
            ErrorShape::Text => "text",
            ErrorShape::Html => "html",
            ErrorShape::Empty => "empty",
        }
    }

    pub(crate) fn answer(self, status: StatusCode, facts: &ErrorFacts, path: &str, now: SystemTime) -> Answer {
        let ErrorFacts { code, message, field } = facts;
        let reason = status.canonical_reason().unwrap_or("Error");
        let body = match self {
            ErrorShape::Errors => match field {
                Some(field) => json!({ "errors": [{ "code": code, "message": message, "field": field }] }),
                None => json!({ "errors": [{ "code": code, "message": message }] }),
            },
            ErrorShape::ErrorCode => json!({ "error": { "code": code, "message": message } }),
            ErrorShape::ErrorStatus => json!({ "error": { "status": code, "message": message } }),
            ErrorShape::Framework => {
                json!({ "timestamp": rfc3339(now), "status": status.as_str(), "error": reason, "path": path })
            }
            ErrorShape::MessageCode => json!({ "message": message, "code": status.as_u16() }),
            ErrorShape::Csc => json!({ "error": code, "error_description": message }),
            ErrorShape::Text => return answer(status, Some("text/plain;charset=UTF-8"), message.clone()),
            ErrorShape::Html => return html_page(status),
            ErrorShape::Empty => return answer(status, None, String::new()),
        };
        answer(status, Some("application/json"), body.to_string())
    }
}

impl FromStr for ErrorShape {
    type Err = UnknownErrorShape;

    fn from_str(text: &str) -> Result<Self, UnknownErrorShape> {
        ErrorShape::ALL.into_iter().find(|shape| shape.name() == text).ok_or(UnknownErrorShape)
    }
}

impl fmt::Display for ErrorShape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
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

    /// The shape for this path, by the longest prefix that fits in whole segments.
    pub(crate) fn of(&self, path: &str) -> Option<ErrorShape> {
        let fits = |prefix: &str| {
            let prefix = prefix.trim_end_matches('/');
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.iter().filter(|(prefix, _)| fits(prefix)).max_by_key(|(prefix, _)| prefix.len()).map(|(_, shape)| shape)
    }

    /// The answer in the shape for its path, if it is an error at all. What the gateway says of wrong paths stays: it knows of
    /// no product.
    pub(crate) fn reshape(&self, given: Answer, path: &str, now: SystemTime) -> Answer {
        if !(given.status().is_client_error() || given.status().is_server_error()) {
            return given;
        }
        let Some(shape) = self.of(path) else { return given };
        let Some(facts) = ErrorFacts::read(given.body()) else { return given };
        if facts.is_of_the_gateway() {
            return given;
        }
        let mut reshaped = shape.answer(given.status(), &facts, path, now);
        for (name, value) in given.headers().iter().filter(|(name, _)| **name != CONTENT_TYPE) {
            reshaped.headers_mut().append(name, value.clone());
        }
        reshaped
    }
}

impl ErrorFacts {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        ErrorFacts { code: code.to_owned(), message: message.into(), field: None }
    }

    /// Reads the shapes that the calls here write: 1, 3 and 6.
    fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        if let Some(first) = body["errors"].get(0) {
            let (code, message) = (text(&first["code"])?, text(&first["message"])?);
            return Some(ErrorFacts { code, message, field: text(&first["field"]) });
        }
        let error = &body["error"];
        if let Some(code) = text(&error["status"]) {
            return Some(ErrorFacts { code, message: text(&error["message"])?, field: None });
        }
        Some(ErrorFacts { code: text(error)?, message: text(&body["error_description"])?, field: None })
    }

    fn is_of_the_gateway(&self) -> bool {
        self.code == "INTERNAL_SERVER_ERROR" && self.message == "Path not found"
    }
}

/// A page such as a load balancer or a firewall before the platform sends.
pub(crate) fn html_page(status: StatusCode) -> Answer {
    let reason = status.canonical_reason().unwrap_or("Error");
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><h1>{reason}</h1>\n\
         <p>The request could not be served. Incident ID: 0000-emulated</p></body></html>\n",
        status = status.as_str(),
    );
    answer(status, Some("text/html; charset=utf-8"), page)
}

fn answer(status: StatusCode, content_type: Option<&'static str>, body: String) -> Answer {
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = status;
    if let Some(content_type) = content_type {
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_of_whole_segments_counts() {
        let mut shapes = ErrorShapes::default();
        shapes.set("/".into(), ErrorShape::Empty);
        shapes.set("/account".into(), ErrorShape::Text);
        shapes.set("/account/api/v1/user".into(), ErrorShape::Html);
        shapes.set("/account".into(), ErrorShape::Csc);
        assert_eq!(shapes.of("/account/api/v1/user/me"), Some(ErrorShape::Html));
        assert_eq!(shapes.of("/account/api/v1/users"), Some(ErrorShape::Csc));
        assert_eq!(shapes.of("/accounts"), Some(ErrorShape::Empty));
        assert_eq!(ErrorShapes::default().of("/account"), None);
    }

    #[test]
    fn names_lead_back_to_their_shapes() {
        for shape in ErrorShape::ALL {
            assert_eq!(shape.to_string().parse(), Ok(shape));
        }
        assert_eq!("1".parse::<ErrorShape>(), Err(UnknownErrorShape));
    }
}

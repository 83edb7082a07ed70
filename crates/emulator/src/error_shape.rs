//! The known shapes of error responses, which product uses which, and the conversion between them.
//!
//! A response is created in the shape of its product and converted afterwards, so that the calls are
//! independent of it. Software Trust (`/signingmanager`) has shape 3, the others shape 1; a wrong path gets
//! the gateway's response for every product.

use std::time::SystemTime;

use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::last_day::rfc3339;
use crate::response::{Rejection, Response, json_response, response, with_allow};
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

/// Overriding shapes by path; elsewhere, responses have the shape of their product.
#[derive(Clone, Debug, Default)]
pub(crate) struct ErrorShapes(Vec<(String, ErrorShape)>);

/// The product that a path belongs to, as far as error shapes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    SoftwareTrust,
    Other,
}

impl Product {
    pub(crate) fn of(path: &str) -> Self {
        let software_trust = path == "/signingmanager" || path.starts_with("/signingmanager/");
        if software_trust { Product::SoftwareTrust } else { Product::Other }
    }

    pub(crate) fn rejected(self, rejection: impl Into<Rejection>) -> Response {
        let shape = if self == Product::SoftwareTrust { ErrorShape::ErrorStatus } else { ErrorShape::Errors };
        shape.response(rejection.into(), "", SystemTime::UNIX_EPOCH)
    }

    pub(crate) fn wrong_method(self, allowed: &str) -> Response {
        let message = format!("This path takes {allowed}");
        let rejection = Rejection::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
        with_allow(self.rejected(rejection), allowed)
    }
}

/// The gateway's response to a path that leads nowhere; code and message are as seen on the platform. It has no other shape.
pub(crate) fn no_such_path() -> Response {
    let body = json!({ "errors": [{ "code": "INTERNAL_SERVER_ERROR", "message": "Path not found" }] });
    json_response(StatusCode::NOT_FOUND, &body)
}

impl ErrorShape {
    /// Returns the response, with the rejection in its extensions, so that it can be converted to another shape.
    pub(crate) fn response(self, rejection: Rejection, path: &str, now: SystemTime) -> Response {
        let Rejection { status, code, message, field } = &rejection;
        let status = *status;
        let json = |body: Value| json_response(status, &body);
        let mut response = match self {
            ErrorShape::Errors => match field {
                Some(field) => json(json!({ "errors": [{ "code": code, "message": message, "field": field }] })),
                None => json(json!({ "errors": [{ "code": code, "message": message }] })),
            },
            ErrorShape::ErrorCode => json(json!({ "error": { "code": code, "message": message } })),
            ErrorShape::ErrorStatus => json(json!({ "error": { "status": code, "message": message } })),
            ErrorShape::Framework => {
                let reason = status.canonical_reason().unwrap_or("Error");
                json(json!({ "timestamp": rfc3339(now), "status": status.as_str(), "error": reason, "path": path }))
            }
            ErrorShape::MessageCode => json(json!({ "message": message, "code": status.as_u16() })),
            ErrorShape::Csc => json(json!({ "error": code, "error_description": message })),
            ErrorShape::Text => response(status, Some("text/plain;charset=UTF-8"), message.clone()),
            ErrorShape::Html => html_page(status),
            ErrorShape::Empty => response(status, None, ""),
        };
        response.extensions_mut().insert(rejection);
        response
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

    pub(crate) fn reshape(&self, given: Response, path: &str, now: SystemTime) -> Response {
        let rejection = given.extensions().get::<Rejection>().cloned();
        let Some((shape, rejection)) = self.of(path).zip(rejection) else { return given };
        let mut reshaped = shape.response(rejection, path, now);
        for (name, value) in given.headers().iter().filter(|(name, _)| **name != CONTENT_TYPE) {
            reshaped.headers_mut().append(name, value.clone());
        }
        reshaped
    }
}

pub(crate) fn html_page(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><h1>{reason}</h1>\n\
         <p>The request could not be served. Incident ID: 0000-emulated</p></body></html>\n",
        status = status.as_str(),
    );
    response(status, Some("text/html; charset=utf-8"), page)
}

//! Answers in the shapes of the platform, which differ by product.
//!
//! Software Trust (`/signingmanager`) writes `{"error":{"status","message"}}` with a code as `status`; the others write
//! `{"errors":[{"code","message"}]}`; a wrong path is answered by the gateway in its own words, whatever the product.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::decide::Refusal;

pub(crate) type Answer = Response<Bytes>;

/// Why a call that its caller may make is turned down all the same. (Whether it may, is a [`Refusal`].)
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// The field of the request that it is about.
    pub(crate) field: Option<&'static str>,
}

impl Rejection {
    /// 400: the request makes no sense.
    pub(crate) fn invalid(field: impl Into<Option<&'static str>>, message: impl Into<String>) -> Self {
        Rejection {
            status: StatusCode::BAD_REQUEST,
            code: "invalid_request",
            message: message.into(),
            field: field.into(),
        }
    }

    /// 404: there is no such thing. The code is inferred.
    pub(crate) fn not_found(what: &str) -> Self {
        let message = format!("There is no {what} with this id");
        Rejection { status: StatusCode::NOT_FOUND, code: "resource_not_found", message, field: None }
    }

    /// 403: the caller lacks a permission. Worded as where a call asks for one from the start.
    pub(crate) fn denied(permission: &'static str) -> Self {
        let refusal = Refusal::NotPermitted(permission);
        Rejection { status: refusal.status(), code: refusal.code(), message: refusal.message(), field: None }
    }

    /// 409: it would stand in the way of something else.
    pub(crate) fn conflict(
        code: &'static str,
        field: impl Into<Option<&'static str>>,
        message: impl Into<String>,
    ) -> Self {
        Rejection { status: StatusCode::CONFLICT, code, message: message.into(), field: field.into() }
    }

    /// 500: the emulator itself failed.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Rejection { status, code: "internal_error", message: message.into(), field: None }
    }
}

/// Which product a path belongs to, as far as error shapes go.
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

    /// The answer to a call that its caller may make, but that makes no sense here.
    pub(crate) fn rejected(self, rejection: &Rejection) -> Answer {
        match (self, &rejection.field) {
            (Product::Other, Some(field)) => json_answer(
                rejection.status,
                &json!({ "errors": [{ "code": rejection.code, "message": rejection.message, "field": field }] }),
            ),
            _ => self.error(rejection.status, rejection.code, &rejection.message),
        }
    }

    pub(crate) fn error(self, status: StatusCode, code: &str, message: &str) -> Answer {
        let body = match self {
            Product::SoftwareTrust => json!({ "error": { "status": code, "message": message } }),
            Product::Other => json!({ "errors": [{ "code": code, "message": message }] }),
        };
        json_answer(status, &body)
    }

    pub(crate) fn refused(self, refusal: Refusal) -> Answer {
        self.error(refusal.status(), refusal.code(), &refusal.message())
    }
}

pub(crate) fn ok(body: &Value) -> Answer {
    json_answer(StatusCode::OK, body)
}

pub(crate) fn created(body: &Value) -> Answer {
    json_answer(StatusCode::CREATED, body)
}

pub(crate) fn no_content() -> Answer {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

pub(crate) fn text(body: &'static str) -> Answer {
    let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    answer
}

/// What the gateway says of a path that leads nowhere; code and message are as seen on the platform.
pub(crate) fn no_such_path() -> Answer {
    Product::Other.error(StatusCode::NOT_FOUND, "INTERNAL_SERVER_ERROR", "Path not found")
}

pub(crate) fn wrong_method(product: Product, allowed: &str) -> Answer {
    let message = format!("This path takes {allowed}");
    let mut answer = product.error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", &message);
    if let Ok(allowed) = HeaderValue::try_from(allowed) {
        answer.headers_mut().insert(ALLOW, allowed);
    }
    answer
}

fn json_answer(status: StatusCode, body: &Value) -> Answer {
    let mut answer = Response::new(Bytes::from(body.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

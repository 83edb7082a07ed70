//! Responses and rejections. (`error_shape.rs` writes errors.)

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::decide::Refusal;

pub(crate) type Response = http::Response<Bytes>;

/// Why a call fails that its caller may make. (Whether it may, is a [`Refusal`].)
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) field: Option<&'static str>,
}

impl Rejection {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Rejection { status, code, message: message.into(), field: None }
    }

    pub(crate) fn invalid(field: impl Into<Option<&'static str>>, message: impl Into<String>) -> Self {
        let rejection = Rejection::new(StatusCode::BAD_REQUEST, "invalid_request", message);
        Rejection { field: field.into(), ..rejection }
    }

    /// 404: not found. The code is inferred.
    pub(crate) fn not_found(what: &str) -> Self {
        Rejection::new(StatusCode::NOT_FOUND, "resource_not_found", format!("No {what} has this id"))
    }

    /// 403: the caller lacks a permission. Worded as where a call requires one from the start.
    pub(crate) fn denied(permission: &'static str) -> Self {
        Refusal::NotPermitted(permission).into()
    }

    /// 409: it conflicts with something that exists.
    pub(crate) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Rejection::new(StatusCode::CONFLICT, code, message)
    }

    /// 409: the name is already in use. Code and text are the platform's, for every kind of resource.
    pub(crate) fn duplicate(field: &'static str) -> Self {
        Rejection { field: Some(field), ..Rejection::conflict("duplicate_error", "Nickname is already in use") }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Rejection::new(refusal.status(), refusal.code(), refusal.message())
    }
}

pub(crate) fn ok(body: &Value) -> Response {
    json_response(StatusCode::OK, body)
}

pub(crate) fn created(body: &Value) -> Response {
    json_response(StatusCode::CREATED, body)
}

pub(crate) fn array(items: impl Iterator<Item = impl Serialize>) -> Response {
    ok(&items.map(|item| json!(item)).collect())
}

pub(crate) fn no_content() -> Response {
    response(StatusCode::NO_CONTENT, None, "")
}

pub(crate) fn found(value: Option<Value>, what: &str) -> Result<Response, Rejection> {
    value.map(|value| ok(&value)).ok_or_else(|| Rejection::not_found(what))
}

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    response(status, Some("application/json"), body.to_string())
}

pub(crate) fn response(status: StatusCode, content_type: Option<&'static str>, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    if let Some(content_type) = content_type {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

pub(crate) fn with_allow(mut response: Response, allowed: &str) -> Response {
    if let Ok(allowed) = HeaderValue::try_from(allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

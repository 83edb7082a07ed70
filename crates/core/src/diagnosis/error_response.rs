//! The parts of an error response that a diagnosis needs.

use std::time::{Duration, SystemTime};

use http::StatusCode;

/// The kind of a response body, by its bytes; a content type alone proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyKind {
    /// No body.
    #[default]
    Empty,
    /// JSON, complete or truncated.
    Json,
    /// HTML, or other markup.
    Page,
    /// Other text.
    Text,
    /// Bytes that are not text.
    Binary,
    /// Encoded (`Content-Encoding`) although no encoding was requested, and therefore not read.
    Encoded,
}

/// The parts of an error response. The client fills it from the seven body shapes.
///
/// ```
/// use std::time::SystemTime;
///
/// use digicert_one_core::diagnosis::{BodyKind, CallContext, Code, ErrorResponse, diagnose_response};
/// use digicert_one_core::Mode;
///
/// let mut response = ErrorResponse::new(http::StatusCode::FORBIDDEN);
/// response.body = BodyKind::Page;
/// response.server = Some("nginx".to_owned());
/// let context = CallContext::new("demo.one.digicert.com", Mode::Key, SystemTime::now());
/// // A web page is not from the API.
/// assert_eq!(diagnose_response(&response, &context).code, Code::GW_01);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorResponse {
    /// The status.
    pub status: StatusCode,
    /// The machine-readable code, if the body has one.
    pub code: Option<String>,
    /// The message, without control characters; for a body that is not an error document, an excerpt of it.
    pub message: Option<String>,
    /// The invalid field of the request, if the body names one.
    pub field: Option<String>,
    /// The messages of the other entries of the error document, if it has several.
    pub more: Vec<String>,
    /// Whether the body was a known error document.
    pub recognised: bool,
    /// Whether the error document has a form that frameworks and gateways use too, not the platform's own.
    pub foreign_form: bool,
    /// The kind of body.
    pub body: BodyKind,
    /// The header `Server`.
    pub server: Option<String>,
    /// The header `Via`.
    pub via: Option<String>,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The header `Content-Range`.
    pub range: Option<String>,
    /// The header `Content-Encoding`, unless it is `identity`; or the encoding that the bytes show.
    pub encoding: Option<String>,
    /// A gateway that names itself as the author of the response, and how.
    pub gateway: Option<String>,
    /// The header that identifies the request to the operator of a gateway, with its name.
    pub gateway_id: Option<String>,
    /// The title of an HTML page.
    pub title: Option<String>,
    /// The kind of login that `WWW-Authenticate` or `Proxy-Authenticate` asks for, such as `Basic`.
    pub login: Option<String>,
    /// The delay of `Retry-After`, if it was readable.
    pub retry_after: Option<Duration>,
    /// The request id, if a header carried one.
    pub request_id: Option<String>,
    /// The server's clock, if its `Date` was readable.
    pub date: Option<SystemTime>,
}

impl ErrorResponse {
    /// Creates a response of which only the status is known.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            code: None,
            message: None,
            field: None,
            more: Vec::new(),
            recognised: false,
            foreign_form: false,
            body: BodyKind::Empty,
            server: None,
            via: None,
            content_type: None,
            range: None,
            encoding: None,
            gateway: None,
            gateway_id: None,
            title: None,
            login: None,
            retry_after: None,
            request_id: None,
            date: None,
        }
    }
}

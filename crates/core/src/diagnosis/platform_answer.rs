//! What was read of a response that is not a success.

use std::time::{Duration, SystemTime};

use http::StatusCode;

/// What the body of a response is, by its bytes; a content type alone proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyKind {
    /// There is none.
    #[default]
    Empty,
    /// JSON, whole or cut.
    Json,
    /// HTML, or other markup.
    Page,
    /// Text that is neither.
    Text,
    /// Bytes that are not text.
    Binary,
    /// Encoded (`Content-Encoding`) though nothing of the kind was asked for, and therefore not read.
    Encoded,
}

/// What a response shows of the program that gave it. Every text is escaped and short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Responder {
    /// The header `Server`.
    pub server: Option<String>,
    /// The header `Via`.
    pub via: Option<String>,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The header `Content-Encoding`, unless it says `identity`; or the encoding that the bytes show.
    pub encoding: Option<String>,
    /// A gateway that names itself as the author of the response, and how.
    pub gateway: Option<String>,
    /// The title of an HTML page.
    pub title: Option<String>,
    /// The kind of login that `WWW-Authenticate` or `Proxy-Authenticate` asks for, such as `Basic`.
    pub login: Option<String>,
}

/// What was read of an error answer. The client fills it from the seven body shapes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlatformAnswer {
    /// The status.
    pub status: StatusCode,
    /// The machine code, where the body has one.
    pub code: Option<String>,
    /// The message, cleaned of control characters; for a body that is not an error document, an excerpt of it.
    pub message: Option<String>,
    /// The field of the request that is at fault, where the body names one.
    pub field: Option<String>,
    /// What the other entries of the error document say, where it has several.
    pub more: Vec<String>,
    /// Whether the body was one of the error documents.
    pub recognised: bool,
    /// Whether the error document has a form that frameworks and gateways have too, and not the platform's own.
    pub foreign_form: bool,
    /// What the body is.
    pub body: BodyKind,
    /// What the response shows of the program that gave it.
    pub responder: Responder,
    /// The wait of `Retry-After`, where it was readable.
    pub retry_after: Option<Duration>,
    /// The request id, where a header carried one.
    pub request_id: Option<String>,
    /// The server's clock, where its `Date` was readable.
    pub date: Option<SystemTime>,
}

impl PlatformAnswer {
    /// An answer of which only the status is known.
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
            responder: Responder::default(),
            retry_after: None,
            request_id: None,
            date: None,
        }
    }
}

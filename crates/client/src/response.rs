//! An answer: its head at once, its body when the caller wants it, as bytes, text, JSON or a stream.

use std::fmt;

use bytes::Bytes;
use digicert_one_core::diagnosis::{diagnose_content, diagnose_error_document, diagnose_transport};
use digicert_one_core::{
    CallContext, Code, ConnectionFacts, Diagnosis, Generation, Mode, ResponseBody, TransportError, TransportErrorKind,
    collect_body, next_chunk,
};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::flights::Flight;
use crate::mismatch::Mismatch;
use crate::watched_body::WatchedBody;
use crate::{Error, ErrorKind, attempt, decode, document, json_text};

/// An answer of the platform.
pub struct Response(Box<Parts>);

/// What an answer is made of. Boxed: it is large, and each step on its way to the caller would copy it.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: WatchedBody,
    pub(crate) facts: ConnectionFacts,
    pub(crate) context: CallContext,
    pub(crate) generation: Option<Generation>,
    pub(crate) max_body: usize,
    pub(crate) warning: Option<Box<Diagnosis>>,
    /// The key of the request, which no error may quote.
    pub(crate) key: Option<HeaderValue>,
    pub(crate) attempts: u32,
}

impl Response {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Box::new(parts))
    }

    /// The whole call is over: so many attempts, and this flight, which lands when the body is dropped.
    pub(crate) fn arrived(&mut self, attempts: u32, flight: Flight) {
        self.0.attempts = attempts;
        self.0.body.carry(flight);
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The HTTP version that was spoken.
    #[must_use]
    pub fn version(&self) -> Version {
        self.0.version
    }

    /// The headers, duplicates kept.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// What the stack knows of the connection.
    #[must_use]
    pub fn facts(&self) -> &ConnectionFacts {
        &self.0.facts
    }

    /// What should be mended although the call succeeded: a client certificate that did not arrive (NET-03), or that the transport
    /// did not send (ID-14), so that the response does not prove who called. Only the first response of a connection has it.
    #[must_use]
    pub fn warning(&self) -> Option<&Diagnosis> {
        self.0.warning.as_deref()
    }

    /// How many attempts it took, redirects included.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// `host[:port]` that answered.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.context.host
    }

    /// How the caller proved itself.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.0.context.mode
    }

    /// Which reading of the credential was used; none for an unauthenticated call.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        self.0.generation
    }

    /// The response in the types of the crate `http`, its body still to be read. [`facts`](Self::facts) are among its extensions; the
    /// client's limit on the size of a body does not hold for it.
    #[must_use]
    pub fn into_http(self) -> http::Response<ResponseBody> {
        let parts = *self.0;
        let mut response = http::Response::new(ResponseBody::new(parts.body));
        *response.status_mut() = parts.status;
        *response.version_mut() = parts.version;
        *response.headers_mut() = parts.headers;
        response.extensions_mut().insert(parts.facts);
        response
    }

    /// The whole body, up to the client's limit.
    ///
    /// # Errors
    /// A body that is too large, cut off or too slow.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let (_, bytes) = self.collected().await?;
        Ok(bytes)
    }

    /// The whole body as UTF-8 text.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and a body that is not UTF-8.
    pub async fn text(self) -> Result<String, Error> {
        let attempts = self.attempts();
        let bytes = self.bytes().await?;
        String::from_utf8(bytes.into()).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            undecoded(format!("the answer is not UTF-8 (at byte {at})"), error.utf8_error()).after_attempts(attempts)
        })
    }

    /// The whole body as JSON.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and a body that is not the JSON of a `T`.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let (head, bytes) = self.collected().await?;
        head.read(&bytes)
    }

    /// The whole body as JSON of an object of the API: an error document is an error, however much of a `T` is in it.
    ///
    /// # Errors
    /// As [`json`](Self::json), and an error document under a status of success.
    pub async fn object<T: DeserializeOwned>(self) -> Result<T, Error> {
        let (head, bytes) = self.collected().await?;
        match head.reported(&bytes) {
            Some(error) => Err(error),
            None => head.read(&bytes),
        }
    }

    /// The whole body of what should be JSON. A web page, or an encoding that was not asked for, is an error that names it.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and what is not of the API.
    pub async fn json_parts(self) -> Result<(ResponseHead, Bytes), Error> {
        let (head, bytes) = self.collected().await?;
        let bytes = json_text::of_body(bytes);
        let begin = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        let suspect = matches!(begin, Some(b'<' | 0x1f)) || head.headers.contains_key(CONTENT_ENCODING);
        match suspect.then(|| head.not_of_the_api(&bytes)).flatten() {
            Some(error) => Err(error),
            None => Ok((head, bytes)),
        }
    }

    /// The head and the whole body.
    async fn collected(self) -> Result<(ResponseHead, Bytes), Error> {
        let Parts { status, mut headers, context, body, max_body, key, attempts, .. } = *self.0;
        if let Some(key) = &key {
            attempt::scrub(&mut headers, key.as_bytes());
        }
        match collect_body(body, max_body).await {
            Ok(bytes) => Ok((ResponseHead { status, headers, context, key, attempts }, bytes)),
            Err(error) => Err(of_body(error, &context).after_attempts(attempts)),
        }
    }

    /// Whether the head announces a web page.
    #[must_use]
    pub fn is_page(&self) -> bool {
        let content_type = self.0.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        content_type.trim_start().to_ascii_lowercase().starts_with("text/html")
    }

    /// The encoding of the body, where it has one: the client asks for none and decodes none.
    #[must_use]
    pub fn content_encoding(&self) -> Option<&str> {
        let encoding = self.0.headers.get(CONTENT_ENCODING)?.to_str().ok()?.trim();
        (!encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")).then_some(encoding)
    }

    /// The next chunk of the body, `None` at its end.
    ///
    /// # Errors
    /// A body that is cut off or too slow.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        next_chunk(&mut self.0.body).await.map_err(|error| of_body(error, &self.0.context))
    }

    /// The body as a stream without a limit.
    #[must_use]
    pub fn into_body(self) -> ResponseBody {
        ResponseBody::new(self.0.body)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Response").field(&self.0).finish()
    }
}

/// What is known of a response whose body was read: the errors that the body may be. For typed clients that are built on this one.
pub struct ResponseHead {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    context: CallContext,
    key: Option<HeaderValue>,
    /// How often the call was tried.
    pub attempts: u32,
}

impl fmt::Debug for ResponseHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead").field("status", &self.status).finish_non_exhaustive()
    }
}

impl ResponseHead {
    /// The body as JSON. An error document that is no `T` is an error with its message.
    fn read<T: DeserializeOwned>(&self, body: &Bytes) -> Result<T, Error> {
        read_json(self.status, &self.headers, &self.context, body)
            .map_err(|error| self.probably_reported(body).unwrap_or(error).after_attempts(self.attempts))
    }

    fn not_of_the_api(&self, body: &Bytes) -> Option<Error> {
        not_of_the_api(self.status, &self.headers, &self.context, body).map(|error| error.after_attempts(self.attempts))
    }

    /// The error of a body that is an error document for certain.
    #[must_use]
    pub fn reported(&self, body: &Bytes) -> Option<Error> {
        self.error_document(body, document::reports_error)
    }

    /// The error of a body that is not what was expected, and that is an error document by all appearances.
    #[must_use]
    pub fn probably_reported(&self, body: &Bytes) -> Option<Error> {
        self.error_document(body, document::looks_like_error)
    }

    fn error_document(&self, body: &Bytes, is_one: fn(&Value) -> bool) -> Option<Error> {
        let json = serde_json::from_slice::<Value>(&json_text::utf8(body)).ok()?;
        if !is_one(&json) {
            return None;
        }
        let body = match &self.key {
            Some(key) => attempt::without(body.clone(), key.as_bytes()),
            None => body.clone(),
        };
        let answer = decode::answer(self.status, &self.headers, &body, self.context.now);
        let diagnosis = diagnose_error_document(&answer, &self.context);
        Some(Error::new(ErrorKind::Decode, diagnosis).after_attempts(self.attempts))
    }

    /// Status and content type, for an error.
    pub(crate) fn seen(&self) -> String {
        let content_type = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("none");
        format!("HTTP {}, content type {content_type}", self.status.as_u16())
    }
}

/// A body as JSON. The error tells of it what it may.
pub fn read_json<T: DeserializeOwned>(
    status: StatusCode,
    headers: &HeaderMap,
    context: &CallContext,
    body: &Bytes,
) -> Result<T, Error> {
    serde_json::from_slice(&json_text::utf8(body)).map_err(|error| {
        if let Some(error) = not_of_the_api(status, headers, context, body) {
            return error;
        }
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let (status, kind, length) = (status.as_u16(), content_type.unwrap_or("none"), body.len());
        let text = format!("the answer (HTTP {status}, content type {kind}, {length} bytes) is not the expected JSON");
        undecoded(text, Mismatch::new(&error))
    })
}

/// The error of a body that something in front of the API gave, or changed.
pub fn not_of_the_api(status: StatusCode, headers: &HeaderMap, context: &CallContext, body: &Bytes) -> Option<Error> {
    let answer = decode::answer(status, headers, body, context.now);
    diagnose_content(&answer, context).map(|diagnosis| Error::new(ErrorKind::Decode, diagnosis))
}

fn undecoded(summary: String, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Decode, Diagnosis::of(Code::AUT_05, summary)).with_source(source)
}

/// The error of a body that broke off.
pub fn of_body(error: TransportError, context: &CallContext) -> Error {
    let kind = match error.kind() {
        TransportErrorKind::Timeout(_) => ErrorKind::Transport,
        _ => ErrorKind::Body,
    };
    Error::new(kind, diagnose_transport(&error, context)).with_source(error)
}

//! A response: its head at once, its body on demand, as bytes, text, JSON or a stream.

use std::fmt;

use bytes::Bytes;
use digicert_one_core::diagnosis::diagnose_transport;
use digicert_one_core::{
    CallContext, ConnectionFacts, Diagnosis, Generation, Mode, ResponseBody, TransportError, TransportErrorKind,
    collect_body, next_chunk,
};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind};
use crate::in_flight::InFlightCall;
use crate::response_head::{ResponseHead, undecoded};
use crate::watched_body::WatchedBody;
use crate::{json_text, redact};

/// A response of the platform.
pub struct Response(Box<Parts>);

/// The parts of a response. Boxed, since it is large and would be copied with each move.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: WatchedBody,
    pub(crate) context: CallContext,
    pub(crate) generation: Option<Generation>,
    pub(crate) max_body: usize,
    pub(crate) warning: Option<Box<Diagnosis>>,
    /// Why the status is an error, if the call was relayed.
    pub(crate) diagnosis: Option<Box<Diagnosis>>,
    /// The secret of the request, which errors must not quote.
    pub(crate) key: Option<HeaderValue>,
    pub(crate) attempts: u32,
}

impl Response {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Box::new(parts))
    }

    /// Sets the number of attempts, and counts the call as in flight until the body is dropped.
    pub(crate) fn arrived(&mut self, attempts: u32, flight: InFlightCall) {
        self.0.attempts = attempts;
        self.0.body.carry(flight);
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The HTTP version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.0.version
    }

    /// The headers, including duplicates.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The facts about the connection.
    #[must_use]
    pub fn facts(&self) -> &ConnectionFacts {
        self.0.body.facts()
    }

    /// A warning of a call that succeeded: the client certificate did not arrive (NET-03), or the transport did not send it (ID-14), so
    /// that the response does not prove who called. Only the first response of a connection has it.
    #[must_use]
    pub fn warning(&self) -> Option<&Diagnosis> {
        self.0.warning.as_deref()
    }

    /// The diagnosis of an error response of [`send_relayed`](crate::RequestBuilder::send_relayed).
    #[must_use]
    pub fn diagnosis(&self) -> Option<&Diagnosis> {
        self.0.diagnosis.as_deref()
    }

    /// The number of attempts, including redirects.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The `host[:port]` that responded.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.context.host
    }

    /// How the caller was authenticated.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.0.context.mode
    }

    /// The generation of the credential; `None` for an unauthenticated call.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        self.0.generation
    }

    /// The response in the types of the crate `http`, its body still to be read. [`facts`](Self::facts) are among its extensions; the
    /// client's limit on the size of a body does not hold for it.
    #[must_use]
    pub fn into_http(self) -> http::Response<ResponseBody> {
        let parts = *self.0;
        let facts = parts.body.facts().clone();
        let mut response = http::Response::new(ResponseBody::new(parts.body));
        *response.status_mut() = parts.status;
        *response.version_mut() = parts.version;
        *response.headers_mut() = parts.headers;
        response.extensions_mut().insert(facts);
        response
    }

    /// The whole body, up to the client's limit.
    ///
    /// # Errors
    /// A body that is too large, incomplete or too slow.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let mut response = self;
        response.read().await
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
            undecoded(format!("the response is not UTF-8 (at byte {at})"), error.utf8_error()).after_attempts(attempts)
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

    /// The whole body as JSON of an object of the API: an error document is an error, even if it would be a valid `T`.
    ///
    /// # Errors
    /// As [`json`](Self::json), and an error document under a status of success.
    pub async fn object<T: DeserializeOwned>(self) -> Result<T, Error> {
        let (head, bytes) = self.collected().await?;
        match head.error_document(&bytes) {
            Some(error) => Err(error),
            None => head.read(&bytes),
        }
    }

    /// The head, and the whole body, which should be JSON. A web page, or an encoding that was not asked for, is an error.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and a body that is not of the API.
    pub async fn json_parts(self) -> Result<(ResponseHead, Bytes), Error> {
        let (head, bytes) = self.collected().await?;
        let bytes = json_text::of_body(bytes);
        let begin = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        let suspect = matches!(begin, Some(b'<' | 0x1f)) || head.headers.contains_key(CONTENT_ENCODING);
        match suspect.then(|| head.foreign_body(&bytes)).flatten() {
            Some(error) => Err(error),
            None => Ok((head, bytes)),
        }
    }

    /// The head and the whole body.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub async fn collected(self) -> Result<(ResponseHead, Bytes), Error> {
        let mut response = self;
        let bytes = response.read().await?;
        let Parts { status, mut headers, context, key, attempts, .. } = *response.0;
        if let Some(key) = &key {
            redact::headers(&mut headers, key.as_bytes());
        }
        Ok((ResponseHead { status, headers, context, key, attempts }, bytes))
    }

    /// Reads the whole body without moving it, so that the future stays small.
    async fn read(&mut self) -> Result<Bytes, Error> {
        let Parts { context, body, max_body, attempts, .. } = &mut *self.0;
        let read = collect_body(body, *max_body).await;
        read.map_err(|error| of_body(error, context).after_attempts(*attempts))
    }

    /// Whether the content type is that of a web page.
    #[must_use]
    pub fn is_web_page(&self) -> bool {
        let content_type = self.0.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        content_type.trim_start().to_ascii_lowercase().starts_with("text/html")
    }

    /// The content encoding, if there is one: the client asks for none and decodes none.
    #[must_use]
    pub fn content_encoding(&self) -> Option<&str> {
        let encoding = self.0.headers.get(CONTENT_ENCODING)?.to_str().ok()?.trim();
        (!encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")).then_some(encoding)
    }

    /// The next chunk of the body, `None` at its end.
    ///
    /// # Errors
    /// A body that is incomplete or too slow.
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

fn of_body(error: TransportError, context: &CallContext) -> Error {
    let kind = match error.kind() {
        TransportErrorKind::Timeout(_) => ErrorKind::Transport,
        _ => ErrorKind::Body,
    };
    Error::new(kind, diagnose_transport(&error, context)).with_source(error)
}

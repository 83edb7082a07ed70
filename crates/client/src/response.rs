//! An answer: its head at once, its body when the caller wants it, as bytes, text, JSON or a stream.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use digicert_one_core::diagnosis::diagnose_transport;
use digicert_one_core::{
    CallContext, Code, ConnectionFacts, Diagnosis, Generation, Mode, ResponseBody, TransportError, TransportErrorKind,
};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode, Version};
use http_body::Body as _;
use serde::de::DeserializeOwned;

use crate::mismatch::Mismatch;
use crate::watched_body::WatchedBody;
use crate::{Error, ErrorKind};

/// An answer of the platform.
#[derive(Debug)]
pub struct Response {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: WatchedBody,
    pub(crate) facts: ConnectionFacts,
    pub(crate) context: CallContext,
    pub(crate) generation: Option<Generation>,
    pub(crate) max_body: usize,
    pub(crate) warning: Option<Box<Diagnosis>>,
    pub(crate) attempts: u32,
}

impl Response {
    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The HTTP version that was spoken.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The headers, duplicates kept.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What the stack knows of the connection.
    #[must_use]
    pub fn facts(&self) -> &ConnectionFacts {
        &self.facts
    }

    /// What should be mended although the call succeeded: a client certificate that the server did not ask for (HO-02), so
    /// that it does not know who called.
    #[must_use]
    pub fn warning(&self) -> Option<&Diagnosis> {
        self.warning.as_deref()
    }

    /// How many attempts it took, redirects included.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// `host[:port]` that answered.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.context.host
    }

    /// How the caller proved itself.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.context.mode
    }

    /// Which reading of the credential was used; none for an unauthenticated call.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        self.generation
    }

    /// The whole body, up to the client's limit.
    ///
    /// # Errors
    /// A body that is too large, cut off or too slow.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let context = self.context;
        ResponseBody::new(self.body).collect(self.max_body).await.map_err(|error| of_body(error, &context))
    }

    /// The whole body as UTF-8 text.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and a body that is not UTF-8.
    pub async fn text(self) -> Result<String, Error> {
        let bytes = self.bytes().await?;
        String::from_utf8(bytes.into()).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            decode(format!("the answer is not UTF-8 (at byte {at})"), error.utf8_error())
        })
    }

    /// The whole body as JSON.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and a body that is not the JSON of a `T`.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let content_type =
            self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("none").to_owned();
        let status = self.status;
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let text = format!(
                "the answer (HTTP {}, content type {content_type}, {} bytes) is not the expected JSON",
                status.as_u16(),
                bytes.len()
            );
            decode(text, Mismatch::new(&error))
        })
    }

    /// The next chunk of the body, `None` at its end.
    ///
    /// # Errors
    /// A body that is cut off or too slow.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let body = &mut self.body;
        loop {
            match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
                None => return Ok(None),
                Some(Err(error)) => return Err(of_body(error, &self.context)),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Ok(Some(data)),
                    // Trailers are passed over.
                    _ => {}
                },
            }
        }
    }

    /// The body as a stream without a limit.
    #[must_use]
    pub fn into_body(self) -> ResponseBody {
        ResponseBody::new(self.body)
    }
}

fn decode(summary: String, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Decode, Diagnosis::of(Code::AUT_05, summary)).with_source(source)
}

fn of_body(error: TransportError, context: &CallContext) -> Error {
    let kind = match error.kind() {
        TransportErrorKind::Timeout(_) => ErrorKind::Transport,
        _ => ErrorKind::Body,
    };
    Error::new(kind, diagnose_transport(&error, context)).with_source(error)
}

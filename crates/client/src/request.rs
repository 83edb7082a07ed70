//! One call in the making. Mistakes are collected and come out of `send`, before anything is sent.

use std::fmt;

use bytes::Bytes;
use digicert_one_core::{RequestTarget, TargetError};
use http::Method;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use crate::authorise::Errand;
use crate::call::{Call, Proof, Statuses};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::path::{IntoTarget, with_query};
use crate::response::Response;

/// Headers that follow from the credential, the host or the framing; a caller's own would contradict them.
const RESERVED: [HeaderName; 11] = [
    digicert_one_core::API_KEY_HEADER,
    header::AUTHORIZATION,
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::COOKIE,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A call that is not sent yet.
#[must_use = "a call does nothing until `send`"]
pub struct RequestBuilder {
    client: Client,
    method: Method,
    target: Result<RequestTarget, Error>,
    headers: HeaderMap,
    body: Bytes,
    proof: Proof,
    idempotent: bool,
    template: Option<&'static str>,
}

impl Client {
    /// A GET of this path.
    pub fn get(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A HEAD of this path.
    pub fn head(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::HEAD, path)
    }

    /// A POST to this path.
    pub fn post(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A PUT to this path.
    pub fn put(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// A PATCH of this path.
    pub fn patch(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::PATCH, path)
    }

    /// A DELETE of this path.
    pub fn delete(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// A call with any method.
    pub fn request(&self, method: Method, path: impl IntoTarget) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, path.into_target())
    }

    /// A call with a proof of its own.
    ///
    /// # Errors
    /// See [`Error`].
    #[doc(hidden)]
    pub async fn run(&self, errand: Errand) -> Result<Response, Error> {
        self.settings().send(errand.into(), Statuses::ErrorsAreErrors).await
    }
}

impl RequestBuilder {
    fn new(client: Client, method: Method, target: Result<RequestTarget, TargetError>) -> Self {
        let target = target.map_err(invalid_target);
        Self {
            client,
            method,
            target,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            proof: Proof::Credential,
            idempotent: false,
            template: None,
        }
    }

    /// Adds a query pair; both parts are encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.target = self.target.and_then(|target| with_query(&target, name, value).map_err(invalid_target));
        self
    }

    /// Adds a header. Those that follow from the credential, the host or the framing are refused.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match checked_header(name, value) {
            Ok((name, value)) => {
                self.headers.append(name, value);
            }
            Err(error) => self.target = self.target.and(Err(error)),
        }
        self
    }

    /// A JSON body.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.content("application/json", bytes.into()),
            Err(error) => {
                let error = Error::local(ErrorKind::Request, "the body cannot be written as JSON").with_source(error);
                self.target = self.target.and(Err(error));
                self
            }
        }
    }

    /// A body of any type, such as `application/json`.
    pub fn body(self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.content(content_type, body.into())
    }

    /// Sends neither key nor certificate, to the platform host.
    pub fn unauthenticated(mut self) -> Self {
        self.proof = Proof::None;
        self
    }

    /// Says that this POST or PATCH does the same however often it is processed, so that it may be repeated like a GET. DigiCert
    /// ONE documents no idempotency keys: mark no call that creates, issues or signs.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// What spans, metrics and audit records show for the path, such as `/user/{name}`. By default whatever in the path does not look
    /// like a word of an API is left out.
    pub fn template(mut self, template: &'static str) -> Self {
        self.template = Some(template);
        self
    }

    /// Sends the call; an answer of 400 and above is an error.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn send(self) -> Result<Response, Error> {
        let (client, call) = self.prepared()?;
        client.settings().send(call, Statuses::ErrorsAreErrors).await
    }

    /// Sends the call and gives back whatever the platform answers, error answers too; these are not repeated.
    ///
    /// # Errors
    /// Everything but an error status; see [`Error`].
    pub async fn send_raw(self) -> Result<Response, Error> {
        let (client, call) = self.prepared()?;
        client.settings().send(call, Statuses::AllAreAnswers).await
    }

    fn prepared(self) -> Result<(Client, Call), Error> {
        let call = Call {
            method: self.method,
            target: self.target?,
            headers: self.headers,
            body: self.body,
            proof: self.proof,
            idempotent: self.idempotent,
            template: self.template,
        };
        Ok((self.client, call))
    }

    fn content(mut self, content_type: &str, body: Bytes) -> Self {
        self.body = body;
        match HeaderValue::from_str(content_type) {
            Ok(value) => {
                self.headers.insert(header::CONTENT_TYPE, value);
                self
            }
            Err(error) => {
                let error = Error::local(ErrorKind::Request, "the content type is no header value").with_source(error);
                self.target = self.target.and(Err(error));
                self
            }
        }
    }
}

fn invalid_target(error: TargetError) -> Error {
    Error::local(ErrorKind::Request, error.to_string()).with_source(error)
}

fn checked_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let invalid = |what: String| Error::local(ErrorKind::Request, what);
    let parsed: HeaderName =
        name.parse().map_err(|_| invalid("a header name has a character that none may have".to_owned()))?;
    if RESERVED.contains(&parsed) {
        let text = format!("the header {parsed} follows from the credential, the host or the body and cannot be set");
        return Err(invalid(text));
    }
    let value = HeaderValue::from_str(value)
        .map_err(|_| invalid(format!("the value of header {parsed} has a line end or another control character")))?;
    Ok((parsed, value))
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("RequestBuilder")
            .field("method", &self.method)
            .field("path", &self.target.as_ref().map(RequestTarget::path).unwrap_or("invalid"))
            .field("headers", &names)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

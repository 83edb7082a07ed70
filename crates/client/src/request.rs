//! One call in the making. Mistakes are collected and come out of `send`, before anything is sent.

use std::fmt;

use bytes::Bytes;
use digicert_one_core::{Instance, RequestTarget, TargetError};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Uri};
use serde::Serialize;

use crate::path::with_query;
use crate::{Client, Error, ErrorKind, Response, attempt};

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
    authenticated: bool,
    idempotent: bool,
    template: Option<&'static str>,
}

impl RequestBuilder {
    pub(crate) fn new(client: Client, method: Method, target: Result<RequestTarget, TargetError>) -> Self {
        Self::with_target(client, method, target.map_err(invalid_target))
    }

    fn with_target(client: Client, method: Method, target: Result<RequestTarget, Error>) -> Self {
        Self {
            client,
            method,
            target,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            authenticated: true,
            idempotent: false,
            template: None,
        }
    }

    pub(crate) fn from_http(client: Client, request: http::Request<Bytes>) -> Self {
        let (parts, body) = request.into_parts();
        let target = target_of(client.instance(), &parts.uri);
        let mut builder = Self::with_target(client, parts.method, target);
        if let Some(name) = RESERVED.iter().find(|name| parts.headers.contains_key(*name)) {
            builder.target = builder.target.and(Err(reserved(name)));
        }
        builder.headers = parts.headers;
        builder.body = body;
        builder
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
        self.authenticated = false;
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
        attempt::send(&client, call, attempt::Statuses::ErrorsAreErrors).await
    }

    /// Sends the call and gives back whatever the platform answers, error answers too; these are not repeated.
    ///
    /// # Errors
    /// Everything but an error status; see [`Error`].
    pub async fn send_raw(self) -> Result<Response, Error> {
        let (client, call) = self.prepared()?;
        attempt::send(&client, call, attempt::Statuses::AllAreAnswers).await
    }

    fn prepared(self) -> Result<(Client, attempt::Call), Error> {
        let call = attempt::Call {
            method: self.method,
            target: self.target?,
            headers: self.headers,
            body: self.body,
            authenticated: self.authenticated,
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

/// The path and query of a URI without a host, or with one of the installation.
fn target_of(instance: &Instance, uri: &Uri) -> Result<RequestTarget, Error> {
    let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let below = match uri.authority() {
        None => Some(target),
        Some(_) => instance
            .role_of(uri)
            .and_then(|role| instance.origin(role).ok())
            .and_then(|origin| origin.strip_prefix(target)),
    };
    let Some(target) = below else {
        let text = "the URI of the request is not one of the hosts that the client calls: give a path, or a URI of such a host";
        return Err(Error::local(ErrorKind::Request, text));
    };
    RequestTarget::parse(target).map_err(invalid_target)
}

fn reserved(name: &HeaderName) -> Error {
    let text = format!("the header {name} follows from the credential, the host or the body and cannot be set");
    Error::local(ErrorKind::Request, text)
}

fn checked_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let invalid = |what: String| Error::local(ErrorKind::Request, what);
    let parsed: HeaderName =
        name.parse().map_err(|_| invalid("a header name has a character that none may have".to_owned()))?;
    if RESERVED.contains(&parsed) {
        return Err(reserved(&parsed));
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

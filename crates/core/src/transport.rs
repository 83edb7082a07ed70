//! The seam between the SDK and a TLS stack: who makes transports, what one call returns, and the contract of `send`.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, Method};

use crate::{Capabilities, Capability, ConnectionFacts, ResponseBody, TransportConfig, TransportError, UploadBody};

/// Makes transports of one TLS stack. Does no I/O.
pub trait Connector: fmt::Debug + Send + Sync + 'static {
    /// Names and versions, for humans and reports.
    fn info(&self) -> ConnectorInfo;

    /// What this stack can do; the conformance suite checks each word of it.
    fn capabilities(&self) -> Capabilities;

    /// A transport with exactly this configuration. Opens no connection.
    ///
    /// # Errors
    /// Anything in `config` that cannot be honoured, above all an identity that would not be presented
    /// ([`Unsupported`](crate::TransportErrorKind::Unsupported),
    /// [`LocalIdentity`](crate::TransportErrorKind::LocalIdentity)). Nothing is ever ignored in silence.
    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError>;
}

/// Sends single requests with exactly the identity, trust and limits it was made with.
///
/// One transport object is one identity, one connection pool, one TLS session cache. It shares none of them with another
/// object, so a rotation is: make a new transport, use it, let the old one drain.
///
/// # Contract of `send`
///
/// 1. Exactly one request on the wire, or an error. Choosing another pooled connection before the first byte is fine.
///    (`POOL-*`)
/// 2. Redirects are responses: never followed. (`REDIR-*`)
/// 3. Nothing is repeated once a byte of the request may have left. (`REPLAY-*`)
/// 4. Headers out are those given plus the framing, which is that of the body whatever was given ([`frame_body`]); where no `Accept` or `User-Agent` was given, a library's own may stand (the
///    client gives both). Headers in are all that came, in order, duplicates kept. No `Referer`, cookie, cache,
///    decompression, `Expect`, nothing from the environment. The `version` of the request decides nothing. (`REQ-*`, `PROXY-11`)
/// 5. The target on the wire is the path and query of the URI, byte for byte (its escapes are in upper case, as
///    [`RequestTarget`](crate::RequestTarget) makes them). (`REQ-01`)
/// 6. Dropping the future cancels the call and never gives a half-used connection back to the pool. (`TIME-06`, `TIME-07`)
/// 7. Connections and TLS sessions are never shared with another transport. (`POOL-02`, `POOL-03`)
/// 8. A body that ends early is an error; `HEAD`, 204 and 304 have none. (`BODY-05`, `REQ-10`)
/// 9. Errors carry kind, delivery, facts and the library's error. (`ERR-*`)
/// 10. In any runtime of its kind, also after that of an earlier call has ended, as in the first; outside a runtime: a response
///     or an error, not a panic. (`POOL-35`, `ERR-20`)
/// 11. No `Debug`, `Display`, error or log line holds a secret. (`SECRET-*`)
/// 12. Trust, TLS versions and identity are those of the configuration, on every connection. (`TRUST-*`, `IDENT-*`)
///
/// # Contract of `upload`
///
/// All of the above, and:
///
/// 1. The body arrives byte for byte, whatever its size, in constant memory. (`UPLOAD-01`)
/// 2. A known length is sent as `Content-Length`; an unknown one is chunked over HTTP/1.1, and ends with the stream over HTTP/2.
///    (`UPLOAD-01`)
/// 3. The body is read as fast as the server takes it: beyond the buffers of library and system nothing is read ahead. It is
///    polled within the runtime of the call. (`UPLOAD-02`, `UPLOAD-16`)
/// 4. An error response that comes before the end of the body is the response, and the rest of the body may be left unsent. After another
///    one the rest is still sent while the response body is held (`UPLOAD-21`), or the call is an
///    [`Upload`](crate::TransportErrorKind::Upload) error. (`UPLOAD-03`, `UPLOAD-04`)
/// 5. A body that fails, or gives fewer or more bytes than its length, is an [`Upload`](crate::TransportErrorKind::Upload) error
///    with the [`UploadError`](crate::UploadError) as its source, and the server never gets a complete request.
///    (`UPLOAD-05`, `UPLOAD-07`)
/// 6. Dropping the future, or the response body, stops an upload that has not ended. (`UPLOAD-06`)
/// 7. All time limits hold; the total limit includes the upload. (`UPLOAD-08`)
/// 8. An upload is never repeated once a byte of it may have left, whatever the server does or says. (`UPLOAD-09`)
/// 9. Headers, identity, facts and delivery are as with `send`. (`UPLOAD-10`)
///
/// [`UploadGuard`](crate::UploadGuard) does the common part of 2 and 5 for a transport, [`UploadBody`] checks the length.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends one request and returns when the head of the response is there. The URI is absolute: `https://host[:port]/path`, or
    /// `http://host[:port]/path` for a server in clear text, which the client asks for on loopback alone. Every other scheme, and a
    /// user or password before the host, is a [`Config`](crate::TransportErrorKind::Config) error before anything is sent.
    /// (`HOST-04`, `HOST-10`, `HOST-16`)
    ///
    /// # Errors
    /// See [`TransportErrorKind`](crate::TransportErrorKind).
    async fn send(&self, request: http::Request<Bytes>) -> Result<Exchange, TransportError>;

    /// Sends one request whose body streams. Implemented by transports with
    /// [`StreamingUploads`](crate::Capability::StreamingUploads); a wrapper of another transport forwards it.
    ///
    /// # Errors
    /// See [`TransportErrorKind`](crate::TransportErrorKind); [`Unsupported`](crate::TransportErrorKind::Unsupported) by default, the
    /// body unread.
    async fn upload(&self, request: http::Request<UploadBody>) -> Result<Exchange, TransportError> {
        drop(request);
        Err(TransportError::unsupported(Capability::StreamingUploads, "its requests have bodies in memory only"))
    }
}

/// Sets the framing of a request to that of its body. Where a method that means to send a body has none, this is
/// `Content-Length: 0` (RFC 9110 §8.6): every HTTP library that we looked at leaves it out, and some servers then wait for a body
/// or respond with 411. A `Content-Length` or `Transfer-Encoding` of the caller is replaced: libraries believe it, and the server
/// would take a part of the body for the next request, or wait for more.
///
/// ```
/// let mut request = http::Request::post("https://one.test/").body(bytes::Bytes::new())?;
/// digicert_one_core::frame_body(&mut request);
/// assert_eq!(request.headers()["content-length"], "0");
/// # Ok::<(), http::Error>(())
/// ```
pub fn frame_body(request: &mut http::Request<Bytes>) {
    let length = request.body().len();
    let is_announced = length == 0 && [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
    let headers = request.headers_mut();
    headers.remove(TRANSFER_ENCODING);
    if is_announced || headers.contains_key(CONTENT_LENGTH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// The head of a response, its body yet to stream, and what is known of the connection.
#[derive(Debug)]
pub struct Exchange {
    /// Status, version and headers; the body streams.
    pub response: http::Response<ResponseBody>,
    /// What the stack knows about the connection.
    pub facts: ConnectionFacts,
}

impl Exchange {
    /// A response over a connection with these facts.
    #[must_use]
    pub fn new(response: http::Response<ResponseBody>, facts: ConnectionFacts) -> Self {
        Self { response, facts }
    }
}

/// Names and versions of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectorInfo {
    /// The short name that users type: `rustls`, `reqwest`, `isahc`, `native-tls`.
    pub name: &'static str,
    /// The HTTP library, with its version if known.
    pub http_library: String,
    /// The TLS engine, with its version if known.
    pub tls_engine: String,
}

impl ConnectorInfo {
    /// All three at once; a transport crate outside this workspace makes its own.
    #[must_use]
    pub fn new(name: &'static str, http_library: impl Into<String>, tls_engine: impl Into<String>) -> Self {
        Self { name, http_library: http_library.into(), tls_engine: tls_engine.into() }
    }
}

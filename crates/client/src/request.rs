//! Builds a call. Mistakes are returned by `send`, before anything is sent.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use digicert_one_core::{Instance, RequestTarget, TargetError, UploadBody};
use http::header::{self, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Uri};
use serde::Serialize;

use crate::attempt::Boxed;
use crate::authorise::AuthorisedRequest;
use crate::call::{Authentication, Call, Statuses};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::path::{IntoTarget, with_query};
use crate::response::Response;
use crate::upload::Payload;

/// Headers that follow from the credential, the host or the framing; a caller cannot set them.
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
    /// The first mistake instead of the call, if there is one.
    call: Result<Call, Error>,
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

    /// A call made from a request of the crate `http`: its method, headers and body, and the path and query of its URI. Send it with
    /// [`send`](RequestBuilder::send) or [`send_raw`](RequestBuilder::send_raw).
    ///
    /// A URI that names a host must name one of [`instance`](Self::instance); which of the two is called follows from the credential. Any
    /// other host is an error of the call, before anything is sent. Headers that the client sets itself are refused, as by
    /// [`header`](RequestBuilder::header).
    pub fn http_request(&self, request: http::Request<Bytes>) -> RequestBuilder {
        RequestBuilder::from_http(self.clone(), request)
    }

    /// Sends a request with an authoriser of its own.
    ///
    /// # Errors
    /// See [`Error`].
    #[doc(hidden)]
    pub async fn run(&self, request: AuthorisedRequest) -> Result<Response, Error> {
        RequestBuilder { client: self.clone(), call: Ok(request.into()) }.send().await
    }
}

impl RequestBuilder {
    fn new(client: Client, method: Method, target: Result<RequestTarget, TargetError>) -> Self {
        Self { client, call: target.map(|target| Call::new(method, target)).map_err(invalid_target) }
    }

    fn from_http(client: Client, request: http::Request<Bytes>) -> Self {
        let (parts, body) = request.into_parts();
        let call = match RESERVED.iter().find(|name| parts.headers.contains_key(*name)) {
            Some(name) => Err(reserved(name)),
            None => target_of(client.instance(), &parts.uri).map(|target| Call {
                headers: parts.headers,
                body: Payload::Bytes(body),
                ..Call::new(parts.method, target)
            }),
        };
        Self { client, call }
    }

    /// Adds a query pair; both parts are encoded.
    pub fn query(self, name: &str, value: &str) -> Self {
        self.try_with(|call| {
            call.target = with_query(&call.target, name, value).map_err(invalid_target)?;
            Ok(())
        })
    }

    /// Adds a header. Headers that follow from the credential, the host or the framing are refused.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.try_with(|call| {
            let (name, value) = checked_header(name, value)?;
            call.headers.append(name, value);
            Ok(())
        })
    }

    /// A JSON body.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.try_with(|call| {
            let body = serde_json::to_vec(value).map_err(|error| {
                Error::local(ErrorKind::Request, "failed to write the request body as JSON").with_source(error)
            })?;
            call.body = Payload::Bytes(body.into());
            call.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Ok(())
        })
    }

    /// A body of any type, such as `application/json`.
    pub fn body(self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.try_with(|call| {
            call.body = Payload::Bytes(body.into());
            let content_type = HeaderValue::from_str(content_type).map_err(|error| {
                Error::local(ErrorKind::Request, "invalid content type header value").with_source(error)
            })?;
            call.headers.insert(header::CONTENT_TYPE, content_type);
            Ok(())
        })
    }

    /// A body that streams and can be read once. The call is not retried once the body has been read from, and its error then says so;
    /// [`upload_with`](Self::upload_with) allows retries.
    ///
    /// The length is sent if it is [known](UploadBody::with_length). All time limits include the upload: raise them with
    /// [`ClientBuilder::timeouts`](crate::ClientBuilder::timeouts) and [`deadline`](crate::ClientBuilder::deadline) for large files. A
    /// transport without [`StreamingUploads`](digicert_one_core::Capability::StreamingUploads) refuses the call (CFG-02); nothing is sent.
    ///
    /// ```no_run
    /// use std::fs::File;
    /// use std::io::Read as _;
    /// use std::task::Poll;
    ///
    /// use bytes::Bytes;
    /// use digicert_one_client::Client;
    /// use digicert_one_core::UploadBody;
    ///
    /// # async fn example(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut file = File::open("firmware.bin")?;
    /// let length = file.metadata()?.len();
    /// let mut chunk = vec![0; 64 << 10];
    /// let body = UploadBody::poll_fn(move |_| {
    ///     Poll::Ready(match file.read(&mut chunk) {
    ///         Ok(0) => None,
    ///         read => Some(read.map(|count| Bytes::copy_from_slice(&chunk[..count]))),
    ///     })
    /// });
    /// client.post("/devicemanager/api/v1/artifact").upload(body.with_length(length)).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn upload(self, body: UploadBody) -> Self {
        self.with(|call| call.body = Payload::once(body))
    }

    /// A body that streams and that this function makes for each attempt, from its beginning. The call is retried like any other. See
    /// [`upload`](Self::upload).
    ///
    /// ```no_run
    /// use digicert_one_client::Client;
    /// use digicert_one_core::UploadBody;
    ///
    /// # async fn example(client: &Client, open: fn() -> UploadBody) -> Result<(), digicert_one_client::Error> {
    /// client.put("/devicemanager/api/v1/artifact/4711").upload_with(open).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn upload_with(self, body: impl Fn() -> UploadBody + Send + Sync + 'static) -> Self {
        self.with(|call| call.body = Payload::Again(Arc::new(body)))
    }

    /// Sends the call to the platform host without API key and client certificate.
    pub fn unauthenticated(self) -> Self {
        self.with(|call| call.authentication = Authentication::None)
    }

    /// Marks this POST or PATCH as idempotent, so that it may be retried like a GET. DigiCert ONE documents no idempotency keys: do not
    /// mark calls that create, issue or sign.
    pub fn idempotent(self) -> Self {
        self.with(|call| call.idempotent = true)
    }

    /// Marks the call as one that asks for a page of a list.
    pub(crate) fn of_page(self) -> Self {
        self.with(|call| call.is_page = true)
    }

    /// Sets the path template for spans, metrics and audit records, such as `/user/{name}`. By default segments that do not look like a
    /// word of an API become `{}`.
    pub fn template(self, template: &'static str) -> Self {
        self.with(|call| call.template = Some(template))
    }

    /// Sends the call; a status of 400 and above is an error.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn send(self) -> impl Future<Output = Result<Response, Error>> + Send + 'static {
        self.sent(Statuses::ErrorsAreErrors)
    }

    /// Sends the call and returns the response whatever its status; error responses are not retried.
    ///
    /// # Errors
    /// Everything but an error status; see [`Error`].
    pub fn send_raw(self) -> impl Future<Output = Result<Response, Error>> + Send + 'static {
        self.sent(Statuses::AllAreResponses)
    }

    /// Sends the call with the retries and the rotation of [`send`](Self::send), and returns the last response whatever its status, with
    /// its [`diagnosis`](Response::diagnosis) where the status is an error. For programs that pass responses on. Secrets that an error
    /// response quotes are redacted.
    ///
    /// # Errors
    /// Everything but an error status, and error responses whose body is incomplete or larger than 1 MiB; see [`Error`].
    pub fn send_relayed(self) -> impl Future<Output = Result<Response, Error>> + Send + 'static {
        self.sent(Statuses::Relayed)
    }

    /// Boxed at once, so that the future that programs hold is small and cheap to move.
    fn sent(self, statuses: Statuses) -> Boxed<'static, Result<Response, Error>> {
        let Self { client, mut call } = self;
        Box::pin(async move {
            match call {
                Ok(ref mut call) => client.settings().send(call, statuses).await,
                Err(mistake) => Err(mistake),
            }
        })
    }

    fn with(mut self, change: impl FnOnce(&mut Call)) -> Self {
        if let Ok(call) = &mut self.call {
            change(call);
        }
        self
    }

    fn try_with(mut self, change: impl FnOnce(&mut Call) -> Result<(), Error>) -> Self {
        if let Ok(call) = &mut self.call
            && let Err(mistake) = change(call)
        {
            self.call = Err(mistake);
        }
        self
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
    let parsed: HeaderName = name.parse().map_err(|_| invalid("invalid header name".to_owned()))?;
    if RESERVED.contains(&parsed) {
        return Err(reserved(&parsed));
    }
    let value = HeaderValue::from_str(value).map_err(|_| {
        invalid(format!("invalid value of header {parsed}: it has a line end or another control character"))
    })?;
    Ok((parsed, value))
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(call) = &self.call else { return f.write_str("RequestBuilder(invalid)") };
        let names: Vec<&str> = call.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("RequestBuilder")
            .field("method", &call.method)
            .field("path", &call.target.path())
            .field("headers", &names)
            .field("body", &call.body)
            .finish_non_exhaustive()
    }
}

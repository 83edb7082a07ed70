//! The blocking client, for programs without an async runtime.
//!
//! ```no_run
//! # fn example() -> Result<(), digicert_one::Error> {
//! let one = digicert_one::blocking::from_env()?;
//! println!("{}", one.whoami()?);
//! for user in one.pages("/account/api/v1/user").items::<serde_json::Value>() {
//!     println!("{}", user?["friendly_name"]);
//! }
//! # Ok(()) }
//! ```
//!
//! On a thread of an async runtime it works too, and blocks that thread: use the async client there. Dropping the
//! last clone closes its connections.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use digicert_one_client::{Error, ErrorKind, IntoTarget, ItemStream, Pages, Position};
use digicert_one_core::{Expiry, UploadBody};
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;
use tokio::task::unconstrained;

use crate::builder::Builder;
#[cfg(feature = "account")]
use crate::whoami::WhoAmI;

/// Same as [`digicert_one::from_env`](crate::from_env), without async.
///
/// # Errors
/// Same as there; also an error if the system cannot start a thread.
#[cfg(feature = "sources")]
pub fn from_env() -> Result<DigiCertOne, Error> {
    Builder::from_env()?.build_blocking()
}

impl Builder {
    /// Same as [`build`](Self::build), for the blocking client.
    ///
    /// # Errors
    /// Same as there; also an error if the system cannot start a thread.
    pub fn build_blocking(self) -> Result<DigiCertOne, Error> {
        DigiCertOne::new(self.build()?)
    }
}

/// A blocking client that calls DigiCert ONE as one caller. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct DigiCertOne {
    one: crate::one::DigiCertOne,
    connections: Arc<Connections>,
}

/// The thread that drives the connections of tokio-based transports between calls.
struct Connections(Option<Runtime>);

impl Drop for Connections {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Any other way panics on a thread of an async runtime.
            runtime.shutdown_background();
        }
    }
}

impl Connections {
    /// Waits for this work. tokio's own wait panics on a thread of an async runtime.
    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let _context = self.0.as_ref().map(Runtime::enter);
        // On such a thread it would get no more turns than the task that it blocks has left.
        let mut work = pin!(unconstrained(work));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            match work.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(outcome) => return outcome,
                Poll::Pending => thread::park(),
            }
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

impl DigiCertOne {
    /// Wraps an async client.
    ///
    /// # Errors
    /// Returns an error if the system cannot start a thread for the connections.
    pub fn new(one: crate::one::DigiCertOne) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| {
            Error::local(ErrorKind::Config, format!("failed to start a thread for the connections: {error}"))
                .with_source(error)
        })?;
        Ok(Self { one, connections: Arc::new(Connections(Some(runtime))) })
    }

    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.connections.wait(work)
    }

    /// Returns the async client.
    #[must_use]
    pub fn inner(&self) -> &crate::one::DigiCertOne {
        &self.one
    }

    /// Same as [`whoami`](crate::DigiCertOne::whoami).
    ///
    /// # Errors
    /// Same as there.
    #[cfg(feature = "account")]
    pub fn whoami(&self) -> Result<WhoAmI, Error> {
        self.wait(self.one.whoami())
    }

    /// Same as [`expiry`](crate::Client::expiry).
    ///
    /// # Errors
    /// Same as there.
    pub fn expiry(&self) -> Result<Option<Expiry>, Error> {
        self.wait(self.one.expiry())
    }

    /// Starts a GET of this path.
    pub fn get(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// Starts a POST to this path.
    pub fn post(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// Starts a PUT to this path.
    pub fn put(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// Starts a PATCH of this path.
    pub fn patch(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::PATCH, path)
    }

    /// Starts a DELETE of this path.
    pub fn delete(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// Starts a call with any method.
    pub fn request(&self, method: Method, path: impl IntoTarget) -> RequestBuilder {
        RequestBuilder { request: self.one.request(method, path), client: self.clone() }
    }

    /// Returns the list at this path.
    pub fn pages(&self, path: impl IntoTarget) -> Lists {
        Lists { pages: self.one.pages(path), client: self.clone() }
    }
}

impl fmt::Debug for DigiCertOne {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.one.fmt(f)
    }
}

/// A call that is being built. See [`crate::RequestBuilder`].
///
/// ```no_run
/// # fn example(one: digicert_one::blocking::DigiCertOne) -> Result<(), digicert_one::Error> {
/// let response = one.get("/account/api/v1/user").query("user_type", "service").send()?;
/// println!("{}", response.json::<serde_json::Value>()?);
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "nothing is sent until `send`"]
pub struct RequestBuilder {
    request: digicert_one_client::RequestBuilder,
    client: DigiCertOne,
}

impl RequestBuilder {
    fn with(
        mut self,
        change: impl FnOnce(digicert_one_client::RequestBuilder) -> digicert_one_client::RequestBuilder,
    ) -> Self {
        self.request = change(self.request);
        self
    }

    /// Adds a query pair; both parts are encoded.
    pub fn query(self, name: &str, value: &str) -> Self {
        self.with(|request| request.query(name, value))
    }

    /// Adds a header. Headers that follow from the credential, the host or the framing are refused.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.with(|request| request.header(name, value))
    }

    /// Sets a JSON body.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.with(|request| request.json(value))
    }

    /// Sets a body of any content type, such as `application/json`.
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.with(|request| request.body(content_type, body.into()))
    }

    /// A body that streams and can be read once; see [`upload`](crate::RequestBuilder::upload). Its function may block.
    ///
    /// ```no_run
    /// use std::io::Read as _;
    /// use std::task::Poll;
    ///
    /// # fn example(one: &digicert_one::blocking::DigiCertOne) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut file = std::fs::File::open("firmware.bin")?;
    /// let length = file.metadata()?.len();
    /// let body = digicert_one::UploadBody::poll_fn(move |_| {
    ///     let mut chunk = vec![0; 64 << 10];
    ///     Poll::Ready(match file.read(&mut chunk) {
    ///         Ok(0) => None,
    ///         Ok(count) => {
    ///             chunk.truncate(count);
    ///             Some(Ok(chunk.into()))
    ///         }
    ///         Err(error) => Some(Err(error)),
    ///     })
    /// });
    /// one.post("/devicemanager/api/v1/artifact").upload(body.with_length(length)).send()?;
    /// # Ok(()) }
    /// ```
    pub fn upload(self, body: UploadBody) -> Self {
        self.with(|request| request.upload(body))
    }

    /// A body that streams and that this function makes for each attempt; see [`upload_with`](crate::RequestBuilder::upload_with).
    pub fn upload_with(self, body: impl Fn() -> UploadBody + Send + Sync + 'static) -> Self {
        self.with(|request| request.upload_with(body))
    }

    /// Sends the call without credentials, to the platform host.
    pub fn unauthenticated(self) -> Self {
        self.with(digicert_one_client::RequestBuilder::unauthenticated)
    }

    /// Marks this call as safe to retry, like a GET.
    pub fn idempotent(self) -> Self {
        self.with(digicert_one_client::RequestBuilder::idempotent)
    }

    /// Sends the call and waits for the response head; a status of 400 or above is an error.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn send(self) -> Result<Response, Error> {
        let response = self.client.wait(self.request.send())?;
        Ok(Response { response, client: self.client })
    }
}

/// A response whose body is read on demand. See [`crate::Response`].
#[derive(Debug)]
pub struct Response {
    response: digicert_one_client::Response,
    client: DigiCertOne,
}

impl Response {
    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Returns the whole body.
    ///
    /// # Errors
    /// Returns an error for a body that is truncated, too slow or too large.
    pub fn bytes(self) -> Result<Vec<u8>, Error> {
        self.client.wait(self.response.bytes()).map(Into::into)
    }

    /// Returns the whole body as text.
    ///
    /// # Errors
    /// Same as [`bytes`](Self::bytes); also an error for a body that is not UTF-8.
    pub fn text(self) -> Result<String, Error> {
        self.client.wait(self.response.text())
    }

    /// Returns the whole body as JSON.
    ///
    /// # Errors
    /// Same as [`bytes`](Self::bytes); also an error for a body that is not the JSON of a `T`.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.client.wait(self.response.json())
    }
}

/// A list that is being configured. See [`Pages`].
///
/// ```no_run
/// # fn example(one: digicert_one::blocking::DigiCertOne) -> Result<(), digicert_one::Error> {
/// let lists = one.pages("/account/api/v1/user").with(|pages| pages.query("user_type", "service").page_size(50));
/// for user in lists.items::<serde_json::Value>() {
///     println!("{}", user?["friendly_name"]);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "nothing is sent until the items are read"]
pub struct Lists {
    pages: Pages,
    client: DigiCertOne,
}

impl Lists {
    /// Changes the list request: filters, page size, limits.
    pub fn with(mut self, change: impl FnOnce(Pages) -> Pages) -> Self {
        self.pages = change(self.pages);
        self
    }

    /// Iterates over the items, page after page. Ends after the first error.
    pub fn items<T: DeserializeOwned>(self) -> Items<T> {
        Items { items: self.pages.items(), client: self.client }
    }
}

/// The items of a list.
pub struct Items<T> {
    items: ItemStream<T>,
    client: DigiCertOne,
}

impl<T: DeserializeOwned> Items<T> {
    /// Returns the position in the list, to resume from there later.
    #[must_use]
    pub fn position(&self) -> Position {
        self.items.position()
    }
}

impl<T: DeserializeOwned> Iterator for Items<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.client.wait(self.items.next())
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").finish_non_exhaustive()
    }
}

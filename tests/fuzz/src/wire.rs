//! A client over a server with fuzzed responses. No network and no waiting: only the parsing of responses is
//! tested, through the whole client.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_client::Client;
use digicert_one_core::{
    ApiKey, Capabilities, Clock, ConnectionFacts, Connector, ConnectorInfo, Exchange, FixedCredential, Instance,
    ResponseBody, Transport, TransportConfig, TransportError,
};
use http::{Request, Response};

/// The key that every call carries, and that no output may hold.
pub const KEY: &str = "canary-0123456789";

/// Repeats its responses, and records its requests.
#[derive(Clone, Debug)]
pub struct Wire(Arc<Inner>);

struct Inner {
    server: Box<Server>,
    requests: Mutex<Vec<Request<Bytes>>>,
}

/// Computes the response for a request, given the number of previous ones.
type Server = dyn Fn(&Request<Bytes>, usize) -> Response<Bytes> + Send + Sync;

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("requests", &self.requests).finish_non_exhaustive()
    }
}

/// A response with this body.
pub fn response_with(status: u16, body: &[u8]) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    response
}

impl Wire {
    /// A server with these responses; at least one.
    pub fn new(responses: Vec<Response<Bytes>>) -> Self {
        Self::serving(move |_, before| responses[before % responses.len()].clone())
    }

    /// A server whose responses depend on its requests.
    pub fn serving(server: impl Fn(&Request<Bytes>, usize) -> Response<Bytes> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { server: Box::new(server), requests: Mutex::default() }))
    }

    /// A client of it, at `https://one.digicert.test/d1`.
    pub fn client(&self) -> Client {
        let instance = Instance::parse("one.digicert.test").and_then(|one| one.with_path_prefix("/d1"));
        let built = Client::builder()
            .instance(instance.expect("a host"))
            .credential(FixedCredential::api_key(ApiKey::new(KEY).expect("a key")))
            .connector(self.clone())
            .clock(Arc::new(Passing::new()))
            .build();
        built.expect("complete")
    }

    /// The requests: method, URI and body.
    pub fn requests(&self) -> Vec<(String, http::Uri, Bytes)> {
        let requests = self.0.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.iter().map(|one| (one.method().to_string(), one.uri().clone(), one.body().clone())).collect()
    }
}

impl Connector for Wire {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("wire", "none", "none")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::all()
    }

    fn connect(&self, _config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request<Bytes>) -> Result<Exchange, TransportError> {
        let mut requests = self.0.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let response = (self.0.server)(&request, requests.len());
        requests.push(request);
        Ok(Exchange::new(response.map(ResponseBody::full), ConnectionFacts::unknown()))
    }
}

/// A clock whose sleeps complete at once, as if their time had passed. Its limits never expire: responses
/// arrive at once.
#[derive(Debug)]
struct Passing(Mutex<SystemTime>);

impl Passing {
    fn new() -> Self {
        Self(Mutex::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)))
    }
}

impl Clock for Passing {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += duration;
        Box::pin(std::future::ready(()))
    }

    fn limit(&self, _duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::pending())
    }
}

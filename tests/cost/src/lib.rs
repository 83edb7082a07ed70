//! What the client adds to a call: the same GET with a key over a transport that does nothing, once through
//! the whole client and once directly on the transport. The difference is the client's cost.
//!
//! Two programs, since counting allocations costs instructions: `allocations` prints how many each side makes for one call;
//! `instructions client N` and `instructions bare N` make N calls and print nothing. `cargo xtask cost` runs the latter under
//! callgrind, with two values of N, and takes the difference, so that start-up is not in it.
//!
//! The client has its defaults from `build()`: retries, rate limiter, deadline and reminders on; no
//! subscriber for spans; no audit; the feature `metrics` off.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_client::Client;
use digicert_one_core::{
    API_KEY_HEADER, ApiKey, Capabilities, ConnectionFacts, Connector, ConnectorInfo, Exchange, FixedCredential,
    Instance, ResponseBody, Transport, TransportConfig, TransportError,
};
use futures_executor::block_on;
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderValue, Request, Response, Uri};

const PATH: &str = "/account/api/v1/user/me";
const KEY: &str = "01ab23cd45ef67ab89cd01ef23_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Responds to every request with 200 and `{}`, at once.
#[derive(Clone, Debug)]
struct Null;

impl Connector for Null {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("null", "none", "none")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::all()
    }

    fn connect(&self, _config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Transport for Null {
    async fn send(&self, request: Request<Bytes>) -> Result<Exchange, TransportError> {
        std::hint::black_box(request);
        let response = Response::new(ResponseBody::full(Bytes::from_static(b"{}")));
        Ok(Exchange::new(response, ConnectionFacts::unknown()))
    }
}

/// One of the two sides.
#[derive(Debug)]
pub struct Side(Kind);

#[derive(Debug)]
enum Kind {
    Client(Client),
    Bare { transport: Arc<dyn Transport>, uri: Uri, key: HeaderValue },
}

impl Side {
    /// The side `client` or `bare`.
    ///
    /// # Errors
    /// Another name.
    pub fn named(name: &str) -> Result<Self, String> {
        let key = ApiKey::new(KEY).map_err(|error| error.to_string())?;
        match name {
            "client" => Client::builder()
                .instance(Instance::parse("one.digicert.test").map_err(|error| error.to_string())?)
                .credential(FixedCredential::api_key(key))
                .connector(Null)
                .build()
                .map(|client| Self(Kind::Client(client)))
                .map_err(|error| error.to_string()),
            "bare" => Ok(Self(Kind::Bare {
                transport: Null.connect(&TransportConfig::new()).map_err(|error| error.to_string())?,
                uri: Uri::from_static("https://one.digicert.test/account/api/v1/user/me"),
                key: key.header_value().clone(),
            })),
            other => Err(format!("unknown side {other}: expected client or bare")),
        }
    }

    async fn call(&self) -> Result<Bytes, String> {
        match &self.0 {
            Kind::Client(client) => {
                let response = client.get(PATH).send().await.map_err(|error| error.to_string())?;
                response.bytes().await.map_err(|error| error.to_string())
            }
            Kind::Bare { transport, uri, key } => {
                let mut request = Request::new(Bytes::new());
                *request.uri_mut() = uri.clone();
                let headers = request.headers_mut();
                headers.insert(USER_AGENT, HeaderValue::from_static("bare"));
                headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
                headers.insert(API_KEY_HEADER, key.clone());
                let exchange = transport.send(request).await.map_err(|error| error.to_string())?;
                exchange.response.into_body().collect(1 << 20).await.map_err(|error| error.to_string())
            }
        }
    }

    /// Makes this many calls, one after the other.
    ///
    /// # Errors
    /// One of them failed.
    pub fn calls(&self, number: usize) -> Result<(), String> {
        (0..number).try_for_each(|_| block_on(self.call()).map(drop))
    }
}

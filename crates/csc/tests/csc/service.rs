//! A service in memory: a function responds, everything that arrived can be read, and each response takes a turn of the executor, so
//! that callers at the same time really meet.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_client::Error;
use digicert_one_core::{
    Capabilities, ConnectionFacts, Connector, ConnectorInfo, Exchange, Instance, ManualClock, ResponseBody, Secret,
    Transport, TransportConfig, TransportError,
};
use digicert_one_csc::{CscClient, CscClientBuilder, CscCredential};
use http::{HeaderMap, Request, Response};

pub(crate) const HOST: &str = "one.digicert.test";
pub(crate) const INFO: &str =
    r#"{"authType":["oauth2client","oauth2code","digest"],"oauth2":"https://one.digicert.test"}"#;
/// Stands in every secret that these tests use.
pub(crate) const CANARY: &str = "canary";

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) host: String,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Arrived {
    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.target.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("a body in JSON")
    }

    /// A value of a form.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        field(&self.body, name)
    }
}

/// A value of a form or query, with what these tests use of the escapes undone.
pub(crate) fn field(pairs: &str, name: &str) -> Option<String> {
    let pair = pairs.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(percent_encoding::percent_decode_str(&pair.replace('+', " ")).decode_utf8().expect("UTF-8").into_owned())
}

type Responses = dyn Fn(&Arrived, usize) -> Option<Response<String>> + Send + Sync;

/// Responds by a function of the request and of how often its name was asked for before; `None` is silence.
#[derive(Clone)]
pub(crate) struct Service {
    responses: Arc<Responses>,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Service {
    pub(crate) fn new(responses: impl Fn(&Arrived, usize) -> Response<String> + Send + Sync + 'static) -> Self {
        Self::perhaps(move |arrived, before| Some(responses(arrived, before)))
    }

    pub(crate) fn perhaps(
        responses: impl Fn(&Arrived, usize) -> Option<Response<String>> + Send + Sync + 'static,
    ) -> Self {
        Self { responses: Arc::new(responses), arrived: Arc::default() }
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().expect("unpoisoned").clone()
    }

    /// The requests of this name.
    pub(crate) fn named(&self, name: &str) -> Vec<Arrived> {
        self.arrived().into_iter().filter(|arrived| arrived.name() == name).collect()
    }

    /// The names of all requests in their order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.arrived().iter().map(|arrived| arrived.name().to_owned()).collect()
    }
}

#[async_trait]
impl Transport for Service {
    async fn send(&self, request: Request<Bytes>) -> Result<Exchange, TransportError> {
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri().scheme_str(), Some("https"));
        let arrived = Arrived {
            host: request.uri().authority().expect("absolute").to_string(),
            target: request.uri().path_and_query().expect("absolute").to_string(),
            headers: request.headers().clone(),
            body: String::from_utf8(request.body().to_vec()).expect("text"),
        };
        let before = self.named(arrived.name()).len();
        self.arrived.lock().expect("unpoisoned").push(arrived.clone());
        let mut polled = false;
        poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        match (self.responses)(&arrived, before) {
            Some(response) => Ok(Exchange::new(response.map(ResponseBody::full), ConnectionFacts::unknown())),
            None => std::future::pending().await,
        }
    }
}

impl Connector for Service {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("service", "none", "none")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::all()
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        assert!(config.identity().is_none(), "CSC is called without a client certificate");
        Ok(Arc::new(self.clone()))
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

pub(crate) fn response(status: u16, body: impl Into<String>) -> Response<String> {
    Response::builder().status(status).header("content-type", "application/json").body(body.into()).expect("valid")
}

pub(crate) fn ok(body: impl Into<String>) -> Response<String> {
    response(200, body)
}

/// The `n`-th token, good for an hour.
pub(crate) fn token(number: usize) -> Response<String> {
    ok(format!(r#"{{"access_token":"{CANARY}-token-{number}","token_type":"Bearer","expires_in":3600}}"#))
}

/// Describes itself, gives tokens, and has an empty response for everything else.
pub(crate) fn usual(arrived: &Arrived, before: usize) -> Response<String> {
    match arrived.name() {
        "info" => ok(INFO),
        "token" => token(before + 1),
        _ => ok("{}"),
    }
}

pub(crate) fn secret(name: &str) -> Secret {
    Secret::new(format!("{CANARY}-{name}"), "the test")
}

pub(crate) fn client_credentials() -> CscCredential {
    CscCredential::client_credentials("the-client", secret("client-secret"))
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::new(SystemTime::UNIX_EPOCH)
}

pub(crate) fn builder(service: &Service, credential: CscCredential) -> CscClientBuilder {
    CscClient::builder()
        .instance(Instance::parse(HOST).expect("a host"))
        .connector(service.clone())
        .credential(credential)
        .clock(Arc::new(clock()))
}

pub(crate) fn client(service: &Service, credential: CscCredential) -> CscClient {
    builder(service, credential).build().expect("complete")
}

/// An error shows nothing that is secret, in no form; gives it back.
pub(crate) fn discreet(error: Error) -> Error {
    let shown = format!("{error} {error:?} {}", error.diagnosis());
    assert!(!shown.contains(CANARY), "{shown}");
    error
}

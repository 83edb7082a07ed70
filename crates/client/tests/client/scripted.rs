//! A transport with scripted responses and a credential with scripted leases, without a network. Both record their calls.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_client::{Client, ClientBuilder};
use digicert_one_core::{
    ApiKey, Capabilities, ClientIdentity, Code, ConnectionFacts, Connector, ConnectorInfo, Credential, CredentialError,
    Delivery, Exchange, FixedCredential, Generation, Instance, Lease, LeaseRequest, Material, ResponseBody, Secret,
    Transport, TransportConfig, TransportError, TransportErrorKind, Verdict,
};
use digicert_one_identity::{ReadOptions, read_client_identity};
use digicert_one_testbed::{ClientSpec, Pki};
use http::{Request, Response};

/// Scripted outcomes, and the requests that were sent.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) outcomes: Mutex<VecDeque<ScriptedOutcome>>,
    /// In place of outcomes.
    server: Option<Box<Server>>,
    pub(crate) requests: Mutex<Vec<Request<Bytes>>>,
    pub(crate) connects: AtomicUsize,
}

/// Computes the response to a request.
type Server = dyn Fn(&Request<Bytes>) -> Response<String> + Send + Sync;

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("outcomes", &self.outcomes).finish_non_exhaustive()
    }
}

/// What becomes of one request.
#[derive(Debug)]
pub(crate) enum ScriptedOutcome {
    Response(Response<&'static str>),
    Failure(TransportErrorKind, Delivery),
    /// A failure on a connection with these facts, after the request may have left.
    FailureOn(TransportErrorKind, ConnectionFacts),
    /// Nothing ever comes.
    Silence,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Scripted(pub(crate) Arc<Script>);

impl Scripted {
    pub(crate) fn responding(responses: impl IntoIterator<Item = Response<&'static str>>) -> Self {
        Self::of(responses.into_iter().map(ScriptedOutcome::Response))
    }

    pub(crate) fn of(outcomes: impl IntoIterator<Item = ScriptedOutcome>) -> Self {
        let scripted = Self::default();
        scripted.0.outcomes.lock().expect("unpoisoned").extend(outcomes);
        scripted
    }

    pub(crate) fn serving(server: impl Fn(&Request<Bytes>) -> Response<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Script { server: Some(Box::new(server)), ..Script::default() }))
    }

    pub(crate) fn requests(&self) -> Vec<(String, String)> {
        let requests = self.0.requests.lock().expect("unpoisoned");
        requests.iter().map(|request| (request.method().to_string(), request.uri().to_string())).collect()
    }

    pub(crate) fn connects(&self) -> usize {
        self.0.connects.load(Ordering::Relaxed)
    }
}

impl Connector for Scripted {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("scripted", "none", "none")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::all()
    }

    fn connect(&self, _config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        self.0.connects.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, request: Request<Bytes>) -> Result<Exchange, TransportError> {
        let served = self.0.server.as_ref().map(|server| server(&request));
        self.0.requests.lock().expect("unpoisoned").push(request);
        if let Some(response) = served {
            return Ok(Exchange::new(response.map(ResponseBody::full), ConnectionFacts::unknown()));
        }
        let outcome = self.0.outcomes.lock().expect("unpoisoned").pop_front();
        match outcome.unwrap_or_else(|| ScriptedOutcome::Response(Response::new("{}"))) {
            ScriptedOutcome::Response(response) => {
                Ok(Exchange::new(response.map(ResponseBody::full), ConnectionFacts::unknown()))
            }
            ScriptedOutcome::Failure(kind, delivery) => Err(TransportError::new(kind, delivery)),
            ScriptedOutcome::FailureOn(kind, facts) => {
                Err(TransportError::new(kind, Delivery::Unknown).with_facts(facts))
            }
            ScriptedOutcome::Silence => std::future::pending().await,
        }
    }
}

pub(crate) fn response(status: u16, location: Option<&str>, body: &'static str) -> Response<&'static str> {
    let builder = Response::builder().status(status);
    let builder = match location {
        Some(location) => builder.header("location", location),
        None => builder,
    };
    builder.body(body).expect("a valid response")
}

pub(crate) fn identity(name: &str) -> ClientIdentity {
    let certificate = Pki::shared().client(ClientSpec { common_name: name.to_owned(), ..ClientSpec::default() });
    let bundle = Secret::new(certificate.bundle_pem(), "the test");
    let rules = ReadOptions::at(SystemTime::now());
    read_client_identity(&bundle, None, None, &rules, &mut Vec::new()).expect("a pair")
}

pub(crate) fn key() -> Material {
    Material::api_key(ApiKey::new("canary-key").expect("a key"))
}

pub(crate) fn builder(scripted: &Scripted) -> ClientBuilder {
    Client::builder()
        .instance(Instance::parse("one.digicert.test").expect("a host"))
        .credential(FixedCredential::new(key(), "the test"))
        .connector(scripted.clone())
}

pub(crate) fn client(scripted: &Scripted) -> Client {
    builder(scripted).build().expect("complete")
}

/// Scripted leases, and the reported verdicts.
#[derive(Debug)]
pub(crate) struct ScriptedCredential {
    leases: Mutex<VecDeque<Material>>,
    pub(crate) verdicts: Mutex<Vec<(Generation, Verdict)>>,
    count: AtomicUsize,
}

#[derive(Clone, Debug)]
pub(crate) struct Source(pub(crate) Arc<ScriptedCredential>);

impl Source {
    pub(crate) fn of(leases: impl IntoIterator<Item = Material>) -> Self {
        let leases = Mutex::new(leases.into_iter().collect());
        Self(Arc::new(ScriptedCredential { leases, verdicts: Mutex::default(), count: AtomicUsize::new(0) }))
    }
}

#[async_trait]
impl Credential for Source {
    async fn lease(&self, _need: &LeaseRequest) -> Result<Lease, CredentialError> {
        let material = self.0.leases.lock().expect("unpoisoned").pop_front();
        let material = material.ok_or_else(|| CredentialError::new(Code::ID_13, "nothing left").at("the test"))?;
        let count = self.0.count.fetch_add(1, Ordering::Relaxed);
        let generation = (0..count).fold(Generation::FIRST, |generation, _| generation.next());
        Ok(Lease::new(material, generation, "the test"))
    }

    fn report(&self, lease: &Lease, verdict: Verdict) {
        self.0.verdicts.lock().expect("unpoisoned").push((lease.generation(), verdict));
    }
}

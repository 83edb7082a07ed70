//! Fixtures for faults: how they call, and what is recorded of a failure.

use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::{Client, ClientBuilder, Error, Retry};
use digicert_one_core::{
    Code, CredentialError, Diagnosis, FixedCredential, Material, Timeouts, TransportConfig, TransportError, Warning,
};
use digicert_one_testbed::{Front, FrontOptions};
use http::{Request, Response};

use super::raw_text;
use crate::world::{HOST, KEY, World, front_responding, key};

/// The password that protects nothing here.
pub(super) const WRONG_PASSWORD: &str = "Osprey-wrong-43";

/// An observed fault.
#[derive(Clone, Debug)]
pub(crate) struct ObservedFault {
    pub(super) diagnosis: Diagnosis,
    /// All that an error shows.
    shown: String,
    /// The deepest text of the libraries below, without what changes from run to run.
    pub(super) raw: Option<String>,
}

impl ObservedFault {
    pub(super) fn new(diagnosis: Diagnosis, shown: String) -> Self {
        let shown = format!("{shown}\n{diagnosis}\n{diagnosis:?}");
        Self { diagnosis, shown, raw: None }
    }

    /// An error found before any packet, with a code and a sentence.
    pub(super) fn found(diagnosis: Diagnosis) -> Self {
        let shown = diagnosis.to_string();
        Self::new(diagnosis, shown)
    }

    /// Checks the form of a diagnosis: complete, with a side, and without a secret.
    pub(super) fn check(&self) -> Result<(), String> {
        let Diagnosis { code, summary, cause, remedy, .. } = &self.diagnosis;
        for (what, text) in [("summary", summary), ("cause", cause), ("remedy", remedy)] {
            // The summary of CFG-01 says everything; the platform's text in the summary may contain braces.
            let may_be_empty = *code == Code::CFG_01 && what != "summary";
            if (text.trim().is_empty() && !may_be_empty) || (what != "summary" && text.contains(['{', '}'])) {
                return Err(format!("{code}: the {what} is {text:?}"));
            }
        }
        let shown = self.diagnosis.to_string();
        for part in [code.as_str(), summary, cause, remedy] {
            if !shown.contains(part) {
                return Err(format!("{code}: {part:?} is not shown in {shown}"));
            }
        }
        let secrets = [KEY, "canary", "BEGIN PRIVATE KEY", "testbed-Kestrel-42", WRONG_PASSWORD];
        match secrets.into_iter().find(|secret| self.shown.contains(secret)) {
            Some(secret) => Err(format!("{code}: a secret ({}...) is shown", &secret[..4])),
            None => Ok(()),
        }
    }
}

impl From<Error> for ObservedFault {
    fn from(error: Error) -> Self {
        let seen = Self::new(error.diagnosis().clone(), format!("{error}\n{error:?}"));
        Self { raw: error.transport().and_then(raw_text::deepest), ..seen }
    }
}

impl From<CredentialError> for ObservedFault {
    fn from(error: CredentialError) -> Self {
        Self::new(Diagnosis::of(error.code(), error.to_string()), format!("{error:?}"))
    }
}

impl From<&Warning> for ObservedFault {
    fn from(warning: &Warning) -> Self {
        Self::new(Diagnosis::of(warning.code, &warning.text), warning.to_string())
    }
}

/// The transport's own refusal of a configuration.
pub(super) fn refused(error: &TransportError, diagnosis: Diagnosis) -> ObservedFault {
    ObservedFault { raw: raw_text::deepest(error), ..ObservedFault::new(diagnosis, format!("{error:?}")) }
}

/// One GET, tried once, so that the fault and not a series of it is observed.
pub(super) async fn call(builder: ClientBuilder, material: Material) -> ObservedFault {
    let client = client(builder, material);
    let response = match client.get("/").send().await {
        Ok(response) => response,
        Err(error) => return error.into(),
    };
    let status = response.status();
    match response.bytes().await {
        Err(error) => error.into(),
        Ok(body) => panic!("no fault: {status} and {} bytes", body.len()),
    }
}

pub(super) fn client(builder: ClientBuilder, material: Material) -> Client {
    let credential = FixedCredential::new(material, "the fault");
    builder.retry(Retry::never()).credential(credential).build().expect("the client is complete")
}

/// A call by key, to a server at this port that knows the host.
pub(super) async fn by_key(world: &World, port: u16) -> ObservedFault {
    call(world.builder(port), key()).await
}

/// As `by_key`, with another configuration.
pub(super) async fn configured(world: &World, port: u16, config: TransportConfig) -> ObservedFault {
    call(world.builder(port).transport_config(config), key()).await
}

/// A short connect timeout and a long response timeout.
pub(super) fn impatient_to_connect(world: &World) -> TransportConfig {
    let limits = Timeouts::new().with_connect(Duration::from_millis(400)).with_total(Duration::from_secs(20));
    world.config().with_timeouts(limits)
}

/// Times out waiting for a response as soon as a busy machine allows: the connect limit is the shorter one,
/// so that a stack with one error for both can determine which it was.
pub(super) fn impatient(world: &World) -> TransportConfig {
    let limits = Timeouts::new().with_connect(Duration::from_secs(3)).with_total(Duration::from_secs(4));
    world.config().with_timeouts(limits)
}

/// A front with one response for everything.
pub(super) fn responding(
    options: FrontOptions,
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: impl Into<Bytes>,
) -> Front {
    let body: Bytes = body.into();
    front_responding(options, move |_: &Request<Bytes>| {
        let builder = headers
            .iter()
            .fold(Response::builder().status(status), |builder, (name, value)| builder.header(*name, *value));
        builder.body(body.clone()).expect("a valid response")
    })
}

/// A response of a platform that does not ask for certificates, to a call by key.
pub(super) async fn answered(
    world: World,
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: impl Into<Bytes>,
) -> ObservedFault {
    let front = responding(FrontOptions::default(), status, headers, body);
    let seen = by_key(&world, front.port()).await;
    assert_eq!(front.ledger().requests().len(), 1, "exactly one request to {HOST}");
    seen
}

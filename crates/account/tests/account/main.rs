//! The Account Manager API over a scripted transport: what is sent, what is parsed, and that nothing is lost
//! or shown.

mod calls;
mod certificates;
mod documents;
mod refusals;
#[allow(dead_code, reason = "the tests of the client use the rest")]
#[path = "../../../client/tests/client/scripted.rs"]
mod scripted;
mod shown_once;

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one_account::{AccountExt as _, AccountManager};
use digicert_one_client::{Error, Retry};
use digicert_one_core::ManualClock;
use http::Response;
use serde_json::Value;

use crate::scripted::{Scripted, ScriptedOutcome, builder};

pub(crate) const ID: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const USER: &str = "/account/api/v1/user";
pub(crate) const TOKEN: &str = "/account/api/v1/api-access-token";
pub(crate) const CERTIFICATE: &str = "/account/api/v1/client-auth-certificate";

/// An Account Manager with scripted responses, at noon on 2026-06-30.
pub(crate) struct Stage {
    pub(crate) scripted: Scripted,
    pub(crate) account: AccountManager,
    clock: ManualClock,
}

impl Stage {
    pub(crate) fn of(outcomes: impl IntoIterator<Item = ScriptedOutcome>) -> Self {
        let scripted = Scripted::of(outcomes);
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_782_820_800));
        let client = builder(&scripted).clock(Arc::new(clock.clone())).retry(Retry::new()).build().expect("complete");
        Self { account: client.account(), scripted, clock }
    }

    pub(crate) fn responding(status: u16, body: &Value) -> Self {
        Self::of([json_response(status, body)])
    }

    /// Runs a call to its end, including delays.
    pub(crate) fn run<T>(&self, call: impl Future<Output = T>) -> T {
        futures_executor::block_on(self.clock.run(call)).0
    }

    pub(crate) fn refused<T: Debug>(&self, call: impl Future<Output = Result<T, Error>>) -> Error {
        self.run(call).expect_err("refused")
    }

    /// Returns method, path with query, and body of each request.
    pub(crate) fn sent(&self) -> Vec<(String, String, Value)> {
        let requests = self.scripted.0.requests.lock().expect("unpoisoned");
        let sent = requests.iter().map(|request| {
            let body = if request.body().is_empty() { Value::Null } else { json_of(request.body()) };
            let path = request.uri().path_and_query().expect("a path").to_string();
            (request.method().to_string(), path, body)
        });
        sent.collect()
    }
}

pub(crate) fn json_response(status: u16, body: &Value) -> ScriptedOutcome {
    text(status, body.to_string())
}

pub(crate) fn text(status: u16, body: impl Into<String>) -> ScriptedOutcome {
    let body: &'static str = Box::leak(body.into().into_boxed_str());
    ScriptedOutcome::Response(Response::builder().status(status).body(body).expect("a response"))
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON")
}

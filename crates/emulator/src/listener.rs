//! One listener: the way of a request through everything that can happen to it, and the record of it.
//!
//! Around the call itself (`routes/`, `csc/`) are, from the outside in: faults, maintenance and limits, the shape of errors. A caller
//! that is held back was not authenticated yet, as at a gateway.

use std::sync::Arc;

use bytes::Bytes;
use digicert_one_testbed::{BoxFuture, Ending, Handler, Peer};
use http::header::DATE;
use http::{HeaderValue, Request};

use crate::csc;
use crate::decide::{Caller, Presented};
use crate::fault::{FaultKind, Moment};
use crate::observation::{HostKind, Observation};
use crate::response::Response;
use crate::retry_after::http_date;
use crate::routes;
use crate::steering::{Steering, holds_secret};
use crate::store::Store;

#[derive(Clone)]
pub(crate) struct Listener {
    pub(crate) host: HostKind,
    pub(crate) store: Arc<Store>,
    pub(crate) csc: Arc<csc::CscState>,
    pub(crate) steering: Arc<Steering>,
}

impl Handler for Listener {
    fn handle(&self, request: Request<Bytes>, peer: Peer) -> BoxFuture<Response> {
        let listener = self.clone();
        Box::pin(async move { listener.respond(&request, peer).await })
    }
}

impl Listener {
    async fn respond(&self, request: &Request<Bytes>, peer: Peer) -> Response {
        let keys: Vec<_> = request.headers().get_all("x-api-key").iter().map(HeaderValue::as_bytes).collect();
        let api_key_sent = !keys.is_empty();
        // Two keys are not a valid key.
        let api_key = api_key_sent.then(|| String::from_utf8_lossy(&keys.join(&b","[..])).into_owned());
        let presented = Presented { api_key: api_key.as_deref(), certificate: peer.fingerprint.as_deref() };

        let mut faults = Vec::new();
        let settled = self.before_work(request, &mut faults).await;
        let (caller, response) = match settled {
            Some(response) => (None, response),
            None => self.work(request, presented),
        };
        let mut response = self.after_work(request, response, &mut faults).await;
        if let Some(caller) = &caller {
            introduce(caller, &mut response);
        }
        self.store.observed().push(Observation {
            host: self.host,
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            caller: caller.as_ref().map(|caller| caller.friendly_name.clone()),
            proof: caller.map(|caller| caller.proof),
            api_key_sent,
            certificate: peer.fingerprint,
            status: if is_reset(&response) { 0 } else { response.status().as_u16() },
            faults,
        });
        response
    }

    /// Applies the faults before the work; a response means that no work is done.
    async fn before_work(&self, request: &Request<Bytes>, seen: &mut Vec<&'static str>) -> Option<Response> {
        let path = request.uri().path();
        let mut settled = None;
        for met in self.steering.faults.meet(self.host, request, Moment::BeforeWork, |_| true) {
            seen.push(met.kind.name());
            settled = self.steering.apply(met, settled, path).await;
        }
        settled
    }

    fn work(&self, request: &Request<Bytes>, presented: Presented<'_>) -> (Option<Caller>, Response) {
        let (path, now) = (request.uri().path(), self.steering.clock.now());
        let (caller, response) = match self.steering.limits.hold_back(presented, path, now) {
            Some(response) => (None, response),
            None => csc::respond(&self.csc, &self.store, self.host, request, presented)
                .unwrap_or_else(|| routes::respond(&self.store, request, presented, csc::bearer_sent(request))),
        };
        (caller, self.steering.shapes().reshape(response, path, now))
    }

    async fn after_work(&self, request: &Request<Bytes>, response: Response, seen: &mut Vec<&'static str>) -> Response {
        if is_reset(&response) {
            return response;
        }
        let applies = |kind: &FaultKind| *kind != FaultKind::WithoutSecret || holds_secret(&response);
        let mut faults = self.steering.faults.meet(self.host, request, Moment::AfterWork, applies);
        // The date belongs to the final response.
        faults.sort_by_key(|met| matches!(met.kind, FaultKind::WrongDate { .. }));
        let mut response = response;
        for met in faults {
            seen.push(met.kind.name());
            let altered = self.steering.apply(met, Some(response), request.uri().path()).await;
            response = altered.unwrap_or_default();
        }
        // The platform's time is the emulator's, in its headers as everywhere.
        if let Some(date) = http_date(self.steering.clock.now()) {
            response.headers_mut().entry(DATE).or_insert(date);
        }
        response
    }
}

fn is_reset(response: &Response) -> bool {
    response.extensions().get() == Some(&Ending::Reset)
}

/// Names the caller in the response.
fn introduce(caller: &Caller, response: &mut Response) {
    let headers = response.headers_mut();
    if let Ok(name) = HeaderValue::try_from(caller.friendly_name.as_str()) {
        headers.insert("x-emulator-caller", name);
    }
    if let Ok(proof) = HeaderValue::try_from(caller.proof.to_string()) {
        headers.insert("x-emulator-proof", proof);
    }
}

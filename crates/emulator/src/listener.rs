//! One listener: a request on its way through everything that can happen to it, and the record of it.
//!
//! Around the call itself (`routes/`) stand, from the outside in: faults, maintenance and limits, the shape of errors. A caller that is
//! held back has not been asked for its permission yet, as at a gateway.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use digicert_one_testbed::{BoxFuture, Ending, Handler, Peer};
use http::header::DATE;
use http::{HeaderValue, Request};

use crate::answer::Answer;
use crate::csc;
use crate::decide::{Caller, Presented};
use crate::faults::{CallFacts, FaultKind, Moment, act, holds_secret};
use crate::observation::{HostKind, Observation};
use crate::retry_after::http_date;
use crate::routes::respond;
use crate::steering::Steering;
use crate::store::Store;

/// The handler of one listener.
#[derive(Clone)]
pub(crate) struct Listener {
    pub(crate) host: HostKind,
    pub(crate) store: Arc<Store>,
    pub(crate) csc: Arc<csc::State>,
    pub(crate) steering: Arc<Steering>,
}

impl Handler for Listener {
    fn handle(&self, request: Request<Bytes>, peer: Peer) -> BoxFuture<Answer> {
        let listener = self.clone();
        Box::pin(async move { listener.answer(&request, peer).await })
    }
}

impl Listener {
    async fn answer(&self, request: &Request<Bytes>, peer: Peer) -> Answer {
        let keys: Vec<_> = request.headers().get_all("x-api-key").iter().map(HeaderValue::as_bytes).collect();
        let api_key_sent = !keys.is_empty();
        // Two keys are no key that anybody has.
        let api_key = api_key_sent.then(|| String::from_utf8_lossy(&keys.join(&b","[..])).into_owned());
        let presented = Presented { api_key: api_key.as_deref(), certificate: peer.fingerprint.as_deref() };

        let mut faults = Vec::new();
        let settled = self.before_work(request, &mut faults).await;
        let (caller, answer) = match settled {
            Some(answer) => (None, answer),
            None => self.work(request, presented),
        };
        let mut answer = self.after_work(request, answer, &mut faults).await;
        if let Some(caller) = &caller {
            introduce(caller, &mut answer);
        }
        self.store.observe(Observation {
            host: self.host,
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            caller: caller.as_ref().map(|caller| caller.friendly_name.clone()),
            proof: caller.map(|caller| caller.proof),
            api_key_sent,
            certificate: peer.fingerprint,
            status: if is_reset(&answer) { 0 } else { answer.status().as_u16() },
            faults,
        });
        answer
    }

    /// The faults that come before the work; an answer means that there is to be no work.
    async fn before_work(&self, request: &Request<Bytes>, seen: &mut Vec<&'static str>) -> Option<Answer> {
        let path = request.uri().path();
        let mut settled = None;
        for met in self.steering.faults.meet(self.facts(request), Moment::BeforeWork, |_| true) {
            seen.push(met.kind.name());
            settled = act(met, settled, path, &self.steering).await;
        }
        settled
    }

    fn work(&self, request: &Request<Bytes>, presented: Presented<'_>) -> (Option<Caller>, Answer) {
        let (path, now) = (request.uri().path(), self.steering.clock.now());
        let (caller, answer) = match self.steering.limits.hold_back(presented, path, now) {
            Some(answer) => (None, answer),
            None => csc::respond(&self.csc, &self.store, self.host, request, presented)
                .unwrap_or_else(|| respond(&self.store, request, presented)),
        };
        (caller, self.steering.shapes().reshape(answer, path, now))
    }

    async fn after_work(&self, request: &Request<Bytes>, answer: Answer, seen: &mut Vec<&'static str>) -> Answer {
        if is_reset(&answer) {
            return answer;
        }
        let applies = |kind: &FaultKind| *kind != FaultKind::WithoutSecret || holds_secret(&answer);
        let mut faults = self.steering.faults.meet(self.facts(request), Moment::AfterWork, applies);
        // The date is that of whatever is answered in the end.
        faults.sort_by_key(|met| matches!(met.kind, FaultKind::WrongDate { .. }));
        let mut answer = answer;
        for met in faults {
            seen.push(met.kind.name());
            let altered = act(met, Some(answer), request.uri().path(), &self.steering).await;
            answer = altered.unwrap_or_default();
        }
        // The platform's time is the emulator's, in its headers as everywhere.
        let now = self.steering.clock.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        if let Some(date) = http_date(now) {
            answer.headers_mut().entry(DATE).or_insert(date);
        }
        answer
    }

    fn facts<'a>(&self, request: &'a Request<Bytes>) -> CallFacts<'a> {
        CallFacts { host: self.host, method: request.method(), path: request.uri().path() }
    }
}

fn is_reset(answer: &Answer) -> bool {
    answer.extensions().get() == Some(&Ending::Reset)
}

/// Says in the answer who the caller is, for whoever looks at it with curl.
fn introduce(caller: &Caller, answer: &mut Answer) {
    let headers = answer.headers_mut();
    if let Ok(name) = HeaderValue::try_from(caller.friendly_name.as_str()) {
        headers.insert("x-emulator-caller", name);
    }
    if let Ok(proof) = HeaderValue::try_from(caller.proof.to_string()) {
        headers.insert("x-emulator-proof", proof);
    }
}

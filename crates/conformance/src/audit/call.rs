//! One call, from its beginning to the end of its response.

use std::error::Error as _;
use std::sync::Arc;

use digicert_one_core::{ConnectionFacts, Delivery, Exchange, TransportError};
use http::Request;

use super::about::{About, Carrier, all_wrong, counts};
use super::agree::{forgotten, invention, lost};
use super::given::Given;
use super::notes::Audit;

/// A call in progress. Dropped before its end, it was cancelled.
pub(super) struct AuditedCall {
    about: About,
    audit: Audit,
    ended: bool,
}

/// The head of a response has come.
pub(super) struct Carried {
    about: About,
    carriers: Vec<Carrier>,
    facts: ConnectionFacts,
}

impl AuditedCall {
    pub(super) fn begin<B>(audit: &Audit, given: &Arc<Given>, request: &Request<B>) -> Self {
        let uri = request.uri();
        let is_https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let servers = audit.marks(port);
        let gateway = given.http_proxy_port().filter(|_| is_https).map_or_else(Vec::new, |port| audit.marks(port));
        let mut state = audit.state();
        let alone = state.in_flight == 0 && !state.unsure.contains(&port);
        state.in_flight += 1;
        let began = state.moment();
        let target = uri.path_and_query().map_or_else(String::new, ToString::to_string);
        let given = Arc::clone(given);
        let about = About {
            given,
            method: request.method().to_string(),
            target,
            port,
            is_https,
            servers,
            gateway,
            began,
            alone,
        };
        Self { about, audit: audit.clone(), ended: false }
    }

    /// The response head has arrived, and the server recorded the request before it.
    pub(super) fn answered(mut self, exchange: &Exchange) -> Carried {
        self.ended = true;
        let candidates = self.about.carriers_of_response();
        let mut state = self.audit.state();
        let in_clear_text = invention(&exchange.facts).filter(|_| !self.about.is_https);
        let in_clear_text = in_clear_text.map(|fact| format!("{fact} is known, and the call was in clear text"));
        let wrong = self.about.wrong_peer(&exchange.facts).or(in_clear_text).or_else(|| {
            let judged = candidates.iter().map(|one| {
                let earlier = state.answered.get(&one.carrier).filter(|(since, _)| *since < self.about.began);
                let forgotten = || {
                    let fact = lost(&earlier?.1, &exchange.facts)?;
                    Some(format!("{fact} of connection {} is forgotten: {:?}", one.carrier.1, exchange.facts))
                };
                let wrong = one.wrong(&exchange.facts, earlier.is_some(), &self.about);
                wrong.or_else(|| one.wrong_version(exchange)).or_else(forgotten)
            });
            all_wrong(judged)
        });
        if let Some(wrong) = wrong {
            state.wrong.push(format!("{}: {wrong}", self.about));
        }
        let moment = state.moment();
        if let [one] = candidates.as_slice()
            && one.request.is_some()
        {
            state.answered.entry(one.carrier).or_insert_with(|| (moment, exchange.facts.clone()));
        }
        drop(state);
        let carriers = candidates.into_iter().map(|one| one.carrier).collect();
        Carried { about: self.about.clone(), carriers, facts: exchange.facts.clone() }
    }

    pub(super) fn failed(mut self, error: &TransportError) {
        self.ended = true;
        for mark in self.about.servers.iter_mut().chain(&mut self.about.gateway) {
            mark.until = mark.ledger.read(counts);
        }
        let mut state = self.audit.state();
        let alone = self.about.alone && state.moments == self.about.began;
        state.wrong.extend(without_source(&self.about, error));
        state.note(&self.about, error, None, alone);
        state.unsure.insert(self.about.port);
    }
}

impl Drop for AuditedCall {
    fn drop(&mut self) {
        let mut state = self.audit.state();
        state.in_flight -= 1;
        state.moment();
        if !self.ended {
            state.unsure.insert(self.about.port);
        }
    }
}

impl Carried {
    /// Its body was truncated.
    pub(super) fn cut(&self, audit: &Audit, error: &TransportError) {
        let mut state = audit.state();
        if let Some(fact) = forgotten(&self.facts, error.facts()) {
            state.wrong.push(format!(
                "{}: {fact} in the error of the body is not that of the response: {error:?}",
                self.about
            ));
        }
        state.wrong.extend(without_source(&self.about, error));
        if error.delivery() != Delivery::Sent {
            state.wrong.push(format!("{}: the response had begun, so it was sent: {error:?}", self.about));
        }
        state.note(&self.about, error, Some(self.carriers.clone()), true);
    }
}

fn without_source(about: &About, error: &TransportError) -> Option<String> {
    error.source().is_none().then(|| format!("{about}: the error has no source: {error:?}"))
}

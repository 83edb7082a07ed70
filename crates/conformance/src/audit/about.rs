//! What is known of a call, and the connections of the ledger that may have carried it. Where several may, a fact is wrong only if it is
//! wrong of all.

use std::sync::Arc;

use digicert_one_core::{ConnectionFacts, Exchange};
use digicert_one_testbed::{Connection, Handshake, Ledger, Snapshot};
use http::Version;

use super::agree::{contradiction, invention};
use super::given::Given;

/// A connection: the place of its server in the list, and its number there.
pub(super) type Carrier = (usize, u64);

/// What is known of a call.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) given: Arc<Given>,
    pub(super) method: String,
    pub(super) target: String,
    pub(super) port: u16,
    pub(super) is_https: bool,
    /// The servers at that port, and how much they had seen when the call began.
    pub(super) servers: Vec<Mark>,
    /// The same of the proxy in clear text that it went through, if any.
    pub(super) gateway: Vec<Mark>,
    pub(super) began: u64,
    /// No other call was in flight when it began, and no earlier one may still arrive.
    pub(super) alone: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) server: usize,
    pub(super) ledger: Ledger,
    pub(super) connections: usize,
    pub(super) requests: usize,
    /// Connections and requests when the call had failed.
    pub(super) until: (usize, usize),
}

/// A connection that may have carried a call.
pub(super) struct Candidate {
    pub(super) carrier: Carrier,
    pub(super) connection: Connection,
    /// The version that its request was written in, if it is in the ledger, and whether the connection had an earlier one.
    pub(super) request: Option<(Version, bool)>,
}

/// A failure, to be judged when the case has ended.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) about: About,
    pub(super) facts: ConnectionFacts,
    /// For the body of a response: the connections that may have carried its head.
    pub(super) carriers: Option<Vec<Carrier>>,
    pub(super) not_sent: bool,
    /// No other call began in the meantime.
    pub(super) alone: bool,
    pub(super) answered: Vec<Carrier>,
}

impl About {
    /// The servers that TLS was spoken with: a gateway that inspects, else those that were called.
    pub(super) fn marks(&self) -> &[Mark] {
        let inspects = |seen: &Snapshot| seen.connections.iter().any(|one| one.handshake != Handshake::Plain);
        if self.gateway.iter().any(|mark| mark.ledger.read(inspects)) { &self.gateway } else { &self.servers }
    }

    pub(super) fn wrong_peer(&self, facts: &ConnectionFacts) -> Option<String> {
        let peer = facts.peer.filter(|_| self.is_https)?;
        let expected = self.given.proxy_port().unwrap_or(self.port);
        let why = if self.given.proxy_port().is_some() { "the proxy" } else { "the server" };
        (peer.port() != expected).then(|| format!("peer is {peer}, and {why} is at port {expected}"))
    }

    pub(super) fn matches(&self, request: &digicert_one_testbed::Request) -> bool {
        request.method == self.method && request.target == self.target
    }

    /// The connections with a matching request after the call began; else with any request; else all.
    pub(super) fn carriers_of_response(&self) -> Vec<Candidate> {
        let of = |choose: &dyn Fn(&digicert_one_testbed::Request) -> bool| {
            let carriers = self.marks().iter().flat_map(|mark| mark.carriers(choose));
            carriers.collect::<Vec<_>>()
        };
        let matching = of(&|request| self.matches(request));
        if !matching.is_empty() {
            return matching;
        }
        let any = of(&|_| true);
        if !any.is_empty() {
            return any;
        }
        self.marks().iter().flat_map(|mark| mark.connections(|_, _| true)).collect()
    }
}

impl Mark {
    /// The connections of the chosen requests, from the beginning of the call until so many were there.
    pub(super) fn carriers(&self, choose: &dyn Fn(&digicert_one_testbed::Request) -> bool) -> Vec<Candidate> {
        self.ledger.read(|seen| {
            let window = seen.requests.iter().enumerate().take(self.until.1).skip(self.requests);
            let chosen = window.filter(|(_, request)| choose(request));
            chosen
                .filter_map(|(index, request)| {
                    let connection = seen.connections.get(usize::try_from(request.connection).ok()?)?.clone();
                    // Of calls that are made at the same time, the ledger may list the one first whose response came later.
                    let mut others = seen.requests.iter().take(self.until.1).enumerate();
                    let earlier = others.any(|(at, one)| at != index && one.connection == request.connection);
                    let carrier = (self.server, request.connection);
                    Some(Candidate { carrier, connection, request: Some((request.version, earlier)) })
                })
                .collect()
        })
    }

    /// Those connections that are chosen, by whether they are new and whether they had a request when the call began.
    pub(super) fn connections(&self, choose: impl Fn(bool, bool) -> bool) -> Vec<Candidate> {
        self.ledger.read(|seen| {
            let chosen = seen.connections.iter().enumerate().filter(|(index, one)| {
                let had_request = seen.requests.iter().take(self.requests).any(|request| request.connection == one.id);
                choose(*index >= self.connections, had_request)
            });
            let candidate =
                |one: &Connection| Candidate { carrier: (self.server, one.id), connection: one.clone(), request: None };
            chosen.map(|(_, one)| candidate(one)).collect()
        })
    }
}

impl Candidate {
    /// `answered`: whether it is known to have carried a response before the call.
    pub(super) fn wrong(&self, facts: &ConnectionFacts, answered: bool, about: &About) -> Option<String> {
        let mark = about.marks().iter().find(|mark| mark.server == self.carrier.0)?;
        if let Some(wrong) = mark.ledger.read(|seen| contradiction(facts, &self.connection, seen)) {
            return Some(wrong);
        }
        let id = self.carrier.1;
        match (facts.reused, self.request) {
            (Some(false), _) if answered => {
                Some(format!("reused is false, and connection {id} had carried a response before"))
            }
            (Some(true), Some((_, false))) => {
                Some(format!("reused is true, and this is the first request of connection {id}"))
            }
            _ => None,
        }
    }

    pub(super) fn wrong_version(&self, exchange: &Exchange) -> Option<String> {
        let reported = exchange.response.version();
        let is_http2 = match self.request {
            Some((version, _)) => version == Version::HTTP_2,
            None => self.connection.alpn.as_deref()? == "h2",
        };
        let id = self.carrier.1;
        ((reported == Version::HTTP_2) != is_http2).then(|| {
            format!("the response is said to be {reported:?}; the ledger: HTTP/2 {is_http2} (connection {id})")
        })
    }
}

impl Failed {
    pub(super) fn wrong(&self) -> Option<String> {
        let wrong = self.about.wrong_peer(&self.facts).or_else(|| self.wrong_sent()).or_else(|| self.wrong_facts())?;
        Some(format!("{}, which failed: {wrong}", self.about))
    }

    /// What holds without any ledger.
    pub(super) fn wrong_sent(&self) -> Option<String> {
        if self.facts.identity_sent == Some(true) && !self.about.given.has_identity() {
            return Some("identity_sent is true, without an identity".to_owned());
        }
        if !self.not_sent {
            return None;
        }
        if self.carriers.is_some() {
            return Some("delivery is NotSent, and the response had begun".to_owned());
        }
        let arrived = !self.requests().is_empty();
        (self.alone && arrived).then(|| "delivery is NotSent, and the ledger has the request".to_owned())
    }

    /// The connections on which a matching request arrived while the call went on.
    pub(super) fn requests(&self) -> Vec<Candidate> {
        let marks = self.about.marks().iter();
        marks.flat_map(|mark| mark.carriers(&|request| self.about.matches(request))).collect()
    }

    pub(super) fn wrong_facts(&self) -> Option<String> {
        let marks = self.about.marks();
        if marks.is_empty() {
            return None;
        }
        let candidates = self.candidates();
        if marks.iter().all(|mark| mark.ledger.read(counts).0 == 0) {
            let fact = invention(&self.facts)?;
            return Some(format!("{fact} is known, and the ledger has no connection for it: {:?}", self.facts));
        }
        all_wrong(candidates.iter().map(|one| {
            // Without its request in the ledger, it may have had no connection at all.
            let answered = one.request.is_some() && self.answered.contains(&one.carrier);
            one.wrong(&self.facts, answered, &self.about)
        }))
    }

    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let marks = self.about.marks();
        if let Some(carriers) = &self.carriers {
            let all = marks.iter().flat_map(|mark| mark.connections(|_, _| true));
            return all.filter(|one| carriers.contains(&one.carrier)).collect();
        }
        let requests = self.requests();
        if !self.alone {
            return requests.into_iter().chain(marks.iter().flat_map(|mark| mark.connections(|_, _| true))).collect();
        }
        // Of a call that is alone, every connection that is new is its own.
        let is_carrier = |id: u64, server: usize| requests.iter().any(|one| one.carrier == (server, id));
        let is_only = |mark: &Mark| (mark.connections..mark.until.0).all(|id| is_carrier(id as u64, mark.server));
        if !requests.is_empty() && marks.iter().all(is_only) {
            return requests;
        }
        let fits = |is_new: bool, had_request: bool| match self.facts.reused {
            Some(true) => !is_new,
            Some(false) => is_new || !had_request,
            None => true,
        };
        requests.into_iter().chain(marks.iter().flat_map(|mark| mark.connections(fits))).collect()
    }
}

pub(super) fn counts(seen: &Snapshot) -> (usize, usize) {
    (seen.connections.len(), seen.requests.len())
}

impl std::fmt::Display for About {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({})", self.method, self.target, self.given)
    }
}

/// The last of them, if there is none that is right.
pub(super) fn all_wrong(judged: impl Iterator<Item = Option<String>>) -> Option<String> {
    let mut last = None;
    for one in judged {
        last = Some(one?);
    }
    last
}

//! What is noted while a case runs: which connections have carried responses, which calls have failed, and which facts were wrong.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use digicert_one_core::{ConnectionFacts, Delivery, TransportError};
use digicert_one_testbed::Ledger;

use super::about::{About, Carrier, Failed, Mark, counts};
use crate::beside;
use crate::witness::{self, Servers, locked};

/// How many wrong facts a failure lists.
const MOST_SHOWN: usize = 5;

/// The notes of one case. Clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Audit {
    servers: Servers,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Counts beginnings and ends of calls.
    pub(super) moments: u64,
    pub(super) in_flight: usize,
    /// Ports at which a call has ended without a response: what it wrote may still arrive.
    pub(super) unsure: HashSet<u16>,
    /// Connections that have carried a response, since when, and what was known of them then.
    pub(super) answered: HashMap<Carrier, (u64, ConnectionFacts)>,
    pub(super) failed: Vec<Failed>,
    pub(super) wrong: Vec<String>,
}

impl State {
    pub(super) fn moment(&mut self) -> u64 {
        self.moments += 1;
        self.moments
    }
}

impl Audit {
    /// For the case on this thread.
    pub(crate) fn here() -> Self {
        Self { servers: witness::servers(), state: Arc::default() }
    }

    /// Panics if a fact was wrong.
    pub(crate) fn verdict(&self) {
        let (mut wrong, failed) = {
            let mut state = self.state();
            (std::mem::take(&mut state.wrong), std::mem::take(&mut state.failed))
        };
        // A server notes a handshake that failed after its client does, so errors are judged at the end.
        wrong.extend(failed.iter().filter_map(|one| one.wrong()));
        let shown: Vec<_> = wrong.iter().take(MOST_SHOWN).map(String::as_str).collect();
        assert!(wrong.is_empty(), "{} times the ledger contradicts a fact:\n  {}", wrong.len(), shown.join("\n  "));
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(super) fn note(&mut self, about: &About, error: &TransportError, carriers: Option<Vec<Carrier>>, alone: bool) {
        let earlier = self.answered.iter().filter(|(_, (since, _))| *since < about.began);
        let answered = earlier.map(|(carrier, _)| *carrier).collect();
        let (facts, not_sent) = (error.facts().clone(), error.delivery() == Delivery::NotSent);
        self.failed.push(Failed { about: about.clone(), facts, carriers, not_sent, alone, answered });
    }
}

impl Audit {
    /// Whether a proxy of this case listens at this port, which is not a script.
    pub(super) fn has_proxy(&self, port: u16) -> bool {
        at(&locked(&self.servers), port).any(|(_, ledger)| ledger.is_of_proxy())
    }

    /// Whether the server at this port has a script for a second stream, and no connection yet.
    pub(super) fn wants_another(&self, port: u16) -> bool {
        let servers = locked(&self.servers);
        at(&servers, port).last().is_some_and(|(_, ledger)| {
            ledger.about().ends_with(beside::REMARK) && ledger.read(|seen| seen.connections.is_empty())
        })
    }

    pub(super) fn marks(&self, port: u16) -> Vec<Mark> {
        let servers = locked(&self.servers);
        let marks = at(&servers, port).map(|(server, ledger)| {
            let (connections, requests) = ledger.read(counts);
            Mark { server, ledger: ledger.clone(), connections, requests, until: (usize::MAX, usize::MAX) }
        });
        marks.collect()
    }
}

/// The servers at this port, of any address, and their places in the list. The system gives the port of a server that is gone to a
/// later one, which may be of another kind: only the last one counts then.
fn at(servers: &[(SocketAddr, Ledger)], port: u16) -> impl Iterator<Item = (usize, &Ledger)> {
    let here = move |(_, (address, _)): &(usize, &(SocketAddr, Ledger))| address.port() == port;
    let last = servers.iter().enumerate().rev().find(here).map(|(index, _)| index);
    let here = servers.iter().enumerate().filter(here);
    here.map(|(index, (_, ledger))| (index, ledger))
        .filter(move |(index, ledger)| Some(*index) == last || !ledger.has_stopped())
}

#[cfg(test)]
mod tests {
    use digicert_one_testbed::{ConnectProxy, ProxyOptions};

    use super::*;

    #[test]
    fn server_that_is_gone_counts_until_another_one_has_its_port() {
        let proxy = || ConnectProxy::start(ProxyOptions::default()).expect("loopback can be bound");
        let (gone, open) = (proxy(), proxy());
        let (port, elsewhere) = (gone.addr().port(), SocketAddr::from(([127, 0, 0, 2], gone.addr().port())));
        let mut servers = vec![(elsewhere, gone.ledger().clone())];
        let places = |servers: &[(SocketAddr, Ledger)]| at(servers, port).map(|(index, _)| index).collect::<Vec<_>>();
        servers.push((gone.addr(), open.ledger().clone()));
        assert_eq!(places(&servers), [0, 1]);
        drop(gone);
        assert_eq!((places(&servers), places(&servers[..1])), (vec![1], vec![0]));
    }
}

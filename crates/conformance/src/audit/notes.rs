//! What is noted while a case runs: which connections have carried responses, which calls have failed, and which facts were wrong.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use digicert_one_core::{Delivery, TransportError};

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
    /// Connections that have carried a response, and since when.
    pub(super) answered: HashMap<Carrier, u64>,
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
        let earlier = self.answered.iter().filter(|(_, since)| **since < about.began);
        let answered = earlier.map(|(carrier, _)| *carrier).collect();
        let (facts, not_sent) = (error.facts().clone(), error.delivery() == Delivery::NotSent);
        self.failed.push(Failed { about: about.clone(), facts, carriers, not_sent, alone, answered });
    }
}

impl Audit {
    /// Whether a proxy of this case listens at this port, which is not a script.
    pub(super) fn has_proxy(&self, port: u16) -> bool {
        locked(&self.servers).iter().any(|(address, ledger)| address.port() == port && ledger.is_of_proxy())
    }

    /// Whether the server at this port has a script for a second stream, and no connection yet.
    pub(super) fn wants_another(&self, port: u16) -> bool {
        let servers = locked(&self.servers);
        let last = servers.iter().rev().find(|(address, _)| address.port() == port);
        last.is_some_and(|(_, ledger)| {
            ledger.about().ends_with(beside::REMARK) && ledger.read(|seen| seen.connections.is_empty())
        })
    }

    pub(super) fn marks(&self, port: u16) -> Vec<Mark> {
        let servers = locked(&self.servers);
        let here = servers.iter().enumerate().filter(|(_, (address, _))| address.port() == port);
        // The system gives the port of a server that is gone to a later one, which may be another kind of server.
        let is_last = |index: usize, address| servers[index + 1..].iter().all(|(later, _)| later != address);
        let here = here.filter(|(index, (address, _))| is_last(*index, address));
        here.map(|(server, (_, ledger))| {
            let (connections, requests) = ledger.read(counts);
            Mark { server, ledger: ledger.clone(), connections, requests, until: (usize::MAX, usize::MAX) }
        })
        .collect()
    }
}

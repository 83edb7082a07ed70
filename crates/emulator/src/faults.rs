//! The faults that are armed, and which calls meet them.
//!
//! Each fault has its own counter and random numbers, so that arming another one does not affect it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use digicert_one_testbed::Gate;
use http::Request;
use serde::Serialize;

use crate::fault::{Fault, FaultKind, Moment, Times};
use crate::observation::HostKind;

/// Names an armed fault. Ids are not used again within one emulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct FaultId(pub(crate) u64);

/// An armed fault and its history.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FaultState {
    /// Its id.
    pub id: FaultId,
    /// The fault as it was armed.
    #[serde(flatten)]
    pub fault: Fault,
    /// Calls that met it.
    pub met: u64,
    /// Calls that it is still good for; `None`: without limit.
    pub left: Option<u64>,
}

/// A fault that a call has met.
pub(crate) struct Met {
    pub(crate) kind: FaultKind,
    pub(crate) gate: Gate,
}

#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    next_id: u64,
    armed: Vec<Armed>,
}

#[derive(Debug)]
struct Armed {
    state: FaultState,
    draws: fastrand::Rng,
    /// Open once what waits for it may continue.
    gate: Gate,
}

impl Faults {
    pub(crate) fn arm(&self, fault: Fault) -> FaultId {
        let mut list = self.lock();
        let id = FaultId(list.next_id);
        list.next_id += 1;
        let (left, seed) = match fault.times {
            Times::Every => (None, 0),
            Times::Next { times } => (Some(times), 0),
            Times::Chance { seed, .. } => (None, seed),
        };
        let state = FaultState { id, fault, met: 0, left };
        list.armed.push(Armed { state, draws: fastrand::Rng::with_seed(seed), gate: Gate::new() });
        id
    }

    pub(crate) fn states(&self) -> Vec<FaultState> {
        self.lock().armed.iter().map(|armed| armed.state.clone()).collect()
    }

    /// Releases the calls that a fault holds, and later ones.
    pub(crate) fn release(&self, id: FaultId) -> bool {
        let list = self.lock();
        let found = list.armed.iter().find(|armed| armed.state.id == id);
        found.inspect(|armed| armed.gate.open()).is_some()
    }

    pub(crate) fn remove(&self, id: FaultId) -> bool {
        self.remove_if(|armed| armed.state.id == id)
    }

    pub(crate) fn clear(&self) {
        self.remove_if(|_| true);
    }

    /// The faults of this moment that a call meets, in order, up to the first one that settles its response.
    pub(crate) fn meet(
        &self,
        host: HostKind,
        request: &Request<Bytes>,
        moment: Moment,
        applies: impl Fn(&FaultKind) -> bool,
    ) -> Vec<Met> {
        let mut met = Vec::new();
        for armed in &mut self.lock().armed {
            let Armed { state, draws, gate } = armed;
            let fault = &state.fault;
            if fault.moment() != moment || !fault.is_for(host, request) || !applies(&fault.kind) {
                continue;
            }
            let comes = match (fault.times, &mut state.left) {
                (Times::Chance { chance, .. }, _) => draws.f64() < chance,
                (_, Some(left)) => left.checked_sub(1).inspect(|fewer| *left = *fewer).is_some(),
                (_, None) => true,
            };
            if comes {
                state.met += 1;
                met.push(Met { kind: fault.kind.clone(), gate: gate.clone() });
                if fault.kind.settles() {
                    break;
                }
            }
        }
        met
    }

    /// Removes faults, and releases what they hold.
    fn remove_if(&self, gone: impl Fn(&Armed) -> bool) -> bool {
        self.lock().armed.extract_if(.., |armed| gone(armed)).inspect(|armed| armed.gate.open()).count() > 0
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

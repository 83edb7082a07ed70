//! The faults that are armed, and which calls meet them.
//!
//! Each fault counts and draws for itself, so that arming another one changes nothing for it.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use digicert_one_testbed::Gate;
use http::Method;
use serde::Serialize;

use crate::fault::{Fault, FaultKind, Moment, Times};
use crate::observation::HostKind;

/// Names an armed fault. Ids are not used again within one emulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct FaultId(pub(crate) u64);

/// An armed fault and what has come of it.
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
    /// Calls that it is still good for; `None`: there is no end to it.
    pub left: Option<u64>,
}

/// What faults are chosen by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallFacts<'a> {
    pub(crate) host: HostKind,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
}

/// A fault that a call has met.
#[derive(Clone, Debug)]
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
    /// Open once those who wait for it may go on.
    gate: Gate,
}

impl fmt::Display for FaultId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
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

    /// Lets those go on who wait for a fault, and all who will.
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

    /// The faults of this moment that a call meets, in order, up to the first one that settles its answer.
    pub(crate) fn meet(&self, call: CallFacts<'_>, moment: Moment, applies: impl Fn(&FaultKind) -> bool) -> Vec<Met> {
        let mut met = Vec::new();
        for armed in &mut self.lock().armed {
            let Armed { state, draws, gate } = armed;
            let fault = &state.fault;
            if fault.moment() != moment || !fault.is_for(call.host, call.method, call.path) || !applies(&fault.kind) {
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

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: CallFacts<'static> =
        CallFacts { host: HostKind::Platform, method: &Method::GET, path: "/account/api/v1/user" };

    fn names(faults: &Faults) -> Vec<&'static str> {
        faults.meet(CALL, Moment::BeforeWork, |_| true).iter().map(|met| met.kind.name()).collect()
    }

    #[test]
    fn seed_draws_same_calls_whatever_else_is_armed() {
        let drawn = |others: usize| {
            let faults = Faults::default();
            for _ in 0..others {
                faults.arm(Fault::hold().chance(0.5, 1));
            }
            faults.arm(Fault::reset().chance(0.3, 42));
            (0..200).map(|_| names(&faults).contains(&"reset")).collect::<Vec<_>>()
        };
        let met = drawn(0).iter().filter(|met| **met).count();
        assert!((30..90).contains(&met), "{met} of 200 for a share of 0.3");
        assert_eq!(drawn(0), drawn(3));
        for (probability, expected) in [(0.0, 0), (f64::NAN, 0), (1.0, 20)] {
            let faults = Faults::default();
            faults.arm(Fault::reset().chance(probability, 3));
            assert_eq!((0..20).filter(|_| !names(&faults).is_empty()).count(), expected);
        }
    }
}

//! A credential that a case switches from one generation to the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use digicert_one_core::{Credential, CredentialError, Generation, Lease, LeaseRequest, Material};

/// Returns the current generation. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Switch(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    lease: Lease,
    /// Handed out once the present generation was refused.
    in_reserve: Option<Material>,
}

impl State {
    fn turn(&mut self, material: Material) {
        self.lease = Lease::new(material, self.lease.generation().next(), "the case");
    }
}

impl Switch {
    pub(crate) fn new(material: Material) -> Self {
        let lease = Lease::new(material, Generation::FIRST, "the case");
        Self(Arc::new(Mutex::new(State { lease, in_reserve: None })))
    }

    /// The next generation; every lease from now on has it.
    pub(crate) fn turn(&self, material: Material) {
        self.state().turn(material);
    }

    /// The next generation, but only for a caller that reports that the current one was refused.
    pub(crate) fn turn_when_refused(&self, material: Material) {
        self.state().in_reserve = Some(material);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Credential for Switch {
    async fn lease(&self, need: &LeaseRequest) -> Result<Lease, CredentialError> {
        let mut state = self.state();
        if need.newer_than == Some(state.lease.generation())
            && let Some(material) = state.in_reserve.take()
        {
            state.turn(material);
        }
        Ok(state.lease.clone())
    }
}

//! Shared by both listeners: the state, the PKI, the clock, and the observations.
//!
//! Because both listeners share one store, a key and a certificate of one user are the same caller. All
//! changes go through this file, so that each is in the audit log, and in the state file before its caller
//! gets the response.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use digicert_one_testbed::Pki;

use crate::clock::EmulatorClock;
use crate::error::EmulatorError;
use crate::id::new_id;
use crate::last_day::rfc3339;
use crate::observation::Observation;
use crate::options::Generation;
use crate::response::Rejection;
use crate::state::{AuditEntry, State};
use crate::state_file;

pub(crate) struct Store {
    pub(crate) pki: Arc<Pki>,
    pub(crate) generation: Generation,
    pub(crate) no_authorities: bool,
    pub(crate) clock: EmulatorClock,
    pub(crate) path: Option<PathBuf>,
    pub(crate) state: Mutex<State>,
    pub(crate) observations: Mutex<Vec<Observation>>,
}

pub(crate) struct Action<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) action: &'static str,
    pub(crate) resource_type: &'static str,
}

impl Store {
    pub(crate) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state())
    }

    /// Changes the state. `change` returns the id of what it changed; it must not fail after changing
    /// anything. A change that cannot be written to the state file is not applied.
    pub(crate) fn change<T>(
        &self,
        action: &Action<'_>,
        change: impl FnOnce(&mut State) -> Result<(String, T), Rejection>,
    ) -> Result<T, Rejection> {
        self.write(|state| {
            let (resource_id, result) = change(state)?;
            state.record(AuditEntry {
                id: new_id(),
                timestamp: rfc3339(self.now()),
                action: action.action.to_owned(),
                resource_type: action.resource_type.to_owned(),
                resource_id,
                user_id: action.user_id.to_owned(),
                status: "success".to_owned(),
            });
            Ok(result)
        })
    }

    /// A change by the owner of the emulator, which no audit log shows.
    pub(crate) fn change_quietly(&self, change: impl FnOnce(&mut State)) -> Result<(), Rejection> {
        self.write(|state| {
            change(state);
            Ok(())
        })
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), EmulatorError> {
        state_file::write(path, &self.pki, &self.state())
            .map_err(|source| EmulatorError::StateNotWritten(path.to_owned(), source))
    }

    pub(crate) fn observed(&self) -> MutexGuard<'_, Vec<Observation>> {
        self.observations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T>(&self, change: impl FnOnce(&mut State) -> Result<T, Rejection>) -> Result<T, Rejection> {
        let mut state = self.state();
        let Some(path) = &self.path else { return change(&mut state) };
        let before = state.clone();
        let result = change(&mut state)?;
        state_file::write(path, &self.pki, &state).map_err(|error| {
            *state = before;
            Rejection::internal(format!("nothing was changed: failed to write the state file: {error}"))
        })?;
        Ok(result)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

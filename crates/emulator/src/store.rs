//! What both listeners share: the state, the PKI, the clock, and the record of what was seen.
//!
//! One store behind two listeners is what makes a key and a certificate of one user the same caller. Each change goes through one
//! function, so that each is in the audit log, and in the file before its caller hears of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use digicert_one_testbed::{Pki, random_bytes};

use crate::answer::Rejection;
use crate::end_date::rfc3339;
use crate::error::EmulatorError;
use crate::keep;
use crate::observation::Observation;
use crate::options::{Clock, Generation};
use crate::state::{AuditEntry, State};

pub(crate) struct Store {
    pub(crate) pki: Arc<Pki>,
    pub(crate) generation: Generation,
    /// Whether Private CA has no authority to show.
    pub(crate) no_authorities: bool,
    state: Mutex<State>,
    clock: Clock,
    path: Option<PathBuf>,
    observations: Mutex<Vec<Observation>>,
}

/// Who did what to what.
pub(crate) struct Deed<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) action: &'static str,
    pub(crate) resource_type: &'static str,
}

impl Store {
    /// A store of this state. It keeps the changes in the file; the state as it is, [`Store::save`] writes.
    pub(crate) fn new(
        pki: Arc<Pki>,
        state: State,
        clock: Clock,
        generation: Generation,
        no_authorities: bool,
        path: Option<PathBuf>,
    ) -> Self {
        let state = Mutex::new(state);
        Store { pki, generation, no_authorities, state, clock, path, observations: Mutex::default() }
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state())
    }

    /// Changes the state. `change` returns the id of what it changed; before it changes anything, it must know that nothing is
    /// wrong. A change that cannot be kept does not happen.
    pub(crate) fn change<T>(
        &self,
        deed: &Deed<'_>,
        change: impl FnOnce(&mut State) -> Result<(String, T), Rejection>,
    ) -> Result<T, Rejection> {
        let mut state = self.state();
        let before = self.path.is_some().then(|| state.clone());
        let (resource_id, result) = change(&mut state)?;
        state.record(AuditEntry {
            id: new_id(),
            timestamp: rfc3339(self.now()),
            action: deed.action.to_owned(),
            resource_type: deed.resource_type.to_owned(),
            resource_id,
            user_id: deed.user_id.to_owned(),
            status: "success".to_owned(),
        });
        self.keep(&mut state, before)?;
        Ok(result)
    }

    /// A change by whoever holds the emulator, which no audit log shows.
    pub(crate) fn change_quietly(&self, change: impl FnOnce(&mut State)) -> Result<(), Rejection> {
        let mut state = self.state();
        let before = self.path.is_some().then(|| state.clone());
        change(&mut state);
        self.keep(&mut state, before)
    }

    /// Writes the state to a file.
    pub(crate) fn save(&self, path: &Path) -> Result<(), EmulatorError> {
        keep::write(path, &self.pki, &self.state())
            .map_err(|source| EmulatorError::StateNotWritten { path: path.to_owned(), source })
    }

    pub(crate) fn observe(&self, observation: Observation) {
        self.observations.lock().unwrap_or_else(PoisonError::into_inner).push(observation);
    }

    pub(crate) fn observed(&self) -> Vec<Observation> {
        self.observations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn forget_observed(&self) {
        self.observations.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The file that the state is kept in.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn keep(&self, state: &mut State, before: Option<State>) -> Result<(), Rejection> {
        let (Some(path), Some(before)) = (&self.path, before) else { return Ok(()) };
        keep::write(path, &self.pki, state).map_err(|error| {
            *state = before;
            Rejection::internal(format!("nothing was changed, since the state file cannot be written: {error}"))
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key of the shape seen in public samples: `01` and 24, then `_` and 64 hexadecimal digits.
pub(crate) fn new_api_key() -> String {
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    format!("01{}_{}", hex(&random_bytes::<12>()), hex(&random_bytes::<32>()))
}

/// A random UUID (version 4), as the platform names things.
pub(crate) fn new_id() -> String {
    let mut bytes = random_bytes::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

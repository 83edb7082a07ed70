//! The places for a secret that were checked before anything is made.

use std::sync::{Mutex, PoisonError};

use crate::Safekeeping;

/// The places that were proved. Prepared sinks may only be used by one thread at a time, and futures that hold a reference to them
/// could not go from one to another: so they stand behind a lock that nobody ever waits for.
#[derive(Default)]
pub(super) struct Places(Mutex<Option<Safekeeping>>);

impl Places {
    pub(super) fn put(&mut self, places: Safekeeping) {
        *self.place() = Some(places);
    }

    pub(super) fn take(&mut self) -> Option<Safekeeping> {
        self.place().take()
    }

    pub(super) fn are_proved(&mut self) -> bool {
        self.place().is_some()
    }

    fn place(&mut self) -> &mut Option<Safekeeping> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

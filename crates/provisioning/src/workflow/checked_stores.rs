//! The places for a secret that were checked before anything is created.

use std::sync::{Mutex, PoisonError};

use crate::store::FallbackStore;

/// The checked places. Prepared stores are not `Sync`, and a future that holds a reference to them would not
/// be `Send`; so they are in a mutex that is never contended.
#[derive(Default)]
pub(super) struct CheckedStores(Mutex<Option<FallbackStore>>);

impl CheckedStores {
    pub(super) fn put(&mut self, places: FallbackStore) {
        *self.place() = Some(places);
    }

    pub(super) fn take(&mut self) -> Option<FallbackStore> {
        self.place().take()
    }

    pub(super) fn are_checked(&mut self) -> bool {
        self.place().is_some()
    }

    fn place(&mut self) -> &mut Option<FallbackStore> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

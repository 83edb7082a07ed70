//! The place of one isahc client, which a cancelled call empties.
//!
//! isahc notices a dropped future only when curl calls it back, and a server that says nothing gives no occasion: the
//! connection would stay until a time limit ends it. Dropping the client ends its agent, and with it every transfer. So a
//! cancelled call retires the client: new calls get a new one, and the old one ends with the last call that still uses it.
//! Upstream: isahc 2.0.2 src/handler.rs, `is_future_canceled`.

use std::sync::{Arc, Mutex, PoisonError};

use digicert_one_core::TransportError;
use isahc::HttpClient;

/// Holds the client for new calls.
#[derive(Clone, Default)]
pub(crate) struct Slot(Arc<Mutex<Place>>);

#[derive(Default)]
struct Place {
    client: Option<HttpClient>,
    /// Counts the clients, so that a late cancellation does not retire a newer one.
    number: u64,
}

impl Slot {
    /// A client and the watch over one call on it; made by `make` where there is none.
    pub(crate) fn begin(
        &self,
        make: impl FnOnce() -> Result<HttpClient, TransportError>,
    ) -> Result<(HttpClient, Watch), TransportError> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match &place.client {
            Some(client) => client.clone(),
            None => {
                let client = make()?;
                place.number += 1;
                place.client = Some(client.clone());
                client
            }
        };
        Ok((client, Watch { slot: self.clone(), number: place.number, ended: false }))
    }
}

/// Follows one call to its end; dropped before that, it retires the call's client.
pub(crate) struct Watch {
    slot: Slot,
    number: u64,
    ended: bool,
}

impl Watch {
    /// The call came to its end: nothing is left to cancel.
    pub(crate) fn ended(&mut self) {
        self.ended = true;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let retired = {
            let mut place = self.slot.0.lock().unwrap_or_else(PoisonError::into_inner);
            if place.number == self.number { place.client.take() } else { None }
        };
        // Outside the lock: the last clone waits for its agent thread.
        drop(retired);
    }
}

//! The progress of a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use digicert_one_core::Phase;

/// The progress of a call; shared between the thread that makes it and the one that waits for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage(Arc<Steps>);

#[derive(Debug, Default)]
struct Steps {
    reached: AtomicU8,
    kept: AtomicBool,
}

impl Stage {
    /// The phase of a timeout before the response head arrived.
    pub(crate) fn phase(&self) -> Phase {
        match self.0.reached.load(Ordering::Acquire) {
            0 => Phase::Connect,
            1 => Phase::Handshake,
            _ => Phase::Response,
        }
    }

    /// Whether the call used an existing connection; none exists before the first.
    pub(crate) fn reused(&self) -> Option<bool> {
        (self.phase() != Phase::Connect).then(|| self.0.kept.load(Ordering::Acquire))
    }

    /// Records another call over the previous connection; if that is gone, the connector reports it.
    pub(crate) fn again(&self) {
        self.0.kept.store(true, Ordering::Release);
    }

    pub(crate) fn reach(&self, step: u8) {
        self.0.kept.store(false, Ordering::Release);
        self.0.reached.store(step, Ordering::Release);
    }
}

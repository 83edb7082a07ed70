//! How far a call came.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use digicert_one_core::Phase;

/// How far a call came; shared between the thread that makes it and the one that waits for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage(Arc<Steps>);

#[derive(Debug, Default)]
struct Steps {
    reached: AtomicU8,
    kept: AtomicBool,
}

impl Stage {
    /// Where the time ran out before the head of the answer was there.
    pub(crate) fn phase(&self) -> Phase {
        match self.0.reached.load(Ordering::Acquire) {
            0 => Phase::Connect,
            1 => Phase::Handshake,
            _ => Phase::Response,
        }
    }

    /// Whether the call went over a connection that was there before; nothing before there is one.
    pub(crate) fn reused(&self) -> Option<bool> {
        (self.phase() != Phase::Connect).then(|| self.0.kept.load(Ordering::Acquire))
    }

    /// Another call over what the last one left; if that is no more, the connector says so.
    pub(crate) fn again(&self) {
        self.0.kept.store(true, Ordering::Release);
    }

    pub(crate) fn reach(&self, step: u8) {
        self.0.kept.store(false, Ordering::Release);
        self.0.reached.store(step, Ordering::Release);
    }
}

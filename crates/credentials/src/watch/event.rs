//! Events of a watched source: a replacement is in use, or cannot be used yet.

use std::fmt;
use std::sync::Arc;

use digicert_one_core::{Code, CredentialError, Diagnosis, Generation, Warning};

/// An event of a watched source. Holds no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WatchEvent {
    /// A new generation is in use.
    Replaced {
        /// The generation.
        generation: Generation,
        /// The origins of the credential in use.
        source: Arc<str>,
        /// Warnings about it.
        warnings: Vec<Warning>,
    },
    /// The new content cannot be used; the previous generation stays. Reported once for each content.
    Rejected {
        /// The generation in use.
        generation: Generation,
        /// Why the replacement cannot be used.
        error: CredentialError,
    },
    /// The source holds the credential in use again.
    Recovered {
        /// The generation in use.
        generation: Generation,
    },
}

impl WatchEvent {
    /// Returns what to do about it, if anything (ROT-03).
    #[must_use]
    pub fn diagnosis(&self) -> Option<Diagnosis> {
        let Self::Rejected { generation, error } = self else { return None };
        let summary = format!("generation {generation} stays in use: {} {error}", error.code());
        Some(Diagnosis::of(Code::ROT_03, summary))
    }
}

impl fmt::Display for WatchEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replaced { generation, source, .. } => write!(f, "generation {generation} is in use, from {source}"),
            Self::Rejected { generation, error } => {
                write!(f, "{} generation {generation} stays in use: {} {error}", Code::ROT_03, error.code())
            }
            Self::Recovered { generation } => write!(f, "the source holds generation {generation} again"),
        }
    }
}

/// A registered listener.
#[derive(Clone)]
pub(super) struct Listener(pub(super) Arc<dyn Fn(&WatchEvent) + Send + Sync>);

impl Listener {
    /// Calls the listener. A listener that panics must not break a call.
    pub(super) fn notify(&self, event: &WatchEvent) {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.0)(event)));
        if outcome.is_err() {
            tracing::error!("a listener for rotations panicked");
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

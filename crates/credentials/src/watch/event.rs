//! What a watched source tells: that a replacement is in use, or that it cannot be used yet.

use std::fmt;
use std::sync::Arc;

use digicert_one_core::{Code, CredentialError, Diagnosis, Generation, Warning};

/// What happened to a watched source. Holds no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WatchEvent {
    /// A new generation is in use.
    Replaced {
        /// The generation.
        generation: Generation,
        /// The origins of what is used now.
        source: Arc<str>,
        /// What should be mended about it.
        warnings: Vec<Warning>,
    },
    /// What the source holds now cannot be used; the generation before it stays. Told once for each content.
    Kept {
        /// The generation that stays.
        generation: Generation,
        /// Why the replacement cannot be used.
        error: CredentialError,
    },
    /// The source holds again what is in use.
    Recovered {
        /// The generation in use.
        generation: Generation,
    },
}

impl WatchEvent {
    /// What should be done about it, if anything (ROT-03).
    #[must_use]
    pub fn diagnosis(&self) -> Option<Diagnosis> {
        let Self::Kept { generation, error } = self else { return None };
        let summary = format!("generation {generation} stays in use: {} {error}", error.code());
        Some(Diagnosis::of(Code::ROT_03, summary))
    }
}

impl fmt::Display for WatchEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replaced { generation, source, .. } => write!(f, "generation {generation} is in use, from {source}"),
            Self::Kept { generation, error } => {
                write!(f, "{} generation {generation} stays in use: {} {error}", Code::ROT_03, error.code())
            }
            Self::Recovered { generation } => write!(f, "the source holds generation {generation} again"),
        }
    }
}

/// Whoever wants to hear of it.
#[derive(Clone)]
pub(super) struct Listener(pub(super) Arc<dyn Fn(&WatchEvent) + Send + Sync>);

impl Listener {
    /// Tells the event. A listener that panics must not take a call down with it.
    pub(super) fn tell(&self, event: &WatchEvent) {
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.0)(event)));
        if told.is_err() {
            tracing::error!("a listener for rotations panicked");
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

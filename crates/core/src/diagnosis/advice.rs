//! What to do about a failure.

use std::time::Duration;

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// Repeating cannot help; a human or the program must change something.
    GiveUp,
    /// Only newer key material can help.
    NewerCredential,
    /// Repeating may help, where delivery and method allow it, and not before this wait.
    Repeat {
        /// The wait that the platform asked for.
        not_before: Option<Duration>,
    },
}

impl Advice {
    /// The advice as a word of machine-readable output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GiveUp => "give-up",
            Self::NewerCredential => "newer-credential",
            Self::Repeat { .. } => "repeat",
        }
    }
}

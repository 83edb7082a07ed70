//! What a program can do about a failure.

use std::time::Duration;

/// What a program can do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// A retry cannot help; an operator or the program must change something.
    GiveUp,
    /// Only newer key material can help.
    NewerCredential,
    /// A retry may help, if delivery and method allow it, but not before this delay.
    Retry {
        /// The delay that the platform asked for.
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
            Self::Retry { .. } => "retry",
        }
    }
}

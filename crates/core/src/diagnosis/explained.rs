//! The diagnosis of a failure.

use std::fmt;

use super::advice::Advice;
use super::row::Side;
use super::table::Code;

/// The diagnosis of a failure. `Display` prints code and summary, then cause, evidence and remedy, each on a
/// line of its own.
///
/// ```
/// use std::time::SystemTime;
///
/// use digicert_one_core::diagnosis::{self, CallContext, Code, Side};
/// use digicert_one_core::{Delivery, Mode, TransportError, TransportErrorKind};
///
/// let error = TransportError::new(TransportErrorKind::Refused, Delivery::NotSent);
/// let context = CallContext::new("demo.one.digicert.com", Mode::Key, SystemTime::now());
/// let diagnosis = diagnosis::diagnose_transport(&error, &context);
/// assert_eq!((diagnosis.code, diagnosis.side()), (Code::NET_06, Side::Network));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The stable code; its page is `docs/errors/CODE.md`.
    pub code: Code,
    /// One sentence: what happened.
    pub summary: String,
    /// Why, as far as known; empty if the summary says it all.
    pub cause: String,
    /// The facts that led to this diagnosis.
    pub evidence: Vec<String>,
    /// What to do; empty if the summary says it.
    pub remedy: String,
    /// What a program can do.
    pub advice: Advice,
}

impl Diagnosis {
    /// Creates a diagnosis with the code's own explanation, remedy and advice.
    #[must_use]
    pub fn of(code: Code, summary: impl Into<String>) -> Self {
        // The summary of CFG-01 says everything; the table's general words would add nothing.
        Self::new(code, summary, if code == Code::CFG_01 { "" } else { code.explanation() })
    }

    /// Creates a diagnosis with a specific cause, and the code's remedy and advice.
    #[must_use]
    pub fn new(code: Code, summary: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            code,
            summary: summary.into(),
            cause: cause.into(),
            evidence: Vec::new(),
            remedy: if code == Code::CFG_01 { String::new() } else { code.remedy().to_owned() },
            advice: code.advice(),
        }
    }

    /// Replaces the advice.
    #[must_use]
    pub fn advising(mut self, advice: Advice) -> Self {
        self.advice = advice;
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn with_evidence(mut self, fact: impl Into<String>) -> Self {
        self.evidence.push(fact.into());
        self
    }

    /// Returns who rejected whom.
    #[must_use]
    pub fn side(&self) -> Side {
        self.code.side()
    }

    /// Returns whether a retry of the same call with the same credential may help.
    #[must_use]
    pub fn retryable(&self) -> bool {
        matches!(self.advice, Advice::Retry { .. })
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.summary)?;
        if !self.cause.is_empty() {
            write!(f, "\n  why   {}", self.cause)?;
        }
        for fact in &self.evidence {
            write!(f, "\n  seen  {fact}")?;
        }
        if !self.remedy.is_empty() {
            write!(f, "\n  do    {}", self.remedy)?;
        }
        Ok(())
    }
}

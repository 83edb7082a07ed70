//! A failure, explained.

use std::fmt;

use super::advice::Advice;
use super::row::Side;
use super::table::Code;

/// A failure, explained. `Display` prints code and summary, then cause, evidence and remedy, each on a line of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The stable code; its page is `docs/errors/CODE.md`.
    pub code: Code,
    /// One sentence: what happened.
    pub summary: String,
    /// Why, as far as the facts go; empty where there is nothing to add to the summary.
    pub cause: String,
    /// The facts that led here.
    pub evidence: Vec<String>,
    /// What to do; empty where the summary says it.
    pub remedy: String,
    /// What a program may do.
    pub advice: Advice,
}

impl Diagnosis {
    /// A diagnosis with the code's own explanation for a cause, remedy and advice.
    #[must_use]
    pub fn of(code: Code, summary: impl Into<String>) -> Self {
        // The summary of CFG-01 says all that there is to say; the table's general words would only follow it.
        Self::new(code, summary, if code == Code::CFG_01 { "" } else { code.explanation() })
    }

    /// A diagnosis with a cause of its own, and the code's remedy and advice.
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

    /// Who rejected whom.
    #[must_use]
    pub fn side(&self) -> Side {
        self.code.side()
    }

    /// Whether repeating the same call with the same credential may help.
    #[must_use]
    pub fn retryable(&self) -> bool {
        matches!(self.advice, Advice::Repeat { .. })
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

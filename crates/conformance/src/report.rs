//! The result of a run of the suite as data: for its JSON, and for the pages made from it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::case::{Case, Level};
use crate::subject::Subject;

/// The run of all chosen cases on one transport.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The transport, as its connector calls itself.
    pub transport: String,
    /// The HTTP library and its version.
    pub http: String,
    /// The TLS engine and its version.
    pub tls: String,
    /// Each case, in the order of the catalogue.
    pub cases: Vec<CaseReport>,
}

/// One case on one transport.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CaseReport {
    /// The id in the catalogue.
    pub id: String,
    /// What it tests, as the name of its test.
    pub name: String,
    /// How much it weighs.
    pub level: Level,
    /// Its result.
    pub outcome: CaseOutcome,
    /// Its duration, in seconds.
    pub seconds: f64,
}

/// The result of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum CaseOutcome {
    /// As it should.
    Passed,
    /// It tests something that the transport does not declare. What can be refused by name was refused.
    NotDeclared {
        /// The names of the capabilities.
        lacking: String,
    },
    /// It did not hold.
    Failed {
        /// The words of the assertion.
        why: String,
        /// What the servers of the case received.
        ledger: String,
    },
    /// It failed, and the transport's waivers give the reason.
    Waived {
        /// The reason of the waiver.
        why: String,
    },
    /// It holds although it is waived: the waiver has to go.
    Stale,
}

impl CaseOutcome {
    /// Whether this breaks the run.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Stale)
    }

    /// Whether the transport does not declare what this asks for.
    #[must_use]
    pub fn is_not_declared(&self) -> bool {
        matches!(self, Self::NotDeclared { .. })
    }

    /// One word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NotDeclared { .. } => "not declared",
            Self::Failed { .. } => "FAILED",
            Self::Waived { .. } => "waived",
            Self::Stale => "STALE",
        }
    }

    /// The reason, for all but a pass; for what is not declared, the capability.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Passed => None,
            Self::NotDeclared { lacking } => Some(lacking),
            Self::Failed { why, .. } | Self::Waived { why } => Some(why),
            Self::Stale => Some("it holds although it is waived: remove its entry from waivers.toml"),
        }
    }
}

impl CaseReport {
    pub(crate) fn new(case: &Case, outcome: CaseOutcome, took: Duration) -> Self {
        let (id, name) = (case.id.to_owned(), case.name.to_owned());
        Self { id, name, level: case.level, outcome, seconds: took.as_secs_f64() }
    }
}

impl Report {
    /// The cases of a run on this subject.
    pub(crate) fn of(subject: &Subject, cases: Vec<CaseReport>) -> Self {
        let info = subject.connector.info();
        Self { transport: info.name.to_owned(), http: info.http_library, tls: info.tls_engine, cases }
    }

    /// Each capability that is not declared, with the ids of the cases that ask for it.
    pub(crate) fn lacking(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut lacking: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for case in self.not_declared() {
            lacking.entry(case.outcome.reason().unwrap_or_default()).or_default().push(&case.id);
        }
        lacking
    }

    /// Returns whether nothing failed.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.cases.iter().any(|case| case.outcome.is_failure())
    }

    /// The results of the cases of this level.
    #[must_use]
    pub fn count(&self, level: Level) -> Count {
        let of_level = self.cases.iter().filter(|case| case.level == level);
        let passed = of_level.clone().filter(|case| case.outcome == CaseOutcome::Passed).count();
        let not_declared = of_level.clone().filter(|case| case.outcome.is_not_declared()).count();
        Count { level, passed, asked: of_level.count() - not_declared, not_declared }
    }

    /// Cases that should have passed and did not, waived ones too.
    pub fn exceptions(&self) -> impl Iterator<Item = &CaseReport> {
        self.cases.iter().filter(|case| case.outcome != CaseOutcome::Passed && !case.outcome.is_not_declared())
    }

    /// Cases that ask for something that the transport does not declare.
    pub fn not_declared(&self) -> impl Iterator<Item = &CaseReport> {
        self.cases.iter().filter(|case| case.outcome.is_not_declared())
    }
}

/// The results of the cases of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Count {
    /// The level.
    pub level: Level,
    /// Cases that passed.
    pub passed: usize,
    /// Cases that could pass or fail.
    pub asked: usize,
    /// Cases that ask for something that the transport does not declare.
    pub not_declared: usize,
}

impl fmt::Display for Count {
    /// `MUST 151/151 (8 not declared)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.level, self.passed, self.asked)?;
        if self.not_declared > 0 {
            write!(f, " ({} not declared)", self.not_declared)?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    /// `MUST 151/151 (8 not declared) · SHOULD 40/42 · MAY 2/2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, level) in Level::ALL.into_iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { " · " }, self.count(level))?;
        }
        Ok(())
    }
}

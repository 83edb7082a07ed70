//! What a run of the suite came to, as data: for the JSON of a run, and for the pages that are made of it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::case::{Case, Level};

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
    /// What it asks, as the name of its test.
    pub name: String,
    /// How much it weighs.
    pub level: Level,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum Outcome {
    /// As it should.
    Passed,
    /// It did not hold.
    Failed {
        /// The words of the assertion.
        why: String,
        /// What the servers of the case saw.
        ledger: String,
    },
    /// It did not hold, and the transport's waivers say why it cannot.
    Waived {
        /// The reason of the waiver.
        why: String,
    },
    /// It holds although it is waived: the waiver has to go.
    Stale,
}

impl Outcome {
    /// Whether this breaks the run.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Stale)
    }

    /// One word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed { .. } => "FAILED",
            Self::Waived { .. } => "waived",
            Self::Stale => "STALE",
        }
    }

    /// The reason, for all but a pass.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Passed => None,
            Self::Failed { why, .. } | Self::Waived { why } => Some(why),
            Self::Stale => Some("it holds although it is waived: remove its entry from waivers.toml"),
        }
    }
}

impl CaseReport {
    pub(crate) fn new(case: &Case, outcome: Outcome, took: Duration) -> Self {
        let (id, name) = (case.id.to_owned(), case.name.to_owned());
        Self { id, name, level: case.level, outcome, seconds: took.as_secs_f64() }
    }
}

impl Report {
    /// Whether nothing failed.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.cases.iter().any(|case| case.outcome.is_failure())
    }

    /// Cases of this level that passed, and all of them.
    #[must_use]
    pub fn count(&self, level: Level) -> (usize, usize) {
        let of_level = self.cases.iter().filter(|case| case.level == level);
        let passed = of_level.clone().filter(|case| case.outcome == Outcome::Passed).count();
        (passed, of_level.count())
    }

    /// Cases that did not pass, waived ones too.
    pub fn exceptions(&self) -> impl Iterator<Item = &CaseReport> {
        self.cases.iter().filter(|case| case.outcome != Outcome::Passed)
    }
}

impl fmt::Display for Report {
    /// `MUST 151/151 · SHOULD 40/42 · MAY 2/2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, level) in Level::ALL.into_iter().enumerate() {
            let (passed, all) = self.count(level);
            write!(f, "{}{level} {passed}/{all}", if index == 0 { "" } else { " · " })?;
        }
        Ok(())
    }
}

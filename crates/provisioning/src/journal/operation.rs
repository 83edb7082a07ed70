//! The content of a journal: an operation, its completed steps, and its outcome.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::instant::Instant;

/// A record of the journal: the operation that began, such as `rotate-token`, or a step of it that was completed, such as `stored`;
/// with facts that are not secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(super) name: String,
    pub(super) at: Instant,
    pub(super) facts: BTreeMap<String, String>,
}

impl Record {
    /// Creates a record of what begins, or was completed, now.
    #[must_use]
    pub(crate) fn new(name: impl Into<String>, now: SystemTime) -> Self {
        Self { name: name.into(), at: now.into(), facts: BTreeMap::new() }
    }

    /// Adds a fact that is not secret: an id, a name, a path.
    #[must_use]
    pub(crate) fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.insert(name.into(), value.into());
        self
    }

    /// Returns the name.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns when it began, or was completed.
    #[must_use]
    pub(crate) fn at(&self) -> SystemTime {
        self.at.time()
    }
}

/// The outcome of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OperationOutcome {
    /// Completed.
    Done,
    /// Given up; what it had created is removed.
    Undone,
}

/// An operation that has begun and is not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(super) id: String,
    pub(super) operation: Record,
    pub(super) steps: Vec<Record>,
}

impl Pending {
    /// Returns a random id, the same in each process that resumes it: for names on the platform that must be
    /// found again.
    #[cfg(test)]
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the operation.
    #[must_use]
    pub(crate) fn operation(&self) -> &Record {
        &self.operation
    }

    /// Returns the completed steps, in order.
    #[must_use]
    pub(crate) fn steps(&self) -> &[Record] {
        &self.steps
    }

    /// Returns whether a step with this name is completed.
    #[cfg(test)]
    pub(crate) fn is_done(&self, step: &str) -> bool {
        self.steps.iter().any(|done| done.name == step)
    }

    /// Returns a fact, from the latest step that has it, else from the operation.
    #[must_use]
    pub(crate) fn fact(&self, name: &str) -> Option<&str> {
        let facts = self.steps.iter().rev().map(|step| &step.facts).chain([&self.operation.facts]);
        facts.into_iter().find_map(|facts| facts.get(name)).map(String::as_str)
    }
}

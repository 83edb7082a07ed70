//! What a journal tells of: an operation, the steps of it that are done, and how it ended.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::instant::Instant;

/// An operation that is to be resumed if it is cut: a kind, such as `rotate-token`, and facts that are not secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub(super) kind: String,
    pub(super) at: Instant,
    pub(super) facts: BTreeMap<String, String>,
}

impl Operation {
    /// An operation that begins now.
    #[must_use]
    pub fn new(kind: impl Into<String>, now: SystemTime) -> Self {
        Self { kind: kind.into(), at: now.into(), facts: BTreeMap::new() }
    }

    /// Adds a fact that is not secret: an id, a name, a path.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.insert(name.into(), value.into());
        self
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// When it began.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        self.at.time()
    }
}

/// A step that is done: a name, such as `kept`, and facts that are not secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub(super) name: String,
    pub(super) at: Instant,
    pub(super) facts: BTreeMap<String, String>,
}

impl Step {
    /// A step that is done now.
    #[must_use]
    pub fn new(name: impl Into<String>, now: SystemTime) -> Self {
        Self { name: name.into(), at: now.into(), facts: BTreeMap::new() }
    }

    /// Adds a fact that is not secret: an id, a name, a path.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.insert(name.into(), value.into());
        self
    }

    /// What was done.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it was done.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        self.at.time()
    }
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// As it was meant to.
    Done,
    /// It was given up, and what it had made is undone.
    Undone,
}

/// An operation that has begun and is not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub(super) id: String,
    pub(super) operation: Operation,
    pub(super) steps: Vec<Step>,
}

impl Pending {
    /// A random id, the same in each process that resumes it: for names on the platform that must be found again.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is under way.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// The steps that are done, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether a step of this name is done.
    #[must_use]
    pub fn is_done(&self, step: &str) -> bool {
        self.steps.iter().any(|done| done.name == step)
    }

    /// A fact, as the latest step that has it says, else the operation.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&str> {
        let facts = self.steps.iter().rev().map(|step| &step.facts).chain([&self.operation.facts]);
        facts.into_iter().find_map(|facts| facts.get(name)).map(String::as_str)
    }
}

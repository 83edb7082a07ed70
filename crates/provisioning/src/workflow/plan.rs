//! What a task would do, as data and as text. Making a plan sends GETs only and writes nothing.

use std::fmt;

use digicert_one_account::UserId;
use digicert_one_core::EndDate;

use super::TaskKind;

/// What a task would do now. `Display` is a list for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// What would be done.
    pub task: TaskKind,
    /// Whose it is; nothing for a service user that is not there yet.
    pub owner: Option<UserId>,
    /// The last second of the owner.
    pub owner_ends: Option<EndDate>,
    /// What the name of the new one would be, or begin with.
    pub name: String,
    /// When the new one would end.
    pub ends: Option<EndDate>,
    /// Where the secret would be kept.
    pub sink: String,
    /// Where it would go if that failed.
    pub last_resort: Option<String>,
    /// Why there is nothing to do, if so.
    pub not_due: Option<String>,
    /// The steps that are taken, in order.
    pub steps: Vec<PlannedStep>,
    /// What should be known before.
    pub notes: Vec<String>,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedStep {
    /// What is done, in a sentence.
    pub what: String,
    /// The call that does it, if it is one: method and path.
    pub call: Option<String>,
}

impl PlannedStep {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), call: None }
    }

    pub(super) fn calling(mut self, call: impl Into<String>) -> Self {
        self.call = Some(call.into());
        self
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: nothing is sent or written yet", self.task)?;
        if let Some(why) = &self.not_due {
            write!(f, "\n  not due: {why}")?;
        }
        for (index, step) in self.steps.iter().enumerate() {
            write!(f, "\n  {}. {}", index + 1, step.what)?;
            if let Some(call) = &step.call {
                write!(f, "\n     {call}")?;
            }
        }
        self.notes.iter().try_for_each(|note| write!(f, "\n  note: {note}"))
    }
}

//! The plan of a task, as data and as text. Planning sends only GET requests and writes nothing.

use std::fmt;

use digicert_one_account::{Id, User};
use digicert_one_core::EndDate;

use super::TaskKind;

/// What a task would do now. `Display` prints a readable list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The task.
    pub task: TaskKind,
    /// The owner; `None` for a service user that does not exist yet.
    pub owner: Option<Id<User>>,
    /// The last second of the owner.
    pub owner_ends: Option<EndDate>,
    /// The name of the new credential, or its beginning.
    pub name: String,
    /// When the new credential would expire.
    pub end_date: Option<EndDate>,
    /// Where the secret would be stored.
    pub store: String,
    /// Where it would be stored if that failed.
    pub last_resort: Option<String>,
    /// Why there is nothing to do, if so.
    pub not_due: Option<String>,
    /// The steps, in order: what each does, and its call (method and path), if any.
    pub steps: Vec<(String, Option<String>)>,
    /// What to know beforehand.
    pub notes: Vec<String>,
}

/// One step of a plan.
pub(super) struct PlannedStep {
    pub(super) what: String,
    pub(super) call: Option<String>,
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
        for (index, (what, call)) in self.steps.iter().enumerate() {
            write!(f, "\n  {}. {what}", index + 1)?;
            if let Some(call) = call {
                write!(f, "\n     {call}")?;
            }
        }
        self.notes.iter().try_for_each(|note| write!(f, "\n  note: {note}"))
    }
}

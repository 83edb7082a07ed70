//! The result of a workflow.

use std::fmt;

use digicert_one_account::{Id, User};
use digicert_one_core::{EndDate, printable_line as line};
use serde::{Deserialize, Serialize};

use super::TaskKind;
use crate::StoreReceipt;

/// The result of a workflow. `Display` is human-readable; nothing in it is secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The task.
    pub task: TaskKind,
    /// The outcome.
    pub outcome: TaskOutcome,
    /// The owner.
    pub owner: Option<Id<User>>,
    /// The platform's id of the new token or certificate.
    pub id: Option<String>,
    /// Its name there.
    pub name: Option<String>,
    /// Its last second.
    pub end_date: Option<EndDate>,
    /// Where the secret is now.
    pub stored: Option<StoreReceipt>,
    /// What happened to the previous credential.
    pub previous: PreviousCredential,
    /// Additional notes.
    pub notes: Vec<String>,
}

/// The outcome of a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskOutcome {
    /// The new credential was created, stored and verified.
    Completed,
    /// There was nothing to do: see the notes.
    NotDue,
    /// Nothing had been created yet, and nothing is left: see the notes.
    RolledBack,
}

impl TaskOutcome {
    /// A stable word for logs and scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::NotDue => "not-due",
            Self::RolledBack => "rolled-back",
        }
    }
}

impl PreviousCredential {
    /// A stable word for logs and scripts; `None` where there was none before.
    #[must_use]
    pub fn as_str(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Disabled(_) => Some("disabled"),
            Self::Deleted(_) => Some("deleted"),
            Self::Left { .. } => Some("left"),
        }
    }
}

/// What happened to the previous credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PreviousCredential {
    /// There was none.
    None,
    /// It is disabled.
    Disabled(String),
    /// It is deleted.
    Deleted(String),
    /// It was left enabled, for this reason.
    Left {
        /// Its id, if known.
        id: Option<String>,
        /// The reason.
        why: String,
    },
}

impl fmt::Display for PreviousCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("there was no previous credential"),
            Self::Disabled(id) => write!(f, "the previous one ({}) is disabled", line(id)),
            Self::Deleted(id) => write!(f, "the previous one ({}) is deleted", line(id)),
            Self::Left { id: Some(id), why } => {
                write!(f, "the previous one ({}) is still enabled: {}", line(id), line(why))
            }
            Self::Left { id: None, why } => write!(f, "no previous one was disabled: {}", line(why)),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, outcome, owner, id, name, end_date, stored, previous, notes } = self;
        match outcome {
            TaskOutcome::Completed => write!(f, "{task}: done")?,
            TaskOutcome::NotDue => write!(f, "{task}: nothing to do")?,
            TaskOutcome::RolledBack => write!(f, "{task}: nothing was created, and nothing is left")?,
        }
        if let Some(name) = name {
            write!(f, "\n  name: {}", line(name))?;
        }
        if let Some(id) = id {
            write!(f, "\n  id: {}", line(id))?;
        }
        if let Some(owner) = owner {
            write!(f, "\n  owner: {}", line(owner.as_str()))?;
        }
        if let Some(end_date) = end_date {
            write!(f, "\n  expires: {end_date}")?;
        }
        if let Some(StoreReceipt { place, .. }) = stored {
            write!(f, "\n  stored: {place}")?;
        }
        if task.is_rotation() && *outcome == TaskOutcome::Completed {
            write!(f, "\n  previous: {previous}")?;
        }
        notes.iter().try_for_each(|note| write!(f, "\n  note: {}", line(note)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_platform_names_stays_on_its_line() {
        for previous in [
            PreviousCredential::Disabled("a\nb".to_owned()),
            PreviousCredential::Deleted("a\u{1b}b".to_owned()),
            PreviousCredential::Left { id: Some("a\r".to_owned()), why: "b\nc".to_owned() },
        ] {
            let shown = previous.to_string();
            assert!(!shown.contains(char::is_control) && shown.contains('\\'), "{shown}");
        }
    }
}

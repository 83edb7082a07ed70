//! What a workflow came to.

use std::fmt;

use digicert_one_account::UserId;
use digicert_one_core::EndDate;
use serde::{Deserialize, Serialize};

use super::TaskKind;
use crate::Kept;

/// What a workflow did. `Display` is for people; nothing in it is secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// What was done.
    pub task: TaskKind,
    /// How it ended.
    pub outcome: Done,
    /// Whose it is.
    pub owner: Option<UserId>,
    /// The platform's id of the new token or certificate.
    pub id: Option<String>,
    /// Its name there.
    pub name: Option<String>,
    /// Its last second.
    pub ends: Option<EndDate>,
    /// Where the secret is now.
    pub kept: Option<Kept>,
    /// What became of the one before.
    pub old: Old,
    /// What else should be known.
    pub notes: Vec<String>,
}

/// How a workflow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Done {
    /// The new one is made, kept and proved.
    Made,
    /// There was nothing to do: see the notes.
    NotDue,
    /// It had made nothing yet, and nothing is left of it: see the notes.
    Undone,
}

impl Done {
    /// A stable word for logs and scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::NotDue => "not-due",
            Self::Undone => "undone",
        }
    }
}

impl Old {
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

/// What became of the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Old {
    /// There is none.
    None,
    /// It is disabled.
    Disabled(String),
    /// It is deleted.
    Deleted(String),
    /// It was left enabled, for this reason.
    Left {
        /// Its id, if it is known which one it is.
        id: Option<String>,
        /// Why.
        why: String,
    },
}

impl fmt::Display for Old {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("there was none before"),
            Self::Disabled(id) => write!(f, "the one before ({id}) is disabled"),
            Self::Deleted(id) => write!(f, "the one before ({id}) is deleted"),
            Self::Left { id: Some(id), why } => write!(f, "the one before ({id}) is still enabled: {why}"),
            Self::Left { id: None, why } => write!(f, "no other one was disabled: {why}"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, outcome, owner, id, name, ends, kept, old, notes } = self;
        match outcome {
            Done::Made => write!(f, "{task}: done")?,
            Done::NotDue => write!(f, "{task}: nothing to do")?,
            Done::Undone => write!(f, "{task}: nothing was made, and nothing is left of it")?,
        }
        if let Some(name) = name {
            write!(f, "\n  name: {name}")?;
        }
        if let Some(id) = id {
            write!(f, "\n  id: {id}")?;
        }
        if let Some(owner) = owner {
            write!(f, "\n  owner: {owner}")?;
        }
        if let Some(ends) = ends {
            write!(f, "\n  ends: {ends}")?;
        }
        if let Some(Kept { place, .. }) = kept {
            write!(f, "\n  kept: {place}")?;
        }
        if task.is_rotation() && *outcome == Done::Made {
            write!(f, "\n  old: {old}")?;
        }
        notes.iter().try_for_each(|note| write!(f, "\n  note: {note}"))
    }
}

//! Every step of a workflow can be watched, before it is taken and after, and stopped there.

use std::fmt;
use std::ops::ControlFlow;

use super::TaskKind;

/// Hears of every step, before and after it. It runs inside the workflow, so it should be quick.
///
/// Every function or closure of this form is one.
///
/// ```
/// use std::ops::ControlFlow;
/// use digicert_one_provisioning::{Moment, Progress};
/// fn watched(_: impl Progress) {}
/// watched(|moment: &Moment| {
///     eprintln!("{moment}");
///     ControlFlow::Continue(())
/// });
/// ```
pub trait Progress: Send + Sync + 'static {
    /// A step is about to be taken, or has just been taken. `Break` ends the workflow here, as if the process were killed: nothing
    /// is cleaned up, and [`resume`](super::Workflows::resume) goes on.
    fn at(&self, moment: &Moment) -> ControlFlow<()>;
}

impl<F: Fn(&Moment) -> ControlFlow<()> + Send + Sync + 'static> Progress for F {
    fn at(&self, moment: &Moment) -> ControlFlow<()> {
        self(moment)
    }
}

/// Where a workflow is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moment {
    /// What is done; nothing while a journal is opened to see what is to be resumed.
    pub task: Option<TaskKind>,
    /// The step.
    pub step: WorkStep,
    /// Whether it was taken already.
    pub done: bool,
    /// What may be shown of it: a name, an id, a place. Never a secret.
    pub detail: String,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, step, done, detail } = self;
        let when = if *done { "done" } else { "begins" };
        write!(f, "{}: {step} {when}", task.map_or("resume", TaskKind::as_str))?;
        if detail.is_empty() { Ok(()) } else { write!(f, " ({detail})") }
    }
}

macro_rules! steps {
    ($($(#[$docs:meta])+ $name:ident = $text:literal,)+) => {
        /// A step of a workflow, durable or remote.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum WorkStep {
            $($(#[$docs])+ $name,)+
        }

        impl WorkStep {
            /// Every step.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable word for it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

steps! {
    /// Opens the journal.
    OpenJournal = "open-journal",
    /// Takes the lock.
    Lock = "lock",
    /// Asks who is calling, and who the owner is.
    WhoAmI = "who-am-i",
    /// Looks at what is on the platform.
    Look = "look",
    /// Proves the places in which the secret will be kept.
    Prepare = "prepare",
    /// Writes into the journal that a task begins.
    Begin = "begin",
    /// Writes the name of the new one into the journal.
    NoteName = "note-name",
    /// Keeps the private key beside the journal.
    KeepKey = "keep-key",
    /// Has the platform make the new one.
    Create = "create",
    /// Writes the id of the new one into the journal.
    NoteCreated = "note-created",
    /// Keeps the secret in its place.
    Keep = "keep",
    /// Writes into the journal that the secret is kept.
    NoteKept = "note-kept",
    /// Proves the new one by a call.
    Prove = "prove",
    /// Writes into the journal that it was proved.
    NoteProved = "note-proved",
    /// Remembers which one is in use now.
    Remember = "remember",
    /// Tells those who watch, and waits until they use the new one.
    Switch = "switch",
    /// Waits for those elsewhere.
    Grace = "grace",
    /// Writes into the journal that all have switched.
    NoteSwitched = "note-switched",
    /// Disables the one before.
    DisableOld = "disable-old",
    /// Writes into the journal what became of the one before.
    NoteRetired = "note-retired",
    /// Deletes one that was disabled long enough ago.
    DeleteOld = "delete-old",
    /// Removes what was made and has no secret.
    RemoveOrphan = "remove-orphan",
    /// Writes into the journal that it was removed.
    NoteRemoved = "note-removed",
    /// Writes into the journal that the task is over.
    Finish = "finish",
}

impl fmt::Display for WorkStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

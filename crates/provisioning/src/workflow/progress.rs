//! Observers of a workflow: called before and after every step, and able to stop it there.

use std::fmt;
use std::ops::ControlFlow;

use super::TaskKind;

/// An observer of every step; see [`Workflows::progress`](super::Workflows::progress).
pub(super) type Progress = dyn Fn(&ProgressEvent) -> ControlFlow<()> + Send + Sync;

/// The current position of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgressEvent {
    /// The task; `None` while a journal is opened to find what to resume.
    pub task: Option<TaskKind>,
    /// The step.
    pub step: TaskStep,
    /// Whether the step is completed.
    pub done: bool,
    /// Its details: a name, an id, a place. Never a secret.
    pub detail: String,
}

impl fmt::Display for ProgressEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, step, done, detail } = self;
        let when = if *done { "done" } else { "begins" };
        write!(f, "{}: {step} {when}", task.map_or("resume", TaskKind::as_str))?;
        if detail.is_empty() { Ok(()) } else { write!(f, " ({detail})") }
    }
}

macro_rules! steps {
    ($($(#[$docs:meta])+ $name:ident = $text:literal,)+) => {
        /// A durable or remote step of a workflow.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum TaskStep {
            $($(#[$docs])+ $name,)+
        }

        impl TaskStep {
            /// Every step.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the stable word for it.
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
    /// Acquires the lock.
    Lock = "lock",
    /// Reads who is calling, and who the owner is.
    WhoAmI = "who-am-i",
    /// Reads the state on the platform.
    Inspect = "inspect",
    /// Checks the places for the secret.
    Prepare = "prepare",
    /// Records in the journal that a task begins.
    Begin = "begin",
    /// Records the name of the new credential in the journal.
    NoteName = "note-name",
    /// Stores the private key next to the journal.
    StoreKey = "store-key",
    /// Creates the new credential on the platform.
    Create = "create",
    /// Records the id of the new credential in the journal.
    NoteCreated = "note-created",
    /// Stores the secret in its place.
    Store = "store",
    /// Records in the journal that the secret is stored.
    NoteStored = "note-stored",
    /// Verifies the new credential with a call.
    Verify = "verify",
    /// Records in the journal that it was verified.
    NoteVerified = "note-verified",
    /// Remembers which one is in use now.
    Remember = "remember",
    /// Notifies consumers, and waits until they use the new credential.
    Switch = "switch",
    /// Waits for consumers elsewhere.
    Grace = "grace",
    /// Records in the journal that all have switched.
    NoteSwitched = "note-switched",
    /// Disables the previous credential.
    DisablePrevious = "disable-previous",
    /// Records in the journal what happened to the previous credential.
    NoteRetired = "note-retired",
    /// Deletes a token that was disabled long enough ago.
    DeletePrevious = "delete-previous",
    /// Removes what was created without a stored secret.
    RemoveOrphan = "remove-orphan",
    /// Records in the journal that it was removed.
    NoteRemoved = "note-removed",
    /// Records in the journal that the task is finished.
    Finish = "finish",
}

impl fmt::Display for TaskStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

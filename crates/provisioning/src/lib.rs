//! Secrets that the platform shows once, kept before anything else happens to them, and credentials that replace themselves.
//!
//! A [`SecretSink`] is proved before the platform is asked for anything; a [`Journal`] says what a process that was killed had under
//! way, and a [`Lock`] keeps two from doing the same; [`Workflows`] do the whole: they plan, run and take up again.
#![doc = include_str!("../README.md")]

mod durable;
mod inherit;
mod instant;
mod journal;
mod lock;
mod replaceable;
mod sink;
mod workflow;

pub use durable::replace_file;
pub use journal::{Journal, JournalError, Operation, Outcome, Pending, Step};
pub use lock::{Lock, LockError, Owner};
#[cfg(feature = "keyring")]
pub use sink::KeyringSink;
pub use sink::{
    CommandSink, DirectorySink, EncryptedFileSink, FileSink, KeepError, Kept, KeptSecret, PreparedSink,
    RecoveredSecret, Safekeeping, SecretFacts, SecretKind, SecretSink, SinkError, SinkErrorKind, TerminalSink,
    read_encrypted_file,
};
pub use workflow::{
    CreateServiceUser, CreateToken, Done, Ends, IssueError, IssueErrorKind, Keeping, Moment, Next, Old, Plan,
    PlannedStep, Progress, Renewal, Report, RequestCertificate, RotateCertificate, RotateToken, SecretPlace, Switch,
    Switching, Task, TaskKind, WatchedClient, WorkStep, Workflows,
};

//! Stores secrets that the platform shows once, and rotates credentials automatically.
//!
//! A [`SecretSink`] is checked before the platform is called; a [`Journal`] records what an interrupted
//! process had in progress, and a [`Lock`] prevents two processes from doing the same; [`Workflows`] combine
//! them: they plan, run and resume tasks.
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

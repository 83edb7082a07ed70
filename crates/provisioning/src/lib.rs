//! Stores secrets that the platform shows once, and rotates credentials automatically.
//!
//! A [`SecretStore`] is checked before the platform is called; a [`Journal`] records what an interrupted
//! process had in progress, and a [`Lock`] prevents two processes from doing the same; [`Workflows`] combine
//! them: they plan, run and resume tasks.
#![doc = include_str!("../README.md")]

mod durable;
mod inherit;
mod instant;
mod journal;
mod lock;
mod replaceable;
mod shared_lock;
mod sink;
mod workflow;

pub use durable::replace_file;
pub use journal::{Journal, JournalError, Operation, Outcome, Pending, Step};
pub use lock::{Lock, LockError, Owner};
pub use shared_lock::{HeldLock, SharedLock};
#[cfg(feature = "keyring")]
pub use sink::KeyringSink;
pub use sink::{
    CommandSink, DirectorySink, EncryptedFileSink, FallbackStore, FileSink, PreparedSink, RecoveredSecret, SecretFacts,
    SecretKind, SecretStore, SinkError, SinkErrorKind, StoreError, StoreReceipt, StoredSecret, TerminalSink,
    read_encrypted_file,
};
pub use workflow::{
    CreateServiceUser, CreateToken, CredentialChange, CredentialConsumer, EndDatePolicy, IssueError, IssueErrorKind,
    Plan, PlannedStep, PreviousCredential, Progress, ProgressEvent, RecoveryAction, Renewal, Report,
    RequestCertificate, RotateCertificate, RotateToken, SecretLocation, StoreOptions, Task, TaskKind, TaskOutcome,
    TaskStep, WatchedClient, Workflows,
};

//! Stores secrets that the platform shows once, and rotates credentials automatically.
//!
//! A [`SecretStore`] is checked before the platform is called; a journal records what an interrupted
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
pub mod store;
mod workflow;

pub use durable::replace_file;
use journal::{Journal, JournalError, Operation, Outcome, Pending, Step};
pub use lock::{Lock, LockError, Owner};
pub use shared_lock::{HeldLock, SharedLock};
pub use store::{
    CommandStore, PreparedStore, SecretFacts, SecretKind, SecretStore, StoreError, StoreErrorKind, StoreReceipt,
    StoredSecret, read_encrypted_file,
};
pub use workflow::{
    CreateServiceUser, CreateToken, CredentialChange, CredentialConsumer, EndDatePolicy, IssueError, IssueErrorKind,
    Plan, PreviousCredential, Progress, ProgressEvent, RecoveryAction, Renewal, Report, RequestCertificate,
    RotateCertificate, RotateToken, SecretLocation, StoreOptions, Task, TaskKind, TaskOutcome, TaskStep, Workflows,
    watched_client,
};

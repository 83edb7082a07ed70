//! Stores secrets that the platform shows once, and rotates credentials automatically.
//!
//! A [`SecretStore`] is checked before the platform is called; a journal records what an interrupted
//! process had in progress, and a lock file prevents two processes from doing the same; [`Workflows`] combine
//! them: they plan, run and resume tasks.
#![doc = include_str!("../README.md")]
// docs.rs shows the feature of each item that needs one.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod durable;
mod inherit;
mod instant;
mod journal;
mod lock;
mod replaceable;
mod shared_lock;
pub mod store;
#[cfg(test)]
mod texts;
mod workflow;

pub use durable::{inherit_metadata, replace_file};
use journal::{Journal, JournalError, OperationOutcome, Pending, Record};
pub use lock::{LockError, Owner};
pub use shared_lock::{HeldLock, SharedLock};
pub use store::{
    PreparedStore, SecretKind, SecretStore, StoreError, StoreErrorKind, StoreReceipt, StoredSecret, read_encrypted_file,
};
pub use workflow::{
    CreateToken, CredentialChange, CredentialConsumer, EndDatePolicy, IssueError, IssueErrorKind, Plan,
    PreviousCredential, ProgressEvent, RecoveryAction, Renewal, Report, RequestCertificate, RotateCertificate,
    RotateToken, SecretLocation, StoreOptions, Task, TaskKind, TaskOutcome, TaskStep, Workflows, watched_client,
};

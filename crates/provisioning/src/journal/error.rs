//! Why a journal cannot be used, and what to do about it.

use std::path::PathBuf;

use digicert_one_core::CredentialError;
use thiserror::Error;

use crate::sink::SinkError;

/// A journal that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another process has it open.
    #[error("{} is in use by another process: wait until it ends", .path.display())]
    Busy {
        /// The journal.
        path: PathBuf,
    },
    /// An operation is under way; it must be resumed first.
    #[error("{} says that an operation ({kind}) is under way: resume it first", .path.display())]
    Pending {
        /// The journal.
        path: PathBuf,
        /// What is under way.
        kind: String,
    },
    /// A step or an end without a beginning.
    #[error("{} says that nothing is under way: begin an operation first", .path.display())]
    NothingPending {
        /// The journal.
        path: PathBuf,
    },
    /// Another program's file stands at its path.
    #[error("{} is no journal, and stays as it is: name another path for the journal", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Somebody changed the journal, or the disk lost a part of it.
    #[error(
        "{} is damaged at line {line} ({what}): compare what it says before that line with the tokens and certificates on the \
         platform, disable what nobody has the secret of, and then move the journal away; keep the .key files beside it until then",
        .path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// A fact is to be written that looks like a key.
    #[error("the fact {name} looks like a secret and is not written: the journal holds none")]
    LooksSecret {
        /// The fact's name.
        name: String,
    },
    /// The private key beside the journal cannot be read.
    #[error("the private key of the operation under way: {0}")]
    Key(#[source] CredentialError),
    /// The journal, or the key beside it, cannot be read or written.
    #[error(transparent)]
    File(#[from] SinkError),
}

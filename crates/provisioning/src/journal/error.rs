//! Errors of journals, and what to do about them.

use std::path::PathBuf;

use digicert_one_core::CredentialError;
use thiserror::Error;

use crate::store::StoreError;

/// Error returned when a journal cannot be used.
#[derive(Debug, Error)]
pub(crate) enum JournalError {
    /// Another process has it open.
    #[error("the journal {} is in use by another process; wait until it ends", .path.display())]
    Busy {
        /// The journal.
        path: PathBuf,
    },
    /// An operation is in progress and must be resumed first.
    #[error("the journal {} has an interrupted operation ({kind}); resume it first", .path.display())]
    Pending {
        /// The journal.
        path: PathBuf,
        /// The operation in progress.
        kind: String,
    },
    /// A step or an end without a begin.
    #[error("the journal {} has no operation in progress; begin one first", .path.display())]
    NothingPending {
        /// The journal.
        path: PathBuf,
    },
    /// The path has a file of another program.
    #[error("{} is not a journal and is left unchanged; use another path for the journal", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The journal was changed, or the disk lost a part of it.
    #[error(
        "the journal {} is damaged at line {line} ({what}): compare the lines before it with the tokens and certificates on the \
         platform, disable those whose secret is lost, and then move the journal away; keep the .key files next to it until then",
        .path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The reason.
        what: &'static str,
    },
    /// A complete entry that this version does not know.
    #[error(
        "line {line} of the journal {} was written by another version of this program: finish the operation with the version that \
         began it; the journal is left unchanged",
        .path.display()
    )]
    OtherVersion {
        /// The journal.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
    },
    /// A fact to be written looks like a key.
    #[error("the fact {name} looks like a secret and is not written; the journal holds no secrets")]
    LooksSecret {
        /// The fact's name.
        name: String,
    },
    /// The private key next to the journal cannot be read.
    #[error("the private key of the operation in progress: {0}")]
    Key(#[source] CredentialError),
    /// The journal, or the key next to it, cannot be read or written.
    #[error(transparent)]
    File(#[from] StoreError),
}

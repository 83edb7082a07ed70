//! Where credentials come from, how they are read, watched and rotated.
//!
//! A [`Source`] gathers bytes ([`RawCredential`]); [`RawCredential::read`] turns them, whatever their format, into material and
//! end dates ([`Reading`]). Every error and warning names a variable or path and never a value. Nothing here sends anything.
//!
//! What the platform shows once goes the other way, into a [`SecretSink`] that was proved before; a [`Journal`] says what a
//! process that was killed had under way, and a [`Lock`] keeps two from doing the same.

mod csr;
mod durable;
mod end_date;
mod error;
mod file;
mod host;
mod identity;
mod inherit;
mod instant;
mod journal;
mod key_text;
mod lock;
mod profile;
mod proxy;
mod raw;
mod replaceable;
mod roots;
mod roots_file;
mod rules;
mod secret;
mod setting;
mod setup;
mod sink;
mod source;
mod text_encoding;
mod warning;
mod watch;

pub use csr::{KeyAlgorithm, NewKey};
pub use durable::replace_file;
pub use end_date::EndDate;
pub use error::SetupError;
pub use identity::read_client_identity;
pub use journal::{Journal, JournalError, Operation, Outcome, Pending, Step};
pub use lock::{Lock, LockError, Owner};
pub use profile::{Profile, ProfileFile, Reference};
pub use proxy::ProxySetup;
pub use raw::{ContentHash, RawCredential, Reading};
pub use roots::{read_ca_file, read_roots};
pub use roots_file::{RootsFile, RootsReload};
pub use rules::Rules;
pub use secret::Secret;
pub use setting::{Lookup, Setting};
pub use setup::Setup;
#[cfg(feature = "keyring")]
pub use sink::KeyringSink;
pub use sink::{
    CommandSink, DirectorySink, EncryptedFileSink, FileSink, KeepError, Kept, KeptSecret, PreparedSink,
    RecoveredSecret, Safekeeping, SecretFacts, SecretKind, SecretSink, SinkError, SinkErrorKind, TerminalSink,
    read_encrypted_file,
};
#[cfg(feature = "keyring")]
pub use source::KeyringSource;
pub use source::{
    ChainEntry, ChainOutcome, ChainReport, ChainSource, CommandSource, DirectorySource, EnvironmentSource, Fetched,
    FileSource, JsignSource, ProfileSource, ReaderSource, SmctlSource, Source, SystemdSource,
};
pub use warning::Warning;
pub use watch::{Reload, WatchEvent, WatchOptions, WatchingCredential};

//! Sources of credentials, and credentials that reload when their source changes.
//!
//! A [`Source`] collects bytes ([`RawCredential`]); [`RawCredential::read`] converts them, in any format, to
//! material and end dates ([`Reading`]). Every error and warning names a variable or path, never a value.
//! Nothing here sends or writes anything: `digicert_one_provisioning` stores secrets that are shown once.
#![doc = include_str!("../README.md")]

mod error;
mod file;
mod host;
mod key_text;
mod profile;
mod proxy;
mod raw;
mod roots;
mod roots_file;
mod secret_variables;
mod setting;
mod setup;
mod shown;
mod source;
mod watch;

pub use error::SetupError;
pub use file::read_secret_file;
pub use profile::{Profile, ProfileFile, Reference};
pub use proxy::ProxySetup;
pub use raw::{ContentHash, RawCredential, Reading};
pub use roots::{read_ca_file, read_roots};
pub use roots_file::{RootsFile, RootsReload};
pub use setting::{Lookup, Setting};
pub use setup::Setup;
pub use shown::{is_path, shown_path};
pub use source::{
    ChainEntry, ChainOutcome, ChainReport, ChainSource, CommandSource, DirectorySource, EnvironmentSource, Fetched,
    FileSource, JsignSource, ProfileSource, Program, ReaderSource, SmctlSource, Source, SystemdSource,
};
#[cfg(feature = "keyring")]
pub use source::{KeyringSource, platform_keyring};
pub use watch::{Reload, WatchEvent, WatchOptions, WatchingCredential};

//! Where credentials come from, and how they are watched.
//!
//! A [`Source`] gathers bytes ([`RawCredential`]); [`RawCredential::read`] turns them, whatever their format, into material and
//! end dates ([`Reading`]). Every error and warning names a variable or path and never a value. Nothing here sends anything, and
//! nothing writes: what keeps secrets that are shown once is `digicert_one_provisioning`.
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

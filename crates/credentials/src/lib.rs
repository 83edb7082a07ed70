//! Sources of credentials, and credentials that reload when their source changes.
//!
//! A [`Source`] collects bytes ([`RawCredential`]); [`RawCredential::read`] converts them, in any format, to
//! material and end dates ([`LoadedCredential`]). Every error and warning names a variable or path, never a value.
//! Nothing here sends or writes anything: `digicert_one_provisioning` stores secrets that are shown once.
#![doc = include_str!("../README.md")]
// docs.rs shows the feature of each item that needs one.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
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
mod shown;
pub mod source;
mod variable;
mod watch;

pub use config::Config;
pub use error::ConfigError;
pub use file::read_secret_file;
pub use profile::{Profile, ProfileFile, Reference};
pub use proxy::read_proxy_variables;
pub use raw::{LoadedCredential, RawCredential};
pub use roots::{read_ca_file, read_roots};
pub use roots_file::RootsFile;
pub use shown::{is_path, shown_path};
pub use source::{ChainReport, ChainSource, DirectorySource, Fetched, FileSource, Program, Source};
pub use variable::Variable;
pub use watch::{WatchEvent, WatchOptions, WatchingCredential};

//! Sources of credentials, one file per kind. A source collects bytes and names their origins;
//! [`RawCredential::read`] parses them, so that no source knows a format.

mod chain;
mod command;
mod directory;
mod document;
pub(crate) mod environment;
mod fetched;
mod files;
pub(crate) mod gather;
mod jsign;
#[cfg(feature = "keyring")]
pub(crate) mod keyring;
#[cfg(not(feature = "keyring"))]
#[path = "no_keyring.rs"]
mod keyring;
mod process;
pub(crate) mod profile;
mod properties;
mod reader;
mod smctl;
mod systemd;

pub use self::chain::{ChainEntry, ChainOutcome, ChainReport, ChainSource};
pub use self::command::CommandSource;
pub use self::directory::DirectorySource;
pub use self::environment::EnvironmentSource;
pub use self::fetched::{Fetched, Source};
pub use self::files::FileSource;
pub use self::jsign::JsignSource;
#[cfg(feature = "keyring")]
pub use self::keyring::{KeyringSource, platform_keyring};
pub use self::process::Program;
pub use self::profile::ProfileSource;
pub use self::reader::ReaderSource;
pub use self::smctl::SmctlSource;
pub use self::systemd::SystemdSource;

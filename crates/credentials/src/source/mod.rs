//! Sources of credentials, one file per kind. A source collects bytes and names their origins;
//! [`RawCredential::read`](crate::RawCredential::read) parses them, so that no source knows a format.

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
pub(crate) mod smctl;
mod systemd;

pub use self::chain::{ChainReport, ChainSource};
pub use self::directory::DirectorySource;
pub use self::environment::environment;
pub use self::fetched::{Fetched, Source};
pub use self::files::FileSource;
pub use self::jsign::{jsign, jsign_file};
#[cfg(feature = "keyring")]
pub use self::keyring::{KEYRING_SERVICE, keyring, keyring_in, platform_keyring};
pub use self::process::Program;
pub use self::profile::profile;
#[cfg(unix)]
pub use self::reader::descriptor;
pub use self::reader::{reader, stdin};
pub use self::smctl::smctl;
pub use self::systemd::systemd;

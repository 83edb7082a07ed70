//! Where secrets go that are shown once: one file a kind of sink. Each is used in two steps, so that nothing is made on the
//! platform that could not be kept: [`SecretSink::prepare`] proves the place, [`PreparedSink::keep`] makes the secret durable
//! and reads it back. Sinks know no formats and call nobody; when to do which step is the caller's business.

mod command;
mod directory;
mod encrypted;
mod error;
mod file;
#[cfg(feature = "keyring")]
mod keyring;
mod occupied;
mod safekeeping;
mod secret;
mod secret_sink;
mod terminal;

pub use self::command::CommandSink;
pub use self::directory::DirectorySink;
pub use self::encrypted::{EncryptedFileSink, RecoveredSecret, read_encrypted_file};
pub use self::error::{SinkError, SinkErrorKind};
pub use self::file::FileSink;
#[cfg(feature = "keyring")]
pub use self::keyring::KeyringSink;
pub use self::safekeeping::{KeepError, Safekeeping};
pub use self::secret::{KeptSecret, SecretFacts, SecretKind};
pub use self::secret_sink::{Kept, PreparedSink, SecretSink};
pub use self::terminal::TerminalSink;

//! Places for secrets that are shown once, one file per kind. Each is used in two steps, so that nothing is
//! created on the platform that cannot be stored: [`SecretSink::prepare`] checks the place,
//! [`PreparedSink::keep`] stores the secret durably and reads it back. Sinks know no formats and make no
//! calls; the caller decides when to do which step.

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

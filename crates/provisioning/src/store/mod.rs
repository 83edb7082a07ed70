//! Stores for secrets that are shown once, one file per kind. Each is used in two steps, so that nothing is
//! created on the platform that cannot be stored: [`SecretStore::prepare`] checks the place,
//! [`PreparedStore::store`] stores the secret durably and reads it back. Stores know no formats and make no
//! calls; the caller decides when to do which step.

mod command;
mod directory;
mod encrypted;
mod error;
mod fallback;
mod file;
#[cfg(feature = "keyring")]
mod keyring;
mod occupied;
mod secret;
mod secret_store;
mod terminal;

pub use self::command::{command, command_with_document};
pub use self::directory::directory;
pub use self::encrypted::{encrypted_file, read_encrypted_file};
pub use self::error::{StoreError, StoreErrorKind};
pub(crate) use self::fallback::{FallbackError, FallbackStore};
pub use self::file::{file, file_pair};
#[cfg(feature = "keyring")]
pub use self::keyring::{keyring, keyring_in};
pub use self::secret::{SecretKind, StoredSecret};
pub use self::secret_store::{PreparedStore, SecretStore, StoreReceipt};
pub use self::terminal::{stderr, stdout};

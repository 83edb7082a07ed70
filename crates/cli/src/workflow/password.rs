//! The password of a last resort: from a variable, a file, or the terminal. Never from the command line.

use std::path::Path;

use digicert_one::Secret;

use crate::failure::Failure;
use crate::prompt::{Ask, password};
use crate::reference;

/// The password by its reference; without one, the user at the terminal is asked: twice for a file that is to be written.
pub(super) async fn of(reference: Option<&str>, file: &Path, resuming: bool) -> Result<Secret, Failure> {
    const OPTION: &str = "--last-resort-password";
    match reference {
        Some(reference) => reference::secret(OPTION, reference).await,
        None => password(file, OPTION, if resuming && file.exists() { Ask::Once } else { Ask::Twice }).await,
    }
}

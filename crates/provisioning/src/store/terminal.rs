//! Shows a secret on the terminal, on request only. Never a default: terminals scroll, are recorded, and can
//! be watched.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use digicert_one_core::printable_line;

use super::{PreparedStore, SecretKind, SecretStore, StoreError, StoreErrorKind, StoreReceipt, StoredSecret};

/// Returns the store that shows the secret on the terminal behind standard output. Refused if that is a file or a pipe:
/// a secret would end up in a log.
///
/// ```
/// use digicert_one_provisioning::store::{self, SecretKind, SecretStore, StoreErrorKind};
/// // In a test run standard output is captured or piped, mostly:
/// if let Err(error) = store::stdout().prepare(SecretKind::ApiKey) {
///     assert_eq!(error.kind(), StoreErrorKind::NoTerminal);
/// }
/// ```
#[must_use]
pub fn stdout() -> impl SecretStore {
    TerminalStore { stream: Stream::Output }
}

/// Returns the same store as [`stdout`], for the terminal behind standard error.
#[must_use]
pub fn stderr() -> impl SecretStore {
    TerminalStore { stream: Stream::Error }
}

/// One of the two streams.
#[derive(Clone, Copy, Debug)]
struct TerminalStore {
    stream: Stream,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Output,
    Error,
}

impl Stream {
    fn is_terminal(self) -> bool {
        match self {
            Self::Output => io::stdout().is_terminal(),
            Self::Error => io::stderr().is_terminal(),
        }
    }

    fn open(self) -> Box<dyn Write> {
        match self {
            Self::Output => Box::new(io::stdout()),
            Self::Error => Box::new(io::stderr()),
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Output => "standard output",
            Self::Error => "standard error",
        })
    }
}

impl TerminalStore {
    fn check(self) -> Result<(), StoreError> {
        if self.stream.is_terminal() {
            return Ok(());
        }
        let message =
            format!("{} is not a terminal, and secrets are not written to files or pipes; use a file", self.stream);
        Err(StoreError::new(StoreErrorKind::NoTerminal, SecretStore::name(&self), message))
    }
}

impl SecretStore for TerminalStore {
    fn name(&self) -> String {
        format!("the terminal ({})", self.stream)
    }

    fn prepare(&self, _kind: SecretKind) -> Result<Box<dyn PreparedStore>, StoreError> {
        self.check()?;
        Ok(Box::new(*self))
    }
}

impl PreparedStore for TerminalStore {
    fn name(&self) -> String {
        SecretStore::name(self)
    }

    fn store(&mut self, secret: &StoredSecret) -> Result<StoreReceipt, StoreError> {
        self.check()?;
        show(&mut *self.stream.open(), secret)
            .map_err(|error| StoreError::io(SecretStore::name(self), "failed to write to the terminal", error))?;
        Ok(StoreReceipt::handed_over(SecretStore::name(self)))
    }
}

fn show(terminal: &mut dyn Write, secret: &StoredSecret) -> io::Result<()> {
    let named = secret.name().map(|name| format!(" \"{}\"", printable_line(name))).unwrap_or_default();
    writeln!(terminal, "The {}{named}, shown only this once:", secret.kind())?;
    terminal.write_all(&secret.text())?;
    terminal.flush()
}

#[cfg(test)]
mod tests {
    use digicert_one_core::Secret;

    use super::*;

    #[test]
    fn secret_is_shown_and_its_name_is_escaped() {
        let key = StoredSecret::api_key(Secret::new("canary", "a test")).with_name("ci\u{1b}[2J");
        let mut shown = Vec::new();
        show(&mut shown, &key).expect("written");
        assert_eq!(
            String::from_utf8(shown).expect("text"),
            "The API key \"ci\\u{1b}[2J\", shown only this once:\ncanary\n"
        );
    }
}

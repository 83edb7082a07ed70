//! A program that reads a secret from standard input: supports every vault with a command-line client.

use std::path::{Path, PathBuf};

use digicert_one_core::{CredentialError, Secret};
use digicert_one_credentials::{Program, RawCredential};
use zeroize::Zeroizing;

use super::file::expect_kind;
use super::{PreparedStore, SecretKind, SecretStore, StoreError, StoreErrorKind, StoreReceipt, StoredSecret};

/// Returns the store that passes the secret to a program on standard input. It is started without a shell; the secret is
/// never an argument.
///
/// It receives the API key on a line, or the private key and certificate chain as PEM, and must exit with status 0 only when
/// the secret is stored. If `read_back` names a second program, which prints the stored secret in the same form, the result
/// is compared. [`command_with_document`] passes a JSON document instead.
///
/// - Every user of the machine can see arguments: put no secret into them.
/// - The programs inherit our environment without the variables that hold secrets, unless
///   [`pass_variable`](Program::pass_variable) allows it, and have 30 seconds.
/// - An error shows the exit status and the last words of standard error, escaped.
///
/// ```no_run
/// use digicert_one_credentials::Program;
/// use digicert_one_provisioning::store;
///
/// let vault = |arguments: &[&str]| arguments.iter().fold(Program::new("vault"), |vault, one| vault.argument(one));
/// let store = store::command(
///     vault(&["kv", "put", "secret/digicert-one", "api_key=-"]),
///     Some(vault(&["kv", "get", "-field=api_key", "secret/digicert-one"])),
/// );
/// ```
#[must_use]
pub fn command(program: Program, read_back: Option<Program>) -> impl SecretStore {
    CommandStore { program, read_back, document: false }
}

/// Returns the same store as [`command`], which passes the JSON document that a [`Program`] prints as a source, plus `id`
/// and `name`, instead of the bare secret.
#[must_use]
pub fn command_with_document(program: Program, read_back: Option<Program>) -> impl SecretStore {
    CommandStore { program, read_back, document: true }
}

/// The program, and the one that reads back.
#[derive(Clone, Debug)]
struct CommandStore {
    program: Program,
    read_back: Option<Program>,
    document: bool,
}

impl CommandStore {
    fn form(&self, secret: &StoredSecret) -> Zeroizing<Vec<u8>> {
        if self.document { secret.document() } else { secret.text() }
    }

    /// Returns whether the second program printed the secret.
    fn is_same(&self, found: &Secret, secret: &StoredSecret) -> Result<bool, CredentialError> {
        let bare = |bytes: &[u8]| Zeroizing::new(bytes.trim_ascii_end().to_vec());
        if !self.document {
            return Ok(*bare(found.expose()) == *bare(&secret.text()));
        }
        let (found, raw) = (RawCredential::from_document(found)?, secret.raw());
        let value = |secret: &Option<Secret>| secret.as_ref().map(|secret| bare(secret.expose()));
        Ok(value(&found.api_key) == value(&raw.api_key) && value(&found.certificate) == value(&raw.certificate))
    }
}

impl SecretStore for CommandStore {
    fn name(&self) -> String {
        self.program.name()
    }

    fn prepare(&self, kind: SecretKind) -> Result<Box<dyn PreparedStore>, StoreError> {
        executable(self.program.path(), &self.program.name())?;
        if let Some(program) = &self.read_back {
            executable(program.path(), &program.name())?;
        }
        Ok(Box::new(Prepared { store: self.clone(), kind }))
    }
}

#[derive(Debug)]
struct Prepared {
    store: CommandStore,
    kind: SecretKind,
}

impl PreparedStore for Prepared {
    fn name(&self) -> String {
        self.store.name()
    }

    fn store(&mut self, secret: &StoredSecret) -> Result<StoreReceipt, StoreError> {
        let name = self.store.name();
        expect_kind(self.kind, secret, &name)?;
        let fed = self.store.program.feed(self.store.form(secret)).map_err(|error| failed(&name, error));
        let Some(reader) = &self.store.read_back else { return fed.map(|()| StoreReceipt::handed_over(name)) };
        let found = reader.run().map_err(|error| failed(&reader.name(), error));
        let same =
            found.and_then(|found| self.store.is_same(&found, secret).map_err(|error| failed(&reader.name(), error)));
        // A program that fails after it has stored the secret has stored it.
        if matches!(same, Ok(true)) {
            return Ok(StoreReceipt::read_back(name));
        }
        fed?;
        same?;
        let message = "its output differs from what the storing program received";
        Err(StoreError::new(StoreErrorKind::ReadBackDiffers, reader.name(), message))
    }
}

fn failed(name: &str, error: CredentialError) -> StoreError {
    StoreError::new(StoreErrorKind::CommandFailed, name, error.message().to_owned()).with_source(error)
}

/// Checks that the program exists and is executable. Whether it accepts a secret is known only when it gets one.
fn executable(program: &Path, name: &str) -> Result<(), StoreError> {
    let is_path = program.components().count() > 1;
    let places: Vec<PathBuf> = match std::env::var_os("PATH") {
        _ if is_path => vec![program.to_owned()],
        Some(list) => std::env::split_paths(&list).map(|directory| directory.join(program)).collect(),
        None => Vec::new(),
    };
    let found: Vec<PathBuf> = places.into_iter().flat_map(with_endings).filter(|path| path.is_file()).collect();
    if found.is_empty() {
        let message =
            if is_path { "the program does not exist" } else { "the program is not in any directory of PATH" };
        return Err(StoreError::new(StoreErrorKind::Missing, name, message));
    }
    if found.iter().any(|path| may_run(path)) {
        return Ok(());
    }
    let message = "this user may not run the program; allow it (chmod +x), or use another";
    Err(StoreError::new(StoreErrorKind::NotWritable, name, message))
}

#[cfg(unix)]
fn with_endings(path: PathBuf) -> impl Iterator<Item = PathBuf> {
    std::iter::once(path)
}

#[cfg(not(unix))]
fn with_endings(path: PathBuf) -> impl Iterator<Item = PathBuf> {
    let with = path.with_extension("exe");
    [path, with].into_iter()
}

#[cfg(unix)]
fn may_run(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn may_run(_path: &Path) -> bool {
    true
}

//! A program that reads a secret from standard input: supports every vault with a command-line client.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use digicert_one_core::{CredentialError, Secret};
use digicert_one_credentials::{Program, RawCredential};
use zeroize::Zeroizing;

use super::file::expect_kind;
use super::{Kept, KeptSecret, PreparedSink, SecretKind, SecretSink, SinkError, SinkErrorKind};

/// A program that stores what it reads from standard input. It is started without a shell; the secret is
/// never an argument.
///
/// It receives the API key on a line, or the private key and certificate chain as PEM; or, with
/// [`as_document`](Self::as_document), the JSON document that a
/// [`CommandSource`](digicert_one_credentials::CommandSource) reads, plus `id` and `name`. It must exit with
/// status 0 only when the secret is stored. With a [second program](Self::with_read_back) that prints the
/// stored secret, the result is compared.
///
/// - Every user of the machine can see arguments: put no secret into them.
/// - The programs inherit our environment without the variables that hold secrets, unless
///   [`pass_variable`](Self::pass_variable) allows it, and have 30 seconds.
/// - An error shows the exit status and the last words of standard error, escaped.
///
/// ```no_run
/// use digicert_one_provisioning::CommandSink;
///
/// let sink = CommandSink::new("vault")
///     .argument("kv").argument("put").argument("secret/digicert-one").argument("api_key=-")
///     .with_read_back("vault", ["kv", "get", "-field=api_key", "secret/digicert-one"]);
/// ```
#[derive(Clone, Debug)]
pub struct CommandSink {
    path: PathBuf,
    program: Program,
    read_back: Option<(PathBuf, Program)>,
    document: bool,
}

impl CommandSink {
    /// Creates a sink for this program; a bare name is looked up in `PATH`.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let path = program.into();
        Self { program: Program::new(&path, Vec::new()), path, read_back: None, document: false }
    }

    /// Adds an argument, which must not be secret.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.program.argument(argument.into());
        self
    }

    /// Sets the program that prints what the first one stored, in the same form.
    #[must_use]
    pub fn with_read_back<A: Into<OsString>>(
        mut self,
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let path = program.into();
        let mut reader = Program::new(&path, arguments.into_iter().map(Into::into).collect());
        reader.time_limit = self.program.time_limit;
        reader.passed.clone_from(&self.program.passed);
        self.read_back = Some((path, reader));
        self
    }

    /// Passes a JSON document with the facts instead of the bare secret.
    #[must_use]
    pub fn as_document(mut self) -> Self {
        self.document = true;
        self
    }

    /// Sets the timeout of each program; 30 seconds by default.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.programs().for_each(|program| program.time_limit = limit);
        self
    }

    /// Passes a variable that holds a secret, for programs that need one to store another.
    #[must_use]
    pub fn pass_variable(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.programs().for_each(|program| program.passed.push(name.clone()));
        self
    }

    fn programs(&mut self) -> impl Iterator<Item = &mut Program> {
        [&mut self.program].into_iter().chain(self.read_back.as_mut().map(|(_, program)| program))
    }

    fn form(&self, secret: &KeptSecret) -> Zeroizing<Vec<u8>> {
        if self.document { secret.document() } else { secret.text() }
    }

    /// Returns whether the second program printed the secret.
    fn is_same(&self, found: &Secret, secret: &KeptSecret) -> Result<bool, CredentialError> {
        let bare = |bytes: &[u8]| Zeroizing::new(bytes.trim_ascii_end().to_vec());
        if !self.document {
            return Ok(*bare(found.expose()) == *bare(&secret.text()));
        }
        let (found, raw) = (RawCredential::from_document(found)?, secret.raw());
        let value = |secret: &Option<Secret>| secret.as_ref().map(|secret| bare(secret.expose()));
        Ok(value(&found.api_key) == value(&raw.api_key) && value(&found.certificate) == value(&raw.certificate))
    }
}

impl SecretSink for CommandSink {
    fn name(&self) -> String {
        self.program.name()
    }

    fn prepare(&self, kind: SecretKind) -> Result<Box<dyn PreparedSink>, SinkError> {
        executable(&self.path, &self.program.name())?;
        if let Some((path, program)) = &self.read_back {
            executable(path, &program.name())?;
        }
        Ok(Box::new(Prepared { sink: self.clone(), kind }))
    }
}

#[derive(Debug)]
struct Prepared {
    sink: CommandSink,
    kind: SecretKind,
}

impl PreparedSink for Prepared {
    fn name(&self) -> String {
        self.sink.name()
    }

    fn keep(&mut self, secret: &KeptSecret) -> Result<Kept, SinkError> {
        let name = self.sink.name();
        expect_kind(self.kind, secret, &name)?;
        self.sink.program.feed(self.sink.form(secret)).map_err(|error| failed(&name, error))?;
        let Some((_, reader)) = &self.sink.read_back else { return Ok(Kept::handed_over(name)) };
        let found = reader.run().map_err(|error| failed(&reader.name(), error))?;
        if self.sink.is_same(&found, secret).map_err(|error| failed(&reader.name(), error))? {
            return Ok(Kept::read_back(name));
        }
        let message = "its output differs from what the storing program received";
        Err(SinkError::new(SinkErrorKind::ReadBackDiffers, reader.name(), message))
    }
}

fn failed(name: &str, error: CredentialError) -> SinkError {
    SinkError::new(SinkErrorKind::CommandFailed, name, error.message().to_owned()).with_source(error)
}

/// Checks that the program exists and is executable. Whether it accepts a secret is known only when it gets one.
fn executable(program: &Path, name: &str) -> Result<(), SinkError> {
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
        return Err(SinkError::new(SinkErrorKind::Missing, name, message));
    }
    if found.iter().any(|path| may_run(path)) {
        return Ok(());
    }
    let message = "this user may not run the program; allow it (chmod +x), or use another";
    Err(SinkError::new(SinkErrorKind::NotWritable, name, message))
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

//! A program that takes a secret on standard input: the way into every vault that has a command of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use digicert_one_core::{CredentialError, Secret};
use digicert_one_credentials::{Program, RawCredential};
use zeroize::Zeroizing;

use super::file::expect_kind;
use super::{Kept, KeptSecret, PreparedSink, SecretKind, SecretSink, SinkError, SinkErrorKind};

/// A program that keeps what it reads on standard input. It is started without a shell; the secret is never an argument.
///
/// It gets the API key on a line, or the private key and certificate chain as PEM; or, if [asked for](Self::as_document), the
/// JSON document that a [`CommandSource`](digicert_one_credentials::CommandSource) reads, with `id` and `name` beside. It must end with status 0
/// only when the secret is safe. With a [second program](Self::with_read_back) that writes the secret to standard output, what
/// was kept is compared.
///
/// - Arguments can be seen by every user of the machine: put no secret into them.
/// - The programs get our environment without the variables that hold secrets, unless
///   [`pass_variable`](Self::pass_variable) says so, and have 30 seconds.
/// - Of a failure the error shows the exit status and the last words on standard error, cleaned.
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
    /// This program; a bare name is looked up in `PATH`.
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

    /// The program that writes to standard output what the first one kept, in the same form.
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

    /// Hands over a JSON document with the facts rather than the bare secret.
    #[must_use]
    pub fn as_document(mut self) -> Self {
        self.document = true;
        self
    }

    /// How long each program may take; 30 seconds if nothing is said.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.programs().for_each(|program| program.time_limit = limit);
        self
    }

    /// Lets the programs have a variable that holds a secret, for those that need one to keep another.
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

    /// Whether what the second program wrote is the secret.
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
        let message = "what it wrote is not what was handed to the program that keeps";
        Err(SinkError::new(SinkErrorKind::ReadBackDiffers, reader.name(), message))
    }
}

fn failed(name: &str, error: CredentialError) -> SinkError {
    SinkError::new(SinkErrorKind::CommandFailed, name, error.message().to_owned()).with_source(error)
}

/// Whether there is such a program and we may run it. What it says to a secret shows only when it gets one.
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
            if is_path { "there is no such program" } else { "there is no such program in any directory of PATH" };
        return Err(SinkError::new(SinkErrorKind::Missing, name, message));
    }
    if found.iter().any(|path| may_run(path)) {
        return Ok(());
    }
    let message = "the program may not be run by this user; allow it (chmod +x), or name another";
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

//! Runs programs that return or receive a secret: no shell, no secret variables in their environment, a
//! timeout, a limit on output, and a child that is always reaped. Standard output is never shown, not even
//! after a failure.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use digicert_one_core::{Code, CredentialError, Secret, printable_line};
use shared_child::SharedChild;
use zeroize::Zeroizing;

use crate::is_path;
use crate::secret_variables::SECRET_VARIABLES;

const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Larger than any credential.
const MAX_OUTPUT: usize = 1 << 20;
/// How long output may stay open after the program has ended.
const GRACE: Duration = Duration::from_secs(1);
/// How much of the end of standard error is kept, and how much of that an error shows.
const KEPT: usize = 4 << 10;
const SHOWN_LINES: usize = 3;
const SHOWN_CHARACTERS: usize = 300;
/// Longer words may be keys.
const LONGEST_WORD: usize = 24;

/// A program that returns or receives a secret. It is started without a shell. Clones share the state of earlier runs.
///
/// As a [`Source`](super::Source) it is started at every fetch and writes one JSON document to standard output:
///
/// ```json
/// { "version": 1,
///   "api_key": "...", "api_key_ends": "2026-12-31",
///   "certificate": "-----BEGIN CERTIFICATE-----...", "private_key": "-----BEGIN PRIVATE KEY-----...",
///   "owner_ends": "2027-01-31" }
/// ```
///
/// All fields but `version` are optional; for a PKCS#12, use `certificate_base64` (and `password`) instead of
/// `certificate`. Unknown fields are ignored.
///
/// - Every user of the machine can see arguments: put no secret into them.
/// - The program inherits our environment without the variables that hold secrets (`DC_API_KEY` and the
///   like), unless [`pass_variable`](Self::pass_variable) allows it.
/// - It has 30 seconds and may write 1 MiB. An error shows the exit status and the last words of standard
///   error, escaped; never standard output.
///
/// ```no_run
/// use digicert_one_credentials::source::Program;
///
/// let source = Program::new("/usr/local/bin/d1-from-vault").argument("--path").argument("kv/digicert-one");
/// ```
#[derive(Clone)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    time_limit: Duration,
    /// Variables that it inherits although they hold secrets.
    passed: Vec<String>,
    readers: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl fmt::Debug for Program {
    /// Omits the arguments: they may contain secrets by mistake.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("path", &self.path)
            .field("time_limit", &self.time_limit)
            .finish_non_exhaustive()
    }
}

/// Events from the threads around a child.
enum Event {
    Ended(io::Result<ExitStatus>),
    Output(Result<Zeroizing<Vec<u8>>, Broken>),
    Fed(io::Result<()>),
    ErrorOutputEnded,
}

enum Broken {
    TooLarge,
    Unreadable(io::Error),
}

/// Returns whether this names a program: a path, or a bare name found in `PATH`.
fn is_program(path: &Path) -> bool {
    let is_in =
        |directory: PathBuf| directory.join(path).is_file() || directory.join(path).with_extension("exe").is_file();
    let is_bare = path.components().count() == 1 && !path.has_root();
    is_path(path) || (is_bare && std::env::var_os("PATH").is_some_and(|all| std::env::split_paths(&all).any(is_in)))
}

impl Program {
    /// Creates a program by its path, or by a bare name that is looked up in `PATH`. Every user of the
    /// machine can see arguments.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let (path, arguments, readers) = (path.into(), Vec::new(), Arc::default());
        Self { path, arguments, time_limit: TIME_LIMIT, passed: Vec::new(), readers }
    }

    /// Adds an argument, which must not be secret.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets the timeout; 30 seconds by default.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Passes a variable that holds a secret, for programs that need one to get another.
    #[must_use]
    pub fn pass_variable(mut self, name: impl Into<String>) -> Self {
        self.passed.push(name.into());
        self
    }

    /// Returns its path or name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the name used in errors.
    #[must_use]
    pub fn name(&self) -> String {
        match is_program(&self.path) {
            true => format!("command {}", printable_line(&self.path.display().to_string())),
            false => "a command (not shown)".to_owned(),
        }
    }

    /// Runs it and returns its standard output.
    ///
    /// # Errors
    /// Returns an error if it cannot be started, fails, exceeds the timeout, or writes too much (ID-13).
    pub fn run(&self) -> Result<Secret, CredentialError> {
        let mut output = self.exchange(None)?;
        if output.is_empty() {
            let message = "the command wrote nothing to standard output";
            return Err(CredentialError::new(Code::ID_13, message).at(self.name()));
        }
        Ok(Secret::new(std::mem::take(&mut *output), self.name()))
    }

    /// Runs it with `input` on standard input. Its standard output is ignored.
    ///
    /// # Errors
    /// Returns an error if it cannot be started, fails, exceeds the timeout, or does not read the whole input
    /// (ID-13).
    pub fn feed(&self, input: Zeroizing<Vec<u8>>) -> Result<(), CredentialError> {
        self.exchange(Some(input)).map(drop)
    }

    fn exchange(&self, input: Option<Zeroizing<Vec<u8>>>) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
        let error = |message: String| CredentialError::new(Code::ID_13, message).at(self.name());
        if self.is_still_read() {
            let message = "a process left behind by an earlier run still holds standard output open; it must close it";
            return Err(error(message.to_owned()));
        }
        let failed = |what: &str, cause: io::Error| error(format!("{what}: {cause}")).with_source(cause);
        let child =
            SharedChild::spawn(self.command().stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() }))
                .map_err(|cause| failed("failed to start the command", cause))?;
        let child = Arc::new(child);
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let (sender, events) = mpsc::channel();
        let mut fed = if input.is_some() { None } else { Some(Ok(())) };
        self.attend(&child, &tail, &sender, input).map_err(|cause| {
            // No thread waits for it: killed and reaped here.
            let _ = child.kill().and_then(|()| child.wait());
            failed("failed to start a thread", cause)
        })?;
        drop(sender);

        // A limit beyond what the clock can count is none.
        let mut deadline = Instant::now().checked_add(self.time_limit);
        let (mut status, mut output, mut quiet) = (None, None, false);
        while status.is_none() || output.is_none() || fed.is_none() || !quiet {
            let left = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
            match events.recv_timeout(left) {
                Ok(Event::Ended(ended)) => {
                    status = Some(ended.map_err(|cause| failed("failed to wait for the command", cause))?);
                    let grace = Instant::now() + GRACE;
                    deadline = Some(deadline.map_or(grace, |deadline| deadline.min(grace)));
                }
                Ok(Event::Output(Ok(bytes))) => output = Some(bytes),
                Ok(Event::Output(Err(broken))) => {
                    let _ = child.kill();
                    return Err(match broken {
                        Broken::TooLarge => error(format!("the command wrote more than {MAX_OUTPUT} bytes")),
                        Broken::Unreadable(cause) => failed("failed to read the command's output", cause),
                    });
                }
                Ok(Event::Fed(result)) => fed = Some(result),
                Ok(Event::ErrorOutputEnded) => quiet = true,
                Err(_) => break,
            }
        }
        let Some(status) = status else {
            let _ = child.kill();
            // The waiting thread reaps it; a killed child ends soon.
            let _ = child.wait();
            let limit = self.time_limit.as_secs_f32();
            return Err(error(format!("timeout: the command did not end within {limit} s and was stopped")));
        };
        if !status.success() {
            let words = shown(&mut tail.lock().unwrap_or_else(PoisonError::into_inner));
            let said = if words.is_empty() { String::new() } else { format!("; its last words: {words}") };
            return Err(error(format!("the command failed ({status}){said}")));
        }
        match fed {
            Some(Ok(())) => {}
            Some(Err(cause)) => return Err(failed("the command ended without reading its whole input", cause)),
            None => return Err(error("the command ended without reading its whole input".to_owned())),
        }
        match output {
            Some(bytes) => Ok(bytes),
            None => Err(error(
                "the command left a process behind that holds its standard output open; it must close it".to_owned(),
            )),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in SECRET_VARIABLES.iter().filter(|name| !self.passed.iter().any(|passed| passed == *name)) {
            command.env_remove(name);
        }
        command
    }

    /// Returns whether a thread of an earlier run still waits for the end of output, so that such threads
    /// never accumulate.
    fn is_still_read(&self) -> bool {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|reader| !reader.is_finished());
        !readers.is_empty()
    }

    /// Starts the threads that wait for the child and read what it writes.
    fn attend(
        &self,
        child: &Arc<SharedChild>,
        tail: &Arc<Mutex<VecDeque<u8>>>,
        sender: &Sender<Event>,
        input: Option<Zeroizing<Vec<u8>>>,
    ) -> io::Result<()> {
        let mut readers = Vec::new();
        if let (Some(mut stdin), Some(input)) = (child.take_stdin(), input) {
            let sender = sender.clone();
            // Closed at the end, for programs that read to it.
            readers.push(start(move || {
                let fed = stdin.write_all(&input);
                drop(stdin);
                drop(sender.send(Event::Fed(fed)));
            })?);
        }
        if let Some(stdout) = child.take_stdout() {
            let sender = sender.clone();
            readers.push(start(move || drop(sender.send(Event::Output(read_output(stdout)))))?);
        }
        if let Some(stderr) = child.take_stderr() {
            let (sender, tail) = (sender.clone(), Arc::clone(tail));
            readers.push(start(move || {
                read_tail(stderr, &tail);
                drop(sender.send(Event::ErrorOutputEnded));
            })?);
        }
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).extend(readers);
        let (child, sender) = (Arc::clone(child), sender.clone());
        start(move || drop(sender.send(Event::Ended(child.wait())))).map(drop)
    }
}

fn start(work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("credential-command".to_owned()).spawn(work)
}

/// Reads up to the limit into a buffer that never reallocates, so that no unwiped copy remains.
fn read_output(mut stdout: impl Read) -> Result<Zeroizing<Vec<u8>>, Broken> {
    let mut whole = Zeroizing::new(Vec::with_capacity(MAX_OUTPUT));
    let mut chunk = Zeroizing::new([0_u8; 8 << 10]);
    loop {
        match stdout.read(&mut *chunk) {
            Ok(0) => return Ok(whole),
            Ok(count) if whole.len() + count > MAX_OUTPUT => return Err(Broken::TooLarge),
            Ok(count) => whole.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Broken::Unreadable(error)),
        }
    }
}

/// Keeps the last bytes; the rest is read too, so that the program never blocks on it.
fn read_tail(mut stderr: impl Read, tail: &Mutex<VecDeque<u8>>) {
    let mut chunk = [0_u8; 4 << 10];
    loop {
        match stderr.read(&mut chunk) {
            Ok(count) if count > 0 => {
                let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
                tail.extend(&chunk[..count]);
                let surplus = tail.len().saturating_sub(KEPT);
                tail.drain(..surplus);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}

/// Returns the last lines of standard error, without control characters and without words that may be keys.
fn shown(tail: &mut VecDeque<u8>) -> String {
    let text = String::from_utf8_lossy(tail.make_contiguous()).into_owned();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.iter().skip(lines.len().saturating_sub(SHOWN_LINES));
    let clean: Vec<String> = last.map(|line| without_long_words(line)).collect();
    let clean = clean.join(" / ");
    match clean.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}

/// Replaces long runs of key and base64 characters by an ellipsis.
fn without_long_words(line: &str) -> String {
    let mut clean = String::new();
    let mut word = String::new();
    for character in line.chars().chain(['\n']) {
        if character.is_ascii_alphanumeric() || "_+=".contains(character) {
            word.push(character);
            continue;
        }
        clean.push_str(if word.len() > LONGEST_WORD { "…" } else { &word });
        word.clear();
        if !character.is_control() {
            clean.push(character);
        }
    }
    clean
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program::new("sh").argument("-c").argument(script)
    }

    fn failure(program: &Program) -> String {
        let error = program.run().expect_err("it must fail");
        assert_eq!(error.code(), Code::ID_13);
        format!("{error} {error:?}")
    }

    #[test]
    fn standard_output_is_returned_unchanged() {
        let output = shell("printf 'canary\\n'; echo chat >&2").run().expect("it runs");
        assert_eq!(output.expose(), b"canary\n");
        assert_eq!(&**output.origin(), "command sh");
    }

    #[test]
    fn error_for_start_failure_names_the_program() {
        let file = tempfile::NamedTempFile::new().expect("a file that is not executable");
        for path in ["/nonexistent/helper".to_owned(), file.path().display().to_string()] {
            let text = failure(&Program::new(&path));
            assert!(text.contains(&path) && text.contains("failed to start"), "{text}");
        }
    }

    #[test]
    fn hanging_command_is_stopped_and_reaped() {
        let directory = tempfile::tempdir().expect("a directory");
        let pid = directory.path().join("pid");
        let script = format!("echo $$ > {}; exec sleep 600", pid.display());
        let program = shell(&script).time_limit(Duration::from_millis(700));
        assert!(failure(&program).contains("did not end within 0.7 s"));
        // On a machine too slow to start the shell, there is nothing to check.
        if let Ok(pid) = std::fs::read_to_string(pid) {
            assert!(!std::path::Path::new("/proc").join(pid.trim()).exists(), "process {pid} is still there");
        }
    }

    #[test]
    fn longest_time_limit_is_none() {
        let program = shell("echo canary").time_limit(Duration::MAX);
        assert_eq!(program.run().expect("it runs").expose(), b"canary\n");
    }

    #[test]
    fn command_with_endless_output_is_stopped() {
        assert!(failure(&shell("yes canary")).contains("wrote more than"));
        assert!(failure(&shell("true")).contains("wrote nothing"));
    }

    #[test]
    fn endless_standard_error_neither_blocks_nor_grows() {
        let program = shell("yes chatter | head -c 3000000 >&2; echo done");
        assert_eq!(program.run().expect("it runs").expose(), b"done\n");
    }

    #[test]
    fn process_left_behind_does_not_block_and_is_reported() {
        // It ends with the pipe that it reads from, which this test controls.
        let directory = tempfile::tempdir().expect("a directory");
        let fifo = directory.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs").success());
        let program = shell(&format!("cat {} & echo canary", fifo.display()));
        assert!(failure(&program).contains("left a process behind"));
        assert!(failure(&program).contains("earlier run"), "and readers do not add up");
        std::fs::write(&fifo, "").expect("the process left behind ends");
    }

    #[test]
    fn failure_shows_escaped_standard_error_only() {
        let key = "0123456789abcdef0123456789_fedcba9876543210";
        let script = format!("echo canary-out; printf 'one\\ntwo\\n\\033[31mred\\007 {key}\\n' >&2; exit 3");
        let text = failure(&shell(&script));
        assert!(text.contains("exit status: 3") && text.contains("one / two / [31mred …"), "{text}");
        assert!(!text.contains(key) && !text.contains("canary") && !text.contains(['\u{1b}', '\u{7}']), "{text}");
        assert!(failure(&shell("yes word | head -c 100000 | tr '\\n' ' ' >&2; exit 1")).len() < 1200);
    }

    #[test]
    fn secret_09_child_has_no_secret_variables_by_default() {
        let program = shell("true");
        let removed = |program: &Program| -> Vec<String> {
            let command = program.command();
            let removed = command.get_envs().filter(|(_, value)| value.is_none());
            removed.map(|(name, _)| name.to_string_lossy().into_owned()).collect()
        };
        for name in ["DC_API_KEY", "SM_API_KEY", "DC_CLIENT_CERT_PASSWORD", "SM_CLIENT_CERT_PASSWORD"] {
            assert!(removed(&program).iter().any(|one| one == name), "{name}");
        }
        let program = program.pass_variable("DC_API_KEY");
        assert!(!removed(&program).iter().any(|one| one == "DC_API_KEY"));
        assert!(removed(&program).iter().any(|one| one == "SM_CLIENT_CERT_FILE_B64"));
    }
}

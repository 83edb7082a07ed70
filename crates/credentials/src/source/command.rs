//! A program that answers with a credential, as `credential_process` does elsewhere: the way to every vault that has a command
//! of its own.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use digicert_one_core::CredentialError;

use super::process::Program;
use crate::{Fetched, RawCredential, Source};

/// A program that writes one JSON document to standard output. It is started without a shell, at every fetch.
///
/// ```json
/// { "version": 1,
///   "api_key": "...", "api_key_ends": "2026-12-31",
///   "certificate": "-----BEGIN CERTIFICATE-----...", "private_key": "-----BEGIN PRIVATE KEY-----...",
///   "owner_ends": "2027-01-31" }
/// ```
///
/// All fields but `version` may be left out; `certificate_base64` (and `password`) take the place of `certificate` for a
/// PKCS#12. Unknown fields are ignored.
///
/// - Arguments can be seen by every user of the machine: put no secret into them.
/// - The program gets our environment without the variables that hold secrets (`DC_API_KEY` and the like), unless
///   [`pass_variable`](Self::pass_variable) says so.
/// - It has 30 seconds and may write 1 MiB. Of a failure the error shows the exit status and the last words on standard error,
///   cleaned; of standard output never anything.
///
/// ```no_run
/// use digicert_one_credentials::CommandSource;
///
/// let source = CommandSource::new("/usr/local/bin/d1-from-vault").argument("--path").argument("kv/digicert-one");
/// ```
#[derive(Clone, Debug)]
pub struct CommandSource {
    program: Program,
}

impl CommandSource {
    /// This program; a bare name is looked up in `PATH`.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: Program::new(program, Vec::new()) }
    }

    /// Adds an argument, which must not be secret.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.program.argument(argument.into());
        self
    }

    /// How long it may take; 30 seconds if nothing is said.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.program.time_limit = limit;
        self
    }

    /// Lets the program have a variable that holds a secret, for programs that need one to get another.
    #[must_use]
    pub fn pass_variable(mut self, name: impl Into<String>) -> Self {
        self.program.passed.push(name.into());
        self
    }
}

impl Source for CommandSource {
    fn name(&self) -> String {
        self.program.name()
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        RawCredential::from_document(&self.program.run()?).map(Fetched::Found)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> CommandSource {
        CommandSource::new("sh").argument("-c").argument(script)
    }

    #[test]
    fn a_commands_answer_is_a_credential_named_by_command_and_field() {
        let source = shell(r#"echo '{"version":1,"api_key":"canary"}'"#);
        let Ok(Fetched::Found(raw)) = source.fetch() else { panic!("it answers") };
        let key = raw.api_key.expect("a key");
        assert_eq!((key.expose(), &**key.origin()), (&b"canary"[..], "command sh, field api_key"));
    }

    #[test]
    fn a_broken_answer_and_the_arguments_are_never_shown() {
        let error = shell("echo canary").fetch().expect_err("no JSON");
        assert!(!format!("{error} {error:?} {:?}", shell("echo canary")).contains("canary"), "{error}");
    }

    #[test]
    fn cred_08_a_command_that_fails_or_is_missing_is_an_error_and_not_absent() {
        assert!(shell("exit 1").fetch().is_err());
        assert!(CommandSource::new("/nonexistent/helper").fetch().is_err());
    }
}

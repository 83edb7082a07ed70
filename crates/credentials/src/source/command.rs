//! A program that prints a credential, like `credential_process` in other tools: supports every vault with a
//! command-line client.

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
/// use digicert_one_credentials::CommandSource;
///
/// let source = CommandSource::new("/usr/local/bin/d1-from-vault").argument("--path").argument("kv/digicert-one");
/// ```
#[derive(Clone, Debug)]
pub struct CommandSource {
    program: Program,
}

impl CommandSource {
    /// Creates a source for this program; a bare name is looked up in `PATH`.
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

    /// Sets the timeout; 30 seconds by default.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.program.time_limit = limit;
        self
    }

    /// Passes a variable that holds a secret, for programs that need one to get another.
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
    fn output_is_a_credential_named_by_command_and_field() {
        let source = shell(r#"echo '{"version":1,"api_key":"canary"}'"#);
        let Ok(Fetched::Found(raw)) = source.fetch() else { panic!("it answers") };
        let key = raw.api_key.expect("a key");
        assert_eq!((key.expose(), &**key.origin()), (&b"canary"[..], "command sh, field api_key"));
    }

    #[test]
    fn invalid_output_and_arguments_are_never_shown() {
        let error = shell("echo canary").fetch().expect_err("no JSON");
        assert!(!format!("{error} {error:?} {:?}", shell("echo canary")).contains("canary"), "{error}");
    }

    #[test]
    fn cred_08_failing_or_missing_command_is_an_error_not_absent() {
        assert!(shell("exit 1").fetch().is_err());
        assert!(CommandSource::new("/nonexistent/helper").fetch().is_err());
    }
}

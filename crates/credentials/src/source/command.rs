//! A program that prints a credential, like `credential_process` in other tools: supports every vault with a
//! command-line client.

use digicert_one_core::CredentialError;

use super::process::Program;
use crate::{Fetched, RawCredential, Source};

impl Source for Program {
    fn name(&self) -> String {
        self.name()
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        RawCredential::from_document(&self.run()?).map(Fetched::Found)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program::new("sh").argument("-c").argument(script)
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
        assert!(Program::new("/nonexistent/helper").fetch().is_err());
    }
}

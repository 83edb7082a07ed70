//! Options that take a path: what looks like a key or password is refused before it becomes the name of a file or is shown.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue};
use digicert_one::core::{ValueShape, is_random_word};
use digicert_one::credentials::is_path;

/// Reads a path.
pub(crate) fn parser() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(read)
}

/// A path, unless it looks like a secret.
pub(super) fn read(text: OsString) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if is_path(&path) || is_file_name(&path) {
        return Ok(path);
    }
    Err(match path.to_str().and_then(ValueShape::of) {
        Some(shape) => {
            format!("this looks like the value itself ({shape}) and not like a path: use {}", shape.variable())
        }
        None => "this may be a secret and not a path: write a path with its directory, as in ./NAME".to_owned(),
    })
}

/// A new file in the current directory: a plain word, as in `--store file:key`.
fn is_file_name(path: &Path) -> bool {
    let in_names = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let Some(text) = path.to_str() else { return false };
    text.len() <= 64 && text.bytes().all(in_names) && ValueShape::of(text).is_none() && !is_random_word(text)
}

/// Removes what may be a secret from an error about the command line: values, and words that are not options or commands.
pub(crate) fn scrubbed(mut error: clap::Error) -> clap::Error {
    const HIDDEN: &str = "(not shown)";
    for kind in [ContextKind::InvalidValue, ContextKind::InvalidArg, ContextKind::InvalidSubcommand] {
        let text = match error.get(kind) {
            Some(ContextValue::String(text)) => text.clone(),
            _ => continue,
        };
        // Names of options and commands that exist, as clap shows them: `--ends <YYYY-MM-DD>`.
        let is_known = kind == ContextKind::InvalidArg && error.kind() != clap::error::ErrorKind::UnknownArgument;
        let is_word = text.len() <= 20
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            && ValueShape::of(&text).is_none();
        let is_number = text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_known && !is_word && !is_number {
            error.insert(kind, ContextValue::String(HIDDEN.to_owned()));
            // "to pass '...' as a value" repeats it.
            error.insert(ContextKind::Suggested, ContextValue::None);
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches};

    use super::*;
    use crate::arguments::Arguments;

    fn secrets() -> Vec<String> {
        let key = format!("{}_{}", "01".repeat(13), "c7".repeat(32));
        let base64 = "MIIKWgIBAzCCChAGCSqGSIb3DQEHAaCCCgEEggn9MIIJ+TCCBJ8GCSqGSIb3DQEHBqCCBJAwggSMAgEAMIIEhQ";
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n");
        vec![key, base64.to_owned(), pem, "C4nary!pa55-w0rd".to_owned()]
    }

    /// Every option of every command, by the command tree itself.
    fn options(command: &clap::Command, path: &[String], found: &mut Vec<(Vec<String>, String)>) {
        for argument in command.get_arguments().filter(|argument| argument.get_action().takes_values()) {
            if let Some(long) = argument.get_long() {
                found.push((path.to_vec(), format!("--{long}")));
            }
        }
        for inner in command.get_subcommands() {
            let path = [path, &[inner.get_name().to_owned()]].concat();
            options(inner, &path, found);
        }
    }

    #[test]
    fn secret_in_any_option_is_in_no_command_line_error() {
        let mut found = Vec::new();
        options(&crate::arguments::whole(), &[], &mut found);
        assert!(found.len() > 50, "{}", found.len());
        for (command, option) in found {
            for secret in secrets() {
                let line = ["d1".to_owned()].into_iter().chain(command.clone()).chain([option.clone(), secret.clone()]);
                let Err(error) = Arguments::command().try_get_matches_from(line) else { continue };
                let shown = scrubbed(error).render().to_string();
                let pieces = (0..secret.len() - 7).map(|at| &secret[at..at + 8]);
                assert!(pieces.clone().all(|piece| !shown.contains(piece)), "{command:?} {option}: {shown}");
            }
        }
    }

    #[test]
    fn secret_in_place_of_a_command_or_option_is_not_shown() {
        for secret in secrets() {
            for line in [vec!["d1", &*secret], vec!["d1", "list", "/x", &*secret], vec!["d1", "token", &*secret]] {
                let error = Arguments::command().try_get_matches_from(line).expect_err("not a command");
                assert!(!scrubbed(error).render().to_string().contains(&secret[..8]));
            }
        }
        let error = Arguments::command().try_get_matches_from(["d1", "lst"]).expect_err("not a command");
        assert!(scrubbed(error).render().to_string().contains("'lst'"));
    }

    #[test]
    fn paths_are_read_and_secrets_refused_without_an_echo() {
        for path in ["key", "./key", "/etc/d1/key", "api-key", "client.p12", "-"] {
            assert_eq!(read(path.into()), Ok(PathBuf::from(path)));
        }
        for secret in secrets() {
            let error = read(secret.clone().into()).expect_err("not a path");
            assert!(!error.contains(&secret[..8]), "{error}");
        }
        let line = ["d1", "call", "GET", "/x", "--data", "-"];
        let matches = Arguments::command().try_get_matches_from(line).expect("a line");
        assert!(Arguments::from_arg_matches(&matches).is_ok());
    }
}

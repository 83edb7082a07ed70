//! References to secrets. A profile may hold nothing else, so profiles can be printed, serialized and checked
//! into a repository.

use std::fmt;
use std::str::FromStr;

use digicert_one_core::{Code, CredentialError};
use serde::{Serialize, Serializer};

/// A reference to a secret.
///
/// | written | the secret is |
/// |---|---|
/// | `env:NAME` | the value of a variable |
/// | `file:PATH` | the content of a file; `~/` is the home directory, a relative path starts at the folder of `d1.toml` |
/// | `keyring:ITEM` | an item of the operating system's keyring, service `digicert-one` (feature `keyring`) |
/// | `exec:PROGRAM ARG…` | what a program writes to standard output; no shell, quotes as in a shell (on Windows a backslash is part of a path) |
/// | `fd:N` | what is read from an open file descriptor (Unix) |
///
/// ```
/// use digicert_one_credentials::Reference;
///
/// let reference: Reference = "exec:pass show 'digicert one/api key'".parse()?;
/// assert_eq!(reference.to_string(), "exec:pass show 'digicert one/api key'");
/// let error = "0123456789abcdef".parse::<Reference>().unwrap_err();
/// assert!(!error.to_string().contains("0123456789abcdef"));
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reference {
    /// A variable.
    Variable(String),
    /// A file, as it is written.
    File(String),
    /// An item of the keyring.
    Keyring(String),
    /// A program and its arguments.
    Command(Vec<String>),
    /// An open file descriptor.
    Descriptor(u32),
}

/// The forms of a reference, for errors.
pub(crate) const FORMS: &str = "env:NAME, file:PATH, keyring:ITEM, exec:PROGRAM ARG... or fd:N";

impl FromStr for Reference {
    type Err = CredentialError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |message: String| Err(CredentialError::new(Code::CFG_01, message));
        let Some((scheme, rest)) = text.split_once(':') else {
            return error(format!("invalid reference: expected a reference, not a value: {FORMS}"));
        };
        let rest = rest.trim();
        match scheme.trim() {
            "env" | "file" | "keyring" | "exec" | "fd" if rest.is_empty() => {
                error(format!("invalid reference: expected {FORMS}"))
            }
            "env" if rest.contains(['=', ' ', '\t']) => {
                error("invalid reference: expected the name of a variable after env:".to_owned())
            }
            "env" => Ok(Self::Variable(rest.to_owned())),
            "file" => Ok(Self::File(rest.to_owned())),
            "keyring" => Ok(Self::Keyring(rest.to_owned())),
            "exec" => match words(rest) {
                Some(words) if words.first().is_some_and(|program| !program.is_empty()) => Ok(Self::Command(words)),
                _ => error("invalid reference: exec: has an unterminated quote or no program".to_owned()),
            },
            "fd" => match rest.parse() {
                Ok(number) => Ok(Self::Descriptor(number)),
                Err(_) => error("invalid reference: expected the number of a file descriptor after fd:".to_owned()),
            },
            _ => error(format!("invalid reference: expected a reference, not a value: {FORMS}")),
        }
    }
}

/// Splits a command line as a shell does.
#[cfg(not(windows))]
fn words(line: &str) -> Option<Vec<String>> {
    shlex::split(line)
}

/// Joins words to the line that [`words`] splits again.
#[cfg(not(windows))]
fn line(words: &[String]) -> Option<String> {
    shlex::try_join(words.iter().map(String::as_str)).ok()
}

/// Joins words to the line that [`words`] splits again.
#[cfg(windows)]
fn line(words: &[String]) -> Option<String> {
    let is_plain = |word: &str| !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "'\"".contains(c));
    let quoted = |word: &String| match is_plain(word) {
        true => word.clone(),
        false => word.split('\'').map(|part| format!("'{part}'")).collect::<Vec<_>>().join("\"'\""),
    };
    Some(words.iter().map(quoted).collect::<Vec<_>>().join(" "))
}

/// Splits a command line at blanks outside of quotes. A backslash separates directories and escapes nothing.
#[cfg(windows)]
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in line.chars() {
        match quote {
            Some(end) if character == end => quote = None,
            None if matches!(character, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            None if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Keyring(item) => write!(f, "keyring:{item}"),
            Self::Command(words) => {
                let line = line(words).ok_or(fmt::Error)?;
                write!(f, "exec:{line}")
            }
            Self::Descriptor(number) => write!(f, "fd:{number}"),
        }
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_round_trips() {
        for text in [
            "env:DC_API_KEY",
            "file:~/keys/client.p12",
            "keyring:ci key",
            "exec:pass show 'a b'",
            "fd:3",
            "file:C:\\k.p12",
        ] {
            let reference: Reference = text.parse().expect(text);
            assert_eq!(reference.to_string(), text);
            assert_eq!(serde_json::to_string(&reference).expect("text"), serde_json::to_string(text).expect("text"));
        }
    }

    #[cfg(windows)]
    #[test]
    fn backslashes_and_blanks_of_windows_paths_are_kept() {
        for (text, expected) in [
            (r"exec:C:\Tools\pass.exe show  key", &[r"C:\Tools\pass.exe", "show", "key"][..]),
            (r#"exec:"C:\Program Files\pass.exe" '' 'a b'"#, &[r"C:\Program Files\pass.exe", "", "a b"]),
            (r#"exec:pass "it's" 'a "b" c'"#, &["pass", "it's", r#"a "b" c"#]),
        ] {
            let reference: Reference = text.parse().expect(text);
            assert_eq!(reference, Reference::Command(expected.iter().map(ToString::to_string).collect()));
            assert_eq!(reference.to_string().parse::<Reference>().expect("its own form"), reference);
        }
        assert!(r#"exec:"C:\Program Files\pass.exe"#.parse::<Reference>().is_err());
    }

    #[test]
    fn value_instead_of_reference_is_refused_and_not_shown() {
        for text in [
            "canary",
            "",
            "canary:canary",
            "env:",
            "env:A=canary",
            "env:canary canary",
            "fd:canary",
            "exec:canary 'x",
            "exec:''",
        ] {
            let error = text.parse::<Reference>().expect_err(text);
            assert_eq!(error.code(), Code::CFG_01);
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
    }
}

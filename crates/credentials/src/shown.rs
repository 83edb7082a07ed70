//! Decides whether a path or name from a setting may be shown. Keys and passwords end up where a path is
//! expected; so a value is shown only if it exists as a file, or clearly looks like a path.

use std::ffi::OsStr;
use std::path::{Component, Path};

use digicert_one_core::{ValueShape, is_random_word, printable_line};

use crate::secret_variables::SECRET_VARIABLES;

/// A path that does not exist and is longer than this is not shown.
const LONGEST: usize = 200;

/// Extensions that identify a bare word as a path.
const EXTENSIONS: [&str; 31] = [
    "pem",
    "p12",
    "pfx",
    "crt",
    "cer",
    "der",
    "key",
    "csr",
    "p7b",
    "p7c",
    "jks",
    "toml",
    "json",
    "txt",
    "properties",
    "conf",
    "cfg",
    "env",
    "enc",
    "journal",
    "lock",
    "state",
    "d",
    "bin",
    "sock",
    "xml",
    "prom",
    "yaml",
    "yml",
    "log",
    "sig",
];

/// Returns the path as errors and reports show it, or `None` if it may be a secret. Terminal control
/// characters are escaped.
///
/// ```
/// use std::path::Path;
/// use digicert_one_credentials::shown_path;
///
/// assert_eq!(shown_path(Path::new("/etc/d1/client.p12")).as_deref(), Some("/etc/d1/client.p12"));
/// assert_eq!(shown_path(Path::new("hunter2")), None);
/// ```
#[must_use]
pub fn shown_path(path: &Path) -> Option<String> {
    is_path(path).then(|| printable_line(&path.display().to_string()).into_owned())
}

/// Returns the path, or a placeholder.
pub(crate) fn path(path: &Path) -> String {
    shown_path(path).unwrap_or_else(|| "a path (not shown)".to_owned())
}

/// Returns a path and the variable, option or field that it comes from; only the latter if the path may be a secret.
pub(crate) fn path_by(path: &Path, by: &str) -> String {
    shown_path(path).map_or_else(|| by.to_owned(), |path| format!("{path} ({by})"))
}

/// Returns the name of a profile, or a placeholder.
pub(crate) fn name(name: &str) -> String {
    let is_plain = ValueShape::of(name).is_none() && !is_random_word(name);
    if is_plain { printable_line(name).into_owned() } else { "(name not shown)".to_owned() }
}

/// Returns a hint about a value that is not shown; empty for one that is.
pub(crate) fn hint(path: &Path, by: &str) -> String {
    if let Some(unexpanded) = path.to_str().and_then(unexpanded) {
        return format!("; {unexpanded}");
    }
    if is_path(path) {
        return String::new();
    }
    let own = by.strip_suffix("_FILE").filter(|variable| SECRET_VARIABLES.contains(variable));
    let shape = path.to_str().and_then(ValueShape::of);
    let variable = match shape {
        Some(shape @ (ValueShape::ApiKey | ValueShape::PrivateKey | ValueShape::Certificate)) => shape.variable(),
        Some(shape) => own.unwrap_or(shape.variable()),
        None => own.unwrap_or("DC_API_KEY, DC_CLIENT_CERT_PASSWORD or SM_CLIENT_CERT_FILE_B64"),
    };
    match shape {
        Some(shape) => {
            format!("; the value is not shown: it looks like {shape}, not like a path; use {variable}")
        }
        None => format!(
            "; the value is not shown, as it may be a secret: if it is the secret itself, use {variable}; if it is a path, \
             write it with its directory, as in ./NAME"
        ),
    }
}

/// Returns what is wrong with a path that only a shell, or a library for URLs, would take.
fn unexpanded(text: &str) -> Option<&'static str> {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let is_variable = |word: &str| {
        let inside = |begin: &str, end: &str| word.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end));
        [inside("${", "}"), inside("$", ""), inside("%", "%")].into_iter().flatten().any(is_name)
    };
    let mut words = text.split(['/', '\\']);
    let first = words.next().unwrap_or_default();
    let is_last = words.clone().next().is_none();
    match () {
        () if first == "~" || (first.starts_with('~') && !is_last) => {
            Some("only a shell expands ~: write the whole path")
        }
        () if !is_last && (is_variable(first) || words.any(is_variable)) => {
            Some("variables in it are not expanded: write the whole path")
        }
        () if first == "file:" => Some("a path is expected, without file:"),
        () => None,
    }
}

/// Returns whether a text from a setting is a path: it exists, or it looks like one.
#[must_use]
pub fn is_path(path: &Path) -> bool {
    if path.as_os_str().is_empty() {
        return false;
    }
    if path.symlink_metadata().is_ok() {
        return true;
    }
    let Some(text) = path.to_str() else { return false };
    if text.len() > LONGEST || ValueShape::of(text).is_some() {
        return false;
    }
    if let Some(rest) = below_drive(text).filter(|_| cfg!(not(windows))) {
        return rest.split(['\\', '/']).filter(|word| !word.is_empty()).all(is_plain_word);
    }
    // Existing paths need no check; others must consist of plain words.
    let existing = path.ancestors().skip(1).find(|ancestor| !ancestor.as_os_str().is_empty() && ancestor.exists());
    let rest = existing.and_then(|existing| path.strip_prefix(existing).ok()).unwrap_or(path);
    let is_below = existing.is_some_and(|existing| existing.parent().is_some());
    let words = rest.components().filter(|component| matches!(component, Component::Normal(_))).count();
    let is_written = ["./", "../", "~/", ".\\", "..\\", "~\\"].iter().any(|start| text.starts_with(start));
    let is_placed = is_below || is_written || (path.has_root() && words > 1) || has_extension(path);
    is_placed
        && rest.components().all(|component| match component {
            Component::Normal(word) => word.to_str().is_some_and(is_plain_word),
            _ => true,
        })
}

/// What follows `C:\`, which another system than Windows takes for a part of a name.
pub(crate) fn below_drive(text: &str) -> Option<&str> {
    let (drive, rest) = text.split_once(':')?;
    let is_drive = drive.len() == 1 && drive.as_bytes()[0].is_ascii_alphabetic();
    rest.strip_prefix(['\\', '/']).filter(|rest| is_drive && !rest.is_empty())
}

fn has_extension(path: &Path) -> bool {
    let known = |end: &OsStr| end.to_str().is_some_and(|end| EXTENSIONS.contains(&&*end.to_ascii_lowercase()));
    path.extension().is_some_and(known)
}

/// Accepts letters, digits and punctuation of file names; not a random word.
fn is_plain_word(word: &str) -> bool {
    let in_names =
        |character: char| character.is_alphanumeric() || matches!(character, '.' | '-' | '_' | '~' | '@' | '+' | ' ');
    word.chars().all(in_names) && !is_random_word(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_instead_of_paths_are_not_shown() {
        let key = format!("{}_{}", "01".repeat(13), "c7".repeat(32));
        let directory = tempfile::tempdir().expect("a directory");
        for value in [
            "01_secret",
            "hunter2",
            "correct-horse",
            "Tr0ub4dor&3/horse",
            "/Tr0ub4dor&3",
            "/hunter2canary",
            "pass/word",
            "pässwörd",
            "x.y.z",
            &key,
            &format!("/etc/{key}"),
            &format!("{key}.pem"),
            &directory.path().join(&key).display().to_string(),
            "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n",
            "MIIKWgIBAzCCChAGCSqGSIb3DQEHAaCCCgEEggn9MIIJ+TCCBJ8GCSqGSIb3DQEHBqCCBJAwggSMAgEAMIIEhQ==",
            "/9j/4AAQSkZJRgABAQAAAQABAAD/2wCEAAkGBxMTEhUT",
            "C:\\Tr0ub4dor&3",
            "C:hunter2",
            "",
        ] {
            assert_eq!(shown_path(Path::new(value)), None, "{value}");
        }
    }

    #[test]
    fn paths_are_shown_whether_they_exist_or_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let odd = directory.path().join("0102030405060708090a0b0c_0d\u{1b}");
        // Windows has no file with such a name.
        if cfg!(unix) {
            std::fs::write(&odd, "").expect("written");
            assert!(shown_path(&odd).is_some_and(|shown| shown.ends_with("0d\\u{1b}")));
        }
        for path in [
            "/etc/d1/client.p12",
            "/nonexistent/helper",
            "./key",
            "../keys/key",
            "~/key",
            "client.p12",
            "keys/client.pem",
            "C:\\Users\\ci bot\\client.p12",
            "d:/keys/client.pem",
            "run/proxy.sock",
            "/etc/digicert-one-key",
            "/srv/Schlüssel von Käte/key",
            &directory.path().join("missing").display().to_string(),
        ] {
            assert!(shown_path(Path::new(path)).is_some(), "{path}");
        }
    }

    #[test]
    fn hint_names_the_variable_that_takes_the_value() {
        let key = format!("{}_{}", "01".repeat(13), "c7".repeat(32));
        for (value, by, variable) in [
            (&*key, "DC_CLIENT_CERT_FILE", "use DC_API_KEY"),
            ("hunter2", "DC_API_KEY_FILE", "use DC_API_KEY;"),
            ("hunter2", "SM_CLIENT_CERT_PASSWORD_FILE", "use SM_CLIENT_CERT_PASSWORD;"),
            ("-----BEGIN PRIVATE KEY-----", "DC_CLIENT_KEY_FILE", "DC_CLIENT_CERT_FILE"),
            ("hunter2", "--ca-file", "DC_API_KEY"),
        ] {
            let hint = hint(Path::new(value), by);
            assert!(hint.contains(variable) && !hint.contains(value), "{hint}");
        }
        assert!(hint(Path::new("~/key"), "DC_API_KEY_FILE").contains("expands ~"));
        for (value, words) in [
            ("~ci/key", "expands ~"),
            ("/etc/d1/$HOME/key", "variables in it are not expanded"),
            ("${HOME}/key", "variables in it are not expanded"),
            (r"%USERPROFILE%\key", "variables in it are not expanded"),
            ("file:///etc/d1/key", "without file:"),
        ] {
            let hint = hint(Path::new(value), "DC_API_KEY_FILE");
            assert!(hint.contains(words) && !hint.contains("secret"), "{value}: {hint}");
        }
        assert_eq!(hint(Path::new("/etc/d1/missing"), "DC_API_KEY_FILE"), "");
    }
}

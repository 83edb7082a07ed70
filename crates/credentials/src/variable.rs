//! Values with the name of their origin. Sources read variables through a function, so that tests and command
//! lines can replace them; command-line options are marked, because they win.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use digicert_one_core::{Code, CredentialError, Secret, Warning};
use zeroize::Zeroizing;

use crate::{is_path, shown};

/// A lookup of variables: [`Variable::from_env`], or a replacement.
pub(crate) type Environment<'a> = dyn Fn(&str) -> Option<Variable> + 'a;

/// One value with the name of its origin. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct Variable {
    name: String,
    value: OsString,
    typed: bool,
    unshown: bool,
}

impl Variable {
    /// Creates a value; errors show the name, such as `DC_BASE`.
    pub fn new(name: impl Into<String>, value: impl Into<OsString>) -> Self {
        Self { name: name.into(), value: value.into(), typed: false, unshown: false }
    }

    /// Creates a value from a command-line option, such as `--base`: unlike a variable, it wins over a profile.
    pub fn option(name: impl Into<String>, value: impl Into<OsString>) -> Self {
        Self { name: name.into(), value: value.into(), typed: true, unshown: false }
    }

    /// Reads a variable of this process.
    ///
    /// ```
    /// use digicert_one_credentials::{Variable, source};
    /// let source = source::environment(&Variable::from_env);
    /// ```
    #[must_use]
    pub fn from_env(name: &str) -> Option<Self> {
        std::env::var_os(name).map(|value| Self::new(name, value))
    }

    /// Returns the name used in errors.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_typed(&self) -> bool {
        self.typed
    }

    /// Marks the value as never shown, even if it looks like a path.
    pub(crate) fn unshown(mut self) -> Self {
        self.unshown = true;
        self
    }

    /// Returns the name, used in errors, of the file that this value names.
    pub(crate) fn place(&self) -> String {
        if self.unshown { self.name.clone() } else { shown::path_by(&self.path(), &self.name) }
    }

    pub(crate) fn value(&self) -> &OsStr {
        &self.value
    }

    /// Returns the text without surrounding blanks, line ends and quotes; [`warning`](Self::warning) reports them.
    pub(crate) fn text(&self) -> Result<&str, CredentialError> {
        let error = || CredentialError::new(Code::CFG_01, "invalid value: expected UTF-8 text").at(&*self.name);
        self.value.to_str().map(bare).ok_or_else(error)
    }

    /// Returns the path without surrounding blanks, line ends and quotes, unless a file with the exact name exists.
    pub(crate) fn path(&self) -> PathBuf {
        match self.value.to_str().map(bare) {
            Some(bare) if !bare.is_empty() && Path::new(&self.value).symlink_metadata().is_err() => PathBuf::from(bare),
            _ => PathBuf::from(&self.value),
        }
    }

    /// Returns a warning if something around the value was removed.
    pub(crate) fn warning(&self) -> Option<Warning> {
        let path = self.path();
        let text = self.value.to_str().filter(|text| path.as_os_str() != *text)?;
        let shown = match !self.unshown && is_path(&path) && text.len() < 200 {
            true => format!(": it is {text:?}"),
            false => String::new(),
        };
        let text = format!("blanks, line ends, quotes or a byte order mark around the value are ignored{shown}");
        Some(Warning::new(Code::CFG_01, text, &*self.name))
    }

    pub(crate) fn secret(&self) -> Secret {
        Secret::new(self.value.as_encoded_bytes(), &*self.name)
    }
}

impl Drop for Variable {
    fn drop(&mut self) {
        drop(Zeroizing::new(std::mem::take(&mut self.value).into_encoded_bytes()));
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Variable(redacted, from {})", self.name)
    }
}

/// Removes what `docker --env-file`, CRLF line ends and `echo` add around a value.
pub(crate) fn bare(text: &str) -> &str {
    let text = text.trim_matches(|character: char| character.is_whitespace() || matches!(character, '\u{feff}' | '\0'));
    let unquoted = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    ['"', '\'', '`'].into_iter().find_map(unquoted).map_or(text, str::trim)
}

/// Returns the value of a variable; an empty one counts as not set.
pub(crate) fn get(lookup: &Environment<'_>, name: &str) -> Option<Variable> {
    lookup(name).filter(|setting| !setting.value.is_empty())
}

/// Returns the user's home directory, from its variable.
pub(crate) fn home(lookup: &Environment<'_>) -> Option<PathBuf> {
    let home = get(lookup, if cfg!(windows) { "USERPROFILE" } else { "HOME" }).map(|setting| setting.path());
    // A relative home directory is a mistake, and possibly a secret.
    home.filter(|home| home.is_absolute())
}

/// A lookup in a list, for tests.
#[cfg(test)]
pub(crate) fn given<'a>(settings: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<Variable> + 'a {
    |name| settings.iter().find(|(present, _)| *present == name).map(|(name, value)| Variable::new(*name, *value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_01_a_setting_prints_its_name_only() {
        assert_eq!(format!("{:?}", Variable::new("DC_API_KEY", "canary")), "Variable(redacted, from DC_API_KEY)");
    }

    #[test]
    fn surroundings_of_a_value_are_ignored_with_a_warning() {
        for (value, escaped) in [
            ("/etc/d1/key\r", "\"/etc/d1/key\\r\""),
            ("/etc/d1/key\n", "\\n"),
            (" /etc/d1/key ", "\" /etc/d1/key \""),
            ("\"/etc/d1/key\"", "\\\"/etc"),
            ("'/etc/d1/key'\r\n", "'/etc"),
            ("\u{feff}/etc/d1/key", "feff"),
        ] {
            let setting = Variable::new("DC_API_KEY_FILE", value);
            assert_eq!(
                (setting.path(), setting.text().expect("text")),
                ("/etc/d1/key".into(), "/etc/d1/key"),
                "{value:?}"
            );
            let warning = setting.warning().expect("a warning").to_string();
            assert!(warning.contains(escaped) && warning.contains("DC_API_KEY_FILE"), "{warning}");
            assert!(!warning.contains(['\r', '\n', '\u{feff}']), "{warning:?}");
        }
        assert!(Variable::new("DC_API_KEY_FILE", "/etc/d1/key").warning().is_none());
        let warning = Variable::new("DC_API_KEY_FILE", "canary\n").warning().expect("a warning");
        assert!(!warning.to_string().contains("canary"), "{warning}");
    }

    #[test]
    fn file_name_ending_in_a_blank_is_used_unchanged() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("key ");
        std::fs::write(&path, "k").expect("written");
        let setting = Variable::new("DC_API_KEY_FILE", &path);
        assert!(setting.path() == path && setting.warning().is_none());
    }

    #[test]
    fn empty_value_counts_as_not_set() {
        assert!(get(&given(&[("DC_API_KEY", "")]), "DC_API_KEY").is_none());
    }
}

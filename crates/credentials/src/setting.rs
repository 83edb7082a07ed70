//! Single values with the name of where they came from. Sources read variables through a function, so that tests and command
//! lines can put something else in their place; what somebody typed as an option is told apart, because it wins.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

use digicert_one_core::{Code, CredentialError};
use zeroize::Zeroizing;

use crate::Secret;

/// How variables are looked up: [`Setting::variable`], or something in its place.
pub type Lookup<'a> = dyn Fn(&str) -> Option<Setting> + 'a;

/// One value with the name of where it came from. Wiped when dropped, printed never.
#[derive(Clone)]
pub struct Setting {
    name: String,
    value: OsString,
    typed: bool,
}

impl Setting {
    /// A value and the name that errors give it, such as `DC_BASE`.
    pub fn new(name: impl Into<String>, value: impl Into<OsString>) -> Self {
        Self { name: name.into(), value: value.into(), typed: false }
    }

    /// A value that somebody typed, such as `--base`: it wins over a profile, which a variable does not.
    pub fn option(name: impl Into<String>, value: impl Into<OsString>) -> Self {
        Self { name: name.into(), value: value.into(), typed: true }
    }

    /// A variable of this process.
    ///
    /// ```
    /// use digicert_one_credentials::{EnvironmentSource, Setting};
    /// let source = EnvironmentSource::new(&Setting::variable);
    /// ```
    #[must_use]
    pub fn variable(name: &str) -> Option<Self> {
        std::env::var_os(name).map(|value| Self::new(name, value))
    }

    /// What errors call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_typed(&self) -> bool {
        self.typed
    }

    pub(crate) fn value(&self) -> &OsStr {
        &self.value
    }

    pub(crate) fn text(&self) -> Result<&str, CredentialError> {
        let error = || CredentialError::new(Code::CFG_01, "the value is not UTF-8 text").at(&*self.name);
        self.value.to_str().ok_or_else(error)
    }

    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(&self.value)
    }

    pub(crate) fn secret(&self) -> Secret {
        Secret::new(self.value.as_encoded_bytes(), &*self.name)
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        drop(Zeroizing::new(std::mem::take(&mut self.value).into_encoded_bytes()));
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Setting(redacted, from {})", self.name)
    }
}

/// The value of a variable; an empty one counts as not set.
pub(crate) fn get(lookup: &Lookup<'_>, name: &str) -> Option<Setting> {
    lookup(name).filter(|setting| !setting.value.is_empty())
}

/// The user's home directory, by its variable.
pub(crate) fn home(lookup: &Lookup<'_>) -> Option<PathBuf> {
    get(lookup, if cfg!(windows) { "USERPROFILE" } else { "HOME" }).map(|setting| setting.path())
}

/// A look-up in a list, for tests.
#[cfg(test)]
pub(crate) fn given<'a>(settings: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<Setting> + 'a {
    |name| settings.iter().find(|(present, _)| *present == name).map(|(name, value)| Setting::new(*name, *value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_01_a_setting_prints_its_name_only() {
        assert_eq!(format!("{:?}", Setting::new("DC_API_KEY", "canary")), "Setting(redacted, from DC_API_KEY)");
    }

    #[test]
    fn an_empty_value_counts_as_not_set() {
        assert!(get(&given(&[("DC_API_KEY", "")]), "DC_API_KEY").is_none());
    }
}

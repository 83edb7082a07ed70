//! Profiles: named set-ups in one TOML file, `d1.toml`. They hold hosts, dates and references to secrets, never a secret.

mod entry;
mod parse;
mod reference;
mod suggest;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use digicert_one_core::{Code, CredentialError, Warning};

pub use self::entry::Profile;
pub use self::reference::Reference;
use self::suggest::suggest;
use crate::file::read_secret_file;
use crate::setting::{Lookup, get, home};
use crate::shown;

/// A file with profiles.
///
/// ```toml
/// [profiles.ci-prod]
/// host = "https://one.digicert.com"
/// api_key = "env:CI_DIGICERT_KEY"
/// certificate = "file:client.p12"          # beside this file
/// password = "exec:pass show digicert/p12"
/// api_key_ends = "2026-12-31"
/// ```
///
/// ```no_run
/// use digicert_one_credentials::ProfileFile;
///
/// let file = ProfileFile::read("/etc/d1/d1.toml")?;
/// println!("{:?}", file.profile("ci-prod")?.api_key);
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProfileFile {
    path: PathBuf,
    profiles: BTreeMap<String, Profile>,
    warnings: Vec<Warning>,
}

impl ProfileFile {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is not TOML, or holds an unknown field or a value in place of a reference (CFG-01); the error names
    /// the line and shows nothing of it.
    pub fn read(path: impl Into<PathBuf>) -> Result<Self, CredentialError> {
        let path = path.into();
        // That others may read it is right: it holds no secret. What others may write is a way to another's programs.
        let file = read_secret_file(&path, &mut Vec::new())?;
        let mut warnings: Vec<Warning> = written_by_others(&path).into_iter().collect();
        let file = file.utf8(&mut warnings);
        let profiles = parse::profiles(file.expose_text()?, file.origin())?;
        Ok(Self { path, profiles, warnings })
    }

    /// Where the file is if nobody says otherwise: `DC_CONFIG`, else `d1/d1.toml` in the directory for configuration
    /// (`$XDG_CONFIG_HOME` or `~/.config`, on Windows `%APPDATA%`).
    #[must_use]
    pub fn default_path(lookup: &Lookup<'_>) -> Option<PathBuf> {
        if let Some(setting) = get(lookup, "DC_CONFIG") {
            return Some(setting.path());
        }
        let named =
            get(lookup, if cfg!(windows) { "APPDATA" } else { "XDG_CONFIG_HOME" }).map(|setting| setting.path());
        // Source: XDG Base Directory Specification: relative paths are to be ignored.
        let directory = named.filter(|path| path.is_absolute()).or_else(|| Some(home(lookup)?.join(".config")))?;
        Some(directory.join("d1").join("d1.toml"))
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the profiles.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// The profile of a name.
    ///
    /// # Errors
    /// There is none (CFG-01); the error suggests the nearest and lists all.
    pub fn profile(&self, name: &str) -> Result<&Profile, CredentialError> {
        self.profiles.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.names().collect();
            let shown: Vec<String> = names.iter().map(|name| shown::name(name)).collect();
            let there = if names.is_empty() { "the file has no profiles".to_owned() } else { shown.join(", ") };
            let meant = suggest(name, names);
            // A name that resembles none of them may be a secret.
            let shown = if meant.is_empty() { "of this name".to_owned() } else { format!("{name:?}{meant}") };
            let message = format!("there is no profile {shown}; there are: {there}");
            CredentialError::new(Code::CFG_01, message).at(shown::path(&self.path))
        })
    }

    /// Adds a warning about how the file is named.
    pub(crate) fn with_warning(mut self, warning: Option<Warning>) -> Self {
        self.warnings.extend(warning);
        self
    }

    /// What should be mended about the file.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

#[cfg(unix)]
fn written_by_others(path: &Path) -> Option<Warning> {
    use std::os::unix::fs::MetadataExt;
    let mode = std::fs::metadata(path).ok()?.mode() & 0o777;
    let text = format!("others may write this file, and it may name programs to run (mode {mode:04o}): chmod go-w");
    (mode & 0o022 != 0).then(|| Warning::new(Code::CFG_01, text, shown::path(path)))
}

#[cfg(not(unix))]
fn written_by_others(_path: &Path) -> Option<Warning> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::given;

    #[test]
    fn an_unknown_profile_is_an_error_that_suggests_and_lists() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "[profiles.ci-prod]\n[profiles.demo]\n").expect("written");
        let profiles = ProfileFile::read(file.path()).expect("profiles");
        assert!(profiles.profile("demo").is_ok());
        let text = profiles.profile("ci-prd").expect_err("unknown").to_string();
        assert!(text.contains("did you mean ci-prod?") && text.contains("demo"), "{text}");
    }

    #[test]
    fn a_missing_file_and_one_that_is_no_text_name_the_path() {
        assert_eq!(ProfileFile::read("/nonexistent/d1.toml").expect_err("missing").code(), Code::ID_13);
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), b"\xff\xfe\x00").expect("written");
        let error = ProfileFile::read(file.path()).expect_err("binary");
        assert!(error.to_string().contains(&file.path().display().to_string()), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_looked_for_where_configuration_is_kept() {
        let path = |settings: &[(&str, &str)]| ProfileFile::default_path(&given(settings));
        assert_eq!(path(&[("DC_CONFIG", "/a.toml"), ("HOME", "/home/x")]), Some("/a.toml".into()));
        assert_eq!(path(&[("XDG_CONFIG_HOME", "/c"), ("HOME", "/home/x")]), Some("/c/d1/d1.toml".into()));
        assert_eq!(path(&[("XDG_CONFIG_HOME", "c"), ("HOME", "/home/x")]), Some("/home/x/.config/d1/d1.toml".into()));
        assert_eq!(path(&[]), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_write_is_warned_about() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().expect("a file");
        for (mode, warned) in [(0o644, false), (0o664, true), (0o602, true)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).expect("own file");
            let warnings = ProfileFile::read(file.path()).expect("empty").warnings;
            assert_eq!(warnings.len() == 1, warned, "{mode:o}");
        }
    }
}

//! Profiles: named configurations in one TOML file, `d1.toml`. They hold hosts, dates and references to
//! secrets, never a secret.

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
use crate::shown;
use crate::variable::{Environment, get, home};

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
    /// Returns an error if the file cannot be read, is not TOML, or has an unknown field or a value instead
    /// of a reference (CFG-01); the error names the line but does not show it.
    pub fn read(path: impl Into<PathBuf>) -> Result<Self, CredentialError> {
        let path = path.into();
        // The file holds no secret, so others may read it. If others can write it, they can make it run programs.
        let file = read_secret_file(&path, &mut Vec::new())?;
        let mut warnings: Vec<Warning> = written_by_others(&path).into_iter().collect();
        let file = file.utf8(&mut warnings);
        let text = file.expose_text().map_err(|_| {
            CredentialError::new(Code::CFG_01, "the file is not UTF-8 text; save it in UTF-8").at(&**file.origin())
        })?;
        let profiles = parse::profiles(text, file.origin())?;
        Ok(Self { path, profiles, warnings })
    }

    /// Returns the default path: `DC_CONFIG`, else `d1/d1.toml` in the configuration directory
    /// (`$XDG_CONFIG_HOME` or `~/.config`, on Windows `%APPDATA%`).
    #[must_use]
    pub fn default_path(lookup: &Environment<'_>) -> Option<PathBuf> {
        if let Some(setting) = get(lookup, "DC_CONFIG") {
            return Some(setting.path());
        }
        let named =
            get(lookup, if cfg!(windows) { "APPDATA" } else { "XDG_CONFIG_HOME" }).map(|setting| setting.path());
        // Source: XDG Base Directory Specification: relative paths are to be ignored.
        let directory = named.filter(|path| path.is_absolute()).or_else(|| Some(home(lookup)?.join(".config")))?;
        Some(directory.join("d1").join("d1.toml"))
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Iterates over the names of the profiles.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// Returns the profile with this name.
    ///
    /// # Errors
    /// Returns an error if it does not exist (CFG-01); the error suggests the nearest name and lists all.
    pub fn profile(&self, name: &str) -> Result<&Profile, CredentialError> {
        self.profiles.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.names().collect();
            let shown: Vec<String> = names.iter().map(|name| shown::name(name)).collect();
            let there = if names.is_empty() { "the file has no profiles".to_owned() } else { shown.join(", ") };
            let meant = suggest(name, names);
            // An unrelated name may be a secret.
            let shown = if meant.is_empty() { "with this name".to_owned() } else { format!("{name:?}{meant}") };
            let message = format!("unknown profile {shown}; available: {there}");
            CredentialError::new(Code::CFG_01, message).at(shown::path(&self.path))
        })
    }

    /// Adds a warning about the variable that names the file.
    pub(crate) fn with_warning(mut self, warning: Option<Warning>) -> Self {
        self.warnings.extend(warning);
        self
    }

    /// Returns warnings about the file.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

#[cfg(unix)]
fn written_by_others(path: &Path) -> Option<Warning> {
    use std::os::unix::fs::MetadataExt;
    let mode = std::fs::metadata(path).ok()?.mode() & 0o777;
    let text =
        format!("other users can write this file (mode {mode:04o}), and it can name programs to run: chmod go-w");
    (mode & 0o022 != 0).then(|| Warning::new(Code::CFG_01, text, shown::path(path)))
}

#[cfg(not(unix))]
fn written_by_others(_path: &Path) -> Option<Warning> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variable::given;

    #[test]
    fn unknown_profile_error_suggests_and_lists_names() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "[profiles.ci-prod]\n[profiles.demo]\n").expect("written");
        let profiles = ProfileFile::read(file.path()).expect("profiles");
        assert!(profiles.profile("demo").is_ok());
        let text = profiles.profile("ci-prd").expect_err("unknown").to_string();
        assert!(text.contains("did you mean ci-prod?") && text.contains("demo"), "{text}");
    }

    #[test]
    fn missing_or_binary_file_error_names_the_path() {
        assert_eq!(ProfileFile::read("/nonexistent/d1.toml").expect_err("missing").code(), Code::ID_13);
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), b"# \xfc\n").expect("written");
        let error = ProfileFile::read(file.path()).expect_err("binary");
        assert!(error.code() == Code::CFG_01 && error.to_string().contains("UTF-8"), "{error}");
        assert!(error.to_string().contains(&file.path().display().to_string()), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn default_path_is_in_the_configuration_directory() {
        let path = |settings: &[(&str, &str)]| ProfileFile::default_path(&given(settings));
        assert_eq!(path(&[("DC_CONFIG", "/a.toml"), ("HOME", "/home/x")]), Some("/a.toml".into()));
        assert_eq!(path(&[("XDG_CONFIG_HOME", "/c"), ("HOME", "/home/x")]), Some("/c/d1/d1.toml".into()));
        assert_eq!(path(&[("XDG_CONFIG_HOME", "c"), ("HOME", "/home/x")]), Some("/home/x/.config/d1/d1.toml".into()));
        assert_eq!(path(&[]), None);
    }

    #[cfg(windows)]
    #[test]
    fn default_path_is_in_the_roaming_application_data() {
        let path = |settings: &[(&str, &str)]| ProfileFile::default_path(&given(settings));
        let home = ("USERPROFILE", r"C:\Users\x");
        let roaming = r"C:\Users\x\AppData\Roaming";
        assert_eq!(path(&[("APPDATA", roaming), home]), Some(format!(r"{roaming}\d1\d1.toml").into()));
        assert_eq!(path(&[("APPDATA", "relative"), home]), Some(r"C:\Users\x\.config\d1\d1.toml".into()));
        assert_eq!(path(&[("DC_CONFIG", r"D:\d1.toml"), home]), Some(r"D:\d1.toml".into()));
        assert_eq!(path(&[]), None);
    }

    #[cfg(unix)]
    #[test]
    fn file_writable_by_others_gives_a_warning() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().expect("a file");
        for (mode, warned) in [(0o644, false), (0o664, true), (0o602, true)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).expect("own file");
            let warnings = ProfileFile::read(file.path()).expect("empty").warnings;
            assert_eq!(warnings.len() == 1, warned, "{mode:o}");
        }
    }
}

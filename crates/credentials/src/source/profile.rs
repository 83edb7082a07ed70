//! The credential of a profile: each reference is resolved at every fetch, and errors name file, profile and
//! field besides the target of the reference.

use std::fmt;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::sync::Arc;

use digicert_one_core::{Code, CredentialError, Secret, ValueShape, Warning, is_random_word};

use super::gather::NamedFile;
use super::process::Program;
#[cfg(unix)]
use super::reader::ReadOnce;
use crate::host::HostSettings;
use crate::variable::{Environment, bare, get, home};
use crate::{ConfigError, Fetched, Profile, ProfileFile, RawCredential, Reference, Source, Variable, is_path, shown};

/// Returns the source that reads a profile of a [`ProfileFile`]; `lookup` provides the variables that it refers to,
/// and the home directory.
///
/// Variables and file descriptors are read once; files and commands at every fetch.
///
/// ```no_run
/// use digicert_one_credentials::{ProfileFile, Variable, source};
///
/// let file = ProfileFile::read("/etc/d1/d1.toml")?;
/// let source = source::profile(&file, "ci-prod", &Variable::from_env)?;
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
///
/// # Errors
/// Returns an error if the profile does not exist.
pub fn profile(
    file: &ProfileFile,
    name: &str,
    lookup: &Environment<'_>,
) -> Result<impl Source + use<>, CredentialError> {
    ProfileSource::new(file, name, lookup)
}

/// A profile, its variables and file descriptors.
#[derive(Clone)]
pub(crate) struct ProfileSource {
    name: String,
    folder: PathBuf,
    home: Option<PathBuf>,
    profile: Profile,
    warnings: Vec<Warning>,
    api_key: Option<NamedReference>,
    certificate: Option<NamedReference>,
    private_key: Option<NamedReference>,
    password: Option<NamedReference>,
    limiter_password: Option<NamedReference>,
}

/// A prepared reference, and the name used in errors.
#[derive(Clone)]
struct NamedReference {
    place: HeldPlace,
    by: String,
}

#[derive(Clone)]
enum HeldPlace {
    /// With its name, and whether it is set, if only to nothing.
    Variable(String, Option<Variable>, bool),
    File(NamedFile),
    Command(Program),
    #[cfg(unix)]
    Descriptor(Arc<ReadOnce>),
    Keyring(String),
    Unsupported(&'static str),
}

impl ProfileSource {
    /// Creates a source for the profile with this name; `lookup` provides the variables that it refers to,
    /// and the home directory.
    ///
    /// # Errors
    /// Returns an error if the profile does not exist.
    pub(crate) fn new(file: &ProfileFile, name: &str, lookup: &Environment<'_>) -> Result<Self, CredentialError> {
        let profile = file.profile(name)?.clone();
        let folder = file.path().parent().unwrap_or(Path::new("")).to_owned();
        let origin = format!("profile {} of {}", shown::name(name), shown::path(file.path()));
        let paths = Paths { folder: &folder, home: home(lookup) };
        let held = |field: &str, reference: &Option<Reference>| {
            let by = format!("{field} in {origin}");
            Some(NamedReference { place: paths.place(reference.as_ref()?, &by, lookup), by })
        };
        Ok(Self {
            api_key: held("api_key", &profile.api_key),
            certificate: held("certificate", &profile.certificate),
            private_key: held("private_key", &profile.private_key),
            password: held("password", &profile.password),
            limiter_password: held("limiter_password", &profile.limiter_password),
            home: paths.home,
            warnings: file.warnings().to_vec(),
            name: origin,
            folder,
            profile,
        })
    }

    /// Creates a source for the profile that `DC_PROFILE` names, if set.
    ///
    /// # Errors
    /// Returns an error if the profile or the file with profiles does not exist.
    pub(crate) fn named(lookup: &Environment<'_>) -> Result<Option<Self>, ConfigError> {
        let Some(setting) = get(lookup, "DC_PROFILE") else { return Ok(None) };
        let config = get(lookup, "DC_CONFIG");
        let path = ProfileFile::default_path(lookup).ok_or_else(|| {
            let message = "missing configuration directory for d1.toml: set DC_CONFIG to its path";
            CredentialError::new(Code::CFG_01, message).at(setting.name())
        })?;
        let hint = config.as_ref().map(|config| shown::hint(&path, config.name())).unwrap_or_default();
        let file = ProfileFile::read(path).map_err(|error| match (&config, hint.is_empty()) {
            (Some(config), false) => CredentialError::new(error.code(), error.message()).at(config.name()),
            _ => error,
        });
        let file = match file {
            // The user may not know why this file is read.
            Err(source) if config.is_none() && source.code() == Code::ID_13 => {
                return Err(ConfigError::MissingProfileFile { setting: setting.name().to_owned(), source });
            }
            read => read?,
        };
        let file = file.with_warning(config.and_then(|config| config.warning())).with_warning(setting.warning());
        Ok(Some(Self::new(&file, setting.text()?, lookup)?))
    }

    /// Whether the profile names no credential.
    pub(crate) fn is_empty(&self) -> bool {
        self.api_key.is_none() && self.certificate.is_none()
    }

    /// Returns the hosts and the CA file of the profile.
    pub(crate) fn hosts(&self) -> HostSettings {
        let setting = |field: &str, value: &Option<String>| {
            value.as_ref().map(|value| Variable::new(format!("{field} in {}", self.name), value))
        };
        let paths = Paths { folder: &self.folder, home: self.home.clone() };
        let ca_file =
            self.profile.ca_file.as_ref().map(|path| paths.setting(path, format!("ca_file in {}", self.name)));
        HostSettings {
            platform: setting("host", &self.profile.host),
            client_auth: setting("clientauth_host", &self.profile.clientauth_host),
            smctl: None,
            confirmed: None,
            ca_file,
        }
    }

    /// Returns the entry of the file.
    pub(crate) fn entry(&self) -> &Profile {
        &self.profile
    }

    /// Reads the password of the limiter, if there is one.
    pub(crate) fn limiter_password(&self) -> Result<Option<Secret>, CredentialError> {
        let read = |held: &NamedReference| Ok(held.follow(&mut Vec::new())?.line(&mut Vec::new()));
        self.limiter_password.as_ref().map(read).transpose()
    }

    fn held(&self) -> impl Iterator<Item = &NamedReference> {
        [&self.api_key, &self.certificate, &self.private_key, &self.password].into_iter().flatten()
    }
}

impl fmt::Debug for ProfileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileSource")
            .field("name", &self.name)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

impl Source for ProfileSource {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        if self.is_empty() {
            return Ok(Fetched::Absent("it names neither an API key nor a certificate".to_owned()));
        }
        let mut raw = RawCredential::new().with_ends(self.profile.api_key_ends, self.profile.owner_ends);
        raw.mode = self.profile.mode;
        raw.warnings.clone_from(&self.warnings);
        let follow = |held: &Option<NamedReference>, warnings: &mut Vec<Warning>| {
            held.as_ref().map(|held| held.follow(warnings)).transpose()
        };
        raw.api_key = follow(&self.api_key, &mut raw.warnings)?;
        let mut of_certificate = Vec::new();
        raw.certificate = follow(&self.certificate, &mut of_certificate)?;
        raw.private_key = follow(&self.private_key, &mut raw.warnings)?;
        // As for files, a certificate with a separate key is public.
        if raw.private_key.is_none() {
            raw.warnings.append(&mut of_certificate);
        }
        let password = follow(&self.password, &mut raw.warnings)?;
        raw.password = password.map(|password| password.line(&mut raw.warnings));
        Ok(Fetched::Found(raw))
    }

    fn watched_paths(&self) -> Vec<PathBuf> {
        let file = |held: &NamedReference| match &held.place {
            HeldPlace::File(place) => Some(place.path().clone()),
            _ => None,
        };
        self.held().filter_map(file).collect()
    }
}

impl NamedReference {
    fn follow(&self, warnings: &mut Vec<Warning>) -> Result<Secret, CredentialError> {
        let named = |secret: &Secret| Secret::new(secret.expose(), format!("{} ({})", secret.origin(), self.by));
        // The error below names the place, but not the field that refers to it.
        let of_field = |error: CredentialError| {
            let place = error.place().map_or_else(|| self.by.clone(), |place| format!("{place} ({})", self.by));
            CredentialError::new(error.code(), error.message()).at(place)
        };
        match &self.place {
            HeldPlace::Variable(_, Some(setting), _) => Ok(named(&setting.secret())),
            HeldPlace::Variable(name, None, is_set) => {
                let name = if is_variable(name) { format!(" {name}") } else { String::new() };
                let message = format!("the variable{name} is {}", if *is_set { "empty" } else { "not set" });
                Err(CredentialError::new(Code::ID_13, message).at(&*self.by))
            }
            HeldPlace::File(place) => place.read(warnings),
            // A program's trailing line end is not part of its output.
            HeldPlace::Command(program) => program.run().map(|output| named(&output.line(warnings))).map_err(of_field),
            #[cfg(unix)]
            HeldPlace::Descriptor(once) => once.read().map(|bytes| named(&bytes.line(warnings))).map_err(of_field),
            HeldPlace::Keyring(item) => {
                let item = super::keyring::item(item).and_then(|found| {
                    found.ok_or_else(|| {
                        let message = "the keyring has no item with the name in the reference (not shown)";
                        CredentialError::new(Code::ID_13, message)
                    })
                });
                // The name of a missing item may be a secret.
                item.map(|secret| named(&secret))
                    .map_err(|error| CredentialError::new(error.code(), error.message()).at(&*self.by))
            }
            HeldPlace::Unsupported(what) => Err(CredentialError::new(Code::CFG_01, *what).at(&*self.by)),
        }
    }
}

/// The base directories of paths in a profile.
struct Paths<'a> {
    folder: &'a Path,
    home: Option<PathBuf>,
}

impl Paths<'_> {
    fn place(&self, reference: &Reference, by: &str, lookup: &Environment<'_>) -> HeldPlace {
        match reference {
            Reference::Variable(name) => HeldPlace::Variable(name.clone(), get(lookup, name), lookup(name).is_some()),
            Reference::File(path) => {
                let whole = self.path(Path::new(bare(path)));
                HeldPlace::File(match self.is_shown(Path::new(bare(path))) {
                    true => NamedFile::named(whole, by),
                    false => NamedFile::unshown(whole, by),
                })
            }
            Reference::Keyring(item) => HeldPlace::Keyring(item.clone()),
            Reference::Command(words) => {
                let mut words = words.iter();
                let Some(program) = words.next() else { return HeldPlace::Unsupported("missing program") };
                // A bare name is looked up in PATH, as usual.
                let program = match program.contains(std::path::is_separator) {
                    true => self.path(Path::new(program)),
                    false => PathBuf::from(program),
                };
                HeldPlace::Command(words.fold(Program::new(program), Program::argument))
            }
            #[cfg(unix)]
            Reference::Descriptor(number) => HeldPlace::Descriptor(Arc::new(ReadOnce::descriptor(*number))),
            #[cfg(not(unix))]
            Reference::Descriptor(_) => HeldPlace::Unsupported("file descriptors cannot be read on this system"),
        }
    }

    /// Returns whether a path may be shown as written. Joined with the folder, every value would look like one.
    fn is_shown(&self, written: &Path) -> bool {
        is_path(written) || self.path(written).symlink_metadata().is_ok()
    }

    fn setting(&self, written: &Path, name: String) -> Variable {
        let whole = self.path(written);
        if self.is_shown(written) { Variable::new(name, whole) } else { Variable::new(name, whole).unshown() }
    }

    fn path(&self, path: &Path) -> PathBuf {
        match (path.strip_prefix("~"), &self.home) {
            (Ok(rest), Some(home)) => home.join(rest),
            _ if path.to_str().is_some_and(|text| shown::below_drive(text).is_some()) => path.to_owned(),
            _ => self.folder.join(path),
        }
    }
}

/// Returns whether this looks like a variable's name and not like a secret.
fn is_variable(name: &str) -> bool {
    let in_names = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    name.bytes().all(in_names) && ValueShape::of(name).is_none() && !is_random_word(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variable::given;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn with(fields: &str) -> Self {
            let folder = tempfile::tempdir().expect("a directory");
            std::fs::write(folder.path().join("d1.toml"), format!("[profiles.ci]\n{fields}\n")).expect("written");
            Self(folder)
        }

        fn file(&self, name: &str, content: &str) -> String {
            std::fs::write(self.0.path().join(name), content).expect("written");
            self.0.path().join(name).display().to_string()
        }

        fn source(&self, settings: &[(&str, &str)]) -> ProfileSource {
            let file = ProfileFile::read(self.0.path().join("d1.toml")).expect("profiles");
            ProfileSource::new(&file, "ci", &given(settings)).expect("the profile")
        }

        fn found(&self, settings: &[(&str, &str)]) -> RawCredential {
            match self.source(settings).fetch() {
                Ok(Fetched::Found(raw)) => raw,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn references_are_resolved_and_named_by_field_and_profile() {
        let folder =
            Folder::with("api_key = 'env:CI_KEY'\ncertificate = 'file:client.p12'\npassword = 'file:~/password'");
        folder.file("client.p12", "store");
        folder.file("password", "p\n");
        let home = folder.0.path().display().to_string();
        let raw = folder.found(&[("CI_KEY", "canary"), ("HOME", &home), ("USERPROFILE", &home)]);
        let key = raw.api_key.expect("a key");
        assert_eq!(key.expose(), b"canary");
        assert!(key.origin().starts_with("CI_KEY (api_key in profile ci of"), "{}", key.origin());
        assert_eq!(raw.certificate.expect("a store").expose(), b"store");
        assert_eq!(raw.password.expect("a password").expose(), b"p");
    }

    #[test]
    fn secret_instead_of_a_name_in_a_reference_is_not_shown() {
        let key = format!("{}_{}", "01".repeat(13), "c7".repeat(32));
        for value in [&*key, "hunter2canary", "c4n4ry-p4ssw0rd"] {
            for reference in ["env:", "file:", "file:./", "file:~/", "keyring:", "exec:"] {
                for field in ["api_key", "certificate"] {
                    let folder = Folder::with(&format!("{field} = '{reference}{value}'"));
                    let error = folder.source(&[("HOME", "/")]).fetch().expect_err("it leads nowhere");
                    let shown = format!("{error} {error:?}");
                    let may_be = reference.ends_with('/') && value == "hunter2canary";
                    assert!(!shown.contains(&value[..8]) || may_be, "{reference}{value}: {shown}");
                    assert!(shown.contains(&format!("{field} in profile ci")), "{shown}");
                }
            }
            let folder = Folder::with(&format!("ca_file = '{value}'\napi_key = 'env:K'"));
            let error = folder.source(&[]).hosts().roots(&mut Vec::new()).expect_err("no such file");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(&value[..8]) && shown.contains("ca_file in profile ci"), "{shown}");
        }
    }

    #[test]
    fn dangling_reference_error_names_target_and_field() {
        let folder = Folder::with("api_key = 'env:CI_KEY'");
        let text = folder.source(&[]).fetch().expect_err("not set").to_string();
        assert!(text.contains("CI_KEY is not set") && text.contains("api_key in profile ci"), "{text}");
        let text = folder.source(&[("CI_KEY", "")]).fetch().expect_err("empty").to_string();
        assert!(text.contains("CI_KEY is empty"), "{text}");
        let folder = Folder::with("certificate = 'file:missing.pem'");
        let text = folder.source(&[]).fetch().expect_err("missing").to_string();
        assert!(text.contains("missing.pem") && text.contains("certificate in profile ci"), "{text}");
        let folder = Folder::with("api_key = 'exec:/nonexistent/helper canary'");
        let text = folder.source(&[]).fetch().expect_err("missing").to_string();
        assert!(
            text.contains("/nonexistent/helper") && text.contains("api_key in") && !text.contains("canary"),
            "{text}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn command_output_is_used_without_trailing_line_end() {
        let folder = Folder::with("api_key = \"exec:sh -c 'echo canary'\"");
        let key = folder.found(&[]).api_key.expect("a key");
        assert_eq!(key.expose(), b"canary");
        assert!(key.origin().starts_with("command sh (api_key"), "{}", key.origin());
    }

    #[cfg(unix)]
    #[test]
    fn file_descriptor_is_read_once() {
        use std::io::Write;
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        writer.write_all(b"canary\n").expect("written");
        drop(writer);
        let folder = Folder::with(&format!("api_key = 'fd:{}'", reader.as_raw_fd()));
        let source = folder.source(&[]);
        for _ in 0..2 {
            let Ok(Fetched::Found(raw)) = source.fetch() else { panic!("it was kept") };
            assert_eq!(raw.api_key.expect("a key").expose(), b"canary");
        }
    }

    #[test]
    fn profile_with_host_only_has_no_credential() {
        let source = Folder::with("host = 'https://one.digicert.com'\nca_file = 'ca.pem'").source(&[]);
        assert!(matches!(source.fetch(), Ok(Fetched::Absent(_))));
        assert!(source.hosts().instance().is_ok());
        let ca_file = source.hosts().ca_file.expect("given").path();
        assert!(ca_file.is_absolute() && ca_file.ends_with("ca.pem"), "{}", ca_file.display());
    }

    #[test]
    fn mode_and_end_dates_belong_to_the_credential() {
        let folder = Folder::with("api_key = 'env:K'\nmode = 'key'\napi_key_ends = 2026-12-31");
        let raw = folder.found(&[("K", "k")]);
        assert_eq!(raw.mode, Some(digicert_one_core::Mode::Key));
        assert!(raw.key_ends.is_some());
    }

    #[test]
    fn secret_01_profile_source_prints_references_only() {
        let folder = Folder::with("api_key = 'env:K'");
        let source = folder.source(&[("K", "canary")]);
        assert!(!format!("{source:?} {source:#?} {}", source.name()).contains("canary"));
    }

    #[test]
    fn profile_named_by_variable_must_exist() {
        let folder = Folder::with("api_key = 'env:K'");
        let path = folder.0.path().join("d1.toml").display().to_string();
        let named = |settings: &[(&str, &str)]| ProfileSource::named(&given(settings));
        assert!(named(&[("DC_CONFIG", &path)]).expect("no profile is asked for").is_none());
        assert!(named(&[("DC_CONFIG", &path), ("DC_PROFILE", "ci")]).expect("it is there").is_some());
        let error = named(&[("DC_CONFIG", &path), ("DC_PROFILE", "cii")]).expect_err("it is not");
        assert!(error.to_string().contains("did you mean ci?"), "{error}");
        assert!(named(&[("DC_CONFIG", "/nonexistent/d1.toml"), ("DC_PROFILE", "ci")]).is_err());
        assert!(named(&[("DC_PROFILE", "ci")]).expect_err("nowhere to look").to_string().contains("DC_CONFIG"));
    }
}

//! Environment variables: ours (`DC_*`, as in DigiCert's guides) and smctl's (`SM_*`). The two families are
//! never mixed silently: both may have the same value, a different one is an error.

use std::path::{Path, PathBuf};

use digicert_one_core::{Code, CredentialError, Secret, Warning};

use super::gather::{NamedFile, agreeing, read_pair};
use crate::secret_variables::{CERTIFICATE_BASE64, KEY, PASSWORD};
use crate::variable::{Environment, get};
use crate::{Fetched, RawCredential, Source, Variable, shown};

const KEY_FILE: [&str; 2] = ["DC_API_KEY_FILE", "SM_API_KEY_FILE"];
const CERTIFICATE_FILE: [&str; 2] = ["DC_CLIENT_CERT_FILE", "SM_CLIENT_CERT_FILE"];
const PRIVATE_KEY_FILE: &str = "DC_CLIENT_KEY_FILE";
const PASSWORD_FILE: [&str; 2] = ["DC_CLIENT_CERT_PASSWORD_FILE", "SM_CLIENT_CERT_PASSWORD_FILE"];
const KEY_ENDS: &str = "DC_API_KEY_ENDS";
const OWNER_ENDS: &str = "DC_OWNER_ENDS";
pub(crate) const SKIP_VERIFY: &str = "SM_TLS_SKIP_VERIFY";

/// Returns the source that reads these variables, which hold a credential or point to it:
///
/// | | ours | smctl's |
/// |---|---|---|
/// | API key | `DC_API_KEY` | `SM_API_KEY` |
/// | file with the API key | `DC_API_KEY_FILE` | `SM_API_KEY_FILE` |
/// | file with the certificate, in any format | `DC_CLIENT_CERT_FILE` | `SM_CLIENT_CERT_FILE` |
/// | the same in base64, for CI systems | | `SM_CLIENT_CERT_FILE_B64` |
/// | file with its key, if separate | `DC_CLIENT_KEY_FILE` | |
/// | password of key or PKCS#12 | `DC_CLIENT_CERT_PASSWORD` | `SM_CLIENT_CERT_PASSWORD` |
/// | file with the password | `DC_CLIENT_CERT_PASSWORD_FILE` | `SM_CLIENT_CERT_PASSWORD_FILE` |
/// | last day of the API key, of the service user | `DC_API_KEY_ENDS`, `DC_OWNER_ENDS` | |
///
/// Variables for the same thing must not differ. An empty one counts as not set. The variables are read once,
/// the files at every fetch. `SM_TLS_SKIP_VERIFY` is detected and refused.
///
/// ```
/// use digicert_one_credentials::{Fetched, Source, Variable, source};
///
/// let source = source::environment(&|name| match name {
///     "DC_API_KEY" => Some(Variable::new(name, "an-api-key")),
///     _ => None,
/// });
/// let Fetched::Found(raw) = source.fetch()? else { panic!("it is set") };
/// assert_eq!(&**raw.api_key.expect("a key").origin(), "DC_API_KEY");
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
#[must_use]
pub fn environment(lookup: &Environment<'_>) -> impl Source + use<> {
    EnvironmentSource::new(lookup)
}

/// The variables that were set.
#[derive(Clone, Debug)]
pub(crate) struct EnvironmentSource {
    settings: Vec<Variable>,
    smctl: Option<PathBuf>,
}

impl EnvironmentSource {
    /// Creates a source from the variables of `lookup`: [`Variable::from_env`] for those of this process.
    #[must_use]
    pub(crate) fn new(lookup: &Environment<'_>) -> Self {
        let single = [CERTIFICATE_BASE64, PRIVATE_KEY_FILE, KEY_ENDS, OWNER_ENDS, SKIP_VERIFY];
        let pairs = [KEY, KEY_FILE, CERTIFICATE_FILE, PASSWORD, PASSWORD_FILE];
        let names = pairs.into_iter().flatten().chain(single);
        Self { settings: names.filter_map(|name| get(lookup, name)).collect(), smctl: None }
    }

    /// Defers to smctl's properties file if it exists and only smctl's certificate variables are set: smctl
    /// keeps the path in the variable, and key and password in the file.
    #[must_use]
    pub(crate) fn leaving_smctl_to(mut self, properties: &Path) -> Self {
        self.smctl = Some(properties.to_owned());
        self
    }

    fn get(&self, name: &str) -> Option<&Variable> {
        // A command-line option keeps its own name; no option replaces a variable of this source.
        self.settings.iter().find(|setting| setting.name() == name)
    }

    fn values<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = Secret> + 'a {
        names.iter().filter_map(|name| self.get(name)).map(Variable::secret)
    }

    fn places<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = NamedFile> + 'a {
        names.iter().filter_map(|name| self.get(name)).map(NamedFile::of)
    }

    fn certificate(&self, raw: &mut RawCredential) -> Result<(), CredentialError> {
        let key = self.places(&[PRIVATE_KEY_FILE]).next();
        let mut found = Vec::new();
        for place in self.places(&CERTIFICATE_FILE) {
            let mut one = RawCredential::new();
            read_pair(&place, key.as_ref(), &mut one)?;
            found.extend(one.certificate);
            raw.private_key = one.private_key.or(raw.private_key.take());
            raw.warnings.append(&mut one.warnings);
        }
        if let Some(base64) = self.get(CERTIFICATE_BASE64) {
            if let (None, Some(key)) = (&raw.private_key, &key) {
                raw.private_key = Some(key.read(&mut raw.warnings)?);
            }
            found.push(base64.secret());
        }
        raw.certificate = agreeing(found)?;
        raw.warnings.dedup();
        Ok(())
    }

    fn ends(
        &self,
        name: &str,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<digicert_one_core::EndDate>, CredentialError> {
        let Some(setting) = self.get(name) else { return Ok(None) };
        // A variable needs another code than a file.
        let refused = |error: CredentialError| CredentialError::new(Code::CFG_01, error.message()).at(name);
        let ends = setting.text()?.parse().map_err(refused)?;
        warnings.extend(setting.warning());
        Ok(Some(ends))
    }

    /// Returns whether the settings are only smctl's half in variables.
    fn is_half_of_smctls(&self) -> Option<String> {
        let properties = self.smctl.as_ref().filter(|path| path.is_file())?;
        let is_half = |setting: &Variable| [CERTIFICATE_FILE[1], SKIP_VERIFY].contains(&setting.name());
        (self.get(CERTIFICATE_FILE[1]).is_some() && self.settings.iter().all(is_half)).then(|| {
            let file = shown::path(properties);
            format!("only {} is set, and smctl keeps key and password in {file}", CERTIFICATE_FILE[1])
        })
    }
}

impl Source for EnvironmentSource {
    fn name(&self) -> String {
        "environment".to_owned()
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        refuse_skip_verify(self.get(SKIP_VERIFY))?;
        if let Some(reason) = self.is_half_of_smctls() {
            return Ok(Fetched::Absent(reason));
        }
        let mut raw = RawCredential::new();
        let mut keys: Vec<Secret> = self.values(&KEY).collect();
        for place in self.places(&KEY_FILE) {
            keys.push(place.read(&mut raw.warnings)?);
        }
        raw.api_key = agreeing(keys)?;
        self.certificate(&mut raw)?;
        if raw.certificate.is_none() {
            let unused = |name: &&&str| self.get(name).is_some();
            match [PRIVATE_KEY_FILE].iter().chain(&PASSWORD).chain(&PASSWORD_FILE).find(unused) {
                Some(name) if raw.api_key.is_some() => {
                    let text = "not used: it is set without a certificate (DC_CLIENT_CERT_FILE, SM_CLIENT_CERT_FILE)";
                    raw.warnings.push(Warning::new(Code::ID_13, text, *name));
                }
                Some(name) => {
                    let text = "missing certificate: set DC_CLIENT_CERT_FILE or SM_CLIENT_CERT_FILE too";
                    return Err(CredentialError::new(Code::ID_13, text).at(*name));
                }
                None => {}
            }
        }
        if raw.api_key.is_none() && raw.certificate.is_none() {
            let reason = "none of DC_API_KEY, SM_API_KEY, DC_API_KEY_FILE, SM_API_KEY_FILE, DC_CLIENT_CERT_FILE, \
                          SM_CLIENT_CERT_FILE and SM_CLIENT_CERT_FILE_B64 is set";
            return Ok(Fetched::Absent(reason.to_owned()));
        }
        if raw.certificate.is_some() {
            let mut passwords: Vec<Secret> = self.values(&PASSWORD).collect();
            for place in self.places(&PASSWORD_FILE) {
                passwords.push(place.read_password(&mut raw.warnings)?);
            }
            raw.password = agreeing(passwords)?;
        }
        let (key, owner) = (self.ends(KEY_ENDS, &mut raw.warnings)?, self.ends(OWNER_ENDS, &mut raw.warnings)?);
        Ok(Fetched::Found(raw.with_ends(key, owner)))
    }

    fn watched_paths(&self) -> Vec<PathBuf> {
        let files = [KEY_FILE, CERTIFICATE_FILE, PASSWORD_FILE].into_iter().flatten().chain([PRIVATE_KEY_FILE]);
        files.filter_map(|name| self.get(name)).map(Variable::path).collect()
    }
}

/// Refuses a setting that disables verification of the server.
///
/// # Errors
/// Always TR-04.
pub(crate) fn refuse_skip_verify(setting: Option<&Variable>) -> Result<(), CredentialError> {
    let Some(setting) = setting else { return Ok(()) };
    let off = |text: &str| ["0", "false", "no"].contains(&text.trim().to_ascii_lowercase().as_str());
    if setting.value().to_str().is_some_and(off) {
        return Ok(());
    }
    let message = "disabling verification of the server is not supported; unset it and name the CA with \
                   DC_CA_FILE or SM_CA_FILE";
    Err(CredentialError::new(Code::TR_04, message).at(setting.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variable::given;

    fn fetch(settings: &[(&str, &str)]) -> Result<Fetched, CredentialError> {
        EnvironmentSource::new(&given(settings)).fetch()
    }

    fn found(settings: &[(&str, &str)]) -> RawCredential {
        match fetch(settings).expect("readable") {
            Fetched::Found(raw) => raw,
            Fetched::Absent(reason) => panic!("{reason}"),
        }
    }

    fn file(content: &str) -> (tempfile::NamedTempFile, String) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), content).expect("written");
        let path = file.path().display().to_string();
        (file, path)
    }

    #[test]
    fn missing_variables_are_absent_and_named() {
        for settings in [&[][..], &[("DC_API_KEY", "")], &[("DC_API_KEY_ENDS", "2026-12-31")]] {
            let Ok(Fetched::Absent(reason)) = fetch(settings) else { panic!("nothing is set: {settings:?}") };
            assert!(reason.contains("DC_API_KEY") && reason.contains("SM_CLIENT_CERT_FILE"), "{reason}");
        }
    }

    #[test]
    fn equal_values_and_files_are_used_once() {
        let (_file, path) = file("canary\n");
        for settings in [
            [("DC_API_KEY", "canary"), ("SM_API_KEY", "canary")],
            [("SM_API_KEY", "canary"), ("DC_API_KEY_FILE", &path)],
        ] {
            assert_eq!(found(&settings).api_key.expect("a key").expose(), b"canary");
        }
    }

    #[test]
    fn cred_06_differing_values_are_named_but_not_shown() {
        let (_file, path) = file("canary2");
        let (_other, store) = file("canary3");
        for settings in [
            [("DC_API_KEY", "canary1"), ("SM_API_KEY", "canary2")],
            [("DC_API_KEY", "canary1"), ("SM_API_KEY_FILE", &path)],
            [("SM_CLIENT_CERT_FILE", &path), ("SM_CLIENT_CERT_FILE_B64", "Y2FuYXJ5MQ==")],
            [("DC_CLIENT_CERT_FILE", &path), ("SM_CLIENT_CERT_FILE", &store)],
        ] {
            let error = fetch(&settings).expect_err("they differ");
            assert_eq!(error.code(), Code::CFG_01);
            let text = error.to_string();
            assert!(text.contains(settings[0].0) && text.contains(settings[1].0) && !text.contains("canary"), "{text}");
        }
    }

    #[test]
    fn key_store_in_base64_may_duplicate_its_file() {
        let (_file, path) = file("canary-store");
        let raw = found(&[
            ("SM_CLIENT_CERT_FILE", &path),
            ("SM_CLIENT_CERT_FILE_B64", "Y2FuYXJ5LXN0b3Jl"),
            ("SM_API_KEY", "k"),
        ]);
        assert!(raw.certificate.expect("a certificate").origin().contains("SM_CLIENT_CERT_FILE"));
        let raw = found(&[("SM_CLIENT_CERT_FILE_B64", "Y2FuYXJ5LXN0b3Jl"), ("SM_CLIENT_CERT_PASSWORD", "p")]);
        assert_eq!(&**raw.certificate.expect("a certificate").origin(), "SM_CLIENT_CERT_FILE_B64");
        assert_eq!(raw.password.expect("a password").expose(), b"p");
    }

    #[test]
    fn missing_file_error_names_path_and_variable() {
        for name in ["DC_API_KEY_FILE", "SM_CLIENT_CERT_FILE", "DC_CLIENT_CERT_FILE"] {
            let error = fetch(&[(name, "/nonexistent/a")]).expect_err("missing");
            assert_eq!(error.code(), Code::ID_13);
            assert!(error.to_string().contains("/nonexistent/a") && error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn key_file_or_password_without_certificate_is_reported() {
        for name in ["DC_CLIENT_KEY_FILE", "SM_CLIENT_CERT_PASSWORD", "DC_CLIENT_CERT_PASSWORD_FILE"] {
            assert!(fetch(&[(name, "canary")]).expect_err("half a caller").to_string().contains(name));
            let warnings = found(&[(name, "canary"), ("DC_API_KEY", "k")]).warnings;
            assert!(warnings.iter().any(|warning| warning.origin == name), "{warnings:?}");
        }
    }

    #[test]
    fn smctl_variables_defer_to_its_properties_file() {
        let (_file, properties) = file("SM_API_KEY=k\n");
        let (_certificate, certificate) = file("certificate");
        let with = |path: &str, settings: &[(&str, &str)]| {
            EnvironmentSource::new(&given(settings)).leaving_smctl_to(Path::new(path)).fetch().expect("readable")
        };
        let half = [("SM_CLIENT_CERT_FILE", &*certificate)];
        assert!(matches!(with(&properties, &half), Fetched::Absent(_)));
        assert!(matches!(with("/nonexistent", &half), Fetched::Found(_)));
        assert!(matches!(with(&properties, &[half[0], ("SM_API_KEY", "k")]), Fetched::Found(_)));
    }

    #[test]
    fn disabling_verification_is_detected_and_refused() {
        let with = |value| fetch(&[("DC_API_KEY", "k"), ("SM_TLS_SKIP_VERIFY", value)]);
        assert_eq!(with("1").expect_err("refused").code(), Code::TR_04);
        assert!(with("False").is_ok());
    }

    #[test]
    fn invalid_end_date_names_its_variable() {
        let raw = found(&[("DC_API_KEY", "k"), ("DC_API_KEY_ENDS", "2026-12-31"), ("DC_OWNER_ENDS", "2027-01-31")]);
        assert_eq!(raw.key_ends.expect("given").to_string(), "2026-12-31T23:59:59Z");
        assert_eq!(raw.owner_ends.expect("given").to_string(), "2027-01-31T23:59:59Z");
        let raw = found(&[("DC_API_KEY", "k"), ("DC_API_KEY_ENDS", " \"2026-12-31\"\r\n")]);
        assert_eq!(raw.key_ends.expect("given").to_string(), "2026-12-31T23:59:59Z");
        assert!(raw.warnings.iter().any(|warning| warning.text.contains("quotes")), "{:?}", raw.warnings);
        let error = fetch(&[("DC_API_KEY", "k"), ("DC_OWNER_ENDS", "soon")]).expect_err("no date");
        assert!(error.to_string().contains("DC_OWNER_ENDS"), "{error}");
    }

    #[test]
    fn secret_01_source_prints_no_value() {
        let source = EnvironmentSource::new(&given(&[("DC_API_KEY", "canary"), ("SM_CLIENT_CERT_PASSWORD", "canary")]));
        assert!(!format!("{source:?} {source:#?} {}", source.name()).contains("canary"));
    }

    #[cfg(unix)]
    #[test]
    fn certificate_with_separate_key_may_be_readable_by_all() {
        use std::os::unix::fs::PermissionsExt;
        let ((certificate, cert_path), (_key, key_path)) = (file("certificate"), file("key"));
        std::fs::set_permissions(certificate.path(), std::fs::Permissions::from_mode(0o644)).expect("own file");
        let alone = found(&[("DC_CLIENT_CERT_FILE", &cert_path)]);
        let pair = found(&[("DC_CLIENT_CERT_FILE", &cert_path), ("DC_CLIENT_KEY_FILE", &key_path)]);
        assert_eq!((alone.warnings.len(), pair.warnings.len()), (1, 0));
    }
}

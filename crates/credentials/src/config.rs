//! The whole configuration: host, trust roots, credential source and mode, from any place.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use digicert_one_core::{CredentialError, Instance, Mode, ProxyRules, Secret, Warning};
use digicert_one_identity::ReadOptions;
use rustls_pki_types::CertificateDer;

use crate::host::{HostSettings, either};
use crate::proxy::read_proxy_variables;
use crate::source::environment::{EnvironmentSource, SKIP_VERIFY, refuse_skip_verify};
use crate::source::profile::ProfileSource;
use crate::source::smctl::SmctlSource;
use crate::variable::{Environment, get};
use crate::{ChainReport, ChainSource, ConfigError, Fetched, LoadedCredential, Profile, ProfileFile, Source};

/// A configuration: host, trust roots, credential source and mode.
///
/// | | ours | smctl's |
/// |---|---|---|
/// | host | `DC_BASE`, and for private installations `DC_CLIENTAUTH_BASE` | `SM_HOST` |
/// | confirms a host that resembles a public one | `DC_CONFIRM_HOST`: that host | |
/// | CA file beside the system's roots | `DC_CA_FILE` | `SM_CA_FILE` |
/// | proxy | see [`read_proxy_variables`]; read by [`standard`](Self::standard) only | |
/// | credential | see [`source::environment`](crate::source::environment()) | |
///
/// ```
/// use std::time::SystemTime;
///
/// use digicert_one_core::Mode;
/// use digicert_one_credentials::{Variable, Config};
/// use digicert_one_identity::ReadOptions;
///
/// let setup = Config::from_environment(&|name| match name {
///     "DC_BASE" => Some(Variable::new(name, "https://demo.one.digicert.com")),
///     "DC_API_KEY" => Some(Variable::new(name, "an-api-key")),
///     _ => None,
/// })?;
/// let reading = setup.read(&ReadOptions::at(SystemTime::now()))?;
/// assert_eq!(reading.material.mode(), Mode::Key);
/// # Ok::<(), digicert_one_credentials::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Config {
    instance: Instance,
    roots: Option<Vec<CertificateDer<'static>>>,
    source: Arc<dyn Source>,
    chain: Option<Arc<ChainSource>>,
    mode: Option<Mode>,
    proxy: ProxyRules,
    warnings: Vec<Warning>,
    profile: Option<Arc<ProfileSource>>,
}

impl Config {
    /// Returns the configuration that `d1` uses: the credential from the first of the [standard
    /// sources](ChainSource::standard) that holds one; the hosts from the profile if one is named, else from
    /// variables, else from smctl's properties if the credential is from there. Command-line options
    /// ([`Variable::option`](crate::Variable::option)) win over a profile.
    ///
    /// # Errors
    /// Returns an error for a missing profile or host, or for a host, CA file or proxy that cannot be used.
    pub fn standard(lookup: &Environment<'_>) -> Result<Self, ConfigError> {
        refuse_skip_verify(get(lookup, SKIP_VERIFY).as_ref())?;
        let profile = ProfileSource::named(lookup)?;
        let mut hosts = HostSettings::of_variables(lookup)?;
        if let Some(profile) = &profile {
            hosts = profile.hosts().before(hosts);
        }
        let of_profile = profile.clone().map(Arc::new);
        let chain = Arc::new(ChainSource::standard_with(profile, lookup));
        let smctl = SmctlSource::new(lookup);
        if !hosts.name_a_host() {
            if let Ok(Fetched::Absent(asked)) = chain.fetch() {
                return Err(empty(of_profile.as_deref()).unwrap_or(ConfigError::Nothing { asked }));
            }
            let is_smctls = chain.report().is_some_and(|report| report.winner() == Some(&smctl.name()));
            hosts.smctl = if is_smctls { smctl.host()? } else { None };
        }
        let mut setup = Self::of(&hosts, Arc::<ChainSource>::clone(&chain))?;
        setup.proxy = read_proxy_variables(lookup, &mut setup.warnings)?;
        Ok(Self { chain: Some(chain), profile: of_profile, ..setup })
    }

    /// Returns the configuration of a profile; `lookup` provides the variables that it refers to. Hosts that
    /// it does not name come from variables.
    ///
    /// # Errors
    /// Returns an error for a missing profile or host, or for a host or CA file that cannot be used.
    pub fn from_profile(path: impl AsRef<Path>, name: &str, lookup: &Environment<'_>) -> Result<Self, ConfigError> {
        refuse_skip_verify(get(lookup, SKIP_VERIFY).as_ref())?;
        let source = Arc::new(ProfileSource::new(&ProfileFile::read(path.as_ref())?, name, lookup)?);
        let hosts = source.hosts().before(HostSettings::of_variables(lookup)?);
        let setup = Self::of(&hosts, Arc::<ProfileSource>::clone(&source))?;
        Ok(Self { profile: Some(source), ..setup })
    }

    /// Returns the configuration of smctl's properties file. smctl keeps the host (`SM_HOST`) and the path of
    /// the key store in variables, but they may also be in the file.
    ///
    /// # Errors
    /// Returns an error for a missing host, or for a file, host or CA file that cannot be used.
    pub fn from_smctl(path: impl AsRef<Path>, lookup: &Environment<'_>) -> Result<Self, ConfigError> {
        refuse_skip_verify(get(lookup, SKIP_VERIFY).as_ref())?;
        let source = SmctlSource::new(lookup).with_file(path.as_ref());
        let mut hosts = HostSettings::of_variables(lookup)?;
        hosts.smctl = either(hosts.smctl, source.host()?)?;
        Self::of(&hosts, Arc::new(source))
    }

    /// Returns the configuration of variables only: [`Variable::from_env`](crate::Variable::from_env) for those
    /// of this process.
    ///
    /// # Errors
    /// Returns an error for a missing host, or for a host or CA file that cannot be used. A missing
    /// credential is an error only when it is read.
    pub fn from_environment(lookup: &Environment<'_>) -> Result<Self, ConfigError> {
        refuse_skip_verify(get(lookup, SKIP_VERIFY).as_ref())?;
        Self::of(&HostSettings::of_variables(lookup)?, Arc::new(EnvironmentSource::new(lookup)))
    }

    fn of(hosts: &HostSettings, source: Arc<dyn Source>) -> Result<Self, ConfigError> {
        let mut warnings = hosts.warnings();
        let (instance, roots) = (hosts.instance()?, hosts.roots(&mut warnings)?);
        let proxy = ProxyRules::default();
        Ok(Self { instance, roots, source, chain: None, mode: None, proxy, warnings, profile: None })
    }

    /// Sets the proxy, for example from [`read_proxy_variables`]; only the standard configuration does
    /// this automatically.
    #[must_use]
    pub fn with_proxy(mut self, proxy: ProxyRules) -> Self {
        self.proxy = proxy;
        self
    }

    /// Uses only the API key or only the certificate.
    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Returns the installation.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Returns the certificates of the CA file, if one is set.
    #[must_use]
    pub fn roots(&self) -> Option<&[CertificateDer<'static>]> {
        self.roots.as_deref()
    }

    /// Returns the proxy and its exceptions; none unless it was set.
    #[must_use]
    pub fn proxy(&self) -> &ProxyRules {
        &self.proxy
    }

    /// Returns the profile, if one is used.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref().map(|profile| profile.entry())
    }

    /// Reads the password of the [`limiter`](Profile::limiter) of the profile, if it has one. May run a program or wait for a pipe.
    ///
    /// # Errors
    /// Returns an error if the reference cannot be resolved.
    pub fn limiter_password(&self) -> Result<Option<Secret>, CredentialError> {
        self.profile.as_ref().map_or(Ok(None), |profile| profile.limiter_password())
    }

    /// Returns warnings about hosts, CA file and proxy.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        self.warnings.clone()
    }

    /// Returns the source of the credential, including the mode.
    #[must_use]
    pub fn source(&self) -> Arc<dyn Source> {
        match self.mode {
            Some(mode) => Arc::new(InMode { source: Arc::clone(&self.source), mode }),
            None => Arc::clone(&self.source),
        }
    }

    /// Returns which of several sources won and why the others did not, after the first reading.
    #[must_use]
    pub fn report(&self) -> Option<ChainReport> {
        self.chain.as_ref()?.report()
    }

    /// Returns the error for a credential that no source holds.
    #[must_use]
    pub fn missing(&self, asked: String) -> ConfigError {
        empty(self.profile.as_deref()).unwrap_or(ConfigError::NoCredential { asked })
    }

    /// Reads the credential now.
    ///
    /// # Errors
    /// Returns an error if the credential is missing or cannot be used.
    pub fn read(&self, rules: &ReadOptions) -> Result<LoadedCredential, ConfigError> {
        match self.source().fetch()? {
            Fetched::Found(raw) => Ok(raw.read(rules)?),
            Fetched::Absent(asked) => Err(self.missing(asked)),
        }
    }
}

/// Returns the error for a chosen profile without a credential; advice to choose a profile would not help.
fn empty(profile: Option<&ProfileSource>) -> Option<ConfigError> {
    let profile = profile.filter(|profile| profile.is_empty())?;
    Some(ConfigError::EmptyProfile { profile: profile.name() })
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("instance", &self.instance)
            .field("roots", &self.roots.as_ref().map(Vec::len))
            .field("source", &self.source.name())
            .field("mode", &self.mode)
            .field("proxy", &self.proxy)
            .finish()
    }
}

/// A source whose credentials are used in a fixed mode.
#[derive(Debug)]
struct InMode {
    source: Arc<dyn Source>,
    mode: Mode,
}

impl Source for InMode {
    fn name(&self) -> String {
        self.source.name()
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        Ok(match self.source.fetch()? {
            Fetched::Found(raw) => Fetched::Found(raw.with_mode(self.mode)),
            absent @ Fetched::Absent(_) => absent,
        })
    }

    fn watched_paths(&self) -> Vec<PathBuf> {
        self.source.watched_paths()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use digicert_one_core::Code;

    use super::*;
    use crate::variable::given;

    fn read(settings: &[(&str, &str)]) -> Result<LoadedCredential, ConfigError> {
        Config::from_environment(&given(settings))?.read(&ReadOptions::at(SystemTime::now()))
    }

    #[test]
    fn error_for_missing_settings_names_them() {
        assert!(matches!(read(&[]), Err(ConfigError::NoHost)));
        let error = read(&[("DC_BASE", "one.digicert.com")]).expect_err("no credential");
        assert_eq!(error.code(), Code::CFG_01);
        assert!(
            error.to_string().contains("DC_API_KEY") && error.to_string().contains("SM_CLIENT_CERT_FILE"),
            "{error}"
        );
    }

    #[test]
    fn unused_part_of_a_ca_file_is_a_warning() {
        use digicert_one_testbed::{ClientSpec, KeyEncoding, Pki};
        let file = tempfile::NamedTempFile::new().expect("a file");
        let key = Pki::shared().client(ClientSpec::default()).key_pem(KeyEncoding::Pkcs8).expect("any key");
        std::fs::write(file.path(), format!("{}{key}", Pki::shared().root_pem())).expect("written");
        let path = file.path().display().to_string();
        let settings = [("DC_BASE", "one.digicert.com"), ("DC_API_KEY", "k"), ("DC_CA_FILE", path.as_str())];
        let setup = Config::from_environment(&given(&settings)).expect("a CA file");
        assert_eq!(setup.warnings().len(), 1, "{:?}", setup.warnings());
    }

    #[test]
    fn empty_environment_is_one_error_about_host_and_credential() {
        let error = Config::standard(&given(&[])).expect_err("nothing is set");
        let text = error.to_string();
        assert!(matches!(error, ConfigError::Nothing { .. }) && error.code() == Code::CFG_01, "{error:?}");
        assert!(text.contains("DC_BASE") && text.contains("DC_API_KEY") && text.len() < 200, "{text}");
        let setup = Config::standard(&given(&[("DC_BASE", "one.digicert.com")])).expect("a host");
        let text = setup.read(&ReadOptions::at(SystemTime::now())).expect_err("no credential").to_string();
        assert!(text.len() < 200, "{text}");
    }

    #[test]
    fn blanks_around_a_key_are_a_warning_and_inside_an_error() {
        let with = |key| read(&[("DC_BASE", "one.digicert.com"), ("SM_API_KEY", key)]);
        assert_eq!(with("canary \n").expect("trimmed").warnings.len(), 1);
        let error = with("canary canary").expect_err("a blank inside");
        assert!(error.to_string().contains("SM_API_KEY") && !error.to_string().contains("canary"), "{error}");
    }

    #[test]
    fn mode_that_needs_more_than_is_set_is_an_error() {
        let settings = [("SM_HOST", "https://127.0.0.1:4434"), ("SM_API_KEY", "k")];
        let setup = Config::from_environment(&given(&settings)).expect("a host").with_mode(Mode::Both);
        assert_eq!(setup.read(&ReadOptions::at(SystemTime::now())).expect_err("no certificate").code(), Code::ID_13);
        assert!(!format!("{setup:?}").contains("SM_API_KEY"));
    }

    #[test]
    fn only_standard_setup_reads_proxy_variables() {
        let settings = [("DC_BASE", "one.digicert.com"), ("DC_API_KEY", "k"), ("HTTPS_PROXY", "proxy.test:3128")];
        let standard = Config::standard(&given(&settings)).expect("a host");
        assert_eq!(standard.proxy().proxy().to_string(), "http://proxy.test:3128");
        let plain = Config::from_environment(&given(&settings)).expect("a host");
        assert_eq!(plain.proxy(), &ProxyRules::default());
        let asked = read_proxy_variables(&given(&settings), &mut Vec::new()).expect("a proxy");
        assert_eq!(plain.with_proxy(asked).proxy(), standard.proxy());
    }

    #[test]
    fn disabling_verification_is_refused_first() {
        let error = read(&[("SM_TLS_SKIP_VERIFY", "1")]).expect_err("refused");
        assert_eq!(error.code(), Code::TR_04);
    }

    /// A home directory with smctl's properties, and their path.
    fn home(properties: &str) -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(home.path().join(".signingmanager")).expect("made");
        let path = home.path().join(".signingmanager").join("ssm-config.properties");
        std::fs::write(&path, properties).expect("written");
        (home, path)
    }

    const DEMO: &str = "https://clientauth.demo.one.digicert.com";

    fn is_demo(setup: &Config) -> bool {
        *setup.instance() == Instance::from_client_auth(DEMO).expect("a host")
    }

    #[test]
    fn smctl_host_may_be_in_its_file_and_must_match_the_variable() {
        let (_home, path) = home(&format!("SM_API_KEY=k\nSM_HOST={DEMO}\n"));
        assert!(is_demo(&Config::from_smctl(&path, &given(&[])).expect("a host")));
        assert!(is_demo(&Config::from_smctl(&path, &given(&[("SM_HOST", DEMO)])).expect("the same")));
        let other = [("SM_HOST", "https://clientauth.one.digicert.com")];
        let error = Config::from_smctl(&path, &given(&other)).expect_err("they differ");
        assert!(matches!(error, ConfigError::Conflict { .. }), "{error}");
    }

    #[test]
    fn smctl_host_is_used_with_smctl_credential_only() {
        let (home, _path) = home(&format!("SM_API_KEY=k\nSM_HOST={DEMO}\n"));
        let home = home.path().display().to_string();
        let at_home = [("HOME", &*home), ("USERPROFILE", &*home)];
        let setup = Config::standard(&given(&at_home)).expect("all is in the file");
        assert!(is_demo(&setup));
        assert!(setup.report().expect("asked").winner().is_some_and(|name| name.starts_with("smctl")));
        let settings = [&at_home[..], &[("DC_API_KEY", "another caller")]].concat();
        assert!(matches!(Config::standard(&given(&settings)), Err(ConfigError::NoHost)));
    }

    #[test]
    fn profile_without_host_uses_variables_and_its_own_mode() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "[profiles.ci]\nmode = 'certificate'\napi_key = 'env:K'\n").expect("written");
        let settings = [("DC_BASE", "demo.one.digicert.com"), ("K", "k")];
        let setup = Config::from_profile(file.path(), "ci", &given(&settings)).expect("a host");
        assert!(is_demo(&setup));
        let rules = ReadOptions::at(SystemTime::now());
        assert!(setup.read(&rules).expect_err("no certificate").to_string().contains("certificate"));
        assert!(setup.with_mode(Mode::Key).read(&rules).is_ok());
    }
}

//! Environment variables: ours (`DC_*`, as DigiCert's guides name them) and smctl's (`SM_*`). The two families are never
//! mixed in silence: the same value may stand in both, a different one is an error.

use std::ffi::OsString;
use std::path::PathBuf;

use digicert_one_core::{ApiKey, ClientIdentity, FixedCredential, Instance, InstanceError, Material, Mode};
use rustls_pki_types::CertificateDer;

use crate::EnvironmentError;
use crate::file::read_secret;
use crate::{Rules, read_client_identity, read_roots};

/// One value with the name of where it came from.
#[derive(Clone)]
pub struct Setting {
    name: String,
    value: OsString,
}

impl Setting {
    /// A value and the name that errors give it, such as `DC_BASE` or `--base`.
    pub fn new(name: impl Into<String>, value: impl Into<OsString>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    fn text(&self) -> Result<&str, EnvironmentError> {
        self.value.to_str().ok_or_else(|| EnvironmentError::NotText { name: self.name.clone() })
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(&self.value)
    }
}

/// Who is calling whom, as the environment says it.
///
/// | | ours | smctl's |
/// |---|---|---|
/// | host | `DC_BASE`, and for private installations `DC_CLIENTAUTH_BASE` | `SM_HOST` |
/// | API key | `DC_API_KEY` | `SM_API_KEY` |
/// | certificate (PEM, leaf first) | `DC_CLIENT_CERT_FILE` | `SM_CLIENT_CERT_FILE` |
/// | its key, if in a file of its own | `DC_CLIENT_KEY_FILE` | |
/// | CA file beside the system's roots | `DC_CA_FILE` | `SM_CA_FILE` |
///
/// ```
/// use digicert_one_core::Mode;
/// use digicert_one_credentials::{Environment, Setting};
///
/// let environment = Environment::from_lookup(&|name| match name {
///     "DC_BASE" => Some(Setting::new(name, "https://demo.one.digicert.com")),
///     "DC_API_KEY" => Some(Setting::new(name, "an-api-key")),
///     _ => None,
/// })?;
/// assert_eq!(environment.mode(), Mode::Key);
/// # Ok::<(), digicert_one_credentials::EnvironmentError>(())
/// ```
#[derive(Debug)]
pub struct Environment {
    instance: Instance,
    key: Option<(ApiKey, String)>,
    identity: Option<(ClientIdentity, String)>,
    roots: Option<Vec<CertificateDer<'static>>>,
    material: Material,
}

impl Environment {
    /// Reads the variables of this process.
    ///
    /// # Errors
    /// See [`EnvironmentError`].
    pub fn read() -> Result<Self, EnvironmentError> {
        Self::from_lookup(&|name| std::env::var_os(name).map(|value| Setting::new(name, value)))
    }

    /// Reads variables through a function, which may put options of a command line in their place. An empty value counts
    /// as not set.
    ///
    /// # Errors
    /// See [`EnvironmentError`].
    pub fn from_lookup(lookup: &dyn Fn(&str) -> Option<Setting>) -> Result<Self, EnvironmentError> {
        let get = |name: &str| lookup(name).filter(|setting| !setting.value.is_empty());
        if let Some(setting) = get("SM_TLS_SKIP_VERIFY")
            && !["0", "false", "no"].contains(&setting.text()?.to_ascii_lowercase().as_str())
        {
            return Err(EnvironmentError::SkipVerify { name: setting.name });
        }
        let instance = instance(get("DC_BASE"), get("DC_CLIENTAUTH_BASE"), get("SM_HOST"))?;
        let key = match either(get("DC_API_KEY"), get("SM_API_KEY"))? {
            Some(setting) => {
                let key = ApiKey::new(setting.text()?).map_err(|error| error.at(setting.name.clone()))?;
                Some((key, setting.name))
            }
            None => None,
        };
        let identity = match either(get("DC_CLIENT_CERT_FILE"), get("SM_CLIENT_CERT_FILE"))? {
            Some(setting) => {
                let mut warnings = Vec::new();
                let certificate = read_secret(&setting.path(), &mut warnings)?;
                let key_file = get("DC_CLIENT_KEY_FILE").map(|setting| setting.path());
                let key = key_file.map(|path| read_secret(&path, &mut warnings)).transpose()?;
                let rules = Rules::at(std::time::SystemTime::now());
                let identity = read_client_identity(&certificate, key.as_ref(), None, &rules, &mut warnings)?;
                Some((identity, format!("{} ({})", setting.name, setting.path().display())))
            }
            None => None,
        };
        let roots = match either(get("DC_CA_FILE"), get("SM_CA_FILE"))? {
            Some(setting) => Some(read_roots(&setting.path())?),
            None => None,
        };
        let mode = match (&key, &identity) {
            (Some(_), Some(_)) => Mode::Both,
            (Some(_), None) => Mode::Key,
            (None, Some(_)) => Mode::Certificate,
            (None, None) => return Err(EnvironmentError::NoCredential),
        };
        let material = material(mode, key.as_ref(), identity.as_ref())?;
        Ok(Self { instance, key, identity, roots, material })
    }

    /// Uses less than everything that is set: the key alone, or the certificate alone.
    ///
    /// # Errors
    /// A mode that needs what is not set.
    pub fn with_mode(mut self, mode: Mode) -> Result<Self, EnvironmentError> {
        self.material = material(mode, self.key.as_ref(), self.identity.as_ref())?;
        Ok(self)
    }

    /// How calls prove who is calling.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.material.mode()
    }

    /// The installation.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Installation, credential, and the roots of a CA file if one is set.
    #[must_use]
    pub fn into_parts(self) -> (Instance, FixedCredential, Option<Vec<CertificateDer<'static>>>) {
        let key = self.key.map(|(_, name)| name).filter(|_| self.material.key().is_some());
        let identity = self.identity.map(|(_, name)| name).filter(|_| self.material.identity().is_some());
        let source = [key, identity].into_iter().flatten().collect::<Vec<_>>().join(" and ");
        (self.instance, FixedCredential::new(self.material, source), self.roots)
    }
}

fn material(
    mode: Mode,
    key: Option<&(ApiKey, String)>,
    identity: Option<&(ClientIdentity, String)>,
) -> Result<Material, EnvironmentError> {
    let key = || match key {
        Some((key, _)) => Ok(key.clone()),
        None => Err(EnvironmentError::Missing { mode, what: "DC_API_KEY or SM_API_KEY" }),
    };
    let identity = || match identity {
        Some((identity, _)) => Ok(identity.clone()),
        None => Err(EnvironmentError::Missing { mode, what: "DC_CLIENT_CERT_FILE or SM_CLIENT_CERT_FILE" }),
    };
    Ok(match mode {
        Mode::Certificate => Material::certificate(identity()?),
        Mode::Both => Material::certificate_and_key(identity()?, key()?),
        Mode::Key | Mode::Anonymous => Material::api_key(key()?),
    })
}

fn instance(
    base: Option<Setting>,
    client_auth: Option<Setting>,
    sm_host: Option<Setting>,
) -> Result<Instance, EnvironmentError> {
    let named = |setting: &Setting, read: &dyn Fn(&str) -> Result<Instance, InstanceError>| {
        read(setting.text()?).map_err(|source| EnvironmentError::Host { name: setting.name.clone(), source })
    };
    match (base, client_auth, sm_host) {
        (None, None, None) => Err(EnvironmentError::NoHost),
        (Some(base), Some(client_auth), None) => {
            // Each is checked alone first, so that the error names the right one.
            named(&base, &Instance::parse)?;
            let platform = base.text()?;
            named(&client_auth, &|host| Instance::pair(platform, host))
        }
        (Some(base), None, None) => named(&base, &Instance::parse),
        (None, Some(host), None) | (None, None, Some(host)) => named(&host, &Instance::from_client_auth),
        (base, client_auth, Some(sm_host)) => {
            let ours = instance(base.clone(), client_auth.clone(), None)?;
            let theirs = named(&sm_host, &Instance::from_client_auth)?;
            if ours == theirs {
                return Ok(ours);
            }
            let first = base.or(client_auth).map_or_else(String::new, |setting| setting.name);
            Err(EnvironmentError::Conflict { first, second: sm_host.name })
        }
    }
}

/// The one that is set; both, if they say the same.
fn either(first: Option<Setting>, second: Option<Setting>) -> Result<Option<Setting>, EnvironmentError> {
    match (first, second) {
        (Some(first), Some(second)) if first.value != second.value => {
            Err(EnvironmentError::Conflict { first: first.name, second: second.name })
        }
        (first, second) => Ok(first.or(second)),
    }
}

#[cfg(test)]
mod tests {
    use digicert_one_core::{Code, HostRole};

    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Environment, EnvironmentError> {
        Environment::from_lookup(&|name| {
            settings.iter().find(|(present, _)| *present == name).map(|(name, value)| Setting::new(*name, *value))
        })
    }

    #[test]
    fn nothing_set_says_what_to_set() {
        assert!(matches!(read(&[]), Err(EnvironmentError::NoHost)));
        let error = read(&[("DC_BASE", "one.digicert.com")]).expect_err("no credential");
        assert!(
            error.to_string().contains("DC_API_KEY") && error.to_string().contains("SM_CLIENT_CERT_FILE"),
            "{error}"
        );
        assert!(matches!(
            read(&[("DC_BASE", "one.digicert.com"), ("DC_API_KEY", "")]),
            Err(EnvironmentError::NoCredential)
        ));
    }

    #[test]
    fn the_two_families_may_agree_but_not_differ() {
        let same = [
            ("DC_BASE", "one.digicert.com"),
            ("SM_HOST", "https://clientauth.one.digicert.com/"),
            ("DC_API_KEY", "k"),
            ("SM_API_KEY", "k"),
        ];
        assert_eq!(read(&same).expect("they agree").mode(), Mode::Key);
        let keys = [("DC_BASE", "one.digicert.com"), ("DC_API_KEY", "canary1"), ("SM_API_KEY", "canary2")];
        let hosts = [
            ("DC_BASE", "one.digicert.com"),
            ("SM_HOST", "https://clientauth.demo.one.digicert.com"),
            ("DC_API_KEY", "k"),
        ];
        for (settings, first, second) in [(&keys[..], "DC_API_KEY", "SM_API_KEY"), (&hosts[..], "DC_BASE", "SM_HOST")] {
            let text = read(settings).expect_err("they differ").to_string();
            assert!(text.contains(first) && text.contains(second) && !text.contains("canary"), "{text}");
        }
    }

    #[test]
    fn a_bad_host_names_its_variable_and_no_user_info() {
        for (variable, value) in [
            ("DC_BASE", "https://canary:secret@one.digicert.com"),
            ("DC_BASE", "https://one.digicert.com/account/api/v1"),
            ("SM_HOST", "http://clientauth.one.digicert.com"),
        ] {
            let error = read(&[(variable, value), ("DC_API_KEY", "k")]).expect_err(value);
            assert!(error.to_string().contains(variable) && !error.to_string().contains("canary"), "{error}");
        }
    }

    #[test]
    fn switching_verification_off_is_recognised_and_refused() {
        let base = [("DC_BASE", "one.digicert.com"), ("DC_API_KEY", "k")];
        let with = |value| read(&[base[0], base[1], ("SM_TLS_SKIP_VERIFY", value)]);
        assert_eq!(with("1").expect_err("refused").code(), Code::TR_04);
        assert!(with("0").is_ok());
    }

    #[test]
    fn smctls_host_on_an_address_is_the_certificate_host() {
        let environment = read(&[("SM_HOST", "https://127.0.0.1:4434"), ("SM_API_KEY", "k")]).expect("a host");
        assert!(environment.instance().origin(HostRole::ClientAuth).is_ok());
        assert!(environment.with_mode(Mode::Both).is_err());
    }

    #[test]
    fn a_missing_certificate_file_names_variable_or_path() {
        let error = read(&[("DC_BASE", "one.digicert.com"), ("SM_CLIENT_CERT_FILE", "/nonexistent/a.pem")])
            .expect_err("missing");
        assert!(error.to_string().contains("/nonexistent/a.pem"), "{error}");
        assert_eq!(error.code(), Code::ID_13);
    }

    #[test]
    fn cred_06_a_key_with_a_blank_names_its_variable_and_not_its_value() {
        let error = read(&[("DC_BASE", "one.digicert.com"), ("SM_API_KEY", "canary \n")]).expect_err("a blank");
        assert!(error.to_string().contains("SM_API_KEY") && !error.to_string().contains("canary"), "{error}");
    }
}

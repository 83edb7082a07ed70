//! The installation: the two hosts and the CA file, from variables, options or a profile. Nothing here is secret.

use digicert_one_core::{Code, CredentialError, Instance, InstanceError, Region, Warning};
use rustls_pki_types::CertificateDer;

use crate::variable::{Environment, get};
use crate::{ConfigError, Variable, read_ca_file, shown};

/// The settings of the installation.
#[derive(Clone, Debug, Default)]
pub(crate) struct HostSettings {
    pub(crate) platform: Option<Variable>,
    pub(crate) client_auth: Option<Variable>,
    pub(crate) smctl: Option<Variable>,
    pub(crate) ca_file: Option<Variable>,
    /// A host that was confirmed although it resembles a public one.
    pub(crate) confirmed: Option<Variable>,
}

impl HostSettings {
    /// Reads the variables, or what replaces them.
    pub(crate) fn of_variables(lookup: &Environment<'_>) -> Result<Self, ConfigError> {
        let platform = get(lookup, "DC_BASE");
        // The variable belongs to the host that an option has replaced.
        let is_replaced = platform.as_ref().is_some_and(Variable::is_typed);
        Ok(Self {
            client_auth: get(lookup, "DC_CLIENTAUTH_BASE").filter(|host| !is_replaced || host.is_typed()),
            platform,
            smctl: get(lookup, "SM_HOST"),
            confirmed: get(lookup, "DC_CONFIRM_HOST"),
            ca_file: either(get(lookup, "DC_CA_FILE"), get(lookup, "SM_CA_FILE"))?,
        })
    }

    /// Combines these with options, which win, and with variables, which count only if these settings name no
    /// host or file.
    pub(crate) fn before(self, variables: Self) -> Self {
        let typed = |setting: &Option<Variable>| setting.as_ref().is_some_and(Variable::is_typed);
        let names_a_host = self.name_a_host();
        let confirmed = variables.confirmed.clone();
        let ca_file = if typed(&variables.ca_file) { variables.ca_file } else { self.ca_file.or(variables.ca_file) };
        // Hosts are not mixed: one from here and one from there would be an installation that does not exist.
        match (typed(&variables.platform), typed(&variables.client_auth)) {
            _ if !names_a_host => Self { ca_file, ..variables },
            (false, false) => Self { ca_file, confirmed, ..self },
            (false, true) => Self { client_auth: variables.client_auth, ca_file, confirmed, smctl: None, ..self },
            (true, _) => {
                let client_auth = variables.client_auth.filter(Variable::is_typed);
                Self { platform: variables.platform, client_auth, smctl: None, ca_file, confirmed }
            }
        }
    }

    /// Returns whether any setting names a host.
    pub(crate) fn name_a_host(&self) -> bool {
        self.platform.is_some() || self.client_auth.is_some() || self.smctl.is_some()
    }

    /// Returns the installation.
    pub(crate) fn instance(&self) -> Result<Instance, ConfigError> {
        instance(self.platform.as_ref(), self.client_auth.as_ref(), self.smctl.as_ref(), self.confirmed.as_ref())
    }

    /// Returns the certificates of the CA file; adds a warning for each part that is not used.
    pub(crate) fn roots(
        &self,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<Vec<CertificateDer<'static>>>, CredentialError> {
        let Some(file) = &self.ca_file else { return Ok(None) };
        let path = file.path();
        // The error may name the path; the setting that named it is known only here.
        read_ca_file(&path, warnings).map(Some).map_err(|error| {
            let hint = if error.code() == Code::TR_03 { String::new() } else { shown::hint(&path, file.name()) };
            let message = format!("{}{}", error.message(), if error.message().contains(&hint) { "" } else { &hint });
            CredentialError::new(error.code(), message).at(file.place())
        })
    }

    /// Returns warnings about blanks and quotes that were removed.
    pub(crate) fn warnings(&self) -> Vec<Warning> {
        let settings = [&self.platform, &self.client_auth, &self.smctl, &self.ca_file, &self.confirmed];
        settings.into_iter().flatten().filter_map(Variable::warning).collect()
    }
}

fn instance(
    platform: Option<&Variable>,
    client_auth: Option<&Variable>,
    smctl: Option<&Variable>,
    confirmed: Option<&Variable>,
) -> Result<Instance, ConfigError> {
    let named = |setting: &Variable, read: &dyn Fn(&str) -> Result<Instance, InstanceError>| {
        let confirmed = confirmed.map(Variable::text).transpose()?.map(str::to_ascii_lowercase);
        let read = read(setting.text()?).or_else(|error| match &error {
            InstanceError::Lookalike { host, .. } if confirmed.as_ref() == Some(host) => error.confirm(),
            _ => Err(error),
        });
        read.map_err(|source| ConfigError::Host { name: setting.name().to_owned(), source })
    };
    match (platform, client_auth, smctl) {
        (None, None, None) => Err(ConfigError::NoHost),
        (Some(base), Some(client_auth), None) => {
            // Each is checked alone first, so that the error names the right one.
            let (ours, other) = (named(base, &Instance::parse)?, named(client_auth, &Instance::from_client_auth)?);
            if ours != other && is_public(&ours) && is_public(&other) {
                // API key and certificate would go to different installations.
                let (first, second) = (base.name().to_owned(), client_auth.name().to_owned());
                return Err(ConfigError::Conflict { first, second });
            }
            let platform = base.text()?;
            named(client_auth, &|host| Instance::pair(platform, host))
        }
        (Some(base), None, None) => named(base, &Instance::parse),
        (None, Some(host), None) | (None, None, Some(host)) => named(host, &Instance::from_client_auth),
        (base, client_auth, Some(smctl)) => {
            let ours = instance(base, client_auth, None, confirmed)?;
            if ours == named(smctl, &Instance::from_client_auth)? {
                return Ok(ours);
            }
            let first = base.or(client_auth).map_or_else(String::new, |setting| setting.name().to_owned());
            Err(ConfigError::Conflict { first, second: smctl.name().to_owned() })
        }
    }
}

/// Returns whether it is one of DigiCert's own installations.
fn is_public(instance: &Instance) -> bool {
    let regions = [Region::UnitedStates, Region::Switzerland, Region::Japan, Region::Netherlands];
    regions.into_iter().any(|region| [Instance::production(region), Instance::demo(region)].contains(instance))
}

/// Returns the one that is set; an error if both are set and differ.
pub(crate) fn either(first: Option<Variable>, second: Option<Variable>) -> Result<Option<Variable>, ConfigError> {
    match (first, second) {
        (Some(first), Some(second)) if first.value() != second.value() => {
            Err(ConfigError::Conflict { first: first.name().to_owned(), second: second.name().to_owned() })
        }
        (first, second) => Ok(first.or(second)),
    }
}

#[cfg(test)]
mod tests {
    use digicert_one_core::HostRole;

    use super::*;
    use crate::variable::given;

    fn hosts(settings: &[(&str, &str)]) -> HostSettings {
        HostSettings::of_variables(&given(settings)).expect("no conflict")
    }

    #[test]
    fn both_variable_families_may_agree_but_not_differ() {
        let same = [("DC_BASE", "one.digicert.com"), ("SM_HOST", "https://clientauth.one.digicert.com/")];
        assert!(hosts(&same).instance().is_ok());
        let differ = [("DC_BASE", "one.digicert.com"), ("SM_HOST", "https://clientauth.demo.one.digicert.com")];
        let text = hosts(&differ).instance().expect_err("they differ").to_string();
        assert!(text.contains("DC_BASE") && text.contains("SM_HOST"), "{text}");
        let files = [("DC_CA_FILE", "/a"), ("SM_CA_FILE", "/b")];
        assert!(matches!(HostSettings::of_variables(&given(&files)), Err(ConfigError::Conflict { .. })));
    }

    #[test]
    fn error_for_bad_host_names_its_variable_and_no_user_info() {
        for (variable, value) in [
            ("DC_BASE", "https://canary:secret@one.digicert.com"),
            ("DC_BASE", "https://one.digicert.com/account/api/v1"),
            ("SM_HOST", "http://clientauth.one.digicert.com"),
        ] {
            let error = hosts(&[(variable, value)]).instance().expect_err(value);
            assert!(error.to_string().contains(variable) && !error.to_string().contains("canary"), "{error}");
        }
    }

    #[test]
    fn host_close_to_a_public_one_is_an_error_until_confirmed() {
        for variable in ["DC_BASE", "SM_HOST", "DC_CLIENTAUTH_BASE"] {
            let error = hosts(&[(variable, "https://one.digicert.co")]).instance().expect_err("near");
            let text = error.to_string();
            assert!(
                text.contains(variable) && text.contains("mean one.digicert.com?") && text.contains("DC_CONFIRM_HOST"),
                "{text}"
            );
            for (confirmed, is_taken) in [("one.digicert.co", true), ("1", false), ("one.digicert.com", false)] {
                let settings = [(variable, "https://one.digicert.co"), ("DC_CONFIRM_HOST", confirmed)];
                assert_eq!(hosts(&settings).instance().is_ok(), is_taken, "{confirmed}");
            }
        }
    }

    #[test]
    fn quotes_and_line_ends_around_a_host_are_removed_with_a_warning() {
        for host in ["\"https://one.digicert.com\"", "https://one.digicert.com\r\n", "'one.digicert.com'"] {
            let hosts = hosts(&[("DC_BASE", host)]);
            assert_eq!(hosts.instance().expect(host), Instance::parse("one.digicert.com").expect("a host"));
            assert!(hosts.warnings()[0].to_string().contains("DC_BASE"), "{:?}", hosts.warnings());
        }
    }

    #[test]
    fn sm_host_with_an_address_is_the_certificate_host() {
        let instance = hosts(&[("SM_HOST", "https://127.0.0.1:4434")]).instance().expect("a host");
        assert!(instance.origin(HostRole::ClientAuth).is_ok());
    }

    #[test]
    fn profile_host_wins_over_variables_and_option_over_both() {
        let profile = || HostSettings {
            platform: Some(Variable::new("d1.toml", "https://profile.example")),
            ..HostSettings::default()
        };
        let variables = hosts(&[("DC_BASE", "https://variable.example"), ("SM_HOST", "https://other.example")]);
        let expect = |settings: HostSettings, host: &str| {
            let instance = settings.instance().expect("a host");
            assert_eq!(instance, Instance::parse(host).expect("a host"));
        };
        expect(profile().before(variables.clone()), "https://profile.example");
        expect(HostSettings::default().before(hosts(&[("DC_BASE", "one.digicert.com")])), "https://one.digicert.com");
        let typed = HostSettings { platform: Some(Variable::option("--base", "https://typed.example")), ..variables };
        expect(profile().before(typed), "https://typed.example");
    }

    #[test]
    fn hosts_of_two_public_installations_are_a_conflict() {
        let pair = |client_auth| hosts(&[("DC_BASE", "one.digicert.com"), ("DC_CLIENTAUTH_BASE", client_auth)]);
        for host in ["clientauth.demo.one.digicert.com", "clientauth.one.nl.digicert.com", "one.ch.digicert.com"] {
            let text = pair(host).instance().expect_err(host).to_string();
            assert!(text.contains("DC_BASE") && text.contains("DC_CLIENTAUTH_BASE"), "{text}");
        }
        for host in ["clientauth.one.digicert.com", "mtls.corp.test", "localhost:4434"] {
            assert!(pair(host).instance().is_ok(), "{host}");
        }
    }

    #[test]
    fn option_for_the_host_replaces_the_variables_of_both_hosts() {
        let lookup = |name: &str| match name {
            "DC_BASE" => Some(Variable::option("--base", "one.digicert.com")),
            "DC_CLIENTAUTH_BASE" => Some(Variable::new(name, "clientauth.demo.one.digicert.com")),
            _ => None,
        };
        let hosts = HostSettings::of_variables(&lookup).expect("no conflict");
        assert_eq!(hosts.instance().expect("a host"), Instance::parse("one.digicert.com").expect("a host"));
    }
}

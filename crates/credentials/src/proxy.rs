//! Reads curl's proxy variables, only if the configuration asks for it: a library that obeys variables
//! without its program's knowledge causes surprises.

use digicert_one_core::{Code, Origin, Proxy, ProxyRules, ValueShape, Warning, is_random_word};

use crate::variable::{Environment, get};
use crate::{ConfigError, Variable};

/// The proxy variables; the first one that is set counts. curl's order: its manual, "Environment";
/// `lib/proxy.c` of 8.22. `http_proxy` is not used: calls are `https`.
const PROXY: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// The proxy and its exceptions, with the variables that name them.
///
/// | | first that is set and not empty |
/// |---|---|
/// | proxy | `https_proxy`, `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY` |
/// | exceptions, in the form of [`ProxyRules`] | `no_proxy`, `NO_PROXY` |
///
/// ```
/// use digicert_one_credentials::{ProxyConfig, Variable};
///
/// let proxy = ProxyConfig::of_variables(&|name| match name {
///     "HTTPS_PROXY" => Some(Variable::new(name, "http://user:secret@proxy.corp.test:3128")),
///     _ => None,
/// })?;
/// assert_eq!(proxy.variable(), Some("HTTPS_PROXY"));
/// assert_eq!(proxy.rules().proxy().to_string(), "http://proxy.corp.test:3128");
/// # Ok::<(), digicert_one_credentials::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ProxyConfig {
    rules: ProxyRules,
    variable: Option<String>,
    exceptions: Option<String>,
    surrounded: Option<Warning>,
}

impl ProxyConfig {
    /// Reads the variables.
    ///
    /// # Errors
    /// Returns an error for an invalid address; it names the variable and not the address.
    pub fn of_variables(lookup: &Environment<'_>) -> Result<Self, ConfigError> {
        let Some(address) = PROXY.iter().find_map(|name| get(lookup, name)) else { return Ok(Self::default()) };
        let invalid = |source| ConfigError::Proxy { name: address.name().to_owned(), source };
        let mut rules = ProxyRules::parse(address.text()?).map_err(invalid)?.named_by(address.name());
        let exceptions = EXCEPTIONS.iter().find_map(|name| get(lookup, name));
        if let Some(list) = &exceptions {
            rules = rules.except(list.text()?);
        }
        let name = |setting: &Variable| setting.name().to_owned();
        let (surrounded, variable) = (address.warning(), Some(name(&address)));
        Ok(Self { rules, variable, exceptions: exceptions.as_ref().map(name), surrounded })
    }

    /// Returns the rules, for a client.
    #[must_use]
    pub fn rules(&self) -> &ProxyRules {
        &self.rules
    }

    /// Returns the variable that names the proxy, if any.
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        self.variable.as_deref()
    }

    /// Describes the proxy for calls to this origin and its variable: never a password.
    #[must_use]
    pub fn explain(&self, origin: &Origin) -> String {
        let Some(variable) = &self.variable else { return "none".to_owned() };
        match (self.rules.proxy_for(origin), &self.exceptions) {
            (Proxy::None, _) if origin.is_loopback() => format!("none (loopback; {variable} does not count)"),
            (Proxy::None, Some(exceptions)) => format!("none ({exceptions} excepts this host from {variable})"),
            (proxy, _) => format!("{proxy} (from {variable})"),
        }
    }

    /// Returns warnings about exceptions that could not be parsed and have no effect.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let origin = self.exceptions.as_deref().unwrap_or_default();
        let warning = |entry: &String| {
            // A word without dot, colon or slash may be a secret.
            let in_entries = |byte: u8| byte.is_ascii_alphanumeric() || b".:/*-[]".contains(&byte);
            let is_entry = entry.contains(['.', ':', '/'])
                && entry.bytes().all(in_entries)
                && ValueShape::of(entry).is_none()
                && !is_random_word(entry);
            let shown = if is_entry { format!("{entry:?}") } else { "an entry that is not shown".to_owned() };
            let text = format!("{shown} is not a name, address, network or port, and has no effect");
            Warning::new(Code::CFG_01, text, origin)
        };
        self.surrounded.iter().cloned().chain(self.rules.unread().iter().map(warning)).collect()
    }
}

#[cfg(test)]
mod tests {
    use digicert_one_core::{HostRole, Instance};

    use super::*;
    use crate::variable::given;

    fn read(settings: &[(&str, &str)]) -> ProxyConfig {
        ProxyConfig::of_variables(&given(settings)).expect("readable")
    }

    fn explained(setup: &ProxyConfig, host: &str) -> String {
        let instance = Instance::parse(host).expect(host);
        setup.explain(instance.origin(HostRole::Platform).expect(host))
    }

    #[test]
    fn proxy_09_lower_case_and_scheme_variables_come_first() {
        let all: Vec<(&str, String)> = PROXY.iter().map(|name| (*name, format!("http://{name}.test:1"))).collect();
        for first in 0..all.len() {
            let settings: Vec<(&str, &str)> =
                all[first..].iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(read(&settings).variable(), Some(PROXY[first]));
            // An empty variable is not set.
            let emptied = [&[(PROXY[first], "")][..], &settings[1..]].concat();
            assert_eq!(read(&emptied).variable(), PROXY.get(first + 1).copied());
        }
        let both = [("https_proxy", "p.test:1"), ("no_proxy", "a.test"), ("NO_PROXY", "b.test")];
        assert!(explained(&read(&both), "a.test").starts_with("none (no_proxy"));
        assert_eq!(explained(&read(&both), "b.test"), "http://p.test:1 (from https_proxy)");
    }

    #[test]
    fn exceptions_without_proxy_and_http_proxy_are_ignored() {
        let setup = read(&[("NO_PROXY", "::::"), ("http_proxy", "http://p.test"), ("HTTP_PROXY", "http://p.test")]);
        assert_eq!((explained(&setup, "one.digicert.com").as_str(), setup.warnings().len()), ("none", 0));
    }

    #[test]
    fn proxy_05_neither_error_nor_explanation_shows_the_password() {
        let setup = read(&[("ALL_PROXY", "http://user:canary@p.test:1"), ("NO_PROXY", "b.test,10.0.0.0/99")]);
        let shown = format!("{setup:?} {} {}", explained(&setup, "a.test"), explained(&setup, "127.0.0.1"));
        assert!(!shown.contains("canary") && shown.contains("loopback"), "{shown}");
        assert!(setup.warnings()[0].to_string().contains("NO_PROXY: \"10.0.0.0/99\""), "{:?}", setup.warnings());
        let error =
            ProxyConfig::of_variables(&given(&[("https_proxy", "http://canary:x y@p.test")])).expect_err("blank");
        assert!(error.to_string().contains("https_proxy") && !error.to_string().contains("canary"), "{error}");
        assert_eq!(error.code(), Code::CFG_01);
    }
}

//! Reads curl's proxy variables, only if the configuration asks for it: a library that obeys variables
//! without its program's knowledge causes surprises.

use digicert_one_core::{Code, ProxyRules, ValueShape, Warning, is_random_word};

use crate::ConfigError;
use crate::variable::{Environment, get};

/// The proxy variables; the first one that is set counts. curl's order: its manual, "Environment";
/// `lib/proxy.c` of 8.22. `http_proxy` is not used: calls are `https`.
const PROXY: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// Reads the proxy and its exceptions from variables, for a client:
///
/// | | first that is set and not empty |
/// |---|---|
/// | proxy | `https_proxy`, `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY` |
/// | exceptions, in the form of [`ProxyRules`] | `no_proxy`, `NO_PROXY` |
///
/// Adds a warning for each exception that could not be parsed and has no effect.
///
/// ```
/// use digicert_one_credentials::{Variable, read_proxy_variables};
///
/// let lookup = |name: &str| match name {
///     "HTTPS_PROXY" => Some(Variable::new(name, "http://user:secret@proxy.corp.test:3128")),
///     _ => None,
/// };
/// let rules = read_proxy_variables(&lookup, &mut Vec::new())?;
/// assert_eq!(rules.proxy().to_string(), "http://proxy.corp.test:3128");
/// # Ok::<(), digicert_one_credentials::ConfigError>(())
/// ```
///
/// # Errors
/// Returns an error for an invalid address; it names the variable and not the address.
pub fn read_proxy_variables(lookup: &Environment<'_>, warnings: &mut Vec<Warning>) -> Result<ProxyRules, ConfigError> {
    let Some(address) = PROXY.iter().find_map(|name| get(lookup, name)) else { return Ok(ProxyRules::default()) };
    let invalid = |source| ConfigError::Proxy { name: address.name().to_owned(), source };
    let mut rules = ProxyRules::parse(address.text()?).map_err(invalid)?.named_by(address.name());
    warnings.extend(address.warning());
    if let Some(list) = EXCEPTIONS.iter().find_map(|name| get(lookup, name)) {
        rules = rules.except(list.text()?).exceptions_named_by(list.name());
        warnings.extend(rules.invalid_exceptions().iter().map(|entry| without_effect(entry, list.name())));
    }
    Ok(rules)
}

/// Returns the warning for an exception that could not be parsed.
fn without_effect(entry: &str, origin: &str) -> Warning {
    // A word without dot, colon or slash may be a secret.
    let in_entries = |byte: u8| byte.is_ascii_alphanumeric() || b".:/*-[]".contains(&byte);
    let is_entry = entry.contains(['.', ':', '/'])
        && entry.bytes().all(in_entries)
        && ValueShape::of(entry).is_none()
        && !is_random_word(entry);
    let shown = if is_entry { format!("{entry:?}") } else { "an entry that is not shown".to_owned() };
    Warning::new(Code::CFG_01, format!("{shown} is not a name, address, network or port, and has no effect"), origin)
}

#[cfg(test)]
mod tests {
    use digicert_one_core::{HostRole, Instance};

    use super::*;
    use crate::variable::given;

    fn read(settings: &[(&str, &str)]) -> (ProxyRules, Vec<Warning>) {
        let mut warnings = Vec::new();
        let rules = read_proxy_variables(&given(settings), &mut warnings).expect("readable");
        (rules, warnings)
    }

    fn explained((rules, _): &(ProxyRules, Vec<Warning>), host: &str) -> String {
        let instance = Instance::parse(host).expect(host);
        rules.explain(instance.origin(HostRole::Platform).expect(host))
    }

    #[test]
    fn proxy_09_lower_case_and_scheme_variables_come_first() {
        let all: Vec<(&str, String)> = PROXY.iter().map(|name| (*name, format!("http://{name}.test:1"))).collect();
        for first in 0..all.len() {
            let settings: Vec<(&str, &str)> =
                all[first..].iter().map(|(name, value)| (*name, value.as_str())).collect();
            let from = |settings: &[(&str, &str)]| explained(&read(settings), "one.digicert.com");
            assert_eq!(from(&settings), format!("http://{}.test:1 (from {})", PROXY[first], PROXY[first]));
            // An empty variable is not set.
            let emptied = [&[(PROXY[first], "")][..], &settings[1..]].concat();
            let next = PROXY.get(first + 1).map_or("none".to_owned(), |name| format!("(from {name})"));
            assert!(from(&emptied).ends_with(&next), "{next}");
        }
        let both = [("https_proxy", "p.test:1"), ("no_proxy", "a.test"), ("NO_PROXY", "b.test")];
        assert!(explained(&read(&both), "a.test").starts_with("none (no_proxy"));
        assert_eq!(explained(&read(&both), "b.test"), "http://p.test:1 (from https_proxy)");
    }

    #[test]
    fn exceptions_without_proxy_and_http_proxy_are_ignored() {
        let setup = read(&[("NO_PROXY", "::::"), ("http_proxy", "http://p.test"), ("HTTP_PROXY", "http://p.test")]);
        assert_eq!((explained(&setup, "one.digicert.com").as_str(), setup.1.len()), ("none", 0));
    }

    #[test]
    fn proxy_05_neither_error_nor_explanation_shows_the_password() {
        let setup = read(&[("ALL_PROXY", "http://user:canary@p.test:1"), ("NO_PROXY", "b.test,10.0.0.0/99")]);
        let shown = format!("{:?} {} {}", setup.0, explained(&setup, "a.test"), explained(&setup, "127.0.0.1"));
        assert!(!shown.contains("canary") && shown.contains("loopback"), "{shown}");
        assert!(setup.1[0].to_string().contains("NO_PROXY: \"10.0.0.0/99\""), "{:?}", setup.1);
        let blank = given(&[("https_proxy", "http://canary:x y@p.test")]);
        let error = read_proxy_variables(&blank, &mut Vec::new()).expect_err("blank");
        assert!(error.to_string().contains("https_proxy") && !error.to_string().contains("canary"), "{error}");
        assert_eq!(error.code(), Code::CFG_01);
    }
}

//! Which origins use a proxy. Decided here once, so that it is the same on every TLS stack: they interpret
//! `NO_PROXY` differently. Pure: callers read the variables and pass their text.

use std::fmt;
use std::net::IpAddr;

use crate::{Origin, Proxy, ProxyError};

/// A proxy, and the origins that bypass it.
///
/// The list of exceptions has the form of `NO_PROXY`: entries separated by commas or blanks, case-insensitive:
///
/// | Entry | Bypasses the proxy |
/// |---|---|
/// | `corp.test`, `.corp.test`, `*.corp.test` | `corp.test` and every name below it |
/// | `10.1.2.3`, `fd00::1` | this address |
/// | `10.0.0.0/8`, `fd00::/8` | every address in this network |
/// | any of these with `:8443` (IPv6 in brackets) | the same, on this port only |
/// | `*` | everything |
///
/// Names, addresses, networks and `*` have the same meaning as in curl (its manual: "Environment";
/// `lib/proxy.c` of 8.22), the port as in Go's `httpproxy`. As in Go, a loopback origin is never sent to a
/// proxy, unless [requested](Self::including_loopback); nor is one without TLS, since the proxy would see its
/// credentials.
///
/// ```
/// use digicert_one_core::{HostRole, Instance, Proxy, ProxyRules};
///
/// let rules = ProxyRules::new(Proxy::parse("http://proxy.corp.test:3128")?).except("clientauth.one.digicert.com, 10.0.0.0/8");
/// let instance = Instance::parse("one.digicert.com")?;
/// assert_eq!(rules.proxy_for(instance.origin(HostRole::Platform)?).to_string(), "http://proxy.corp.test:3128");
/// assert_eq!(*rules.proxy_for(instance.origin(HostRole::ClientAuth)?), Proxy::None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyRules {
    proxy: Proxy,
    exceptions: Vec<Exception>,
    invalid_exceptions: Vec<String>,
    loopback: bool,
    named_by: Option<String>,
    exceptions_named_by: Option<String>,
}

static DIRECT: Proxy = Proxy::None;

impl ProxyRules {
    /// Sends everything but loopback through this proxy.
    #[must_use]
    pub fn new(proxy: Proxy) -> Self {
        Self { proxy, ..Self::default() }
    }

    /// Same as [`new`](Self::new), from an address that [`Proxy::parse`] accepts.
    ///
    /// # Errors
    /// See [`ProxyError`].
    pub fn parse(proxy: &str) -> Result<Self, ProxyError> {
        Proxy::parse(proxy).map(Self::new)
    }

    /// Adds exceptions, in the form of `NO_PROXY`. Invalid entries have no effect and are listed in
    /// [`invalid_exceptions`](Self::invalid_exceptions).
    #[must_use]
    pub fn except(mut self, list: &str) -> Self {
        for entry in list.split(|character: char| character == ',' || character.is_whitespace()) {
            match Exception::parse(entry) {
                _ if entry.is_empty() => {}
                Some(exception) => self.exceptions.push(exception),
                None => self.invalid_exceptions.push(entry.to_owned()),
            }
        }
        self
    }

    /// Sends loopback origins through the proxy too: for a debugging proxy on this machine.
    #[must_use]
    pub fn including_loopback(mut self) -> Self {
        self.loopback = true;
        self
    }

    /// Sets the variable or option that the proxy's address comes from, for errors.
    #[must_use]
    pub fn named_by(mut self, name: impl Into<String>) -> Self {
        self.named_by = Some(name.into());
        self
    }

    /// Sets the variable or option that the exceptions come from, for explanations.
    #[must_use]
    pub fn exceptions_named_by(mut self, name: impl Into<String>) -> Self {
        self.exceptions_named_by = Some(name.into());
        self
    }

    /// Explains why calls to this origin use the proxy or bypass it, without credentials.
    ///
    /// ```
    /// use digicert_one_core::{HostRole, Instance, ProxyRules};
    ///
    /// let rules = ProxyRules::parse("http://proxy.corp.test:3128")?.named_by("HTTPS_PROXY");
    /// let rules = rules.except("one.digicert.com").exceptions_named_by("NO_PROXY");
    /// let instance = Instance::parse("one.digicert.com")?;
    /// let explained = rules.explain(instance.origin(HostRole::Platform)?);
    /// assert_eq!(explained, "none (NO_PROXY excepts this host from HTTPS_PROXY)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self, origin: &Origin) -> String {
        let name = self.named_by.as_deref().unwrap_or("the configuration");
        match (self.proxy_for(origin), &self.exceptions_named_by) {
            _ if self.proxy == Proxy::None => "none".to_owned(),
            (Proxy::None, _) if origin.is_loopback() => format!("none (loopback; {name} does not count)"),
            (Proxy::None, Some(exceptions)) => format!("none ({exceptions} excepts this host from {name})"),
            (proxy, _) => format!("{proxy} (from {name})"),
        }
    }

    /// Describes the proxy for calls to this origin and where its address comes from, without credentials,
    /// for errors. `None` without a proxy.
    ///
    /// ```
    /// use digicert_one_core::{HostRole, Instance, ProxyRules};
    ///
    /// let rules = ProxyRules::parse("http://user:secret@proxy.corp.test:3128")?.named_by("HTTPS_PROXY");
    /// let instance = Instance::parse("one.digicert.com")?;
    /// let described = rules.describe(instance.origin(HostRole::Platform)?);
    /// assert_eq!(described.as_deref(), Some("http://proxy.corp.test:3128 (from HTTPS_PROXY)"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn describe(&self, origin: &Origin) -> Option<String> {
        match (self.proxy_for(origin), &self.named_by) {
            (Proxy::None, _) => None,
            (proxy, Some(name)) => Some(format!("{proxy} (from {name})")),
            (proxy, None) => Some(proxy.to_string()),
        }
    }

    /// Returns the proxy for calls to this origin, or [`Proxy::None`].
    #[must_use]
    pub fn proxy_for(&self, origin: &Origin) -> &Proxy {
        let around = !origin.is_https()
            || (origin.is_loopback() && !self.loopback)
            || self.exceptions.iter().any(|exception| exception.holds_for(origin));
        if around { &DIRECT } else { &self.proxy }
    }

    /// Returns the proxy, ignoring exceptions.
    #[must_use]
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Returns the exceptions that could not be parsed.
    #[must_use]
    pub fn invalid_exceptions(&self) -> &[String] {
        &self.invalid_exceptions
    }
}

/// One entry of the list.
#[derive(Clone, PartialEq, Eq)]
struct Exception {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, PartialEq, Eq)]
enum Hosts {
    All,
    /// A name and the names below it; lower case, without leading or trailing dots.
    Domain(String),
    Network(Network),
}

impl Exception {
    fn parse(entry: &str) -> Option<Self> {
        let (hosts, port) = match entry.strip_prefix('[') {
            Some(bracketed) => {
                let (hosts, rest) = bracketed.split_once(']')?;
                (hosts, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
            }
            // More than one colon without brackets is an IPv6 address or network.
            None if entry.matches(':').count() == 1 => {
                entry.split_once(':').map(|(hosts, port)| (hosts, Some(port)))?
            }
            None => (entry, None),
        };
        let port = port.map(str::parse).transpose().ok()?;
        Some(Self { hosts: Hosts::parse(hosts)?, port })
    }

    fn holds_for(&self, origin: &Origin) -> bool {
        self.port.is_none_or(|port| port == origin.port())
            && match (&self.hosts, origin.ip()) {
                (Hosts::All, _) => true,
                (Hosts::Network(network), Some(address)) => network.contains(address.to_canonical()),
                (Hosts::Domain(domain), None) => {
                    let below = origin.host().strip_suffix(domain.as_str());
                    below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
                }
                (Hosts::Network(_), None) | (Hosts::Domain(_), Some(_)) => false,
            }
    }
}

impl Hosts {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        if text.contains('/') {
            return Network::parse(text).map(Self::Network);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::Network(Network::of(address.to_canonical())));
        }
        let name = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text);
        let name = name.strip_suffix('.').unwrap_or(name);
        let is_name = !name.is_empty()
            && name.split('.').all(|label| {
                !label.is_empty()
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            });
        // Only digits and dots: an incomplete address, which would match no name.
        let is_address = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        (is_name && !is_address).then(|| Self::Domain(name.to_ascii_lowercase()))
    }
}

/// The addresses that share a prefix (RFC 4632 section 3.1, RFC 4291 section 2.3).
#[derive(Clone, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Returns the network of one address.
    fn of(address: IpAddr) -> Self {
        Self { address, prefix: bits(address).0 }
    }

    /// Parses `10.0.0.0/8`.
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let address = address.parse().ok()?;
        let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|prefix| is_number && *prefix <= bits(address).0)?;
        Some(Self { address, prefix })
    }

    fn contains(&self, other: IpAddr) -> bool {
        let ((length, mine), (of_other, theirs)) = (bits(self.address), bits(other));
        length == of_other && (mine ^ theirs).checked_shr(length - self.prefix).unwrap_or(0) == 0
    }
}

/// Returns the number of bits of this address family, and the bits of the address.
fn bits(address: IpAddr) -> (u32, u128) {
    match address {
        IpAddr::V4(address) => (u32::BITS, u32::from(address).into()),
        IpAddr::V6(address) => (u128::BITS, address.into()),
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hosts {
            Hosts::All => f.write_str("*")?,
            Hosts::Domain(domain) => f.write_str(domain)?,
            Hosts::Network(Network { address, prefix }) => write!(f, "{address}/{prefix}")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, " port {port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HostRole, Instance};

    const PROXY: &str = "http://proxy.test:3128";

    fn goes_around(list: &str, host: &str) -> bool {
        let instance = Instance::parse(host).expect(host);
        let origin = instance.origin(HostRole::Platform).expect(host);
        let rules = ProxyRules::parse(PROXY).expect(PROXY).except(list);
        assert!(rules.invalid_exceptions().is_empty(), "{list}: {:?}", rules.invalid_exceptions());
        *rules.proxy_for(origin) == Proxy::None
    }

    #[test]
    fn proxy_03_name_excepts_itself_and_subdomains() {
        for list in ["corp.test", ".corp.test", "*.corp.test", "CORP.Test.", "other.test, corp.test", "a,,\tcorp.test "]
        {
            assert!(goes_around(list, "corp.test"), "{list}");
            assert!(goes_around(list, "d1.corp.test:8443"), "{list}");
            assert!(!goes_around(list, "mycorp.test") && !goes_around(list, "corp.test.example"), "{list}");
        }
        assert!(goes_around("*", "one.digicert.com") && !goes_around("", "one.digicert.com"));
    }

    #[test]
    fn proxy_03_address_or_network_excepts_addresses_only() {
        assert!(goes_around("10.0.0.0/8", "10.9.8.7") && !goes_around("10.0.0.0/8", "11.0.0.1"));
        assert!(goes_around("10.1.2.3/8", "10.9.8.7"), "bits beyond the mask do not count");
        assert!(goes_around("10.9.8.7", "10.9.8.7") && !goes_around("10.9.8.7", "10.9.8.70"));
        for list in ["fd00::/8", "fd00::1", "[fd00::1]", "[fd00::/8]", "FD00:0::1"] {
            assert!(goes_around(list, "[fd00::1]"), "{list}");
            assert!(!goes_around(list, "[fe00::1]") && !goes_around(list, "fd00.test"), "{list}");
        }
        assert!(goes_around("::ffff:10.0.0.1", "10.0.0.1"));
    }

    #[test]
    fn proxy_03_port_excepts_that_port_only() {
        for (list, host) in [
            ("corp.test:8443", "corp.test"),
            ("10.0.0.0/8:8443", "10.0.0.1"),
            ("[fd00::1]:8443", "[fd00::1]"),
            ("*:8443", "x.test"),
        ] {
            assert!(goes_around(list, &format!("{host}:8443")), "{list}");
            assert!(!goes_around(list, host), "{list}");
        }
        assert!(goes_around("corp.test:443", "corp.test"), "the scheme's own port counts");
    }

    #[test]
    fn invalid_entry_excepts_nothing_and_is_listed() {
        for bad in
            ["10.0.0.0/99", "192.168", "[::1", "corp.test:port", "http://corp.test", "a..b", "192.168.*", "[::1]x", "."]
        {
            let rules = ProxyRules::parse(PROXY).expect(PROXY).except(&format!("fine.test,{bad}"));
            assert_eq!(rules.invalid_exceptions(), [bad], "{bad}");
        }
    }

    #[test]
    fn loopback_and_clear_text_never_go_to_a_proxy() {
        let rules = ProxyRules::parse(PROXY).expect(PROXY);
        for host in ["localhost:4433", "127.0.0.1", "[::1]:4433", "d1.localhost"] {
            assert!(goes_around("", host), "{host}");
            let instance = Instance::parse(host).expect(host);
            let looked_on = rules.clone().including_loopback();
            assert_eq!(looked_on.proxy_for(instance.origin(HostRole::Platform).expect(host)), rules.proxy(), "{host}");
        }
        let plain = Instance::plain_loopback("http://127.0.0.1:8080").expect("loopback");
        let origin = plain.origin(HostRole::Platform).expect("a host");
        assert_eq!(*rules.including_loopback().proxy_for(origin), Proxy::None);
    }
}

//! A DigiCert ONE installation: its platform host and its `clientauth.` host. Either can be given; the other
//! is derived.

use http::Uri;
use thiserror::Error;

use crate::diagnosis::Code;
use crate::lookalike::meant;
use crate::origin::OriginError;
use crate::{HostRole, Origin, RequestTarget, TargetError, ValueShape};

/// A region with a public installation.
///
/// Source: DigiCert ONE, "Platform IP addresses and URLs".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// `one.digicert.com`
    UnitedStates,
    /// `one.ch.digicert.com`
    Switzerland,
    /// `one.digicert.co.jp`
    Japan,
    /// `one.nl.digicert.com`
    Netherlands,
}

impl Region {
    fn host(self) -> &'static str {
        match self {
            Self::UnitedStates => "one.digicert.com",
            Self::Switzerland => "one.ch.digicert.com",
            Self::Japan => "one.digicert.co.jp",
            Self::Netherlands => "one.nl.digicert.com",
        }
    }
}

/// The two origins of one installation.
///
/// ```
/// use digicert_one_core::{HostRole, Instance};
/// // Either form of the host gives the same instance; `clientauth.` is never doubled.
/// let one = Instance::parse("https://clientauth.one.nl.digicert.com/")?;
/// assert_eq!(one, Instance::parse("one.nl.digicert.com")?);
/// assert_eq!(one.origin(HostRole::ClientAuth)?.host(), "clientauth.one.nl.digicert.com");
/// # Ok::<(), digicert_one_core::InstanceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instance(Hosts);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Hosts {
    Both { platform: Origin, client_auth: Origin },
    Platform(Origin),
    ClientAuth(Origin),
}

/// Error returned for a host that cannot be used. Never repeats user info.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InstanceError {
    /// Neither `https://` nor a bare host.
    #[error("invalid host: expected https://HOST[:PORT] or HOST[:PORT]")]
    Scheme,
    /// `http://` without an explicit opt-in.
    #[error("insecure host: http:// would send credentials in clear text; use https://{host}")]
    PlainHttp {
        /// The host without scheme.
        host: String,
    },
    /// `user:password@` before the host.
    #[error("invalid host: expected no user info (the part before @); credentials are set separately")]
    UserInfo,
    /// A path after the host.
    #[error(
        "invalid host: expected {host:?} without a path (the prefix of a private installation is a separate setting)"
    )]
    Path {
        /// The host without the path.
        host: String,
    },
    /// A secret instead of a host.
    #[error("invalid host: the value looks like {shape} (it is not shown); set {}", .shape.variable())]
    Value {
        /// What it looks like.
        shape: ValueShape,
    },
    /// Not a host name or address, and possibly a secret.
    #[error(
        "invalid host (not shown, as it may be a secret): expected https://HOST[:PORT] without a path, with variables replaced; a name without dots needs the https://"
    )]
    Redacted,
    /// Close to one of the eight public hosts, but not one of them.
    #[error("{host:?} is not a DigiCert ONE host; did you mean {meant}? The credential would be sent to a third party")]
    Lookalike {
        /// What was given.
        host: String,
        /// The public host that it resembles.
        meant: String,
        /// The installation at that host, for [`confirm`](InstanceError::confirm).
        instance: Box<Instance>,
    },
    /// `clientauth.` occurs more than once.
    #[error("invalid host: clientauth. occurs more than once; use {meant}")]
    RepeatedPrefix {
        /// The host with it once.
        meant: String,
    },
    /// Not a host name or address.
    #[error("invalid host {host:?}: expected a name or an address, and no port or one up to 65535")]
    Host {
        /// What was given.
        host: String,
    },
    /// A prefix that is not a plain path.
    #[error("invalid path prefix: expected a plain path")]
    Prefix(#[source] TargetError),
    /// Only one of the two origins is known and the other cannot be derived.
    #[error(
        "missing {role} host for {known}: an address, localhost or a very long name has no clientauth. form; give both hosts"
    )]
    NoHost {
        /// The host that the material needs.
        role: HostRole,
        /// The one that is known.
        known: String,
    },
}

impl From<OriginError> for InstanceError {
    fn from(error: OriginError) -> Self {
        match error {
            OriginError::Scheme => Self::Scheme,
            OriginError::UserInfo => Self::UserInfo,
            OriginError::Path { host } => Self::Path { host },
            OriginError::Value { shape } => Self::Value { shape },
            OriginError::Redacted => Self::Redacted,
            OriginError::Host { host } => Self::Host { host },
        }
    }
}

impl InstanceError {
    /// Returns the diagnosis code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::PlainHttp { .. } => Code::SEC_05,
            _ => Code::HO_02,
        }
    }

    /// Returns the installation at a host that resembles a public one, for callers that know that the host is right.
    ///
    /// ```
    /// use digicert_one_core::{Instance, InstanceError};
    ///
    /// let error = Instance::parse("one.digicert.co").unwrap_err();
    /// assert!(error.to_string().contains("did you mean one.digicert.com?"));
    /// assert!(Instance::parse("one.digicert.co").or_else(InstanceError::confirm).is_ok());
    /// ```
    ///
    /// # Errors
    /// Returns every other error unchanged.
    pub fn confirm(self) -> Result<Instance, Self> {
        match self {
            Self::Lookalike { instance, .. } => Ok(*instance),
            other => Err(other),
        }
    }
}

impl Instance {
    /// Returns the production installation of a region.
    #[must_use]
    pub fn production(region: Region) -> Self {
        Self::parse(region.host()).expect("the host of a region is a host name")
    }

    /// Returns the demo installation of a region, at `demo.`. Credentials of production are not valid there.
    #[must_use]
    pub fn demo(region: Region) -> Self {
        Self::parse(&format!("demo.{}", region.host())).expect("the demo host of a region is a host name")
    }

    /// Returns the installation at this host, in either form. The other form is derived.
    ///
    /// An address or bare `localhost` has no `clientauth.` form and supports API keys only; see [`pair`](Self::pair).
    ///
    /// # Errors
    /// See [`InstanceError`].
    pub fn parse(host: &str) -> Result<Self, InstanceError> {
        let origin = secure(host)?;
        Self::checked(Self(match origin.with_client_auth_label() {
            Some(client_auth) => Hosts::Both { platform: origin.without_client_auth_label(), client_auth },
            None => Hosts::Platform(origin),
        }))
    }

    /// Refuses hosts that resemble a public host.
    fn checked(self) -> Result<Self, InstanceError> {
        let hosts: Vec<&Origin> = match &self.0 {
            // A derived host has the same typo.
            Hosts::Both { platform, client_auth } if client_auth.without_client_auth_label() == *platform => {
                vec![platform]
            }
            Hosts::Both { platform, client_auth } => vec![platform, client_auth],
            Hosts::Platform(origin) | Hosts::ClientAuth(origin) => vec![origin],
        };
        match hosts.into_iter().find_map(|origin| Some((origin.host().to_owned(), meant(origin.host())?))) {
            Some((host, meant)) => Err(InstanceError::Lookalike { host, meant, instance: Box::new(self) }),
            None => Ok(self),
        }
    }

    /// Returns the installation with this certificate host, as named by `SM_HOST`. The platform host is
    /// derived if possible.
    ///
    /// # Errors
    /// See [`InstanceError`].
    pub fn from_client_auth(host: &str) -> Result<Self, InstanceError> {
        let origin = secure(host)?;
        Self::checked(Self(match origin.with_client_auth_label() {
            Some(client_auth) => Hosts::Both { platform: origin.without_client_auth_label(), client_auth },
            None => Hosts::ClientAuth(origin),
        }))
    }

    /// Returns a private installation whose two hosts do not follow the `clientauth.` rule. Both are used as given.
    ///
    /// # Errors
    /// See [`InstanceError`].
    pub fn pair(platform: &str, client_auth: &str) -> Result<Self, InstanceError> {
        Self::checked(Self(Hosts::Both { platform: secure(platform)?, client_auth: secure(client_auth)? }))
    }

    /// Returns a platform on this machine without TLS, for tests. This is the explicit opt-in for `http://`.
    ///
    /// # Errors
    /// Returns an error for any host that is not loopback; see also [`InstanceError`].
    pub fn plain_loopback(platform: &str) -> Result<Self, InstanceError> {
        let origin = Origin::parse(platform)?;
        if !origin.is_https() && !origin.is_loopback() {
            return Err(InstanceError::PlainHttp { host: origin.authority().to_string() });
        }
        Ok(Self(Hosts::Platform(origin)))
    }

    /// Puts both origins below a path prefix, as a private installation may need.
    ///
    /// # Errors
    /// Returns an error for a prefix that is not a plain path.
    pub fn with_path_prefix(self, prefix: &str) -> Result<Self, InstanceError> {
        let prefix = RequestTarget::parse(prefix).map_err(InstanceError::Prefix)?;
        if prefix.path() != prefix.as_str() {
            return Err(InstanceError::Prefix(TargetError::NotAPath));
        }
        let below = |origin: Origin| origin.below(&prefix);
        Ok(Self(match self.0 {
            Hosts::Both { platform, client_auth } => {
                Hosts::Both { platform: below(platform), client_auth: below(client_auth) }
            }
            Hosts::Platform(origin) => Hosts::Platform(below(origin)),
            Hosts::ClientAuth(origin) => Hosts::ClientAuth(below(origin)),
        }))
    }

    /// Returns the origin for this role.
    ///
    /// # Errors
    /// [`InstanceError::NoHost`] if only the other one is known.
    pub fn origin(&self, role: HostRole) -> Result<&Origin, InstanceError> {
        match (&self.0, role) {
            (Hosts::Both { platform: origin, .. } | Hosts::Platform(origin), HostRole::Platform)
            | (Hosts::Both { client_auth: origin, .. } | Hosts::ClientAuth(origin), HostRole::ClientAuth) => Ok(origin),
            (Hosts::Platform(known) | Hosts::ClientAuth(known), _) => {
                Err(InstanceError::NoHost { role, known: known.to_string() })
            }
        }
    }

    /// Returns the role of the origin that `uri` belongs to, if it belongs to this installation.
    #[must_use]
    pub fn role_of(&self, uri: &Uri) -> Option<HostRole> {
        [HostRole::Platform, HostRole::ClientAuth]
            .into_iter()
            .find(|&role| self.origin(role).is_ok_and(|origin| origin.is_origin_of(uri)))
    }
}

fn secure(host: &str) -> Result<Origin, InstanceError> {
    let origin = Origin::parse(host)?;
    let mut rest = origin.host();
    while let Some(inner) = rest.strip_prefix("clientauth.").filter(|inner| inner.starts_with("clientauth.")) {
        rest = inner;
    }
    if rest != origin.host() {
        return Err(InstanceError::RepeatedPrefix { meant: rest.to_owned() });
    }
    if origin.is_https() { Ok(origin) } else { Err(InstanceError::PlainHttp { host: origin.authority().to_string() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_too_long_for_clientauth_has_platform_host_only() {
        let long = vec!["a".repeat(60); 4].join(".");
        let instance = Instance::parse(&long).expect("243 characters are a name");
        assert!(instance.origin(HostRole::Platform).is_ok() && instance.origin(HostRole::ClientAuth).is_err());
    }

    fn public() -> impl Iterator<Item = Instance> {
        let regions = [Region::UnitedStates, Region::Switzerland, Region::Japan, Region::Netherlands];
        regions.into_iter().flat_map(|region| [Instance::production(region), Instance::demo(region)])
    }

    #[test]
    fn host_01_public_host_gets_label_once_and_only_for_certificates() {
        for instance in public() {
            let platform = instance.origin(HostRole::Platform).expect("platform").host().to_owned();
            let client_auth = instance.origin(HostRole::ClientAuth).expect("clientauth").host().to_owned();
            assert!(!platform.contains("clientauth"), "{platform}");
            assert_eq!(client_auth, format!("clientauth.{platform}"));
        }
    }

    #[test]
    fn host_02_label_is_recognised_and_never_doubled() {
        for instance in public() {
            let client_auth = instance.origin(HostRole::ClientAuth).expect("clientauth").to_string();
            assert_eq!(Instance::parse(&client_auth).expect("parses"), instance);
            assert_eq!(Instance::from_client_auth(&client_auth).expect("parses"), instance);
        }
    }

    #[test]
    fn host_03_explicit_pair_is_used_as_given() {
        let private = Instance::pair("https://d1.corp.test", "https://mtls.corp.test:8443").expect("a pair");
        assert_eq!(private.origin(HostRole::ClientAuth).expect("given").to_string(), "https://mtls.corp.test:8443");
    }

    #[test]
    fn host_04_plain_http_needs_the_loopback_constructor() {
        for bad in ["http://one.digicert.com", "http://127.0.0.1:8080", "HTTP://localhost"] {
            assert!(matches!(Instance::parse(bad), Err(InstanceError::PlainHttp { .. })), "{bad}");
        }
        assert!(Instance::plain_loopback("http://one.digicert.com").is_err());
        let local = Instance::plain_loopback("http://127.0.0.1:8080").expect("loopback");
        assert_eq!(local.origin(HostRole::Platform).expect("given").to_string(), "http://127.0.0.1:8080");
    }

    #[test]
    fn host_05_case_trailing_dot_and_default_port_are_normalised() {
        let normal = Instance::parse("one.digicert.com").expect("parses");
        for form in
            ["ONE.DigiCert.com", "one.digicert.com.", "https://one.digicert.com:443", " https://one.digicert.com./ "]
        {
            assert_eq!(Instance::parse(form).expect(form), normal, "{form}");
        }
    }

    #[test]
    fn host_close_to_a_public_one_is_refused_until_confirmed() {
        for host in ["one.digicert.co", "https://clientauth.demo.one.digcert.com", "one.digicert.com.evil.com:8443"] {
            for read in
                [Instance::parse, Instance::from_client_auth, |host: &str| Instance::pair(host, "mtls.corp.test")]
            {
                let error = read(host).expect_err(host);
                assert!(error.to_string().contains("did you mean"), "{error}");
                assert!(error.confirm().is_ok());
            }
        }
        let client_auth = Instance::pair("d1.corp.test", "clientauth.one.digicert.co").expect_err("the second");
        assert!(client_auth.to_string().contains("mean clientauth.one.digicert.com?"), "{client_auth}");
        assert!(Instance::parse("a b").map_err(InstanceError::confirm).is_err());
    }

    #[test]
    fn host_with_clientauth_twice_is_refused() {
        for host in ["clientauth.clientauth.d1.corp.test", "https://CLIENTAUTH.clientauth.clientauth.d1.corp.test"] {
            let doubled = InstanceError::RepeatedPrefix { meant: "clientauth.d1.corp.test".to_owned() };
            for read in [Instance::parse, Instance::from_client_auth, |host: &str| Instance::pair("d1.corp.test", host)]
            {
                assert_eq!(read(host), Err(doubled.clone()));
            }
        }
    }

    #[test]
    fn secret_instead_of_host_is_refused_and_not_shown() {
        let key = format!("{}_{}", "0a".repeat(13), "c7".repeat(32));
        let base64 = "MIIKWgIBAzCCChAGCSqGSIb3DQEHAaCCCgEEggn9MIIJ+TCCBJ8GCSqGSIb3DQEHBqCCBJAwggSMAgEAMIIEhQ";
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n");
        for secret in [&key, base64, &pem, "hunter2canary", "canary!pass/word", "canary word", "c4n4ry.pass!word"] {
            for host in [secret.to_owned(), format!("{secret}:8443"), format!("http://{secret}"), format!("{secret}/x")]
            {
                let Err(error) = Instance::parse(&host) else { continue };
                let shown = format!("{error} {error:?}");
                // `hunter2canary:8443` is a host and a port.
                let is_shown = (0..secret.len() - 7).any(|at| shown.contains(&secret[at..at + 8]));
                assert!(!is_shown || host.starts_with("http://hunter2"), "{host}: {shown}");
            }
            assert!(Instance::parse(secret).is_err(), "{secret}");
        }
        assert!(Instance::parse("https://d1server").is_ok() && Instance::parse("d1server:8443").is_ok());
    }

    #[test]
    fn host_06_user_info_is_refused_and_not_shown() {
        let error = Instance::parse("https://canary:secret@one.digicert.com").expect_err("user info");
        assert_eq!(error, InstanceError::UserInfo);
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[test]
    fn paths_queries_and_other_schemes_are_refused() {
        for bad in [
            "https://one.digicert.com/account",
            "one.digicert.com?x",
            "ftp://one.digicert.com",
            "one..com",
            "",
            "a b",
            "one.digicert.com:",
            "one.digicert.com:99999",
            "[::1",
            "one.digicert.com#x",
        ] {
            assert!(Instance::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn address_without_clientauth_host_is_reported() {
        let local = Instance::parse("https://127.0.0.1:4433").expect("an address");
        let error = local.origin(HostRole::ClientAuth).expect_err("not derivable");
        assert!(error.to_string().contains("127.0.0.1:4433"), "{error}");
        let certificates = Instance::from_client_auth("https://[::1]:4434").expect("an address");
        assert!(certificates.origin(HostRole::ClientAuth).is_ok() && certificates.origin(HostRole::Platform).is_err());
    }

    #[test]
    fn req_09_prefix_is_between_host_and_path() {
        let target = RequestTarget::parse("/account/api/v1/user/me").expect("a path");
        for prefix in ["/d1", "/d1/"] {
            for host in ["https://d1.corp.test", "https://d1.corp.test/"] {
                let instance = Instance::parse(host).and_then(|one| one.with_path_prefix(prefix)).expect("a prefix");
                let uri = instance.origin(HostRole::Platform).expect("platform").uri(&target);
                assert_eq!(uri.to_string(), "https://d1.corp.test/d1/account/api/v1/user/me");
                assert_eq!(instance.role_of(&uri), Some(HostRole::Platform));
            }
        }
    }

    #[test]
    fn host_07_different_scheme_host_or_port_is_another_origin() {
        let instance = Instance::parse("one.digicert.com").expect("parses");
        for other in ["http://one.digicert.com/", "https://one.digicert.com:8443/", "https://demo.one.digicert.com/"] {
            assert_eq!(instance.role_of(&other.parse().expect(other)), None, "{other}");
        }
        let same: Uri = "https://ONE.digicert.com:443/x".parse().expect("a uri");
        assert_eq!(instance.role_of(&same), Some(HostRole::Platform));
    }

    #[test]
    fn host_that_ends_in_a_number_is_an_address_or_an_error() {
        for wrong in
            ["https://127.1", "https://1.2.3", "https://256.1.1.1", "https://0x7f000001:8443", "https://one.test:99999"]
        {
            let error = Instance::parse(wrong).expect_err(wrong).to_string();
            assert!(error.contains("expected a name or an address") || error.contains("without a path"), "{error}");
        }
        for right in ["https://10.1.2.3:8443", "https://one.1st", "https://h1.test", "https://[::1]"] {
            let parsed = Instance::parse(right).map(drop);
            assert!(
                !matches!(parsed, Err(InstanceError::Host { .. } | InstanceError::Redacted)),
                "{right}: {parsed:?}"
            );
        }
    }
}

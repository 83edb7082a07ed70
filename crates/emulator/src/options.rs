//! What an emulator is to be like: where it listens, who exists, what time it is.
//!
//! Plain data with nothing checked; whether it fits together is decided at start, in `emulator.rs`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use digicert_one_testbed::{ClientAuth, KeyKind};

use crate::clock::EmulatorClock;
use crate::csc::CscOptions;
use crate::end_date::EndDate;
use crate::error_shape::ErrorShape;
use crate::faults::Fault;
use crate::limits::RateLimit;
use crate::role::ROLES;

/// Where the emulator takes the time from.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What an emulator is to be like. The default: free ports on 127.0.0.1, the system's time, and one service user
/// `ci-bot` with a key, a certificate and all roles.
#[derive(Clone)]
#[non_exhaustive]
pub struct EmulatorOptions {
    /// The address of both listeners.
    pub address: IpAddr,
    /// Said once: others may reach the address.
    pub reachable_by_others: bool,
    /// Said twice: anybody who reaches it can have its keys.
    pub keys_are_public: bool,
    /// The port of the platform listener; 0 lets the system pick.
    pub platform_port: u16,
    /// The port of the clientauth listener; 0 lets the system pick.
    pub client_auth_port: u16,
    /// Who exists.
    pub service_users: Vec<ServiceUserSpec>,
    /// How many devices Device Trust lists.
    pub devices: usize,
    /// The content-signing side: OAuth clients, digest users, signing credentials.
    pub csc: CscOptions,
    /// Whether the clientauth listener insists on a certificate. The public one asks without insisting.
    pub client_auth: ClientAuth,
    /// The time that end dates are compared with. (Certificates are also checked in the handshake, by the system's time.)
    pub clock: Clock,
    /// How many API tokens a service user can have.
    pub generation: Generation,
    /// Whether Private CA has no authority to show: its list is then 204, without a body.
    pub no_authorities: bool,
    /// The file that the state is kept in. One that exists counts for more than the users and devices of these options.
    pub state: Option<PathBuf>,
    /// The same as a clock that the test keeps hold of; it counts before [`EmulatorOptions::clock`].
    pub emulator_clock: Option<EmulatorClock>,
    /// The limit of calls by one credential; the platform has one, but publishes no number.
    pub rate_limit: Option<RateLimit>,
    /// Shapes of errors by the beginning of paths, in whole segments; elsewhere they have the shape of their product.
    pub error_shapes: Vec<(String, ErrorShape)>,
    /// Faults that are armed from the start.
    pub faults: Vec<Fault>,
    /// The port of the control API (0 lets the system pick); `None`: there is none, and [`Emulator::control`](crate::Emulator::control)
    /// does the same.
    pub control_port: Option<u16>,
}

/// Which generation of the platform this is, as to API tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Generation {
    /// A service user holds as many tokens as it likes, so that keys are rotated without a gap.
    #[default]
    ManyTokens,
    /// A service user has the one key that it was made with; a second one is refused with 409 `token_limit_reached` (inferred).
    OneKey,
}

/// A service user to create.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceUserSpec {
    /// Unique.
    pub friendly_name: String,
    /// Whether it is active.
    pub active: bool,
    /// Its last day.
    pub end_date: Option<EndDate>,
    /// Its roles, by their ids.
    pub roles: Vec<String>,
    /// What it may do beyond its roles.
    pub permissions: Vec<String>,
    /// Its keys; the first is what [`ServiceUser::api_key`](crate::ServiceUser::api_key) returns.
    pub api_keys: Vec<ApiKeySpec>,
    /// Its certificates; the first is what [`ServiceUser::certificate_pem`](crate::ServiceUser::certificate_pem) returns.
    pub certificates: Vec<CertificateSpec>,
}

/// An API key to create.
#[derive(Clone)]
#[non_exhaustive]
pub struct ApiKeySpec {
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its last day.
    pub end_date: Option<EndDate>,
    /// Its value; `None` makes one of the usual shape.
    pub value: Option<String>,
}

/// A client certificate to create.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CertificateSpec {
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its last day. One in the past leaves the X.509 dates valid, so that the refusal is the platform's.
    pub end_date: Option<EndDate>,
    /// The kind of key.
    pub key: KeyKind,
}

impl Default for EmulatorOptions {
    fn default() -> Self {
        EmulatorOptions {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            reachable_by_others: false,
            keys_are_public: false,
            platform_port: 0,
            client_auth_port: 0,
            service_users: vec![ServiceUserSpec::new("ci-bot")],
            devices: 3,
            csc: CscOptions::default(),
            client_auth: ClientAuth::Optional,
            clock: Arc::new(SystemTime::now),
            generation: Generation::ManyTokens,
            no_authorities: false,
            state: None,
            emulator_clock: None,
            rate_limit: None,
            error_shapes: Vec::new(),
            faults: Vec::new(),
            control_port: None,
        }
    }
}

impl EmulatorOptions {
    /// Sets the address. One beyond loopback is refused unless both [`reachable_by_others`](Self::reachable_by_others) and
    /// [`i_know_keys_are_public`](Self::i_know_keys_are_public) are said.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// Lets the address be one that others reach. That is half of what it takes.
    #[must_use]
    pub fn reachable_by_others(mut self, reachable: bool) -> Self {
        self.reachable_by_others = reachable;
        self
    }

    /// Confirms that whoever reaches the emulator may have its keys: it is a toy, made for tests, and guards nothing.
    #[must_use]
    pub fn i_know_keys_are_public(mut self, known: bool) -> Self {
        self.keys_are_public = known;
        self
    }

    /// Sets the generation of the platform.
    #[must_use]
    pub fn generation(mut self, generation: Generation) -> Self {
        self.generation = generation;
        self
    }

    /// Sets whether Private CA has no authority to show.
    #[must_use]
    pub fn no_authorities(mut self, none: bool) -> Self {
        self.no_authorities = none;
        self
    }

    /// Keeps the state in this file (made if missing, readable for its owner only, written whole after every change). It holds the
    /// secrets that the emulator began with, and the keys of its authorities. One emulator at a time: nothing keeps two apart.
    #[must_use]
    pub fn state(mut self, path: impl Into<PathBuf>) -> Self {
        self.state = Some(path.into());
        self
    }

    /// Sets both ports; 0 lets the system pick.
    #[must_use]
    pub fn ports(mut self, platform: u16, client_auth: u16) -> Self {
        (self.platform_port, self.client_auth_port) = (platform, client_auth);
        self
    }

    /// Sets who exists.
    #[must_use]
    pub fn service_users(mut self, users: impl IntoIterator<Item = ServiceUserSpec>) -> Self {
        self.service_users = users.into_iter().collect();
        self
    }

    /// Sets how many devices there are.
    #[must_use]
    pub fn devices(mut self, devices: usize) -> Self {
        self.devices = devices;
        self
    }

    /// Sets what the content-signing side is like.
    #[must_use]
    pub fn csc(mut self, csc: CscOptions) -> Self {
        self.csc = csc;
        self
    }

    /// Sets whether the clientauth listener insists on a certificate.
    #[must_use]
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    /// Sets the clock that end dates are compared with.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets a clock that can be moved from outside.
    #[must_use]
    pub fn emulator_clock(mut self, clock: &EmulatorClock) -> Self {
        self.emulator_clock = Some(clock.clone());
        self
    }

    /// Limits the calls by one credential.
    #[must_use]
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// Sets the shape of errors for paths that begin with these segments, such as `/account`.
    #[must_use]
    pub fn error_shape(mut self, prefix: impl Into<String>, shape: ErrorShape) -> Self {
        self.error_shapes.push((prefix.into(), shape));
        self
    }

    /// Arms a fault.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Adds the control API, on this port (0 lets the system pick).
    #[must_use]
    pub fn control_port(mut self, port: u16) -> Self {
        self.control_port = Some(port);
        self
    }

    pub(crate) fn steered_clock(&self) -> EmulatorClock {
        self.emulator_clock.clone().unwrap_or_else(|| EmulatorClock::over(Arc::clone(&self.clock)))
    }
}

impl fmt::Debug for EmulatorOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EmulatorOptions")
            .field("address", &self.address)
            .field("platform_port", &self.platform_port)
            .field("client_auth_port", &self.client_auth_port)
            .field("service_users", &self.service_users)
            .field("devices", &self.devices)
            .field("csc", &self.csc)
            .field("client_auth", &self.client_auth)
            .field("generation", &self.generation)
            .field("state", &self.state)
            .field("rate_limit", &self.rate_limit)
            .field("error_shapes", &self.error_shapes)
            .field("faults", &self.faults)
            .field("control_port", &self.control_port)
            .finish_non_exhaustive()
    }
}

impl ServiceUserSpec {
    /// An active user without an end date: one key, one certificate, all roles.
    pub fn new(friendly_name: impl Into<String>) -> Self {
        ServiceUserSpec {
            friendly_name: friendly_name.into(),
            active: true,
            end_date: None,
            roles: ROLES.iter().map(|role| role.id.to_owned()).collect(),
            permissions: Vec::new(),
            api_keys: vec![ApiKeySpec::default()],
            certificates: vec![CertificateSpec::default()],
        }
    }

    /// Sets the last day.
    #[must_use]
    pub fn end_date(mut self, end_date: EndDate) -> Self {
        self.end_date = Some(end_date);
        self
    }

    /// Gives it these roles and nothing else.
    #[must_use]
    pub fn roles(mut self, roles: &[&str]) -> Self {
        self.roles = roles.iter().copied().map(str::to_owned).collect();
        self.permissions.clear();
        self
    }

    /// Gives it these [permissions](crate::permission) and no role.
    #[must_use]
    pub fn permissions(mut self, permissions: &[&str]) -> Self {
        self.permissions = permissions.iter().copied().map(str::to_owned).collect();
        self.roles.clear();
        self
    }

    /// Sets the keys. None at all leaves one that is disabled.
    #[must_use]
    pub fn api_keys(mut self, keys: impl IntoIterator<Item = ApiKeySpec>) -> Self {
        self.api_keys = keys.into_iter().collect();
        self
    }

    /// Sets the certificates. None at all leaves one that is disabled.
    #[must_use]
    pub fn certificates(mut self, certificates: impl IntoIterator<Item = CertificateSpec>) -> Self {
        self.certificates = certificates.into_iter().collect();
        self
    }
}

impl Default for ApiKeySpec {
    fn default() -> Self {
        ApiKeySpec { enabled: true, end_date: None, value: None }
    }
}

impl ApiKeySpec {
    /// Sets the last day.
    #[must_use]
    pub fn end_date(mut self, end_date: EndDate) -> Self {
        self.end_date = Some(end_date);
        self
    }

    /// Sets the value, for a test that must know it beforehand.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Makes it a disabled one.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }
}

impl fmt::Debug for ApiKeySpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ApiKeySpec")
            .field("enabled", &self.enabled)
            .field("end_date", &self.end_date)
            .finish_non_exhaustive()
    }
}

impl Default for CertificateSpec {
    fn default() -> Self {
        CertificateSpec { enabled: true, end_date: None, key: KeyKind::P256 }
    }
}

impl CertificateSpec {
    /// Sets the last day.
    #[must_use]
    pub fn end_date(mut self, end_date: EndDate) -> Self {
        self.end_date = Some(end_date);
        self
    }

    /// Sets the kind of key.
    #[must_use]
    pub fn key(mut self, key: KeyKind) -> Self {
        self.key = key;
        self
    }

    /// Makes it a disabled one.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }
}

//! The options of an emulator: where it listens, who exists, what time it is. Plain data; they are checked at start.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use digicert_one_testbed::{ClientAuth, KeyKind};

use crate::clock::{Clock, EmulatorClock};
use crate::csc::options::CscOptions;
use crate::end_date::EndDate;
use crate::error_shape::ErrorShape;
use crate::fault::Fault;
use crate::limits::RateLimit;
use crate::role::ROLES;
use crate::words::{debug_only, setters};

/// The options of an emulator. The default: free ports on 127.0.0.1, the system's time, and one service user
/// `ci-bot` with a key, a certificate and all roles.
#[derive(Clone)]
#[non_exhaustive]
pub struct EmulatorOptions {
    /// The address of both listeners.
    pub address: IpAddr,
    /// Whether others may reach the address; requires [`keys_are_public`](Self::keys_are_public) as well.
    pub reachable_by_others: bool,
    /// Whether it is understood that everybody who reaches it can have its keys.
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
    /// Its end date.
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
    /// Its end date.
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
    /// Its end date. One in the past leaves the X.509 dates valid, so that the refusal is the platform's.
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

setters! { EmulatorOptions {
    /// Sets the address. One beyond loopback is refused without both [`reachable_by_others`](Self::reachable_by_others) and
    /// [`i_know_keys_are_public`](Self::i_know_keys_are_public).
    address(address: IpAddr) address = address;
    /// Allows an address that others can reach. This requires [`i_know_keys_are_public`](Self::i_know_keys_are_public) as well.
    reachable_by_others(reachable: bool) reachable_by_others = reachable;
    /// Confirms that everybody who reaches the emulator may have its keys: it is made for tests, and guards nothing.
    i_know_keys_are_public(known: bool) keys_are_public = known;
    /// Sets the generation of the platform.
    generation(generation: Generation) generation = generation;
    /// Sets whether Private CA has no authority to show.
    no_authorities(none: bool) no_authorities = none;
    /// Keeps the state in this file (made if missing, readable for its owner only, written whole after every change). It holds the
    /// secrets that the emulator began with, and the keys of its authorities. For one emulator at a time: there is no lock.
    state(path: impl Into<PathBuf>) state = Some(path.into());
    /// Sets who exists.
    service_users(users: impl IntoIterator<Item = ServiceUserSpec>) service_users = users.into_iter().collect();
    /// Sets how many devices there are.
    devices(devices: usize) devices = devices;
    /// Sets the content-signing side.
    csc(csc: CscOptions) csc = csc;
    /// Sets whether the clientauth listener insists on a certificate.
    client_auth(client_auth: ClientAuth) client_auth = client_auth;
    /// Sets the clock that end dates are compared with.
    clock(clock: impl Fn() -> SystemTime + Send + Sync + 'static) clock = Arc::new(clock);
    /// Limits the calls by one credential.
    rate_limit(limit: RateLimit) rate_limit = Some(limit);
    /// Adds the control API, on this port (0 lets the system pick).
    control_port(port: u16) control_port = Some(port);
} }

impl EmulatorOptions {
    /// Sets both ports; 0 lets the system pick.
    #[must_use]
    pub fn ports(mut self, platform: u16, client_auth: u16) -> Self {
        (self.platform_port, self.client_auth_port) = (platform, client_auth);
        self
    }

    /// Sets a clock that can be moved from outside.
    #[must_use]
    pub fn emulator_clock(mut self, clock: &EmulatorClock) -> Self {
        self.emulator_clock = Some(clock.clone());
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

    pub(crate) fn steered_clock(&self) -> EmulatorClock {
        self.emulator_clock.clone().unwrap_or_else(|| EmulatorClock::over(Arc::clone(&self.clock)))
    }
}

debug_only! {
    EmulatorOptions {
        address, platform_port, client_auth_port, service_users, devices, csc, client_auth, generation, state, rate_limit,
        error_shapes, faults, control_port
    }
    ApiKeySpec { enabled, end_date }
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
}

setters! { ServiceUserSpec {
    /// Sets the end date.
    end_date(end_date: EndDate) end_date = Some(end_date);
    /// Sets the keys. None at all leaves one that is disabled.
    api_keys(keys: impl IntoIterator<Item = ApiKeySpec>) api_keys = keys.into_iter().collect();
    /// Sets the certificates. None at all leaves one that is disabled.
    certificates(certificates: impl IntoIterator<Item = CertificateSpec>) certificates = certificates.into_iter().collect();
} }

impl Default for ApiKeySpec {
    fn default() -> Self {
        ApiKeySpec { enabled: true, end_date: None, value: None }
    }
}

setters! { ApiKeySpec {
    /// Sets the end date.
    end_date(end_date: EndDate) end_date = Some(end_date);
    /// Sets the value, for a test that must know it beforehand.
    value(value: impl Into<String>) value = Some(value.into());
} }

impl ApiKeySpec {
    /// Makes it a disabled one.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }
}

impl Default for CertificateSpec {
    fn default() -> Self {
        CertificateSpec { enabled: true, end_date: None, key: KeyKind::P256 }
    }
}

setters! { CertificateSpec {
    /// Sets the end date.
    end_date(end_date: EndDate) end_date = Some(end_date);
    /// Sets the kind of key.
    key(key: KeyKind) key = key;
} }

impl CertificateSpec {
    /// Makes it a disabled one.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }
}

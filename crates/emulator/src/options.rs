//! The options of an emulator: addresses, users, time. Plain data; validated at start.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use digicert_one_testbed::{ClientAuth, KeyKind};

use crate::clock::{Clock, EmulatorClock};
use crate::csc::options::CscOptions;
use crate::error_shape::ErrorShape;
use crate::fault::Fault;
use crate::last_day::LastDay;
use crate::limits::RateLimit;
use crate::role::ROLES;
use crate::words::{debug_only, options};

options! {
    /// The options of an emulator. The default: free ports on 127.0.0.1, the system's time, and one service user `ci-bot` with a
    /// key, a certificate and all roles.
    #[derive(Clone)]
    pub struct EmulatorOptions: Default {
        /// The address of both listeners. One beyond loopback is refused without both
        /// [`reachable_by_others`](Self::reachable_by_others) and [`i_know_keys_are_public`](Self::i_know_keys_are_public).
        address: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST), set(address: IpAddr) address;
        /// Whether others may reach the address; requires [`i_know_keys_are_public`](Self::i_know_keys_are_public) as well.
        reachable_by_others: bool = false, set(reachable: bool) reachable;
        /// Whether it is confirmed that every client that reaches the emulator can get its keys.
        keys_are_public: bool = false;
        /// The port of the platform listener; 0 lets the system pick.
        platform_port: u16 = 0;
        /// The port of the clientauth listener; 0 lets the system pick.
        client_auth_port: u16 = 0;
        /// The users.
        service_users: Vec<ServiceUserSpec> = vec![ServiceUserSpec::new("ci-bot")],
            set(users: impl IntoIterator<Item = ServiceUserSpec>) users.into_iter().collect();
        /// How many devices Device Trust lists.
        devices: usize = 3, set(devices: usize) devices;
        /// The content-signing side: OAuth clients, digest users, signing credentials.
        csc: CscOptions = CscOptions::default(), set(csc: CscOptions) csc;
        /// Whether the clientauth listener insists on a certificate. The public one asks without insisting.
        client_auth: ClientAuth = ClientAuth::Optional, set(client_auth: ClientAuth) client_auth;
        /// The time that end dates are compared with. (Certificates are also checked in the handshake, by the system's time.)
        clock: Clock = Arc::new(SystemTime::now),
            set(clock: impl Fn() -> SystemTime + Send + Sync + 'static) Arc::new(clock);
        /// How many API tokens a service user can have.
        generation: Generation = Generation::ManyTokens, set(generation: Generation) generation;
        /// Whether Private CA has no authority to show: its list is then 204, without a body.
        no_authorities: bool = false, set(none: bool) none;
        /// The file that stores the state: created if missing, readable for its owner only, written
        /// atomically after every change. An existing one takes precedence over the users and devices of
        /// these options. It holds the initial secrets and the keys of the authorities. For one emulator at a
        /// time: the file is not locked.
        state: Option<PathBuf> = None, set(path: impl Into<PathBuf>) Some(path.into());
        /// The same as a clock that can be moved from outside; it counts before [`EmulatorOptions::clock`].
        emulator_clock: Option<EmulatorClock> = None, set(clock: &EmulatorClock) Some(clock.clone());
        /// The limit of calls by one credential; the platform has one, but publishes no number.
        rate_limit: Option<RateLimit> = None, set(limit: RateLimit) Some(limit);
        /// Shapes of errors by the beginning of paths, in whole segments; elsewhere they have the shape of their product.
        error_shapes: Vec<(String, ErrorShape)> = Vec::new();
        /// Faults that are armed from the start.
        faults: Vec<Fault> = Vec::new();
        /// The port of the control API (0 lets the system pick); `None` disables it, and
        /// [`Emulator::control`](crate::Emulator::control) does the same.
        control_port: Option<u16> = None, set(port: u16) Some(port);
    }
}

options! {
    /// A service user to create.
    #[derive(Clone, Debug)]
    pub struct ServiceUserSpec {
        /// Unique.
        friendly_name: String = String::new();
        /// Whether it is active.
        active: bool = true;
        /// Its end date.
        end_date: Option<LastDay> = None, set(end_date: LastDay) Some(end_date);
        /// Its roles, by their ids.
        roles: Vec<String> = ROLES.iter().map(|role| role.id.to_owned()).collect();
        /// Its permissions beyond its roles.
        permissions: Vec<String> = Vec::new();
        /// Its keys; the first is what [`ServiceUser::api_key`](crate::ServiceUser::api_key) returns. None at all leaves one that
        /// is disabled.
        api_keys: Vec<ApiKeySpec> = vec![ApiKeySpec::default()],
            set(keys: impl IntoIterator<Item = ApiKeySpec>) keys.into_iter().collect();
        /// Its certificates; the first is what [`ServiceUser::certificate_pem`](crate::ServiceUser::certificate_pem) returns. None
        /// at all leaves one that is disabled.
        certificates: Vec<CertificateSpec> = vec![CertificateSpec::default()],
            set(certificates: impl IntoIterator<Item = CertificateSpec>) certificates.into_iter().collect();
    }
}

options! {
    /// An API key to create.
    #[derive(Clone)]
    pub struct ApiKeySpec: Default {
        /// Whether it is enabled.
        enabled: bool = true, set(enabled: bool) enabled;
        /// Its end date.
        end_date: Option<LastDay> = None, set(end_date: LastDay) Some(end_date);
        /// Its value, for tests that must know it beforehand; `None` generates one of the usual shape.
        value: Option<String> = None, set(value: impl Into<String>) Some(value.into());
    }
}

options! {
    /// A client certificate to create.
    #[derive(Clone, Debug)]
    pub struct CertificateSpec: Default {
        /// Whether it is enabled.
        enabled: bool = true, set(enabled: bool) enabled;
        /// Its end date. One in the past leaves the X.509 dates valid, so that the refusal is the platform's.
        end_date: Option<LastDay> = None, set(end_date: LastDay) Some(end_date);
        /// The kind of key.
        key: KeyKind = KeyKind::P256, set(key: KeyKind) key;
    }
}

/// The generation of the platform, as to API tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Generation {
    /// A service user holds as many tokens as it likes, so that keys are rotated without a gap.
    #[default]
    ManyTokens,
    /// A service user has only the key that it was created with; a second one is refused with 409
    /// `token_limit_reached` (inferred).
    OneKey,
}

impl EmulatorOptions {
    /// Confirms that every client that reaches the emulator may get its keys: it is made for tests, and
    /// protects nothing.
    #[must_use]
    pub fn i_know_keys_are_public(mut self, known: bool) -> Self {
        self.keys_are_public = known;
        self
    }

    /// Sets both ports; 0 lets the system pick.
    #[must_use]
    pub fn ports(mut self, platform: u16, client_auth: u16) -> Self {
        (self.platform_port, self.client_auth_port) = (platform, client_auth);
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

impl ServiceUserSpec {
    /// An active user without an end date: one key, one certificate, all roles.
    pub fn new(friendly_name: impl Into<String>) -> Self {
        ServiceUserSpec { friendly_name: friendly_name.into(), ..ServiceUserSpec::defaults() }
    }

    /// Sets its roles to exactly these.
    #[must_use]
    pub fn roles(mut self, roles: &[&str]) -> Self {
        (self.roles, self.permissions) = (roles.iter().copied().map(str::to_owned).collect(), Vec::new());
        self
    }

    /// Sets its [permissions](crate::permission) to these, without roles.
    #[must_use]
    pub fn permissions(mut self, permissions: &[&str]) -> Self {
        (self.permissions, self.roles) = (permissions.iter().copied().map(str::to_owned).collect(), Vec::new());
        self
    }
}

debug_only! {
    EmulatorOptions {
        address, platform_port, client_auth_port, service_users, devices, csc, client_auth, generation, state, rate_limit,
        error_shapes, faults, control_port
    }
    ApiKeySpec { enabled, end_date }
}

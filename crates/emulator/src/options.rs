//! What an emulator is to be like: where it listens, who exists, what time it is.
//!
//! Plain data with nothing checked; whether it fits together is decided at start, in `emulator.rs`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::SystemTime;

use digicert_one_testbed::{ClientAuth, KeyKind};

use crate::csc::CscOptions;
use crate::end_date::EndDate;
use crate::service_user::Permission;

/// Where the emulator takes the time from.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What an emulator is to be like. The default: free ports on 127.0.0.1, the system's time, and one service user
/// `ci-bot` with a key, a certificate and all permissions.
#[derive(Clone)]
#[non_exhaustive]
pub struct EmulatorOptions {
    /// The loopback address of both listeners.
    pub address: IpAddr,
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
    /// What it may do.
    pub permissions: Vec<Permission>,
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
            platform_port: 0,
            client_auth_port: 0,
            service_users: vec![ServiceUserSpec::new("ci-bot")],
            devices: 3,
            csc: CscOptions::default(),
            client_auth: ClientAuth::Optional,
            clock: Arc::new(SystemTime::now),
        }
    }
}

impl EmulatorOptions {
    /// Sets the loopback address.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = address;
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
            .finish_non_exhaustive()
    }
}

impl ServiceUserSpec {
    /// An active user without an end date: one key, one certificate, all permissions.
    pub fn new(friendly_name: impl Into<String>) -> Self {
        ServiceUserSpec {
            friendly_name: friendly_name.into(),
            active: true,
            end_date: None,
            permissions: Permission::ALL.to_vec(),
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

    /// Sets what it may do.
    #[must_use]
    pub fn permissions(mut self, permissions: impl IntoIterator<Item = Permission>) -> Self {
        self.permissions = permissions.into_iter().collect();
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

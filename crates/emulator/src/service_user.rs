//! A service user as it exists while the emulator runs: what it holds never changes, whether it may be used does.
//!
//! Secrets are made here, at start, and are shown to whoever holds the emulator; the wire never carries them back.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use digicert_one_testbed::{ClientCert, ClientSpec, KeyEncoding, Pki, Validity, random_bytes};

use crate::end_date::{EndDate, rfc3339};
use crate::options::{ApiKeySpec, CertificateSpec, ServiceUserSpec};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A service user of a running emulator. Clones are the same user.
#[derive(Clone)]
pub struct ServiceUser(Arc<Record>);

/// What a service user may do. Only the ones that some call here asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Permission {
    /// Listing the users of the account.
    ManageAccount,
    /// Listing signing certificates.
    ViewSigningCertificates,
    /// Signing a hash.
    SignHash,
    /// Using the signers' credentials of Document Trust.
    SignContent,
}

struct Record {
    id: String,
    friendly_name: String,
    created_at: String,
    permissions: Vec<Permission>,
    end_date: Option<EndDate>,
    api_keys: Vec<(String, Option<EndDate>)>,
    certificates: Vec<(ClientCert, Option<EndDate>)>,
    switches: Mutex<Switches>,
}

struct Switches {
    active: bool,
    api_keys: Vec<bool>,
    certificates: Vec<bool>,
}

/// The state of one thing that can be switched off and can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Good,
    Disabled,
    Expired,
}

impl Permission {
    /// All of them.
    pub const ALL: [Permission; 4] =
        [Permission::ManageAccount, Permission::ViewSigningCertificates, Permission::SignHash, Permission::SignContent];

    /// The identifier on the wire.
    pub fn id(self) -> &'static str {
        match self {
            Permission::ManageAccount => "MANAGE_AM_ACCOUNT",
            Permission::ViewSigningCertificates => "VIEW_SM_CERTIFICATE",
            Permission::SignHash => "SIGN_SM_HASH",
            // Made up like the others: no source shows it.
            Permission::SignContent => "SIGN_DSM_HASH",
        }
    }

    /// The application that it belongs to, by its name on the wire.
    pub fn application(self) -> &'static str {
        match self {
            Permission::ManageAccount => "Account Manager",
            Permission::ViewSigningCertificates | Permission::SignHash => "Software Trust",
            Permission::SignContent => "Document Trust",
        }
    }
}

impl ServiceUser {
    /// Its unique name.
    pub fn friendly_name(&self) -> &str {
        &self.0.friendly_name
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Its first API key.
    pub fn api_key(&self) -> &str {
        &self.0.api_keys[0].0
    }

    /// All its API keys.
    pub fn api_keys(&self) -> impl Iterator<Item = &str> {
        self.0.api_keys.iter().map(|(value, _)| value.as_str())
    }

    /// Its first certificate with the chain, leaf first.
    pub fn certificate_pem(&self) -> String {
        self.certificate().chain_pem()
    }

    /// The key of its first certificate, PKCS#8.
    pub fn key_pem(&self) -> String {
        self.certificate().key_pem(KeyEncoding::Pkcs8).unwrap_or_default()
    }

    /// Its first certificate, in every form.
    pub fn certificate(&self) -> &ClientCert {
        &self.0.certificates[0].0
    }

    /// All its certificates.
    pub fn certificates(&self) -> impl Iterator<Item = &ClientCert> {
        self.0.certificates.iter().map(|(certificate, _)| certificate)
    }

    /// Its last day.
    pub fn end_date(&self) -> Option<EndDate> {
        self.0.end_date
    }

    /// Whether it is active. (It may have expired all the same.)
    pub fn active(&self) -> bool {
        self.switches().active
    }

    /// Activates or disables it; disabled, none of its keys and certificates works.
    pub fn set_active(&self, active: bool) {
        self.switches().active = active;
    }

    /// Enables or disables a key, counted from 0 (there is always a first one). Of a key that is not there, nothing happens.
    pub fn set_api_key_enabled(&self, index: usize, enabled: bool) {
        if let Some(switch) = self.switches().api_keys.get_mut(index) {
            *switch = enabled;
        }
    }

    /// Enables or disables a certificate, counted from 0. Of a certificate that is not there, nothing happens.
    pub fn set_certificate_enabled(&self, index: usize, enabled: bool) {
        if let Some(switch) = self.switches().certificates.get_mut(index) {
            *switch = enabled;
        }
    }

    pub(crate) fn create(mut spec: ServiceUserSpec, pki: &Pki, now: SystemTime) -> Self {
        if spec.api_keys.is_empty() {
            spec.api_keys.push(ApiKeySpec::default().disabled());
        }
        if spec.certificates.is_empty() {
            spec.certificates.push(CertificateSpec::default().disabled());
        }
        let switches = Switches {
            active: spec.active,
            api_keys: spec.api_keys.iter().map(|key| key.enabled).collect(),
            certificates: spec.certificates.iter().map(|certificate| certificate.enabled).collect(),
        };
        let certificates = (0..).zip(spec.certificates).map(|(count, certificate)| {
            let common_name = format!("{} {count}", spec.friendly_name);
            (pki.client(client_spec(common_name, &certificate)), certificate.end_date)
        });
        let certificates = certificates.collect();
        let api_keys =
            spec.api_keys.into_iter().map(|key| (key.value.unwrap_or_else(new_api_key), key.end_date)).collect();
        ServiceUser(Arc::new(Record {
            id: new_id(),
            friendly_name: spec.friendly_name,
            created_at: rfc3339(now),
            permissions: spec.permissions,
            end_date: spec.end_date,
            api_keys,
            certificates,
            switches: Mutex::new(switches),
        }))
    }

    pub(crate) fn created_at(&self) -> &str {
        &self.0.created_at
    }

    pub(crate) fn permissions(&self) -> &[Permission] {
        &self.0.permissions
    }

    /// The standing of the key with this value, if it is this user's.
    pub(crate) fn api_key_standing(&self, value: &str, now: SystemTime) -> Option<Standing> {
        let index = self.0.api_keys.iter().position(|(own, _)| own == value)?;
        Some(standing(self.switches().api_keys[index], self.0.api_keys[index].1, now))
    }

    /// The standing of the certificate with this fingerprint, if it is this user's.
    pub(crate) fn certificate_standing(&self, fingerprint: &str, now: SystemTime) -> Option<Standing> {
        let index = self.0.certificates.iter().position(|(own, _)| own.fingerprint() == fingerprint)?;
        Some(standing(self.switches().certificates[index], self.0.certificates[index].1, now))
    }

    /// The standing of the user itself.
    pub(crate) fn standing(&self, now: SystemTime) -> Standing {
        standing(self.switches().active, self.0.end_date, now)
    }

    pub(crate) fn is(&self, other: &ServiceUser) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn switches(&self) -> MutexGuard<'_, Switches> {
        self.0.switches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ServiceUser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServiceUser").field("friendly_name", &self.0.friendly_name).finish_non_exhaustive()
    }
}

/// A key of the shape seen in public samples: `01` and 24, then `_` and 64 hexadecimal digits.
pub(crate) fn new_api_key() -> String {
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    format!("01{}_{}", hex(&random_bytes::<12>()), hex(&random_bytes::<32>()))
}

/// A random UUID (version 4), as the platform names things.
pub(crate) fn new_id() -> String {
    let mut bytes = random_bytes::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// The handshake checks X.509 dates by the system's time. An end date yet to come is written into the certificate, where
/// clients can read it; one that is past is not, or no handshake would get as far as the platform's own refusal.
fn client_spec(common_name: String, spec: &CertificateSpec) -> ClientSpec {
    let now = SystemTime::now();
    let validity = match spec.end_date {
        Some(end) if !end.passed(now) => Validity::Between(now - DAY, end.last_second()),
        _ => Validity::Valid,
    };
    ClientSpec { key: spec.key, validity, common_name, ..ClientSpec::default() }
}

fn standing(enabled: bool, end_date: Option<EndDate>, now: SystemTime) -> Standing {
    if !enabled {
        Standing::Disabled
    } else if end_date.is_some_and(|end| end.passed(now)) {
        Standing::Expired
    } else {
        Standing::Good
    }
}

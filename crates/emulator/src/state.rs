//! The state of an emulator: plain data, the same in memory and in the state file.
//!
//! API keys are stored as SHA-256 alone. The exception are those that the options asked for: the owner of the emulator may read
//! them for as long as the state exists, over restarts too.

use std::collections::BTreeMap;
use std::time::SystemTime;

use data_encoding::BASE64;
use digicert_one_testbed::{serial_number, sha256_hex};
use serde::{Deserialize, Serialize};

use crate::end_date::{EndDate, seconds};
use crate::id::new_id;
use crate::role;
use crate::signing::{SigningKey, StoredIdentity};
use crate::words::words;

/// The oldest of these go when there are more.
const LONGEST_RECORD: usize = 10_000;

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) created_at: String,
    pub(crate) organization_id: String,
    pub(crate) accounts: Vec<Account>,
    /// Administrators and service users, in the order in which they were made.
    pub(crate) users: Vec<User>,
    pub(crate) disclosed: Vec<Disclosed>,
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) signing: Vec<SigningKey>,
    pub(crate) signatures: Vec<Signature>,
    pub(crate) certificates: Vec<IssuedCertificate>,
    /// How many devices there are beside the registered ones; they are made when they are asked for.
    pub(crate) devices: usize,
    pub(crate) registered_devices: Vec<Device>,
    pub(crate) root_id: String,
    pub(crate) intermediate_id: String,
    /// Older files have none.
    #[serde(default)]
    pub(crate) csc: CscSecrets,
}

/// The secrets of the callers of CSC, by their ids and names. Tokens and signing keys are made at each start.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct CscSecrets {
    pub(crate) clients: BTreeMap<String, String>,
    pub(crate) digest_users: BTreeMap<String, String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) friendly_identifier: String,
}

words! { "user_type",
    pub(crate) enum UserType {
        Service = "service",
        Standard = "standard",
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) user_type: UserType,
    pub(crate) friendly_name: String,
    pub(crate) email: String,
    pub(crate) description: String,
    pub(crate) active: bool,
    pub(crate) end_date: Option<EndDate>,
    pub(crate) created_at: String,
    pub(crate) created_by: String,
    pub(crate) roles: Vec<String>,
    pub(crate) permissions: Vec<String>,
    pub(crate) accounts: Vec<String>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) certificates: Vec<AuthCertificate>,
}

/// An API token: what the platform knows of an API key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) name: String,
    /// SHA-256 of the key.
    pub(crate) digest: String,
    pub(crate) enabled: bool,
    pub(crate) end_date: Option<EndDate>,
    pub(crate) created_at: String,
}

/// A client certificate, as the platform knows it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AuthCertificate {
    pub(crate) id: String,
    pub(crate) nickname: String,
    pub(crate) fingerprint: String,
    pub(crate) serial_number: String,
    pub(crate) enabled: bool,
    pub(crate) end_date: Option<EndDate>,
    pub(crate) created_at: String,
}

/// The secrets of one user that the owner of the emulator may read.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Disclosed {
    pub(crate) user_id: String,
    /// The name that it began with.
    pub(crate) friendly_name: String,
    pub(crate) api_keys: Vec<DisclosedKey>,
    pub(crate) certificates: Vec<DisclosedCertificate>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DisclosedKey {
    pub(crate) token_id: String,
    pub(crate) value: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DisclosedCertificate {
    pub(crate) certificate_id: String,
    pub(crate) identity: StoredIdentity,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AuditEntry {
    pub(crate) id: String,
    pub(crate) timestamp: String,
    pub(crate) action: String,
    pub(crate) resource_type: String,
    pub(crate) resource_id: String,
    pub(crate) user_id: String,
    pub(crate) status: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Signature {
    pub(crate) id: String,
    pub(crate) keypair_id: String,
    pub(crate) sig_alg: String,
    pub(crate) hash: String,
    pub(crate) signature: String,
    pub(crate) created_on: String,
}

/// The product that issued a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Issuance {
    /// Trust Lifecycle Manager.
    Lifecycle,
    /// Device Trust.
    Device,
}

/// A certificate that is not a credential here, but the subject of calls.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct IssuedCertificate {
    pub(crate) id: String,
    pub(crate) issuance: Issuance,
    pub(crate) serial_number: String,
    pub(crate) common_name: String,
    pub(crate) seat_id: String,
    /// Seconds since 1970.
    pub(crate) valid_from: u64,
    /// Seconds since 1970.
    pub(crate) valid_to: u64,
    pub(crate) thumbprint: String,
    pub(crate) certificate: String,
    /// Seconds since 1970.
    pub(crate) revoked: Option<u64>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created_on: String,
}

words! { "status",
    /// The status of something that can be disabled and can expire. Only `ACTIVE` is documented.
    pub(crate) enum Standing {
        Good = "ACTIVE",
        Disabled = "DISABLED",
        Expired = "EXPIRED",
    }
}

impl State {
    pub(crate) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(crate) fn user_mut(&mut self, id: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.id == id)
    }

    pub(crate) fn record(&mut self, entry: AuditEntry) {
        push_within_limit(&mut self.audit, entry);
    }

    pub(crate) fn store_signature(&mut self, signature: Signature) {
        push_within_limit(&mut self.signatures, signature);
    }
}

fn push_within_limit<T>(record: &mut Vec<T>, entry: T) {
    if record.len() >= LONGEST_RECORD {
        record.remove(0);
    }
    record.push(entry);
}

impl IssuedCertificate {
    /// The record of a certificate (DER), valid from one moment to another.
    pub(crate) fn new(
        issuance: Issuance,
        common_name: &str,
        seat_id: &str,
        certificate: &[u8],
        (from, until): (SystemTime, SystemTime),
    ) -> Self {
        IssuedCertificate {
            id: new_id(),
            issuance,
            serial_number: serial_number(certificate).unwrap_or_default(),
            common_name: common_name.to_owned(),
            seat_id: seat_id.to_owned(),
            valid_from: seconds(from),
            valid_to: seconds(until),
            thumbprint: sha256_hex(certificate),
            certificate: BASE64.encode(certificate),
            revoked: None,
        }
    }

    pub(crate) fn status(&self, now: SystemTime) -> &'static str {
        match self.revoked {
            Some(_) => "revoked",
            None if seconds(now) > self.valid_to => "expired",
            None => "issued",
        }
    }
}

impl User {
    pub(crate) fn standing(&self, now: SystemTime) -> Standing {
        standing(self.active, self.end_date, now)
    }

    /// What its roles permit and what it may do beyond them, each once.
    pub(crate) fn all_permissions(&self) -> Vec<&str> {
        let of_roles = self.roles.iter().filter_map(|id| role::find(id)).flat_map(|role| role.permissions);
        let mut all: Vec<&str> = Vec::new();
        for permission in of_roles.copied().chain(self.permissions.iter().map(String::as_str)) {
            if !all.contains(&permission) {
                all.push(permission);
            }
        }
        all
    }
}

impl Token {
    /// An enabled token of this key.
    pub(crate) fn new(name: String, key: &str, end_date: Option<EndDate>, created_at: &str) -> Self {
        let (id, digest) = (new_id(), sha256_hex(key.as_bytes()));
        Token { id, name, digest, enabled: true, end_date, created_at: created_at.to_owned() }
    }

    pub(crate) fn standing(&self, now: SystemTime) -> Standing {
        standing(self.enabled, self.end_date, now)
    }
}

impl AuthCertificate {
    /// An enabled certificate (DER).
    pub(crate) fn new(nickname: String, certificate: &[u8], end_date: Option<EndDate>, created_at: String) -> Self {
        AuthCertificate {
            id: new_id(),
            nickname,
            fingerprint: sha256_hex(certificate),
            serial_number: serial_number(certificate).unwrap_or_default(),
            enabled: true,
            end_date,
            created_at,
        }
    }

    pub(crate) fn standing(&self, now: SystemTime) -> Standing {
        standing(self.enabled, self.end_date, now)
    }
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

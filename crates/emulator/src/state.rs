//! The state of an emulator: plain data, the same in memory and in the state file.
//!
//! API keys are stored as SHA-256 only. Exceptions are the initial ones of the options: the owner of the
//! emulator may read them as long as the state exists, across restarts.

use std::collections::BTreeMap;
use std::time::SystemTime;

use data_encoding::BASE64;
use digicert_one_testbed::{serial_number, sha256_hex};
use serde::{Deserialize, Serialize};

use crate::id::new_id;
use crate::last_day::{LastDay, seconds};
use crate::role;
use crate::signing::{SigningKey, StoredIdentity};
use crate::words::words;

/// The oldest of these are removed beyond this number.
const LONGEST_RECORD: usize = 10_000;

/// Structs as they are in the state file.
macro_rules! records {
    ($($(#[$meta:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),+ $(,)? })+) => { $(
        $(#[$meta])*
        #[derive(Clone, Serialize, Deserialize)]
        pub(crate) struct $name { $($(#[$attribute])* pub(crate) $field: $type),+ }
    )+ };
}

records! {
    State {
        created_at: String, organization_id: String, accounts: Vec<Account>,
        /// Administrators and service users, in order of creation.
        users: Vec<User>,
        disclosed: Vec<Disclosed>, audit: Vec<AuditEntry>, signing: Vec<SigningKey>, signatures: Vec<Signature>,
        certificates: Vec<IssuedCertificate>,
        /// The number of unregistered devices, which are generated on request.
        devices: usize,
        registered_devices: Vec<Device>, root_id: String, intermediate_id: String,
        /// Older files have none.
        #[serde(default)]
        csc: CscSecrets,
    }

    /// The secrets of the CSC callers, by their ids and names. Tokens and signing keys are generated at each start.
    #[derive(Default)]
    CscSecrets { clients: BTreeMap<String, String>, digest_users: BTreeMap<String, String> }

    Account { id: String, name: String, friendly_identifier: String }

    User {
        id: String, user_type: UserType, friendly_name: String, email: String, description: String, active: bool,
        end_date: Option<LastDay>, created_at: String, created_by: String, roles: Vec<String>, permissions: Vec<String>,
        accounts: Vec<String>, tokens: Vec<Token>, certificates: Vec<AuthCertificate>,
    }

    /// An API token: the platform's view of an API key. The digest is the SHA-256 of the key.
    Token { id: String, name: String, digest: String, enabled: bool, end_date: Option<LastDay>, created_at: String }

    /// A client certificate: the platform's view.
    AuthCertificate {
        id: String, nickname: String, fingerprint: String, serial_number: String, enabled: bool, end_date: Option<LastDay>,
        created_at: String,
    }

    /// The secrets of one user, by the name that it began with, that the owner of the emulator may read.
    Disclosed { user_id: String, friendly_name: String, api_keys: Vec<DisclosedKey>, certificates: Vec<DisclosedCertificate> }

    DisclosedKey { token_id: String, value: String }

    DisclosedCertificate { certificate_id: String, identity: StoredIdentity }

    AuditEntry {
        id: String, timestamp: String, action: String, resource_type: String, resource_id: String, user_id: String,
        status: String,
    }

    Signature { id: String, keypair_id: String, sig_alg: String, hash: String, signature: String, created_on: String }

    /// A certificate that is not a credential here, but the subject of calls. Times are seconds since 1970.
    IssuedCertificate {
        id: String, issuance: Issuance, serial_number: String, common_name: String, seat_id: String, valid_from: u64,
        valid_to: u64, thumbprint: String, certificate: String, revoked: Option<u64>,
    }

    Device { id: String, name: String, created_on: String }
}

words! { "user_type",
    pub(crate) enum UserType { Service = "service", Standard = "standard", }
}

words! { "issuance",
    /// The product that issued a certificate: Trust Lifecycle Manager or Device Trust.
    pub(crate) enum Issuance { Lifecycle = "lifecycle", Device = "device", }
}

words! { "status",
    /// The status of something that can be disabled and can expire. Only `ACTIVE` is documented.
    pub(crate) enum Standing { Good = "ACTIVE", Disabled = "DISABLED", Expired = "EXPIRED", }
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

    /// Returns the permissions of its roles and its additional ones, without duplicates.
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
    pub(crate) fn new(name: String, key: &str, end_date: Option<LastDay>, created_at: &str) -> Self {
        let (id, digest) = (new_id(), sha256_hex(key.as_bytes()));
        Token { id, name, digest, enabled: true, end_date, created_at: created_at.to_owned() }
    }

    pub(crate) fn standing(&self, now: SystemTime) -> Standing {
        standing(self.enabled, self.end_date, now)
    }
}

impl AuthCertificate {
    pub(crate) fn new(nickname: String, certificate: &[u8], end_date: Option<LastDay>, created_at: String) -> Self {
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

fn standing(enabled: bool, end_date: Option<LastDay>, now: SystemTime) -> Standing {
    if !enabled {
        Standing::Disabled
    } else if end_date.is_some_and(|end| end.passed(now)) {
        Standing::Expired
    } else {
        Standing::Good
    }
}

//! Who is calling, and may they? One function, in the order in which the platform asks.
//!
//! The order is part of the interface, since it decides which of several defects a caller hears of: is a credential
//! there, is it known, is it enabled and unexpired, is its owner; then, the caller being known, do key and certificate
//! belong together, is a second factor needed, is it permitted. The first four are 401, the rest 403.

use std::fmt;
use std::time::SystemTime;

use digicert_one_testbed::sha256_hex;

use crate::end_date::EndDate;
use crate::role;
use crate::state::{Standing, State, User};

/// What a request brought.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Presented<'a> {
    pub(crate) api_key: Option<&'a str>,
    /// SHA-256 of the certificate.
    pub(crate) certificate: Option<&'a str>,
}

/// What a call asks of its caller.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Requirement {
    pub(crate) both_factors: bool,
    pub(crate) permission: Option<&'static str>,
}

/// By what a caller proved itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// An API key.
    ApiKey,
    /// A client certificate.
    Certificate,
    /// An API key and a client certificate.
    Both,
}

/// A caller whose proof holds.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) id: String,
    pub(crate) friendly_name: String,
    pub(crate) proof: Proof,
    pub(crate) permissions: Vec<String>,
    /// Whether one of its roles is of Account Manager.
    pub(crate) account_role: bool,
    /// The last day of the API key that it showed.
    pub(crate) api_key_end: Option<EndDate>,
}

/// Which of the two a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Factor {
    ApiKey,
    Certificate,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoCredential,
    /// A bearer token, which only content signing takes.
    TokenOfAnotherApi,
    Unknown(Factor),
    Disabled(Factor),
    Expired(Factor),
    OwnerDisabled,
    OwnerExpired,
    DifferentOwners,
    SecondFactorMissing(Factor),
    NotPermitted(&'static str),
}

/// The outcome.
#[derive(Debug)]
pub(crate) enum Decision {
    Granted(Caller),
    /// A refused caller may be known all the same.
    Refused(Option<Caller>, Refusal),
}

pub(crate) fn decide(state: &State, presented: Presented<'_>, requirement: Requirement, now: SystemTime) -> Decision {
    let found = match authenticate(state, presented, now) {
        Ok(found) => found,
        Err(refusal) => return Decision::Refused(None, refusal),
    };
    let user = found.owners[0];
    if !found.owners.iter().all(|owner| owner.id == user.id) {
        // Of two owners neither is the caller.
        return Decision::Refused(None, Refusal::DifferentOwners);
    }
    let caller = Caller {
        id: user.id.clone(),
        friendly_name: user.friendly_name.clone(),
        proof: found.proof,
        permissions: user.all_permissions().into_iter().map(str::to_owned).collect(),
        account_role: user.roles.iter().any(|id| role::is_of_account_manager(id)),
        api_key_end: found.api_key_end,
    };
    match authorise(&caller, requirement) {
        None => Decision::Granted(caller),
        Some(refusal) => Decision::Refused(Some(caller), refusal),
    }
}

impl Caller {
    pub(crate) fn may(&self, permission: &str) -> bool {
        self.permissions.iter().any(|own| own == permission)
    }
}

impl Refusal {
    pub(crate) fn status(self) -> http::StatusCode {
        match self {
            Refusal::NoCredential
            | Refusal::TokenOfAnotherApi
            | Refusal::Unknown(_)
            | Refusal::Disabled(_)
            | Refusal::Expired(_)
            | Refusal::OwnerDisabled
            | Refusal::OwnerExpired => http::StatusCode::UNAUTHORIZED,
            Refusal::DifferentOwners | Refusal::SecondFactorMissing(_) | Refusal::NotPermitted(_) => {
                http::StatusCode::FORBIDDEN
            }
        }
    }

    /// The machine code. All of 401 share one: no other is published.
    pub(crate) fn code(self) -> &'static str {
        match self.status() {
            http::StatusCode::UNAUTHORIZED => "invalid_api_key",
            _ => "access_denied",
        }
    }

    /// The message. Only the one about the second factor is known from the platform; the others are ours.
    pub(crate) fn message(self) -> String {
        match self {
            Refusal::NoCredential => {
                "No credential: send an API key, or a client certificate to the clientauth host".into()
            }
            Refusal::TokenOfAnotherApi => "Bearer tokens are for content signing alone: send an API key".into(),
            Refusal::Unknown(factor) => format!("The {factor} is not known on this host"),
            Refusal::Disabled(factor) => format!("The {factor} is disabled"),
            Refusal::Expired(factor) => format!("The {factor} has expired"),
            Refusal::OwnerDisabled => "The service user is disabled".into(),
            Refusal::OwnerExpired => "The service user has expired".into(),
            Refusal::DifferentOwners => {
                "The API key and the client authentication certificate belong to different users".into()
            }
            Refusal::SecondFactorMissing(factor) => {
                format!("The user is not multi-factor authenticated: the {factor} is missing")
            }
            Refusal::NotPermitted(permission) => format!("The user lacks the permission {permission}"),
        }
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Factor::ApiKey => "API key",
            Factor::Certificate => "client authentication certificate",
        })
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Proof::ApiKey => "api-key",
            Proof::Certificate => "certificate",
            Proof::Both => "both",
        })
    }
}

/// Whose factors they are: one or two owners.
struct Found<'s> {
    owners: Vec<&'s User>,
    proof: Proof,
    api_key_end: Option<EndDate>,
}

/// The questions behind 401. Each is asked of every factor before the next one: a key that is unknown counts for more than a
/// certificate that is disabled.
fn authenticate<'s>(state: &'s State, presented: Presented<'_>, now: SystemTime) -> Result<Found<'s>, Refusal> {
    let proof = match (presented.api_key, presented.certificate) {
        (None, None) => return Err(Refusal::NoCredential),
        (Some(_), None) => Proof::ApiKey,
        (None, Some(_)) => Proof::Certificate,
        (Some(_), Some(_)) => Proof::Both,
    };
    let mut known = Vec::new();
    let mut api_key_end = None;
    if let Some(value) = presented.api_key {
        let digest = sha256_hex(value.as_bytes());
        let (owner, token) = find(state, |user| user.tokens.iter().find(|token| token.digest == digest))
            .ok_or(Refusal::Unknown(Factor::ApiKey))?;
        api_key_end = token.end_date;
        known.push((Factor::ApiKey, owner, token.standing(now)));
    }
    if let Some(fingerprint) = presented.certificate {
        let of_user = |user: &'s User| user.certificates.iter().find(|own| own.fingerprint == fingerprint);
        let (owner, certificate) = find(state, of_user).ok_or(Refusal::Unknown(Factor::Certificate))?;
        known.push((Factor::Certificate, owner, certificate.standing(now)));
    }
    for (factor, _, standing) in &known {
        match standing {
            Standing::Good => {}
            Standing::Disabled => return Err(Refusal::Disabled(*factor)),
            Standing::Expired => return Err(Refusal::Expired(*factor)),
        }
    }
    for (_, owner, _) in &known {
        match owner.standing(now) {
            Standing::Good => {}
            Standing::Disabled => return Err(Refusal::OwnerDisabled),
            Standing::Expired => return Err(Refusal::OwnerExpired),
        }
    }
    Ok(Found { owners: known.into_iter().map(|(_, owner, _)| owner).collect(), proof, api_key_end })
}

/// The questions behind 403 that a known caller can fail.
fn authorise(caller: &Caller, requirement: Requirement) -> Option<Refusal> {
    match (requirement.both_factors, caller.proof) {
        (true, Proof::ApiKey) => return Some(Refusal::SecondFactorMissing(Factor::Certificate)),
        (true, Proof::Certificate) => return Some(Refusal::SecondFactorMissing(Factor::ApiKey)),
        (true, Proof::Both) | (false, _) => {}
    }
    requirement.permission.filter(|permission| !caller.may(permission)).map(Refusal::NotPermitted)
}

fn find<'s, T>(state: &'s State, of_user: impl Fn(&'s User) -> Option<&'s T>) -> Option<(&'s User, &'s T)> {
    state.users.iter().find_map(|user| Some((user, of_user(user)?)))
}

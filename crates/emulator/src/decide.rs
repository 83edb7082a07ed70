//! Authentication and authorisation of a caller: one function, in the order in which the platform checks.
//!
//! The order is part of the interface, since it decides which of several defects is reported: is a credential
//! present, known, enabled, not expired, and its owner too; then, with the caller known: do key and
//! certificate belong together, is a second factor missing, is the permission present. The first four are
//! 401, the rest 403.

use std::time::SystemTime;

use digicert_one_testbed::sha256_hex;
use http::StatusCode;

use crate::last_day::LastDay;
use crate::observation::Proof;
use crate::role::{self, ACCOUNT_MANAGER};
use crate::state::{Standing, State, User};
use crate::words::words;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Presented<'a> {
    pub(crate) api_key: Option<&'a str>,
    pub(crate) certificate: Option<&'a str>,
}

/// The requirements of a call on its caller.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Requirement {
    pub(crate) both_factors: bool,
    pub(crate) permission: Option<&'static str>,
}

/// An authenticated caller.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) id: String,
    pub(crate) friendly_name: String,
    pub(crate) proof: Proof,
    pub(crate) permissions: Vec<String>,
    pub(crate) account_role: bool,
    pub(crate) api_key_end: Option<LastDay>,
}

words! { "factor",
    /// Which of the two a refusal is about.
    pub(crate) enum Factor {
        ApiKey = "API key",
        Certificate = "client authentication certificate",
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoCredential,
    /// A bearer token, which only content signing accepts.
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

/// The caller, if it may make the call. A refused caller may be known all the same.
pub(crate) fn decide(
    state: &State,
    presented: Presented<'_>,
    requirement: Requirement,
    now: SystemTime,
) -> Result<Caller, (Option<Caller>, Refusal)> {
    let (owners, caller) = authenticate(state, presented, now).map_err(|refusal| (None, refusal))?;
    if owners.iter().any(|owner| owner.id != caller.id) {
        // Of two owners neither is the caller.
        return Err((None, Refusal::DifferentOwners));
    }
    match caller.refusal(requirement) {
        None => Ok(caller),
        Some(refusal) => Err((Some(caller), refusal)),
    }
}

impl Caller {
    pub(crate) fn may(&self, permission: &str) -> bool {
        self.permissions.iter().any(|own| own == permission)
    }

    /// The 403 checks that a known caller can fail.
    fn refusal(&self, requirement: Requirement) -> Option<Refusal> {
        match (requirement.both_factors, self.proof) {
            (true, Proof::ApiKey) => Some(Refusal::SecondFactorMissing(Factor::Certificate)),
            (true, Proof::Certificate) => Some(Refusal::SecondFactorMissing(Factor::ApiKey)),
            _ => requirement.permission.filter(|permission| !self.may(permission)).map(Refusal::NotPermitted),
        }
    }
}

impl Refusal {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Refusal::DifferentOwners | Refusal::SecondFactorMissing(_) | Refusal::NotPermitted(_) => {
                StatusCode::FORBIDDEN
            }
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// The machine code. All of 401 share one: no other is published.
    pub(crate) fn code(self) -> &'static str {
        if self.status() == StatusCode::UNAUTHORIZED { "invalid_api_key" } else { "access_denied" }
    }

    /// The message. Only the one about the second factor is known from the platform; the others are ours.
    pub(crate) fn message(self) -> String {
        let text = match self {
            Refusal::NoCredential => "No credential: send an API key, or a client certificate to the clientauth host",
            Refusal::TokenOfAnotherApi => "Bearer tokens are for content signing alone: send an API key",
            Refusal::Unknown(factor) => return format!("The {factor} is not known on this host"),
            Refusal::Disabled(factor) => return format!("The {factor} is disabled"),
            Refusal::Expired(factor) => return format!("The {factor} has expired"),
            Refusal::OwnerDisabled => "The service user is disabled",
            Refusal::OwnerExpired => "The service user has expired",
            Refusal::DifferentOwners => {
                "The API key and the client authentication certificate belong to different users"
            }
            Refusal::SecondFactorMissing(factor) => {
                return format!("The user is not multi-factor authenticated: the {factor} is missing");
            }
            Refusal::NotPermitted(permission) => return format!("The user lacks the permission {permission}"),
        };
        text.to_owned()
    }
}

/// The 401 checks: returns the owner of each factor, and the caller for whom the first of them would act.
/// Each check runs for every factor before the next one: an unknown key takes precedence over a disabled
/// certificate.
fn authenticate<'s>(
    state: &'s State,
    presented: Presented<'_>,
    now: SystemTime,
) -> Result<(Vec<&'s User>, Caller), Refusal> {
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
    let owners: Vec<_> = known.into_iter().map(|(_, owner, _)| owner).collect();
    for owner in &owners {
        match owner.standing(now) {
            Standing::Good => {}
            Standing::Disabled => return Err(Refusal::OwnerDisabled),
            Standing::Expired => return Err(Refusal::OwnerExpired),
        }
    }
    let user = owners[0];
    let caller = Caller {
        id: user.id.clone(),
        friendly_name: user.friendly_name.clone(),
        proof,
        permissions: user.all_permissions().into_iter().map(str::to_owned).collect(),
        account_role: user
            .roles
            .iter()
            .filter_map(|id| role::find(id))
            .any(|role| role.application_code == ACCOUNT_MANAGER),
        api_key_end,
    };
    Ok((owners, caller))
}

fn find<'s, T>(state: &'s State, of_user: impl Fn(&'s User) -> Option<&'s T>) -> Option<(&'s User, &'s T)> {
    state.users.iter().find_map(|user| Some((user, of_user(user)?)))
}

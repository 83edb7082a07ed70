//! Who is calling, and may they? One function, in the order in which the platform asks.
//!
//! The order is part of the interface, since it decides which of several defects a caller hears of: is a credential
//! there, is it known, is it enabled and unexpired, is its owner; then, the caller being known, do key and certificate
//! belong together, is a second factor needed, is it permitted. The first four are 401, the rest 403.

use std::fmt;
use std::time::SystemTime;

use crate::service_user::{Permission, ServiceUser, Standing};

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
    pub(crate) permission: Option<Permission>,
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
    pub(crate) user: ServiceUser,
    pub(crate) proof: Proof,
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
    NotPermitted(Permission),
}

/// The outcome.
#[derive(Debug)]
pub(crate) enum Decision {
    Granted(Caller),
    /// A refused caller may be known all the same.
    Refused(Option<Caller>, Refusal),
}

pub(crate) fn decide(
    users: &[ServiceUser],
    presented: Presented<'_>,
    requirement: Requirement,
    now: SystemTime,
) -> Decision {
    let (owners, proof) = match authenticate(users, presented, now) {
        Ok(authenticated) => authenticated,
        Err(refusal) => return Decision::Refused(None, refusal),
    };
    let user = &owners[0];
    if !owners.iter().all(|owner| owner.is(user)) {
        // Of two owners neither is the caller.
        return Decision::Refused(None, Refusal::DifferentOwners);
    }
    let caller = Caller { user: user.clone(), proof };
    match authorise(user, proof, requirement) {
        None => Decision::Granted(caller),
        Some(refusal) => Decision::Refused(Some(caller), refusal),
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
            Refusal::NotPermitted(permission) => format!("The user lacks the permission {}", permission.id()),
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

/// The questions behind 401, answered with the owner of each factor: one or two. Each question is asked of every factor
/// before the next one: a key that is unknown counts for more than a certificate that is disabled.
fn authenticate(
    users: &[ServiceUser],
    presented: Presented<'_>,
    now: SystemTime,
) -> Result<(Vec<ServiceUser>, Proof), Refusal> {
    let proof = match (presented.api_key, presented.certificate) {
        (None, None) => return Err(Refusal::NoCredential),
        (Some(_), None) => Proof::ApiKey,
        (None, Some(_)) => Proof::Certificate,
        (Some(_), Some(_)) => Proof::Both,
    };
    let mut found = Vec::new();
    if let Some(value) = presented.api_key {
        found.push((Factor::ApiKey, find(users, |user| user.api_key_standing(value, now))));
    }
    if let Some(fingerprint) = presented.certificate {
        found.push((Factor::Certificate, find(users, |user| user.certificate_standing(fingerprint, now))));
    }
    let known = found
        .into_iter()
        .map(|(factor, found)| found.map(|(owner, standing)| (factor, owner, standing)).ok_or(Refusal::Unknown(factor)))
        .collect::<Result<Vec<_>, _>>()?;
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
    Ok((known.into_iter().map(|(_, owner, _)| owner).collect(), proof))
}

/// The questions behind 403 that a known caller can fail.
fn authorise(user: &ServiceUser, proof: Proof, requirement: Requirement) -> Option<Refusal> {
    match (requirement.both_factors, proof) {
        (true, Proof::ApiKey) => return Some(Refusal::SecondFactorMissing(Factor::Certificate)),
        (true, Proof::Certificate) => return Some(Refusal::SecondFactorMissing(Factor::ApiKey)),
        (true, Proof::Both) | (false, _) => {}
    }
    requirement.permission.filter(|permission| !user.permissions().contains(permission)).map(Refusal::NotPermitted)
}

fn find(users: &[ServiceUser], standing: impl Fn(&ServiceUser) -> Option<Standing>) -> Option<(ServiceUser, Standing)> {
    users.iter().find_map(|user| Some((user.clone(), standing(user)?)))
}

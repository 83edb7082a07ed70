//! Who may call CSC operations: holders of a bearer token of service scope, and service users with the
//! permission, as for any other product. Tokens are for these operations only; elsewhere they are refused.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, StatusCode};

use super::code_store::{CodeStanding, Token};
use super::credential::Credential;
use super::refusal::Refused;
use super::state::Context;
use crate::decide::{Caller, Presented, Requirement, decide};
use crate::role::permission::SIGN_DSM_HASH;
use crate::store::Store;

pub(super) enum Access {
    Token(Token),
    /// A service user, for whichever signer it names.
    ServiceUser,
}

pub(crate) fn bearer_sent(request: &Request<Bytes>) -> bool {
    request.headers().get_all(AUTHORIZATION).iter().any(|value| credentials_of(value, "Bearer").is_some())
}

/// What follows the name of the scheme, if it is that scheme (RFC 9110 §11.1: in any case of letters).
pub(crate) fn credentials_of<'v>(value: &'v HeaderValue, scheme: &str) -> Option<&'v str> {
    let text = value.to_str().ok()?;
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    name.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

pub(crate) fn access(
    store: &Store,
    context: &Context<'_>,
    presented: Presented<'_>,
) -> (Option<Caller>, Result<Access, Refused>) {
    match context.authorization() {
        Err(refused) => (None, Err(refused)),
        Ok(Some(_)) if presented.api_key.is_some() => {
            // RFC 6750 §2: a client must not use more than one method per request.
            (None, Err(Refused::request("An API key and a token came together; send one of them")))
        }
        Ok(Some(header)) => (None, token(context, header).map(Access::Token)),
        Ok(None) => service_user(store, context, presented),
    }
}

impl Access {
    pub(crate) fn credential<'c>(&self, context: &Context<'c>, id: &str) -> Result<&'c Credential, Refused> {
        let found = context.csc.credential(id).filter(|credential| match self.signer() {
            None => true,
            Some(signer) => credential.spec.user_id == signer,
        });
        found.ok_or_else(|| Refused::parameter("credentialID"))
    }

    pub(crate) fn signer(&self) -> Option<&str> {
        match self {
            Access::Token(token) => token.signer.as_deref(),
            Access::ServiceUser => None,
        }
    }
}

fn token(context: &Context<'_>, header: &HeaderValue) -> Result<Token, Refused> {
    let value = credentials_of(header, "Bearer")
        .filter(|value| !value.is_empty())
        .ok_or_else(Refused::malformed_authorization)?;
    match context.csc.desk().book.access(value, context.now) {
        CodeStanding::Good(token) => Ok(token),
        CodeStanding::Expired => Err(Refused::token("The access token has expired", true)),
        // Signature activation data is not an access token either.
        CodeStanding::Unknown | CodeStanding::Repeated(_) => Err(Refused::token("The access token is not valid", true)),
    }
}

fn service_user(
    store: &Store,
    context: &Context<'_>,
    presented: Presented<'_>,
) -> (Option<Caller>, Result<Access, Refused>) {
    let requirement = Requirement { both_factors: false, permission: Some(SIGN_DSM_HASH) };
    match store.read(|state| decide(state, presented, requirement, context.now)) {
        Ok(caller) => (Some(caller), Ok(Access::ServiceUser)),
        Err((caller, refusal)) if refusal.status() == StatusCode::UNAUTHORIZED => {
            let presented = presented.api_key.is_some() || presented.certificate.is_some();
            (caller, Err(Refused::token(refusal.message(), presented)))
        }
        Err((caller, refusal)) => (caller, Err(Refused::new(refusal.status(), "access_denied", refusal.message()))),
    }
}

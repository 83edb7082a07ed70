//! `auth/login` and `auth/revoke`: a token for a name and a password, and its end.
//!
//! That "digest" on the platform means this is the likelier of two readings. (inferred)

use data_encoding::BASE64;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::access::{Access, credentials_of};
use super::code_store::Holder;
use super::digest_auth::{DigestResponse, REALM, Verdict};
use super::options::DigestUserSpec;
use super::parameters::Body;
use super::refusal::Refused;
use super::state::Context;
use crate::response::{self, Response};

pub(crate) fn login(context: &Context<'_>) -> Result<Response, Refused> {
    let body = Body::parse(context.request.body())?;
    // The server may return a refresh token if the client asks to be remembered (spec); this one does not.
    body.flag("rememberMe")?;
    let user = authenticate(context)?;
    let options = &context.csc.options;
    let holder = Holder::Login(user.name.clone());
    let signer = Some(user.user_id.clone());
    let token = context.csc.desk().book.new_access(holder, signer, options.token_lifetime, context.now);
    let body = json!({ "access_token": token, "expires_in": options.token_lifetime.as_secs() });
    let mut response = response::ok(&body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Ends a token of the caller's own, by a token. 204 in any case, as RFC 7009 has it, unless it is another caller's.
pub(crate) fn revoke(context: &Context<'_>, access: &Access, body: &Body) -> Result<Response, Refused> {
    let token = body.need_text("token")?;
    if let Some(hint) = body.text("token_type_hint")?
        && !["access_token", "refresh_token"].contains(&hint)
    {
        return Err(Refused::request("Invalid string parameter token_type_hint"));
    }
    let mut desk = context.csc.desk();
    if let Some(holder) = desk.book.holder(token) {
        match access {
            Access::Token(own) if own.holder == holder => desk.book.revoke(token),
            _ => return Err(Refused::request("Invalid string parameter token")),
        }
    }
    Ok(response::no_content())
}

fn authenticate<'c>(context: &Context<'c>) -> Result<&'c DigestUserSpec, Refused> {
    let Some(header) = context.authorization()? else { return Err(challenge(context, false)) };
    if let Some(parameters) = credentials_of(header, "Digest") {
        return by_digest(context, parameters);
    }
    match credentials_of(header, "Basic") {
        Some(credentials) if context.csc.options.basic => {
            by_basic(context, credentials).ok_or_else(|| challenge(context, false))
        }
        _ => Err(challenge(context, false)),
    }
}

fn by_digest<'c>(context: &Context<'c>, parameters: &str) -> Result<&'c DigestUserSpec, Refused> {
    let request = context.request;
    let target = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let response = DigestResponse::parse(parameters, request.method().as_str(), target);
    let users = &context.csc.options.digest_users;
    let found = response.and_then(|response| {
        let user = users.iter().find(|user| user.name == response.username())?;
        Some((user, response))
    });
    let Some((user, response)) = found else { return Err(challenge(context, false)) };
    let password = user.password.as_deref().unwrap_or_default();
    let verdict = context.csc.desk().nonces.check(&response, password, context.now);
    match verdict {
        Verdict::Right => Ok(user),
        Verdict::Stale => Err(challenge(context, true)),
        Verdict::Wrong => Err(challenge(context, false)),
    }
}

fn by_basic<'c>(context: &Context<'c>, credentials: &str) -> Option<&'c DigestUserSpec> {
    let text = String::from_utf8(BASE64.decode(credentials.as_bytes()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    let mut users = context.csc.options.digest_users.iter();
    users.find(|user| user.name == name && user.password.as_deref() == Some(password))
}

fn challenge(context: &Context<'_>, stale: bool) -> Refused {
    let options = &context.csc.options;
    let challenges = context.csc.desk().nonces.challenges(stale, options.nonce_lifetime, context.now);
    let description = "An error occurred during authentication process";
    let mut refused = Refused::new(StatusCode::UNAUTHORIZED, "authentication_error", description);
    for challenge in challenges {
        refused = refused.challenge(challenge);
    }
    if options.basic { refused.challenge(format!("Basic realm=\"{REALM}\", charset=\"UTF-8\"")) } else { refused }
}

//! `POST /oauth2/token` and `/oauth2/revoke`: the client authenticates, then its grant is exchanged, or its
//! token revoked.
//!
//! All clients are confidential. A client authenticates in the body or by HTTP Basic, never by both (RFC 6749 §2.3).

use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::access::credentials_of;
use super::code_store::{Code, CodeGrant, CodeStanding, Holder, Issued};
use super::options::{OAuthClientSpec, Scal};
use super::parameters::Form;
use super::refusal::Refused;
use super::state::Context;
use super::transaction::Transaction;
use crate::response::{self, Response};

pub(crate) fn token(context: &Context<'_>) -> Result<Response, Refused> {
    let form = form(context)?;
    let client = authenticate(context, &form)?;
    let body = match form.need("grant_type")? {
        "authorization_code" => authorization_code(context, client, &form)?,
        "client_credentials" => client_credentials(context, client, &form)?,
        "refresh_token" => refresh_token(context, client, &form)?,
        _ => return Err(Refused::bad("unsupported_grant_type", "Unsupported grant_type")),
    };
    let mut response = response::ok(&body);
    // RFC 6749 §5.1 asks for both.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// RFC 7009: revoking an unknown token succeeds; a hint is not needed to find it.
pub(crate) fn revoke(context: &Context<'_>) -> Result<Response, Refused> {
    let form = form(context)?;
    let client = authenticate(context, &form)?;
    let token = form.need("token")?;
    let mut desk = context.csc.desk();
    let own = Holder::Client(client.id.clone());
    let sad = desk.transactions.client(token).map(|client| client.map(str::to_owned));
    let foreign = Refused::bad("unauthorized_client", "The token was issued to another client");
    match (desk.book.holder(token), sad) {
        (Some(holder), _) if holder == own => desk.book.revoke(token),
        (_, Some(Some(holder))) if holder == client.id => desk.transactions.revoke(token),
        (None, None) => {}
        _ => return Err(foreign),
    }
    Ok(Response::default())
}

fn form<'a>(context: &Context<'a>) -> Result<Form<'a>, Refused> {
    let content_type = context.request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(Form::parse(context.request.body()))
    } else {
        Err(Refused::request("The body must be of the type application/x-www-form-urlencoded"))
    }
}

fn authenticate<'c>(context: &Context<'c>, form: &Form<'_>) -> Result<&'c OAuthClientSpec, Refused> {
    let (id, secret) = match (context.authorization()?, form.get("client_id")?, form.get("client_secret")?) {
        (Some(_), _, Some(_)) => {
            return Err(Refused::request("The client proved itself twice: by the header and in the body"));
        }
        (Some(header), in_body, None) => {
            let (id, secret) = basic(header).ok_or_else(unknown_client)?;
            if in_body.is_some_and(|in_body| in_body != id) {
                return Err(Refused::request("The client_id in the body is not the one in the header"));
            }
            (id, secret)
        }
        (None, Some(id), Some(secret)) => (id.to_owned(), secret.to_owned()),
        (None, ..) => return Err(unknown_client()),
    };
    let mut clients = context.csc.options.clients.iter();
    let known = clients.find(|client| client.id == id && client.secret.as_deref() == Some(&*secret));
    known.ok_or_else(unknown_client)
}

/// Id and secret of HTTP Basic, each form-encoded before they were joined (RFC 6749 §2.3.1).
fn basic(header: &HeaderValue) -> Option<(String, String)> {
    let joined = BASE64.decode(credentials_of(header, "Basic")?.as_bytes()).ok()?;
    let colon = joined.iter().position(|byte| *byte == b':')?;
    let decode = |bytes: &[u8]| {
        // A name without a value: clients encode '&' and '=', or mean them literally.
        let text = std::str::from_utf8(bytes).ok()?.replace('&', "%26").replace('=', "%3D");
        let decoded = form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned());
        Some(decoded.unwrap_or_default())
    };
    Some((decode(&joined[..colon])?, decode(&joined[colon + 1..])?))
}

fn unknown_client() -> Refused {
    let description = "The client is not known, or its secret is another one";
    Refused::new(StatusCode::UNAUTHORIZED, "invalid_client", description).challenge("Basic realm=\"oauth2\"")
}

fn authorization_code(context: &Context<'_>, client: &OAuthClientSpec, form: &Form<'_>) -> Result<Value, Refused> {
    let (value, redirect_uri) = (form.need("code")?, form.need("redirect_uri")?);
    let verifier = form.get("code_verifier")?;
    let (csc, now) = (context.csc, context.now);
    let options = &csc.options;
    let mut desk = csc.desk();
    let code = match desk.book.take_code(value, &client.id, now) {
        CodeStanding::Good(code) => code,
        CodeStanding::Expired => return Err(invalid_grant("The code has expired")),
        CodeStanding::Unknown => return Err(invalid_grant("The code is not valid")),
        CodeStanding::Repeated(family) => {
            desk.transactions.end_family(family);
            return Err(invalid_grant("The code was used before; what it was exchanged for has ended"));
        }
    };
    if code.redirect_uri != redirect_uri {
        return Err(invalid_grant("The redirect_uri is not the one that the code was sent to"));
    }
    if !verified(&code, verifier) {
        return Err(invalid_grant("The code_verifier does not fit the code_challenge"));
    }
    match &code.grant {
        CodeGrant::Service { signer } => {
            let issued = desk.book.exchange(&code, signer, options.token_lifetime, options.refresh_lifetime, now);
            Ok(bearer(context, issued))
        }
        CodeGrant::Credential { credential, signatures, hashes } => {
            let bound = csc.credential(credential).is_some_and(|found| found.spec.scal == Scal::Two);
            let transaction = Transaction {
                credential: credential.clone(),
                code: Some((client.id.clone(), code.family)),
                remaining: *signatures,
            };
            let sad = desk.transactions.open(transaction, bound.then(|| hashes.clone()), options.sad_lifetime, now);
            Ok(json!({ "access_token": sad, "token_type": "SAD", "expires_in": options.sad_lifetime.as_secs() }))
        }
    }
}

/// RFC 7636 §4.6; a verifier for a code without a challenge is refused too (RFC 9700 §2.1.1).
fn verified(code: &Code, verifier: Option<&str>) -> bool {
    match (&code.challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => BASE64URL_NOPAD.encode(&Sha256::digest(verifier)) == *challenge,
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn client_credentials(context: &Context<'_>, client: &OAuthClientSpec, form: &Form<'_>) -> Result<Value, Refused> {
    service_scope(form)?;
    let holder = Holder::Client(client.id.clone());
    let lifetime = context.csc.options.token_lifetime;
    let access = context.csc.desk().book.new_access(holder, None, lifetime, context.now);
    Ok(bearer(context, Issued { access, refresh: None }))
}

fn refresh_token(context: &Context<'_>, client: &OAuthClientSpec, form: &Form<'_>) -> Result<Value, Refused> {
    let value = form.need("refresh_token")?;
    service_scope(form)?;
    let lifetime = context.csc.options.token_lifetime;
    let shown = context.csc.desk().book.refresh(value, &client.id, lifetime, context.now);
    match shown {
        CodeStanding::Good(issued) => Ok(bearer(context, issued)),
        CodeStanding::Expired => Err(invalid_grant("The refresh token has expired")),
        CodeStanding::Unknown => Err(invalid_grant("The refresh token is not valid")),
        CodeStanding::Repeated(_) => Err(invalid_grant("The refresh token was used before; what it led to has ended")),
    }
}

/// A signer's agreement to signatures cannot be had without the signer.
fn service_scope(form: &Form<'_>) -> Result<(), Refused> {
    match form.get("scope")? {
        None | Some("service") => Ok(()),
        Some(_) => Err(Refused::bad("invalid_scope", "This grant is for the scope service alone")),
    }
}

fn bearer(context: &Context<'_>, issued: Issued) -> Value {
    let mut body = json!({
        "access_token": issued.access, "token_type": "Bearer",
        "expires_in": context.csc.options.token_lifetime.as_secs(),
    });
    if let Some(refresh) = issued.refresh {
        body["refresh_token"] = refresh.into();
    }
    body
}

fn invalid_grant(description: &'static str) -> Refused {
    Refused::bad("invalid_grant", description)
}

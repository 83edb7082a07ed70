//! `GET /oauth2/authorize`; the emulator acts as the signer who signs in and agrees, or refuses.
//!
//! The client and its redirect URI are verified first: until then nothing is sent to any redirect URI, not
//! even an error (RFC 6749 §4.1.2.1). Afterwards every response is a redirect.

use data_encoding::BASE64URL_NOPAD;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderValue, StatusCode};

use super::code_store::CodeGrant;
use super::options::{AuthMode, OAuthClientSpec, Scal};
use super::parameters::Form;
use super::refusal::Refused;
use super::state::Context;
use crate::response::{self, Response};

pub(crate) fn authorize(context: &Context<'_>) -> Result<Response, Refused> {
    let form = Form::parse(context.request.uri().query().unwrap_or_default().as_bytes());
    let client_id = form.need("client_id")?;
    let clients = &context.csc.options.clients;
    let client = clients.iter().find(|client| client.id == client_id);
    let client = client.ok_or_else(|| Refused::bad("invalid_client", "Unknown client_id"))?;
    let redirect_uri = form.need("redirect_uri")?;
    if !client.redirect_uris.iter().any(|registered| registered == redirect_uri) {
        return Err(Refused::request("The redirect_uri is not registered for this client, letter by letter"));
    }
    let state = form.get("state")?;
    match code(context, client, redirect_uri, &form) {
        Ok(code) => redirect(redirect_uri, &[("code", Some(&code)), ("state", state)]),
        Err(refused) => {
            let description = Some(refused.description());
            let parameters = [("error", Some(refused.code())), ("error_description", description), ("state", state)];
            redirect(redirect_uri, &parameters)
        }
    }
}

fn code(
    context: &Context<'_>,
    client: &OAuthClientSpec,
    redirect_uri: &str,
    form: &Form<'_>,
) -> Result<String, Refused> {
    if form.need("response_type")? != "code" {
        return Err(Refused::bad("unsupported_response_type", "The response_type must be code"));
    }
    if form.get("account_token")?.is_some() {
        // Better refused than taken unread.
        return Err(Refused::request("account_token is not supported here: the signer signs in"));
    }
    let challenge = challenge(context, form)?;
    let grant = match form.get("scope")?.unwrap_or("service") {
        "service" => CodeGrant::Service { signer: context.csc.options.signer_id.clone() },
        "credential" => credential(context, form)?,
        _ => return Err(Refused::bad("invalid_scope", "The scope must be service or credential, one of them")),
    };
    if !context.csc.signer_agrees() {
        return Err(Refused::bad("access_denied", "The signer refused"));
    }
    Ok(context.csc.desk().book.new_code(&client.id, redirect_uri, challenge, grant, context.now))
}

/// The PKCE challenge. The default method is `plain` by RFC 7636 §4.3, and `plain` protects nothing.
fn challenge<'f>(context: &Context<'_>, form: &'f Form<'_>) -> Result<Option<&'f str>, Refused> {
    let method = form.get("code_challenge_method")?;
    let Some(challenge) = form.get("code_challenge")? else {
        if method.is_some() {
            return Err(Refused::request("A code_challenge_method came without a code_challenge"));
        }
        if context.csc.options.pkce_required {
            return Err(Refused::request("PKCE is required: the parameter code_challenge is missing"));
        }
        return Ok(None);
    };
    if method != Some("S256") {
        return Err(Refused::request("The code_challenge_method must be S256"));
    }
    let whole = BASE64URL_NOPAD.decode(challenge.as_bytes()).is_ok_and(|digest| digest.len() == 32);
    if whole { Ok(Some(challenge)) } else { Err(Refused::request("The code_challenge is not a SHA-256 in base64url")) }
}

/// The consent that the scope `credential` requires of the signer.
fn credential(context: &Context<'_>, form: &Form<'_>) -> Result<CodeGrant, Refused> {
    let id = form.need("credentialID")?;
    let found = context.csc.credential(id).filter(|found| found.spec.user_id == context.csc.options.signer_id);
    let spec = &found.ok_or_else(|| Refused::parameter("credentialID"))?.spec;
    if !spec.enabled || spec.auth_mode != AuthMode::OAuth2Code {
        return Err(Refused::parameter("credentialID"));
    }
    let signatures = form.need("numSignatures")?.parse::<u32>().ok().filter(|signatures| *signatures > 0);
    let signatures = signatures.ok_or_else(|| Refused::parameter("numSignatures"))?;
    if signatures > spec.multisign {
        return Err(Refused::request("Numbers of signatures is too high"));
    }
    // `hash` holds one or several with commas between (CSC v1); `hashes` is its name from v2 on.
    let texts = form.all("hash").chain(form.all("hashes")).flat_map(|text| text.split(','));
    let decode = |text: &str| BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok();
    let hashes: Option<Vec<_>> = texts.filter(|text| !text.is_empty()).map(decode).collect();
    let hashes = hashes.ok_or_else(|| Refused::request("Invalid Base64 hash string parameter"))?;
    if spec.scal == Scal::Two && hashes.is_empty() {
        return Err(Refused::missing("string", "hash"));
    }
    if hashes.len() > usize::try_from(signatures).unwrap_or(usize::MAX) {
        return Err(Refused::parameter("numSignatures"));
    }
    Ok(CodeGrant::Credential { credential: id.to_owned(), signatures, hashes })
}

fn redirect(to: &str, parameters: &[(&str, Option<&str>)]) -> Result<Response, Refused> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let separator = if to.contains('?') { '&' } else { '?' };
    let location = HeaderValue::try_from(format!("{to}{separator}{}", query.finish()))
        .map_err(|_| Refused::server("The redirect_uri is not a valid header value"))?;
    let mut response = response::response(StatusCode::FOUND, None, "");
    response.headers_mut().insert(LOCATION, location);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

//! `credentials/authorize`, `credentials/extendTransaction`, `signatures/signHash`: from agreement to signature.

use data_encoding::BASE64;
use serde_json::json;

use super::access::Access;
use super::credential::Credential;
use super::options::{AuthMode, Scal};
use super::parameters::Body;
use super::refusal::Refused;
use super::state::Context;
use super::transaction::Transaction;
use crate::response::{self, Response};

pub(crate) fn authorize(context: &Context<'_>, access: &Access, body: &Body) -> Result<Response, Refused> {
    let credential = usable(context, access, body)?;
    let spec = &credential.spec;
    if spec.auth_mode == AuthMode::OAuth2Code {
        return Err(Refused::request("Invalid parameter credentialID: this credential is authorised by OAuth"));
    }
    let signatures = body.count("numSignatures")?.ok_or_else(|| Refused::missing("integer", "numSignatures"))?;
    if signatures > spec.multisign {
        return Err(Refused::request("Numbers of signatures is too high"));
    }
    let hashes = hashes(credential, body)?;
    if hashes.as_ref().is_some_and(|hashes| u32::try_from(hashes.len()).map_or(true, |count| count > signatures)) {
        return Err(Refused::parameter("numSignatures"));
    }
    body.text("description")?;
    if spec.auth_mode == AuthMode::Explicit {
        secret(body, "PIN", spec.pin.as_deref(), "invalid_pin", "The PIN is invalid")?;
        secret(body, "OTP", spec.otp.as_deref(), "invalid_otp", "The OTP is invalid")?;
    }
    let lifetime = context.csc.options.sad_lifetime;
    let transaction = Transaction { credential: spec.id.clone(), code: None, remaining: signatures };
    let sad = context.csc.desk().transactions.open(transaction, hashes, lifetime, context.now);
    Ok(response::ok(&json!({ "SAD": sad, "expiresIn": lifetime.as_secs() })))
}

pub(crate) fn extend(context: &Context<'_>, access: &Access, body: &Body) -> Result<Response, Refused> {
    let credential = usable(context, access, body)?;
    let sad = body.need_text("SAD")?;
    let hashes = hashes(credential, body)?;
    let lifetime = context.csc.options.sad_lifetime;
    let mut desk = context.csc.desk();
    let sad = desk.transactions.extend(sad, &credential.spec.id, hashes, lifetime, context.now)?;
    Ok(response::ok(&json!({ "SAD": sad, "expiresIn": lifetime.as_secs() })))
}

/// Everything is looked at before the ticket is: a call that could not be served costs no signature.
pub(crate) fn sign_hash(context: &Context<'_>, access: &Access, body: &Body) -> Result<Response, Refused> {
    let credential = usable(context, access, body)?;
    let sad = body.need_text("SAD")?;
    let hashes = body.hashes("hash")?.ok_or_else(|| Refused::missing("array", "hash"))?;
    let hash_algo = body.text("hashAlgo")?;
    let hash = credential.hash(body.need_text("signAlgo")?, hash_algo)?;
    if hashes.iter().any(|value| value.len() != hash.kind.length()) {
        return Err(Refused::request("Invalid digest value length"));
    }
    context.csc.desk().transactions.consume(sad, &credential.spec.id, &hashes, context.now)?;
    let signatures = credential.sign(hash, &hashes).ok_or_else(|| Refused::server("Signing failed"))?;
    let signatures: Vec<_> = signatures.iter().map(|signature| BASE64.encode(signature)).collect();
    Ok(response::ok(&json!({ "signatures": signatures })))
}

/// The credential that the call is about, if it can sign.
fn usable<'c>(context: &Context<'c>, access: &Access, body: &Body) -> Result<&'c Credential, Refused> {
    let credential = access.credential(context, body.need_text("credentialID")?)?;
    if credential.spec.enabled {
        Ok(credential)
    } else {
        Err(Refused::request("Invalid parameter credentialID: its key is disabled"))
    }
}

/// The hashes that an authorisation is bound to. With SCAL 1 they are optional and not binding.
fn hashes(credential: &Credential, body: &Body) -> Result<Option<Vec<Vec<u8>>>, Refused> {
    match (credential.spec.scal, body.hashes("hash")?) {
        (Scal::Two, None) => Err(Refused::missing("array", "hash")),
        (Scal::Two, hashes) => Ok(hashes),
        (Scal::One, _) => Ok(None),
    }
}

fn secret(
    body: &Body,
    name: &'static str,
    expected: Option<&str>,
    code: &'static str,
    wrong: &'static str,
) -> Result<(), Refused> {
    let Some(expected) = expected else { return Ok(()) };
    if body.need_text(name)? == expected { Ok(()) } else { Err(Refused::bad(code, wrong)) }
}

//! `credentials/list` and `credentials/info`: the credentials of a signer, and the details of one.

use std::time::SystemTime;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXUPPER};
use der::Decode;
use jiff::Timestamp;
use serde_json::{Value, json};
use x509_cert::Certificate;

use super::access::Access;
use super::credential::Credential;
use super::options::AuthMode;
use super::parameters::{Body, Form};
use super::refusal::Refused;
use super::state::Context;
use crate::response::{self, Response};

/// Maximum items per response.
const PAGE: u32 = 100;

pub(crate) fn list(context: &Context<'_>, access: &Access, body: &Body) -> Result<Response, Refused> {
    let query = Form::parse(context.request.uri().query().unwrap_or_default().as_bytes());
    let user_id = user_id(access, query.get("user_id")?, body.text("userID")?)?;
    let page = usize::try_from(body.count("maxResults")?.unwrap_or(PAGE).min(PAGE)).unwrap_or(usize::MAX);
    let from = match body.text("pageToken")? {
        None => 0,
        Some(token) => offset(token, user_id).ok_or_else(|| Refused::parameter("pageToken"))?,
    };
    let of_user = context.csc.credentials.iter().filter(|credential| credential.spec.user_id == user_id);
    let ids: Vec<_> = of_user.map(|credential| credential.spec.id.as_str()).collect();
    let end = from.saturating_add(page).min(ids.len());
    let shown = ids.get(from..end).ok_or_else(|| Refused::parameter("pageToken"))?;
    let mut response = json!({ "credentialIDs": shown });
    if end < ids.len() {
        response["nextPageToken"] = BASE64URL_NOPAD.encode(format!("{end}:{user_id}").as_bytes()).into();
    }
    Ok(response::ok(&response))
}

pub(crate) fn info(context: &Context<'_>, access: &Access, body: &Body) -> Result<Response, Refused> {
    let credential = access.credential(context, body.need_text("credentialID")?)?;
    let certificates = body.text("certificates")?.unwrap_or("single");
    let chain = credential.chain();
    let shown = match certificates {
        "none" => &[],
        "single" => &chain[..1],
        "chain" => &chain[..],
        _ => return Err(Refused::parameter("certificates")),
    };
    let (cert_info, auth_info) = (body.flag("certInfo")?, body.flag("authInfo")?);
    body.text("lang")?;
    let leaf = Certificate::from_der(chain[0]).map_err(|_| Refused::server("Failed to parse the certificate"))?;
    let spec = &credential.spec;
    let mut response = json!({
        "description": format!("Emulated credential {}", spec.id), "key": key(credential),
        "cert": cert(&leaf, shown, cert_info, context.now), "authMode": spec.auth_mode, "SCAL": spec.scal,
        "multisign": spec.multisign, "lang": "en-US",
    });
    if auth_info && spec.auth_mode == AuthMode::Explicit {
        let presence = |value: &Option<String>| if value.is_some() { "true" } else { "false" };
        response["PIN"] = json!({ "presence": presence(&spec.pin), "format": "A", "label": "PIN" });
        // `offline`: nothing must be sent before it can be entered.
        response["OTP"] = json!({
            "presence": presence(&spec.otp), "type": "offline", "format": "A", "label": "One-time password",
        });
    }
    Ok(response::ok(&response))
}

/// Returns the signer: the one of the token, or the one named in the body (CSC) or in the query (DigiCert).
fn user_id<'a>(access: &'a Access, query: Option<&'a str>, body: Option<&'a str>) -> Result<&'a str, Refused> {
    let named = match (query, body) {
        (Some(query), Some(body)) if query != body => {
            return Err(Refused::request("user_id and userID name different users"));
        }
        (query, body) => query.or(body),
    };
    match (access.signer(), named) {
        (Some(signer), Some(named)) if signer != named => {
            Err(Refused::request("The token is another user's: Invalid parameter userID"))
        }
        (Some(signer), _) => Ok(signer),
        (None, Some(named)) => Ok(named),
        (None, None) => Err(Refused::missing("string", "userID")),
    }
}

fn offset(token: &str, user_id: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(token.as_bytes()).ok()?).ok()?;
    let (offset, of) = text.split_once(':')?;
    if of == user_id { offset.parse().ok() } else { None }
}

fn key(credential: &Credential) -> Value {
    let spec = &credential.spec;
    let mut key = json!({
        "status": if spec.enabled { "enabled" } else { "disabled" }, "algo": credential.algorithms(),
        "len": credential.key().bits,
    });
    if let Some(curve) = credential.key().curve {
        key["curve"] = curve.into();
    }
    key
}

fn cert(leaf: &Certificate, shown: &[&[u8]], cert_info: bool, now: SystemTime) -> Value {
    let body = leaf.tbs_certificate();
    let validity = body.validity();
    let [from, until] = [&validity.not_before, &validity.not_after].map(|time| time.to_system_time());
    let status = if now < from || now > until { "expired" } else { "valid" };
    let mut cert = json!({ "status": status });
    if !shown.is_empty() {
        cert["certificates"] = shown.iter().map(|der| BASE64.encode(der)).collect();
    }
    if cert_info {
        cert["issuerDN"] = body.issuer().to_string().into();
        cert["subjectDN"] = body.subject().to_string().into();
        cert["serialNumber"] = HEXUPPER.encode(body.serial_number().as_bytes()).into();
        cert["validFrom"] = generalized_time(from).into();
        cert["validTo"] = generalized_time(until).into();
    }
    cert
}

/// `YYYYMMDDHHMMSSZ`, as the CSC has it.
fn generalized_time(moment: SystemTime) -> String {
    Timestamp::try_from(moment).unwrap_or(Timestamp::MAX).strftime("%Y%m%d%H%M%SZ").to_string()
}

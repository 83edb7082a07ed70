//! Client certificates: requested by their owner with a CSR, enabled and disabled. The platform has no list call:
//! `user/me` shows them.

use std::time::SystemTime;

use digicert_one_testbed::{Purpose, RequestSpec, certificate_pem};
use serde::Deserialize;
use serde_json::{Value, json};

use super::existing_mut;
use crate::last_day::{rfc3339, x509_dates};
use crate::response::{self, Rejection, Response};
use crate::routes::call::{ApiCall, KNOWN, Route, post, put};
use crate::routes::input;
use crate::state::{AuthCertificate, UserType};

pub(in crate::routes) const ROUTES: &[Route] = &[
    post("/account/api/v1/client-auth-certificate", KNOWN, request),
    put("/account/api/v1/client-auth-certificate/{id}/enable", KNOWN, enable),
];

pub(super) fn to_json(certificate: &AuthCertificate, now: SystemTime) -> Value {
    json!({
        "id": certificate.id, "nickname": certificate.nickname, "end_date": certificate.end_date,
        "enabled": certificate.enabled, "status": certificate.standing(now),
        "serial_number": certificate.serial_number,
    })
}

#[derive(Deserialize)]
struct NewCertificate {
    nickname: Option<String>,
    end_date: Option<String>,
    csr: Option<String>,
}

fn request(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let new: NewCertificate = call.body("nickname and csr")?;
    let caller = call.caller()?;
    call.may_manage(&caller.id)?;
    let nickname = input::name("nickname", new.nickname)?;
    let csr = new.csr.ok_or_else(|| Rejection::invalid("csr", "csr is missing"))?;
    let now = call.store.now();
    let created = call.change("create", "client_auth_certificate", |state| {
        let owner = existing_mut(state, &caller.id)?;
        let end_date = input::end_date_under(new.end_date, owner, now)?;
        let key_end = caller.api_key_end.filter(|_| owner.user_type == UserType::Standard);
        if end_date.zip(key_end).is_some_and(|(end, limit)| end > limit) {
            let message = "end_date is after the end date of the administrator's API token";
            return Err(Rejection::invalid("end_date", message));
        }
        if owner.certificates.iter().any(|certificate| certificate.nickname == nickname) {
            return Err(Rejection::duplicate("nickname"));
        }
        let validity = x509_dates(end_date.or(owner.end_date), now);
        let spec = RequestSpec { common_name: owner.friendly_name.clone(), validity, purpose: Purpose::ClientAuth };
        let chain = call.store.pki.sign_request(&csr, &spec);
        let chain = chain.map_err(|error| Rejection::invalid("csr", error.to_string()))?;
        let certificate = AuthCertificate::new(nickname, &chain[0], end_date, rfc3339(now));
        let mut json = to_json(&certificate, now);
        json["certificate"] = Value::String(certificate_pem(&chain[0]));
        json["chain"] = chain[1..].iter().map(|der| certificate_pem(der)).collect();
        let id = certificate.id.clone();
        owner.certificates.push(certificate);
        Ok((id, json))
    })?;
    Ok(response::created(&created))
}

#[derive(Deserialize)]
struct Enable {
    enabled: Option<bool>,
}

fn enable(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    const WHAT: &str = "client authentication certificate";
    let (id, now) = (call.variable(), call.store.now());
    let owner = call.owner(WHAT, |user| user.certificates.iter().any(|certificate| certificate.id == id))?;
    let change: Enable = call.body("enabled")?;
    let enabled = change.enabled.ok_or_else(|| Rejection::invalid("enabled", "enabled is missing: true or false"))?;
    let certificate = call.change("update", "client_auth_certificate", |state| {
        let own = &mut existing_mut(state, &owner)?.certificates;
        let certificate = own.iter_mut().find(|certificate| certificate.id == id);
        let certificate = certificate.ok_or_else(|| Rejection::not_found(WHAT))?;
        certificate.enabled = enabled;
        Ok((id.to_owned(), to_json(certificate, now)))
    })?;
    Ok(response::ok(&certificate))
}

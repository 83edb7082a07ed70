//! Client certificates: requested by their owner with a CSR, enabled and disabled. There is no list: `user/me` shows them.

use std::time::SystemTime;

use digicert_one_testbed::{Purpose, RequestSpec, certificate_pem, serial_number, sha256_hex};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{Access, Ask, Route};
use super::{duplicate, existing, existing_mut};
use crate::answer::{self, Answer, Rejection};
use crate::end_date::{rfc3339, x509_dates};
use crate::input;
use crate::state::{AuthCertificate, User, UserType};
use crate::store::new_id;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::POST,
        path: "/account/api/v1/client-auth-certificate",
        access: Access::Known,
        serve: request,
    },
    Route {
        method: Method::PUT,
        path: "/account/api/v1/client-auth-certificate/{id}/enable",
        access: Access::Known,
        serve: enable,
    },
];

/// A certificate without its PEM.
pub(super) fn to_json(certificate: &AuthCertificate, now: SystemTime) -> Value {
    json!({
        "id": certificate.id,
        "nickname": certificate.nickname,
        "end_date": certificate.end_date,
        "enabled": certificate.enabled,
        "status": certificate.standing(now).word(),
        "serial_number": certificate.serial_number,
    })
}

#[derive(Deserialize)]
struct NewCertificate {
    nickname: Option<String>,
    end_date: Option<String>,
    csr: Option<String>,
}

fn request(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let new: NewCertificate = input::body(ask.request.body(), "nickname and csr")?;
    let caller = ask.caller()?;
    ask.may_manage(&caller.id)?;
    let nickname = input::name("nickname", new.nickname)?;
    let csr = new.csr.ok_or_else(|| Rejection::invalid("csr", "csr is missing"))?;
    let now = ask.store.now();
    let created = ask.change("create", "client_auth_certificate", |state| {
        let owner = existing_mut(state, &caller.id)?;
        let end_date = input::end_date_under(new.end_date, owner, now)?;
        let key_end = caller.api_key_end.filter(|_| owner.user_type == UserType::Standard);
        if end_date.zip(key_end).is_some_and(|(end, limit)| end > limit) {
            return Err(Rejection::invalid(
                "end_date",
                "end_date is after the end date of the administrator's API token",
            ));
        }
        free(owner, &nickname)?;
        let spec = RequestSpec {
            common_name: owner.friendly_name.clone(),
            validity: x509_dates(end_date.or(owner.end_date), now),
            purpose: Purpose::ClientAuth,
        };
        let chain =
            ask.store.pki.sign_request(&csr, &spec).map_err(|error| Rejection::invalid("csr", error.to_string()))?;
        let certificate = AuthCertificate {
            id: new_id(),
            nickname,
            fingerprint: sha256_hex(&chain[0]),
            serial_number: serial_number(&chain[0]).unwrap_or_default(),
            enabled: true,
            end_date,
            created_at: rfc3339(now),
        };
        let mut json = to_json(&certificate, now);
        json["certificate"] = Value::String(certificate_pem(&chain[0]));
        json["chain"] = chain[1..].iter().map(|der| certificate_pem(der)).collect();
        let id = certificate.id.clone();
        owner.certificates.push(certificate);
        Ok((id, json))
    })?;
    Ok(answer::created(&created))
}

#[derive(Deserialize)]
struct Enable {
    enabled: Option<bool>,
}

/// Enables it, or disables it.
fn enable(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let (id, now) = (ask.variable(0), ask.store.now());
    let owns = |user: &&User| user.certificates.iter().any(|certificate| certificate.id == id);
    let owner = ask.store.read(|state| state.users.iter().find(owns).map(|user| user.id.clone()));
    ask.may_manage(owner.as_deref().unwrap_or(&ask.caller()?.id))?;
    let owner = owner.ok_or_else(missing)?;
    let change: Enable = input::body(ask.request.body(), "enabled")?;
    let enabled = change.enabled.ok_or_else(|| Rejection::invalid("enabled", "enabled is missing: true or false"))?;
    let certificate = ask.change("update", "client_auth_certificate", |state| {
        existing(state, &owner)?;
        let own = &mut existing_mut(state, &owner)?.certificates;
        let certificate = own.iter_mut().find(|certificate| certificate.id == id).ok_or_else(missing)?;
        certificate.enabled = enabled;
        Ok((id.to_owned(), to_json(certificate, now)))
    })?;
    Ok(answer::ok(&certificate))
}

fn missing() -> Rejection {
    Rejection::not_found("client authentication certificate")
}

/// Whether the user has no certificate of this nickname.
fn free(owner: &User, nickname: &str) -> Result<(), Rejection> {
    let taken = owner.certificates.iter().any(|certificate| certificate.nickname == nickname);
    if taken { Err(duplicate("nickname")) } else { Ok(()) }
}

//! Private CA, under `/certificate-authority`: the emulator's own authority, root and intermediate.
//!
//! Paths are documented; envelopes and most fields are inferred, after those of the neighbours.

use std::time::{Duration, SystemTime};

use data_encoding::{BASE64, HEXUPPER};
use digicert_one_testbed::serial_number;
use serde_json::{Value, json};

use super::call::{Access, ApiCall, Route, get, with};
use crate::last_day::{DAY, rfc3339, rfc3339_at};
use crate::response::{self, Rejection, Response};
use crate::role::permission::{VIEW_CM_CA, VIEW_CM_CERTIFICATE, VIEW_CM_CUSTOM_TEMPLATE};

const VIEW: Access = with(VIEW_CM_CA);

pub(super) const ROUTES: &[Route] = &[
    get("/certificate-authority/api/v1/health", None, |_| Ok(response::ok(&json!({ "status": "UP" })))),
    get("/certificate-authority/api/v1/ca", VIEW, authorities),
    get("/certificate-authority/api/v1/ca/{id}", VIEW, authority),
    get("/certificate-authority/api/v1/template", with(VIEW_CM_CUSTOM_TEMPLATE), templates),
    get("/certificate-authority/api/v1/crl", VIEW, revocation_lists),
    get("/certificate-authority/api/v1/ocsp-responder", VIEW, responders),
    get("/certificate-authority/api/v1/certificate", with(VIEW_CM_CERTIFICATE), certificates),
];

/// Without any, 204 and no body.
fn authorities(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let page = call.page(all_authorities(call), |authority| authority)?;
    Ok(if call.store.no_authorities { response::no_content() } else { page })
}

fn authority(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let found = all_authorities(call).into_iter().find(|authority| authority["id"] == call.variable());
    response::found(found, "certificate authority")
}

fn templates(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let id = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
    call.page([id], |id| json!({ "id": id, "name": "Emulated template", "status": "active" }))
}

/// One list, of the intermediate, generated and signed on request.
fn revocation_lists(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let now = call.store.now();
    let moment = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    call.store.read(|state| {
        let revoked: Vec<_> = state
            .certificates
            .iter()
            .filter_map(|own| Some((HEXUPPER.decode(own.serial_number.as_bytes()).ok()?, moment(own.revoked?))))
            .collect();
        let number = revoked.len() as u64 + 1;
        let to_json = |id| {
            json!({
                "id": id, "issuer": { "id": id, "name": "Emulated intermediate" }, "crl_number": number,
                "this_update": rfc3339(now), "next_update": rfc3339(now + DAY),
                "blob": BASE64.encode(&call.store.pki.revocation_list(number, &revoked, now)),
            })
        };
        call.page([&state.intermediate_id], to_json)
    })
}

fn responders(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let issuer = call.store.read(|state| state.intermediate_id.clone());
    let to_json =
        |id| json!({ "id": id, "name": "Emulated OCSP responder", "status": "active", "issuer": { "id": issuer } });
    call.page(["bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"], to_json)
}

fn certificates(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let now = call.store.now();
    call.store.read(|state| {
        call.page(&state.certificates, |own| {
            json!({
                "id": own.id, "serial_number": own.serial_number, "common_name": own.common_name,
                "status": own.status(now), "issuer": { "id": state.intermediate_id },
                "valid_from": rfc3339_at(own.valid_from), "valid_to": rfc3339_at(own.valid_to),
                "blob": own.certificate,
            })
        })
    })
}

fn all_authorities(call: &ApiCall<'_>) -> Vec<Value> {
    if call.store.no_authorities {
        return Vec::new();
    }
    let pki = &call.store.pki;
    call.store.read(|state| {
        let to_json = |(id, kind, der): (&String, &str, &[u8])| {
            json!({
                "id": id, "name": format!("Emulated {kind}"), "type": kind, "status": "active",
                "serial_number": serial_number(der), "created_on": state.created_at, "certificate": BASE64.encode(der),
            })
        };
        let root = (&state.root_id, "root", pki.root_der());
        [root, (&state.intermediate_id, "intermediate", pki.intermediate_der())].map(to_json).to_vec()
    })
}

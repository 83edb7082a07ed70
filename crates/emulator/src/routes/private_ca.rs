//! Private CA, under `/certificate-authority`: the emulator's own authority, root and intermediate.
//!
//! Paths are documented; envelopes and most fields are inferred, after those of the neighbours.

use std::time::{Duration, SystemTime};

use data_encoding::{BASE64, HEXUPPER};
use digicert_one_testbed::serial_number;
use http::Method;
use serde_json::{Value, json};

use super::query::Window;
use super::{Access, Ask, Route};
use crate::answer::{self, Answer, Rejection};
use crate::end_date::rfc3339;
use crate::permission::{VIEW_CM_CA, VIEW_CM_CERTIFICATE, VIEW_CM_CUSTOM_TEMPLATE};
use crate::state::{IssuedCertificate, State};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) const ROUTES: &[Route] = &[
    Route { method: Method::GET, path: "/certificate-authority/api/v1/health", access: Access::Anybody, serve: health },
    Route {
        method: Method::GET,
        path: "/certificate-authority/api/v1/ca",
        access: Access::With(VIEW_CM_CA),
        serve: authorities,
    },
    Route {
        method: Method::GET,
        path: "/certificate-authority/api/v1/ca/{id}",
        access: Access::With(VIEW_CM_CA),
        serve: authority,
    },
    Route {
        method: Method::GET,
        path: "/certificate-authority/api/v1/template",
        access: Access::With(VIEW_CM_CUSTOM_TEMPLATE),
        serve: templates,
    },
    Route {
        method: Method::GET,
        path: "/certificate-authority/api/v1/crl",
        access: Access::With(VIEW_CM_CA),
        serve: revocation_lists,
    },
    Route {
        method: Method::GET,
        path: "/certificate-authority/api/v1/ocsp-responder",
        access: Access::With(VIEW_CM_CA),
        serve: responders,
    },
    Route {
        method: Method::GET,
        path: "/certificate-authority/api/v1/certificate",
        access: Access::With(VIEW_CM_CERTIFICATE),
        serve: certificates,
    },
];

fn health(_: &Ask<'_>) -> Result<Answer, Rejection> {
    Ok(answer::ok(&json!({ "status": "UP" })))
}

/// Without any, 204 and no body.
fn authorities(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let window = Window::of(ask.query())?;
    let authorities = all_authorities(ask);
    if authorities.is_empty() { Ok(answer::no_content()) } else { Ok(page(window, authorities)) }
}

fn authority(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let found = all_authorities(ask).into_iter().find(|authority| authority["id"] == ask.variable(0));
    found.map(|authority| answer::ok(&authority)).ok_or_else(|| Rejection::not_found("certificate authority"))
}

fn templates(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let template = json!({
        "id": "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
        "name": "Emulated template",
        "status": "active",
    });
    Ok(page(Window::of(ask.query())?, vec![template]))
}

/// One list, of the intermediate, made and signed when it is asked for.
fn revocation_lists(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let window = Window::of(ask.query())?;
    let now = ask.store.now();
    let list = ask.store.read(|state| {
        let revoked: Vec<_> = state
            .certificates
            .iter()
            .filter_map(|own| Some((HEXUPPER.decode(own.serial_number.as_bytes()).ok()?, moment(own.revoked?))))
            .collect();
        let number = revoked.len() as u64 + 1;
        let list = ask.store.pki.revocation_list(number, &revoked, now);
        json!({
            "id": state.intermediate_id,
            "issuer": { "id": state.intermediate_id, "name": "Emulated intermediate" },
            "crl_number": number,
            "this_update": rfc3339(now),
            "next_update": rfc3339(now + DAY),
            "blob": BASE64.encode(&list),
        })
    });
    Ok(page(window, vec![list]))
}

fn responders(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let window = Window::of(ask.query())?;
    let responder = ask.store.read(|state| {
        json!({
            "id": "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb",
            "name": "Emulated OCSP responder",
            "status": "active",
            "issuer": { "id": state.intermediate_id },
        })
    });
    Ok(page(window, vec![responder]))
}

fn certificates(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let window = Window::of(ask.query())?;
    let now = ask.store.now();
    let items = ask.store.read(|state| {
        let to_json = |own: &IssuedCertificate| {
            json!({
                "id": own.id,
                "serial_number": own.serial_number,
                "common_name": own.common_name,
                "status": own.status(now),
                "issuer": { "id": state.intermediate_id },
                "valid_from": rfc3339(moment(own.valid_from)),
                "valid_to": rfc3339(moment(own.valid_to)),
                "blob": own.certificate,
            })
        };
        state.certificates.iter().map(to_json).collect()
    });
    Ok(page(window, items))
}

fn all_authorities(ask: &Ask<'_>) -> Vec<Value> {
    if ask.store.no_authorities {
        return Vec::new();
    }
    let pki = &ask.store.pki;
    let to_json = |state: &State, id: &str, kind: &str, der: &[u8]| {
        json!({
            "id": id,
            "name": format!("Emulated {kind}"),
            "type": kind,
            "status": "active",
            "serial_number": serial_number(der),
            "created_on": state.created_at,
            "certificate": BASE64.encode(der),
        })
    };
    ask.store.read(|state| {
        vec![
            to_json(state, &state.root_id, "root", pki.root_der()),
            to_json(state, &state.intermediate_id, "intermediate", pki.intermediate_der()),
        ]
    })
}

fn page(window: Window, items: Vec<Value>) -> Answer {
    let total = items.len();
    let items: Vec<_> = window.of_items(items).collect();
    answer::ok(&json!({ "total": total, "offset": window.offset, "limit": window.limit, "items": items }))
}

fn moment(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

//! Software Trust, under `/signingmanager`.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::Window;
use super::{Access, Ask, Route};
use crate::answer::{self, Answer, Fault};
use crate::service_user::Permission;
use crate::signing;
use crate::store::ACCOUNT_NAME;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/signingmanager/api/v1/certificates",
        access: Access::With(Permission::ViewSigningCertificates),
        serve: certificates,
    },
    Route {
        method: Method::POST,
        path: "/signingmanager/api/v1/keypairs/{id}/sign",
        access: Access::WithBothFactors(Permission::SignHash),
        serve: sign,
    },
];

fn certificates(ask: &Ask<'_>) -> Result<Answer, Fault> {
    let window = Window::of(ask.query())?;
    let store = ask.store;
    let items: Vec<_> = window
        .of_items(&store.signing)
        .map(|certificate| certificate.to_json(&store.account_id, ACCOUNT_NAME, &store.created_at))
        .collect();
    Ok(answer::ok(
        &json!({ "total": store.signing.len(), "offset": window.offset, "limit": window.limit, "items": items }),
    ))
}

/// What a signing call carries. Other fields are ignored.
#[derive(Deserialize)]
struct SignRequest {
    account: Value,
    sig_alg: String,
    hash: String,
}

fn sign(ask: &Ask<'_>) -> Result<Answer, Fault> {
    let Ok(request) = serde_json::from_slice::<SignRequest>(ask.request.body()) else {
        return Err(Fault::invalid(None, "the body must be JSON with account, sig_alg and hash"));
    };
    if !(request.account.is_string() || request.account.is_object()) || request.sig_alg.is_empty() {
        return Err(Fault::invalid(None, "account must name an account, and sig_alg an algorithm"));
    }
    if request.hash.is_empty() || data_encoding::BASE64.decode(request.hash.as_bytes()).is_err() {
        return Err(Fault::invalid("hash", "hash must be Base64"));
    }
    if !ask.store.signing.iter().any(|certificate| certificate.keypair_id() == ask.variable(0)) {
        return Err(Fault::not_found("key pair"));
    }
    Ok(answer::ok(&signing::signature()))
}

//! Software Trust, under `/signingmanager`.

use data_encoding::BASE64;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::{Window, decoded_value_of};
use super::{Access, Ask, Route};
use crate::answer::{self, Answer, Rejection};
use crate::end_date::rfc3339;
use crate::input;
use crate::permission::{SIGN_SM_HASH, VIEW_SM_CERTIFICATE};
use crate::signing::{NotSigned, SigningKey, key_words};
use crate::state::{Signature, State};
use crate::store::new_id;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/signingmanager/api/v1/certificates",
        access: Access::With(VIEW_SM_CERTIFICATE),
        serve: certificates,
    },
    Route {
        method: Method::GET,
        path: "/signingmanager/api/v1/keypairs",
        access: Access::With(VIEW_SM_CERTIFICATE),
        serve: keypairs,
    },
    Route {
        method: Method::GET,
        path: "/signingmanager/api/v1/keypairs/{id}",
        access: Access::With(VIEW_SM_CERTIFICATE),
        serve: keypair,
    },
    Route {
        method: Method::POST,
        path: "/signingmanager/api/v1/keypairs/{id}/sign",
        access: Access::WithBothFactors(SIGN_SM_HASH),
        serve: sign,
    },
    Route {
        method: Method::GET,
        path: "/signingmanager/api/v1/signatures/{id}",
        access: Access::With(VIEW_SM_CERTIFICATE),
        serve: signature,
    },
];

fn certificates(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let window = Window::of(ask.query())?;
    let alias = decoded_value_of(ask.query(), "alias");
    let id = decoded_value_of(ask.query(), "id");
    let status = decoded_value_of(ask.query(), "certificate_status");
    let page = ask.store.read(|state| {
        let wanted = |key: &&SigningKey| {
            alias.as_ref().is_none_or(|alias| key.alias == *alias)
                && id.as_ref().is_none_or(|id| key.certificate_id == *id)
                && status.as_ref().is_none_or(|status| status == "ACTIVE")
        };
        let items: Vec<_> = state.signing.iter().filter(wanted).map(|key| certificate_json(state, key)).collect();
        envelope(window, items)
    });
    Ok(answer::ok(&page))
}

fn keypairs(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let window = Window::of(ask.query())?;
    let alias = decoded_value_of(ask.query(), "alias");
    let page = ask.store.read(|state| {
        let wanted = |key: &&SigningKey| alias.as_ref().is_none_or(|alias| keypair_alias(key) == *alias);
        envelope(window, state.signing.iter().filter(wanted).map(|key| keypair_json(state, key)).collect())
    });
    Ok(answer::ok(&page))
}

fn keypair(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let keypair = ask.store.read(|state| Some(keypair_json(state, find(state, ask.variable(0))?)));
    keypair.map(|keypair| answer::ok(&keypair)).ok_or_else(|| Rejection::not_found("key pair"))
}

/// What a signing call carries. Other fields are ignored.
#[derive(Deserialize)]
struct SignRequest {
    account: Value,
    sig_alg: String,
    hash: String,
}

fn sign(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let request: SignRequest = input::body(ask.request.body(), "account, sig_alg and hash")?;
    if !(request.account.is_string() || request.account.is_object()) {
        return Err(Rejection::invalid("account", "account must name an account"));
    }
    let hash = BASE64.decode(request.hash.as_bytes()).map_err(|_| Rejection::invalid("hash", "hash must be Base64"))?;
    let key = ask.store.read(|state| find(state, ask.variable(0)).cloned());
    let key = key.ok_or_else(|| Rejection::not_found("key pair"))?;
    let signature = key.sign(&request.sig_alg, &hash).map_err(|error| match error {
        NotSigned::Algorithm(own) => {
            Rejection::invalid("sig_alg", format!("sig_alg must be one of those of this key pair: {}", own.join(", ")))
        }
        NotSigned::Length { expected, given } => {
            Rejection::invalid("hash", format!("hash has {given} bytes, and sig_alg asks for {expected}"))
        }
        NotSigned::Key => Rejection::internal("the kept key pair cannot sign"),
    })?;
    let signature = Signature {
        id: new_id(),
        keypair_id: key.keypair_id,
        sig_alg: request.sig_alg,
        hash: request.hash,
        signature: BASE64.encode(&signature),
        created_on: rfc3339(ask.store.now()),
    };
    let answer = json!({ "id": signature.id, "signature": signature.signature });
    ask.change("sign", "keypair", |state| {
        let id = signature.keypair_id.clone();
        state.keep_signature(signature);
        Ok((id, ()))
    })?;
    Ok(answer::ok(&answer))
}

fn signature(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let signature = ask.store.read(|state| {
        let signature = state.signatures.iter().find(|signature| signature.id == ask.variable(0))?;
        Some(json!({
            "id": signature.id,
            "keypair": { "id": signature.keypair_id },
            "sig_alg": signature.sig_alg,
            "hash": signature.hash,
            "signature": signature.signature,
            "status": "COMPLETED",
            "created_on": signature.created_on,
        }))
    });
    signature.map(|signature| answer::ok(&signature)).ok_or_else(|| Rejection::not_found("signature"))
}

fn find<'s>(state: &'s State, id: &str) -> Option<&'s SigningKey> {
    state.signing.iter().find(|key| key.keypair_id == id)
}

fn envelope(window: Window, items: Vec<Value>) -> Value {
    let total = items.len();
    let items: Vec<_> = window.of_items(items).collect();
    json!({ "total": total, "offset": window.offset, "limit": window.limit, "items": items })
}

fn certificate_json(state: &State, key: &SigningKey) -> Value {
    let types = ["end_entity", "intermediate"];
    let chain: Vec<_> =
        types.iter().zip(key.chain()).map(|(kind, blob)| json!({ "cert_type": kind, "blob": blob })).collect();
    json!({
        "id": key.certificate_id,
        "alias": key.alias,
        "cert": key.chain().first(),
        "certificate_status": "ACTIVE",
        "account": account_json(state),
        "keypair": { "id": key.keypair_id, "alias": keypair_alias(key) },
        "created_on": key.created_on,
        "chain": chain,
    })
}

fn keypair_json(state: &State, key: &SigningKey) -> Value {
    let certificate = key.certificate();
    let words = certificate.as_ref().map(|certificate| key_words(certificate.key_kind()));
    json!({
        "id": key.keypair_id,
        "alias": keypair_alias(key),
        "key_size": words.map(|(size, _)| size),
        "key_alg": words.map(|(_, name)| name),
        "key_type": "PRODUCTION",
        "key_storage": "DISK",
        "public_key": certificate.map(|certificate| BASE64.encode(&certificate.public_key_der())),
        "certificates": [{ "id": key.certificate_id, "alias": key.alias }],
        "account": account_json(state),
    })
}

fn keypair_alias(key: &SigningKey) -> String {
    format!("{}-key", key.alias)
}

fn account_json(state: &State) -> Option<Value> {
    state.accounts.first().map(|account| json!({ "id": account.id, "name": account.name }))
}

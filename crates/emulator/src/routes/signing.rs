//! Software Trust, under `/signingmanager`.

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Access, ApiCall, Route, get, post, with};
use crate::decide::Requirement;
use crate::id::new_id;
use crate::last_day::rfc3339;
use crate::response::{self, Rejection, Response};
use crate::role::permission::{SIGN_SM_HASH, VIEW_SM_CERTIFICATE};
use crate::signing::{NotSigned, SigningKey, key_words};
use crate::state::{Signature, State};

const BOTH: Access = Some(Requirement { both_factors: true, permission: Some(SIGN_SM_HASH) });
const VIEW: Access = with(VIEW_SM_CERTIFICATE);

pub(super) const ROUTES: &[Route] = &[
    get("/signingmanager/api/v1/certificates", VIEW, certificates),
    get("/signingmanager/api/v1/keypairs", VIEW, keypairs),
    get("/signingmanager/api/v1/keypairs/{id}", VIEW, keypair),
    post("/signingmanager/api/v1/keypairs/{id}/sign", BOTH, sign),
    get("/signingmanager/api/v1/signatures/{id}", VIEW, signature),
];

fn certificates(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let (alias, id, status) = (call.value("alias"), call.value("id"), call.value("certificate_status"));
    let same = |wanted: &Option<String>, own: &str| wanted.as_ref().is_none_or(|wanted| wanted == own);
    call.store.read(|state| {
        let wanted =
            |key: &&SigningKey| same(&alias, &key.alias) && same(&id, &key.certificate_id) && same(&status, "ACTIVE");
        call.page(state.signing.iter().filter(wanted), |key| certificate_json(state, key))
    })
}

fn keypairs(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let alias = call.value("alias");
    call.store.read(|state| {
        let wanted = |key: &&SigningKey| alias.as_ref().is_none_or(|alias| keypair_alias(key) == *alias);
        call.page(state.signing.iter().filter(wanted), |key| keypair_json(state, key))
    })
}

fn keypair(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let keypair = call.store.read(|state| Some(keypair_json(state, find(state, call.variable())?)));
    response::found(keypair, "key pair")
}

/// The body of a signing call. Other fields are ignored.
#[derive(Deserialize)]
struct SignRequest {
    account: Value,
    sig_alg: String,
    hash: String,
}

fn sign(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let request: SignRequest = call.body("account, sig_alg and hash")?;
    if !(request.account.is_string() || request.account.is_object()) {
        return Err(Rejection::invalid("account", "account must name an account"));
    }
    let hash = BASE64.decode(request.hash.as_bytes()).map_err(|_| Rejection::invalid("hash", "hash must be Base64"))?;
    let key = call.store.read(|state| find(state, call.variable()).cloned());
    let key = key.ok_or_else(|| Rejection::not_found("key pair"))?;
    let signature = key.sign(&request.sig_alg, &hash).map_err(|error| match error {
        NotSigned::Algorithm(own) => {
            Rejection::invalid("sig_alg", format!("sig_alg must be one of those of this key pair: {}", own.join(", ")))
        }
        NotSigned::Length { expected, given } => {
            Rejection::invalid("hash", format!("hash has {given} bytes, and sig_alg asks for {expected}"))
        }
        NotSigned::Key => Rejection::internal("the stored key pair cannot sign"),
    })?;
    let signature = Signature {
        id: new_id(),
        keypair_id: key.keypair_id,
        sig_alg: request.sig_alg,
        hash: request.hash,
        signature: BASE64.encode(&signature),
        created_on: rfc3339(call.store.now()),
    };
    let body = json!({ "id": signature.id, "signature": signature.signature });
    call.change("sign", "keypair", |state| {
        let id = signature.keypair_id.clone();
        state.store_signature(signature);
        Ok((id, ()))
    })?;
    Ok(response::ok(&body))
}

fn signature(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let signature = call.store.read(|state| {
        let signature = state.signatures.iter().find(|signature| signature.id == call.variable())?;
        Some(json!({
            "id": signature.id, "keypair": { "id": signature.keypair_id }, "sig_alg": signature.sig_alg,
            "hash": signature.hash, "signature": signature.signature, "status": "COMPLETED",
            "created_on": signature.created_on,
        }))
    });
    response::found(signature, "signature")
}

fn find<'s>(state: &'s State, id: &str) -> Option<&'s SigningKey> {
    state.signing.iter().find(|key| key.keypair_id == id)
}

fn certificate_json(state: &State, key: &SigningKey) -> Value {
    let types = ["end_entity", "intermediate"];
    let chain: Vec<_> =
        types.iter().zip(key.chain()).map(|(kind, blob)| json!({ "cert_type": kind, "blob": blob })).collect();
    json!({
        "id": key.certificate_id, "alias": key.alias, "cert": key.chain().first(), "certificate_status": "ACTIVE",
        "account": account_json(state), "keypair": { "id": key.keypair_id, "alias": keypair_alias(key) },
        "created_on": key.created_on, "chain": chain,
    })
}

fn keypair_json(state: &State, key: &SigningKey) -> Value {
    let certificate = key.certificate();
    let words = certificate.as_ref().map(|certificate| key_words(certificate.key_kind()));
    json!({
        "id": key.keypair_id, "alias": keypair_alias(key), "key_size": words.map(|(size, _)| size),
        "key_alg": words.map(|(_, name)| name), "key_type": "PRODUCTION", "key_storage": "DISK",
        "public_key": certificate.map(|certificate| BASE64.encode(&certificate.public_key_der())),
        "certificates": [{ "id": key.certificate_id, "alias": key.alias }], "account": account_json(state),
    })
}

fn keypair_alias(key: &SigningKey) -> String {
    format!("{}-key", key.alias)
}

fn account_json(state: &State) -> Option<Value> {
    state.accounts.first().map(|account| json!({ "id": account.id, "name": account.name }))
}

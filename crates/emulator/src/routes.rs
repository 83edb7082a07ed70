//! The calls: which there are, what each asks of its caller, and what it answers.
//!
//! A request is routed before it is authenticated, as behind a gateway: a wrong path is a 404 for everybody. What is in
//! the request is looked at last.

use std::sync::Arc;

use bytes::Bytes;
use digicert_one_testbed::{BoxFuture, Handler, Peer};
use http::{HeaderValue, Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{self, Answer, Product};
use crate::decide::{Caller, Decision, Presented, Requirement, decide};
use crate::device;
use crate::end_date::EndDate;
use crate::observation::{HostKind, Observation};
use crate::service_user::{Permission, ServiceUser};
use crate::signing;
use crate::store::{ACCOUNT_NAME, Store};

/// The greeting of Trust Lifecycle Manager, as the platform words it.
const HELLO: &str = "Hello from DigiCert ONE - Trust Lifecycle Manager REST API!";
const DEFAULT_LIMIT: usize = 20;

/// The handler of one listener.
pub(crate) struct Listener {
    pub(crate) host: HostKind,
    pub(crate) store: Arc<Store>,
}

/// A call that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Route {
    Hello,
    Me,
    Users,
    SigningCertificates,
    Devices,
    Sign { keypair: String },
}

impl Handler for Listener {
    fn handle(&self, request: Request<Bytes>, peer: Peer) -> BoxFuture<Answer> {
        let keys: Vec<_> = request.headers().get_all("x-api-key").iter().map(HeaderValue::as_bytes).collect();
        let api_key_sent = !keys.is_empty();
        // Two keys are no key that anybody has.
        let api_key = api_key_sent.then(|| String::from_utf8_lossy(&keys.join(&b","[..])).into_owned());
        let presented = Presented { api_key: api_key.as_deref(), certificate: peer.fingerprint.as_deref() };

        let (caller, mut answer) = respond(&self.store, &request, presented);
        if let Some(caller) = &caller {
            let headers = answer.headers_mut();
            if let Ok(name) = HeaderValue::try_from(caller.user.friendly_name()) {
                headers.insert("x-emulator-caller", name);
            }
            if let Ok(proof) = HeaderValue::try_from(caller.proof.to_string()) {
                headers.insert("x-emulator-proof", proof);
            }
        }
        self.store.observe(Observation {
            host: self.host,
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            caller: caller.as_ref().map(|caller| caller.user.friendly_name().to_owned()),
            proof: caller.map(|caller| caller.proof),
            api_key_sent,
            certificate: peer.fingerprint,
            status: answer.status().as_u16(),
        });
        Box::pin(std::future::ready(answer))
    }
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/mpki/api/v1/hello" => Some(Route::Hello),
            "/account/api/v1/user/me" => Some(Route::Me),
            "/account/api/v1/user" => Some(Route::Users),
            "/signingmanager/api/v1/certificates" => Some(Route::SigningCertificates),
            "/devicetrustmanager/api/v4/device" => Some(Route::Devices),
            _ => {
                let keypair = path.strip_prefix("/signingmanager/api/v1/keypairs/")?.strip_suffix("/sign")?;
                let one_segment = !keypair.is_empty() && !keypair.contains('/');
                one_segment.then(|| Route::Sign { keypair: keypair.to_owned() })
            }
        }
    }

    fn methods(&self) -> (&'static [Method], &'static str) {
        match self {
            Route::Sign { .. } => (&[Method::POST], "POST"),
            _ => (&[Method::GET, Method::HEAD], "GET, HEAD"),
        }
    }

    /// `None`: anybody may.
    fn requirement(&self) -> Option<Requirement> {
        let (both_factors, permission) = match self {
            // Whether the platform checks a credential here is unknown; it serves to find out that it is there.
            Route::Hello => return None,
            // Which permission the platform asks for to list devices is unknown.
            Route::Me | Route::Devices => (false, None),
            Route::Users => (false, Some(Permission::ManageAccount)),
            Route::SigningCertificates => (false, Some(Permission::ViewSigningCertificates)),
            Route::Sign { .. } => (true, Some(Permission::SignHash)),
        };
        Some(Requirement { both_factors, permission })
    }
}

fn respond(store: &Store, request: &Request<Bytes>, presented: Presented<'_>) -> (Option<Caller>, Answer) {
    let path = request.uri().path();
    let product = Product::of(path);
    let Some(route) = Route::of(path) else { return (None, answer::no_such_path()) };
    let (methods, allowed) = route.methods();
    if !methods.contains(request.method()) {
        return (None, answer::wrong_method(product, allowed));
    }
    let Some(requirement) = route.requirement() else { return (None, answer::text(HELLO)) };
    match decide(&store.users, presented, requirement, store.now()) {
        Decision::Refused(caller, refusal) => (caller, product.refused(refusal)),
        Decision::Granted(caller) => {
            let answer = serve(store, &route, &caller.user, request);
            (Some(caller), answer)
        }
    }
}

fn serve(store: &Store, route: &Route, caller: &ServiceUser, request: &Request<Bytes>) -> Answer {
    let query = request.uri().query().unwrap_or_default();
    match route {
        Route::Hello => answer::text(HELLO),
        Route::Me => answer::ok(&user_json(store, caller)),
        Route::Users => answer::ok(&users_json(store, value_of(query, "user_type"))),
        Route::SigningCertificates => signing_certificates(store, query),
        Route::Devices => devices(store, query),
        Route::Sign { keypair } => sign(store, keypair, request.body()),
    }
}

/// A bare array, without an envelope.
fn users_json(store: &Store, user_type: Option<&str>) -> Value {
    let service = store.users.iter().map(|user| user_json(store, user));
    std::iter::once(administrator_json(store))
        .chain(service)
        .filter(|user| user_type.is_none_or(|wanted| user["user_type"] == wanted))
        .collect()
}

fn user_json(store: &Store, user: &ServiceUser) -> Value {
    let mut applications: Vec<(&str, Vec<&str>)> = Vec::new();
    for permission in user.permissions() {
        match applications.iter_mut().find(|(name, _)| *name == permission.application()) {
            Some((_, permissions)) => permissions.push(permission.id()),
            None => applications.push((permission.application(), vec![permission.id()])),
        }
    }
    let applications: Vec<_> = applications
        .into_iter()
        .map(|(name, permissions)| json!({ "id": application_id(name), "name": name, "permissions": permissions }))
        .collect();
    json!({
        "id": user.id(),
        "email": "service-users@example.test",
        "status": if user.active() { "ACTIVE" } else { "DISABLED" },
        "access_scope": "account",
        "primary_account_id": store.account_id,
        "created_at": user.created_at(),
        "created_by": store.administrator_id,
        "user_type": "service",
        "friendly_name": user.friendly_name(),
        "description": "",
        "locale": "en_US",
        // The field's name is our guess: no source shows it.
        "end_date": user.end_date().as_ref().map(EndDate::to_string),
        "applications": applications,
    })
}

fn administrator_json(store: &Store) -> Value {
    json!({
        "id": store.administrator_id,
        "email": "administrator@example.test",
        "status": "ACTIVE",
        "access_scope": "account",
        "primary_account_id": store.account_id,
        "created_at": store.created_at,
        "created_by": store.administrator_id,
        "user_type": "standard",
        "friendly_name": "administrator",
        "description": "",
        "locale": "en_US",
        "applications": [],
    })
}

fn application_id(name: &str) -> &'static str {
    match name {
        "Account Manager" => "44444444-4444-4444-8444-444444444444",
        _ => "55555555-5555-4555-8555-555555555555",
    }
}

fn signing_certificates(store: &Store, query: &str) -> Answer {
    let Some((limit, offset)) = window(query) else { return invalid(Product::SoftwareTrust, WINDOW) };
    let items: Vec<_> = store
        .signing
        .iter()
        .skip(offset)
        .take(limit)
        .map(|certificate| certificate.to_json(&store.account_id, ACCOUNT_NAME, &store.created_at))
        .collect();
    answer::ok(&json!({ "total": store.signing.len(), "offset": offset, "limit": limit, "items": items }))
}

fn devices(store: &Store, query: &str) -> Answer {
    let Some((limit, offset)) = window(query) else { return invalid(Product::Other, WINDOW) };
    let end = offset.saturating_add(limit).min(store.devices);
    let records: Vec<_> = (offset..end).map(|number| device::to_json(number, &store.created_at)).collect();
    // That `next` is the next offset is our guess: no source shows its type.
    let next = (end < store.devices).then_some(end);
    answer::ok(&json!({ "total": store.devices, "records": records, "next": next, "limit": limit, "offset": offset }))
}

const WINDOW: &str = "limit must be a positive number, and offset a number";

/// `limit` and `offset`.
fn window(query: &str) -> Option<(usize, usize)> {
    let number = |name, default| match value_of(query, name) {
        None => Some(default),
        Some(value) => value.parse::<usize>().ok(),
    };
    Some((number("limit", DEFAULT_LIMIT).filter(|limit| *limit > 0)?, number("offset", 0)?))
}

/// What a signing call carries. Other fields are ignored.
#[derive(Deserialize)]
struct SignRequest {
    account: Value,
    sig_alg: String,
    hash: String,
}

fn sign(store: &Store, keypair: &str, body: &[u8]) -> Answer {
    let Ok(request) = serde_json::from_slice::<SignRequest>(body) else {
        return invalid(Product::SoftwareTrust, "the body must be JSON with account, sig_alg and hash");
    };
    if !(request.account.is_string() || request.account.is_object()) || request.sig_alg.is_empty() {
        return invalid(Product::SoftwareTrust, "account must name an account, and sig_alg an algorithm");
    }
    if request.hash.is_empty() || data_encoding::BASE64.decode(request.hash.as_bytes()).is_err() {
        return invalid(Product::SoftwareTrust, "hash must be Base64");
    }
    if !store.signing.iter().any(|certificate| certificate.keypair_id() == keypair) {
        let message = "There is no key pair with this id";
        return Product::SoftwareTrust.error(StatusCode::NOT_FOUND, "resource_not_found", message);
    }
    answer::ok(&signing::signature())
}

fn invalid(product: Product, message: &str) -> Answer {
    product.error(StatusCode::BAD_REQUEST, "invalid_request", message)
}

/// The first value of this name. None of the values that count here needs decoding.
fn value_of<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(present, _)| *present == name)
        .map(|(_, value)| value)
}

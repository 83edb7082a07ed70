//! The calls of content signing and OAuth, and the way through one: routed, then authorised, then read.

use std::sync::LazyLock;

use bytes::Bytes;
use http::Request;
use http::header::HOST;
use serde_json::json;

use super::access::{self, Access};
use super::parameters::Body;
use super::refusal::{Refused, wrong_method};
use super::state::{Context, CscState};
use super::{authorize, credentials, login, signatures, token};
use crate::decide::{Caller, Presented};
use crate::observation::HostKind;
use crate::response::{self, Response};
use crate::router::{RouteMatch, Router};
use crate::store::Store;

#[derive(Clone, Copy)]
enum CscCall {
    /// Open to all: it authenticates its caller itself, if at all.
    Open(fn(&Context<'_>) -> Result<Response, Refused>),
    /// For callers with an authorisation.
    Authorised(fn(&Context<'_>, &Access, &Body) -> Result<Response, Refused>),
}

use CscCall::{Authorised, Open};

const CALLS: [(&str, &str, CscCall); 11] = [
    ("GET", "/oauth2/authorize", Open(authorize::authorize)),
    ("POST", "/oauth2/token", Open(token::token)),
    ("POST", "/oauth2/revoke", Open(token::revoke)),
    ("POST", "/documentmanager/csc/{version}/info", Open(info)),
    ("POST", "/documentmanager/csc/{version}/auth/login", Open(login::login)),
    ("POST", "/documentmanager/csc/{version}/auth/revoke", Authorised(login::revoke)),
    ("POST", "/documentmanager/csc/{version}/credentials/list", Authorised(credentials::list)),
    ("POST", "/documentmanager/csc/{version}/credentials/info", Authorised(credentials::info)),
    ("POST", "/documentmanager/csc/{version}/credentials/authorize", Authorised(signatures::authorize)),
    ("POST", "/documentmanager/csc/{version}/credentials/extendTransaction", Authorised(signatures::extend)),
    ("POST", "/documentmanager/csc/{version}/signatures/signHash", Authorised(signatures::sign_hash)),
];

static ROUTER: LazyLock<Router<CscCall>> = LazyLock::new(|| Router::new(CALLS));

/// The response, if this call is one of content signing or of the OAuth server.
pub(crate) fn respond(
    csc: &CscState,
    store: &Store,
    host: HostKind,
    request: &Request<Bytes>,
    presented: Presented<'_>,
) -> Option<(Option<Caller>, Response)> {
    let path = request.uri().path();
    if path.ends_with("/auth/login") && !csc.login_offered() {
        return None;
    }
    let version = path.strip_prefix("/documentmanager/csc/").and_then(|rest| rest.split('/').next());
    if version.is_some_and(|version| !["v0", "v1"].contains(&version)) {
        return None;
    }
    let call = match ROUTER.find(request.method().as_str(), path) {
        RouteMatch::Call(call, _) => *call,
        RouteMatch::WrongMethod(allowed) => return Some((None, wrong_method(&allowed))),
        RouteMatch::Nothing => return None,
    };
    let context = Context { csc, request, host, version: version.unwrap_or_default(), now: store.now() };
    let (caller, outcome) = match call {
        Open(serve) => (None, serve(&context)),
        Authorised(serve) => {
            let (caller, access) = access::access(store, &context, presented);
            let served = access.and_then(|access| serve(&context, &access, &Body::parse(request.body())?));
            (caller, served)
        }
    };
    Some((caller, outcome.unwrap_or_else(Refused::into_response)))
}

/// `info`: the features of this service. Needs no authentication; clients use it to find the OAuth server.
fn info(context: &Context<'_>) -> Result<Response, Refused> {
    Body::parse(context.request.body())?.text("lang")?;
    let login = context.csc.login_offered();
    let methods = CALLS.iter().filter_map(|(_, path, _)| path.strip_prefix("/documentmanager/csc/{version}/"));
    let methods: Vec<_> = methods.filter(|method| login || *method != "auth/login").collect();
    let mut auth_types = vec!["oauth2code", "oauth2client"];
    auth_types.extend(login.then_some("digest"));
    auth_types.extend((login && context.csc.options.basic).then_some("basic"));
    // The platform's response is not published; these are the fields of the CSC.
    Ok(response::ok(&json!({
        "specs": if context.version == "v0" { "0.1.7.9" } else { "1.0.4.0" }, "name": "Emulated Document Trust",
        "logo": "https://one.digicert.test/logo.png", "region": "US", "lang": "en-US",
        "description": "Remote signing on loopback, for tests", "authType": auth_types,
        "oauth2": authorization_server(context), "methods": methods,
    })))
}

/// The platform host by the name that the caller used; a caller at the other listener gets its URL.
fn authorization_server(context: &Context<'_>) -> String {
    let request = context.request;
    let known = context.csc.platform.get().filter(|_| context.host == HostKind::ClientAuth).cloned();
    known.unwrap_or_else(|| {
        let header = || request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let authority = request.uri().authority().map(http::uri::Authority::as_str).or_else(header);
        format!("https://{}", authority.unwrap_or("localhost"))
    })
}

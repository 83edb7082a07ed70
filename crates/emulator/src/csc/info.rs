//! `info`: what this service is and offers. Open to anybody; a client finds the OAuth server by it.

use http::header::HOST;
use serde_json::json;

use super::body::Body;
use super::refusal::Refused;
use super::state::Context;
use crate::observation::HostKind;
use crate::response::{self, Response};

const LOGIN: &str = "auth/login";

/// The operations of the CSC, by the ends of their paths.
pub(super) const METHODS: [&str; 8] = [
    "info",
    LOGIN,
    "auth/revoke",
    "credentials/list",
    "credentials/info",
    "credentials/authorize",
    "credentials/extendTransaction",
    "signatures/signHash",
];

pub(super) fn info(context: &Context<'_>) -> Result<Response, Refused> {
    Body::parse(context.request.body())?.text("lang")?;
    let login = context.csc.login_offered();
    let methods: Vec<_> = METHODS.into_iter().filter(|method| login || *method != LOGIN).collect();
    let mut auth_types = vec!["oauth2code", "oauth2client"];
    auth_types.extend(login.then_some("digest"));
    auth_types.extend((login && context.csc.options.basic).then_some("basic"));
    // The platform's response here is not published; the fields are the CSC's.
    Ok(response::ok(&json!({
        "specs": if context.version == "v0" { "0.1.7.9" } else { "1.0.4.0" },
        "name": "Emulated Document Trust",
        "logo": "https://one.digicert.test/logo.png",
        "region": "US",
        "lang": "en-US",
        "description": "Remote signing on loopback, for tests",
        "authType": auth_types,
        "oauth2": authorization_server(context),
        "methods": methods,
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

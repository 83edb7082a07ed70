//! `info`: what this service is and offers. Open to anybody; a client finds the OAuth server by it.

use http::header::HOST;
use serde_json::json;

use super::body::Body;
use super::calls::{Context, Operation, Version};
use super::login;
use super::refusal::Refused;
use crate::answer::{self, Answer};
use crate::observation::HostKind;

pub(crate) fn info(context: &Context<'_>, version: Version) -> Result<Answer, Refused> {
    Body::parse(context.request.body())?.text("lang")?;
    let csc = context.csc;
    let login = login::offered(csc);
    let mut methods: Vec<_> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    let mut auth_types = vec!["oauth2code", "oauth2client"];
    if login {
        auth_types.push("digest");
        if csc.options.basic {
            auth_types.push("basic");
        }
    } else {
        methods.retain(|method| *method != Operation::Login.name());
    }
    // What the platform answers here is not published; the fields are the CSC's.
    Ok(answer::ok(&json!({
        "specs": match version { Version::V0 => "0.1.7.9", Version::V1 => "1.0.4.0" },
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

/// The platform host by the name that the caller knows it by; a caller at the other listener is told where it is.
fn authorization_server(context: &Context<'_>) -> String {
    let request = context.request;
    let known = match context.host {
        HostKind::ClientAuth => context.csc.platform.get().cloned(),
        HostKind::Platform => None,
    };
    known.unwrap_or_else(|| {
        let header = || request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let authority = request.uri().authority().map(http::uri::Authority::as_str).or_else(header);
        format!("https://{}", authority.unwrap_or("localhost"))
    })
}

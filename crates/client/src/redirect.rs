//! Follows redirects within the same origin only. Every HTTP library that we looked at would forward `x-api-key`, and present the
//! certificate, to any `Location`. `link_target.rs` checks the target.

use bytes::Bytes;
use digicert_one_core::{Code, Diagnosis, Instance, Origin, RequestTarget};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::call::Call;
use crate::error::{Error, ErrorKind};
use crate::link_target::Pointer;
use crate::upload::Payload;

impl Call {
    /// The target of a redirect; `None` if it has none.
    pub(crate) fn redirect_target(
        &self,
        instance: &Instance,
        origin: &Origin,
        headers: &HeaderMap,
    ) -> Result<Option<RequestTarget>, Error> {
        let Some(location) = headers.get(LOCATION) else { return Ok(None) };
        let location = location.to_str().map_err(|_| Pointer::Redirect.refused(origin, "a target that is not text"))?;
        let target = Pointer::Redirect.resolve(instance, origin, &self.target, location);
        if is_sign_in(location) || (target.is_err() && returns_to(location, origin)) {
            return Err(sign_in(origin, target.err()));
        }
        target.map(Some)
    }

    /// Turns this call into the one that a redirect of this status asks for.
    pub(crate) fn follow(&mut self, status: StatusCode, target: RequestTarget) -> Result<(), Error> {
        self.target = target;
        // Fetch standard §4.4: 303 becomes GET, and so does a POST under 301 and 302; 307 and 308 keep everything.
        let becomes_get = match status.as_u16() {
            303 => ![Method::GET, Method::HEAD].contains(&self.method),
            301 | 302 => self.method == Method::POST,
            _ => false,
        };
        if becomes_get {
            self.method = Method::GET;
            self.body = Payload::Bytes(Bytes::new());
            self.headers.remove(CONTENT_TYPE);
        } else if self.body.is_spent() {
            let summary = format!("redirect not followed (HTTP {}): the upload had begun.", status.as_u16());
            let cause = "the request body can be read only once, so that it cannot be sent to the target";
            let mut diagnosis = Diagnosis::new(Code::SEC_01, summary, cause);
            diagnosis.remedy =
                "Upload to the target of the redirect, or give a body that can be made again (upload_with).".to_owned();
            return Err(Error::new(ErrorKind::Redirect, diagnosis));
        }
        Ok(())
    }
}

/// Whether redirects of this status are followed. 300 and 305 are not, even with a `Location` (RFC 9110 sections 15.4.1 and 15.4.6).
pub(crate) fn is_followed(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The error for a redirect to a sign-in page, also on the same origin: it is not the API.
fn sign_in(origin: &Origin, elsewhere: Option<Error>) -> Error {
    let summary = match elsewhere {
        Some(error) => error.diagnosis().summary.clone(),
        None => format!("{origin} redirected to a sign-in page of its own; not followed."),
    };
    let cause = "the target looks like a sign-in page, or a page that blocks the call: single sign-on, a web filter or a captive portal responded in the API's place";
    Error::new(ErrorKind::Redirect, Diagnosis::new(Code::GW_03, summary, cause))
}

/// Whether an address looks like a sign-in page, by its host and path; paths below `/api/` do not. Neither path nor query is shown: they
/// may hold a token.
fn is_sign_in(location: &str) -> bool {
    // my.policy is the sign-in page of F5 BIG-IP.
    if location.split(['?', '#']).next().is_some_and(|path| path.ends_with("/my.policy")) {
        return true;
    }
    const WORDS: [&str; 12] =
        ["login", "logon", "signin", "sign-in", "sso", "saml", "oauth2", "oidc", "openid", "adfs", "captive", "portal"];
    let lower = location.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    if lower.starts_with('/') && !lower.starts_with("//") && lower.contains("/api/") {
        return false;
    }
    lower.split(|one: char| !(one.is_ascii_alphanumeric() || one == '-')).any(|word| WORDS.contains(&word))
}

/// Whether the query of an address on another host holds an address on this one, as those of sign-in and block pages do, which lead back
/// afterwards.
fn returns_to(location: &str, origin: &Origin) -> bool {
    let query = location.split_once('?').map_or("", |(_, query)| query).to_ascii_lowercase();
    let host = origin.authority().to_ascii_lowercase();
    let names = [host.replace(':', "%3a"), host];
    ["https://", "https%3a//", "https%3a%2f%2f"]
        .iter()
        .any(|scheme| names.iter().any(|name| query.contains(&format!("={scheme}{name}"))))
}

/// The error for too many redirects in a row.
pub(crate) fn too_many(origin: &Origin, hops: usize) -> Error {
    let summary = format!("{} redirected {hops} times in a row; the last one was not followed.", origin.authority());
    let mut diagnosis = Diagnosis::new(Code::SEC_01, summary, "the redirects probably run in a circle on this host");
    diagnosis.remedy = "Check the path of the call (a slash at its end, upper and lower case); have the operator of the server, or of the \
                        proxy before it, look at its redirects: a proxy that ends TLS and a server that redirects http to https run in \
                        such a circle."
        .to_owned();
    Error::new(ErrorKind::Redirect, diagnosis)
}

/// The error for a redirect of a call with an authoriser of its own. Names the host of the target, and nothing else of it.
pub(crate) fn not_followed(origin: &Origin, status: StatusCode, location: Option<&HeaderValue>) -> Error {
    let target = location
        .and_then(|value| value.to_str().ok()?.parse::<http::Uri>().ok())
        .and_then(|uri| Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?.as_str().rsplit('@').next()?)))
        .unwrap_or_else(|| "another path".to_owned());
    let summary =
        format!("{origin} redirected to {target} (HTTP {}); not followed, nothing was sent there.", status.as_u16());
    let cause = "a request with a token is never redirected: a wrong host or path, or an intercepting proxy";
    Error::new(ErrorKind::Redirect, Diagnosis::new(Code::SEC_01, summary, cause))
}

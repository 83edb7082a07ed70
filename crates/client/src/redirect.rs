//! Redirects are followed within the same origin only. Every HTTP library that we looked at would forward `x-api-key`, and
//! present the certificate, wherever a `Location` points.

use digicert_one_core::{Code, Diagnosis, Origin, RequestTarget};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method, StatusCode, Uri};

use crate::attempt::Call;
use crate::{Error, ErrorKind};

/// The call that a redirect asks for; `None` where the answer is no redirect.
pub(crate) fn next(
    call: &Call,
    origin: &Origin,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<Call>, Error> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(LOCATION) else { return Ok(None) };
    let location = location.to_str().map_err(|_| refused(origin, "a target that is not text"))?;
    let target = same_origin(origin, call, location)?;
    let mut next = Call { target, ..call.clone() };
    // Fetch standard §4.4: 303 becomes GET, and so does a POST under 301 and 302; 307 and 308 keep everything.
    let becomes_get = match status.as_u16() {
        303 => ![Method::GET, Method::HEAD].contains(&call.method),
        301 | 302 => call.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        next.method = Method::GET;
        next.body = bytes::Bytes::new();
        next.headers.remove(CONTENT_TYPE);
    }
    Ok(Some(next))
}

/// More hops than any sane server asks for.
pub(crate) fn too_many(origin: &Origin, hops: usize) -> Error {
    let summary = format!("{} redirected {hops} times in a row; the last one was not followed.", origin.authority());
    Error::new(ErrorKind::Redirect, Diagnosis::new(Code::SEC_01, summary, "the redirects probably run in a circle"))
}

fn same_origin(origin: &Origin, call: &Call, location: &str) -> Result<RequestTarget, Error> {
    if location.contains('@') && location.split('/').nth(2).is_some_and(|authority| authority.contains('@')) {
        return Err(refused(origin, "a target with user info"));
    }
    let path = if let Some(rest) = location.strip_prefix("//") {
        let scheme = if origin.is_https() { "https" } else { "http" };
        path_at(origin, &format!("{scheme}://{rest}"))?
    } else if location.starts_with('/') {
        location.to_owned()
    } else if location.contains(':') && !location.starts_with(['?', '.']) {
        path_at(origin, location)?
    } else {
        // Relative to the directory of the call; a `..` is refused below, with every other path that cannot be sent.
        let directory = call.target.path().rsplit_once('/').map_or("", |(directory, _)| directory);
        let path = format!("{directory}/{location}");
        return parse(origin, path.split('#').next().unwrap_or_default());
    };
    let path = path.split('#').next().unwrap_or_default();
    // The wire target holds the installation's prefix already.
    let path = origin.strip_prefix(path).ok_or_else(|| refused(origin, "a path outside the installation's prefix"))?;
    parse(origin, path)
}

fn parse(origin: &Origin, path: &str) -> Result<RequestTarget, Error> {
    RequestTarget::parse(path).map_err(|error| refused(origin, "a path that cannot be sent").with_source(error))
}

fn path_at(origin: &Origin, location: &str) -> Result<String, Error> {
    let Some((scheme, _)) = location.split_once("://") else {
        // What stands behind the scheme may be anything.
        let scheme = location.split(':').next().unwrap_or_default();
        return Err(refused(origin, &format!("a {scheme}: URL")));
    };
    let uri: Uri = location.parse().map_err(|_| refused(origin, "a target that is not a URL"))?;
    if origin.is_origin_of(&uri) {
        return Ok(uri.path_and_query().map_or("/", |path| path.as_str()).to_owned());
    }
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    Err(refused(origin, &format!("{scheme}://{authority}")))
}

fn refused(origin: &Origin, target: &str) -> Error {
    let summary = format!("{origin} redirected to {target}; not followed, credentials were not sent.");
    let cause = "DigiCert ONE documents no redirects: a wrong host, or somebody between";
    Error::new(ErrorKind::Redirect, Diagnosis::new(Code::SEC_01, summary, cause))
}

//! Requests as they go out and answers as they come in: what was given, the framing, and nothing else; here the defects that change
//! either of them.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use digicert_one_core::{Delivery, HeadLimit, TransportError, TransportErrorKind as Kind, announce_empty_body};
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, REFERER,
    USER_AGENT,
};
use http::uri::{PathAndQuery, Uri};
use http::{Method, Request, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::Flaw;
use super::failure::local;
use crate::table::Defect;

/// A body that is in memory.
pub(super) struct Upload {
    bytes: Option<Bytes>,
    hides_length: bool,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.bytes.as_ref().map_or(0, Bytes::len) as u64;
        if self.hides_length { SizeHint::new() } else { SizeHint::with_exact(length) }
    }
}

/// The request as it is to be sent, over whichever version of HTTP.
pub(super) fn outgoing(mut request: Request<Bytes>, flaw: Flaw) -> Result<Request<Bytes>, TransportError> {
    let uri = request.uri();
    if !matches!(uri.scheme_str(), Some("https" | "http")) || uri.host().is_none_or(str::is_empty) {
        return Err(local(Kind::Config, "the address must begin with https:// and name a host"));
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(local(Kind::Config, "the address holds a user name or a password"));
    }
    if !flaw.is(Defect::LeavesOutLengthZero) {
        announce_empty_body(&mut request);
    }
    if let Some(target) = rewritten(request.uri(), flaw) {
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = Some(target);
        *request.uri_mut() = Uri::from_parts(parts).map_err(|error| local(Kind::Config, error))?;
    }
    let method = request.method_mut();
    if flaw.is(Defect::SendsPatchAsPost) && *method == Method::PATCH {
        *method = Method::POST;
    }
    if flaw.is(Defect::SendsHeadAsGet) && *method == Method::HEAD {
        *method = Method::GET;
    }
    spoil(request.headers_mut(), flaw);
    Ok(request)
}

/// The target that a defect makes of the given one.
fn rewritten(uri: &Uri, flaw: Flaw) -> Option<PathAndQuery> {
    let (path, query) = (uri.path(), uri.query().unwrap_or_default());
    let target = if flaw.is(Defect::LowersPaths) {
        format!("{}?{query}", path.to_ascii_lowercase())
    } else if flaw.is(Defect::DecodesSlashes) {
        format!("{}?{query}", path.replace("%2F", "/"))
    } else if flaw.is(Defect::ReencodesQueries) {
        format!("{path}?{}", query.replace('+', "%20"))
    } else if flaw.is(Defect::DropsQueries) {
        path.to_owned()
    } else {
        return None;
    };
    target.parse().ok()
}

/// The headers that a defect makes of the given ones.
fn spoil(headers: &mut HeaderMap, flaw: Flaw) {
    let is = |defect| flaw.is(defect);
    if is(Defect::DropsRepeatedHeaders) {
        *headers = headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let single: Vec<_> = headers.keys().cloned().collect();
        for name in single {
            if let Some(last) = headers.get_all(&name).iter().next_back().cloned() {
                headers.insert(name, last);
            }
        }
    }
    if is(Defect::SortsHeaderValues) {
        sort(headers);
    }
    if is(Defect::AddsAReferer) {
        headers.insert(REFERER, HeaderValue::from_static("https://one.digicert.test/"));
    }
    if is(Defect::TellsOfTheMachine) {
        let given = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("broken/1");
        let agent = format!("{given} ({}; {}; a test)", std::env::consts::OS, std::env::consts::ARCH);
        if let Ok(agent) = HeaderValue::try_from(agent) {
            headers.insert(USER_AGENT, agent);
        }
    }
    if is(Defect::GivesEveryRequestAType) && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    }
    if is(Defect::AsksForCompression) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if is(Defect::ExpectsAContinue) {
        headers.insert(EXPECT, HeaderValue::from_static("100-continue"));
    }
    let key = HeaderName::from_static("x-api-key");
    if let (true, Some(value)) = (is(Defect::SendsTheKeyTwice), headers.get(&key).cloned()) {
        headers.append(key, value);
    }
    if is(Defect::IndexesTheKey) {
        headers.values_mut().for_each(|value| value.set_sensitive(false));
    }
}

/// Sorts the values of each name.
fn sort(headers: &mut HeaderMap) {
    let mut all: Vec<_> = headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    all.sort_by(|(_, one), (_, other)| one.as_bytes().cmp(other.as_bytes()));
    headers.clear();
    for (name, value) in all {
        headers.append(name, value);
    }
}

/// The request in the form that this version of HTTP has for it.
pub(super) fn framed(request: &Request<Bytes>, is_http2: bool, flaw: Flaw) -> Result<Request<Upload>, TransportError> {
    let uri = request.uri();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let authority = match authority.rsplit_once(':') {
        Some((host, _)) if flaw.is(Defect::LeavesOutPorts) => host,
        _ => authority,
    };
    let invalid = |error: http::Error| local(Kind::Config, error);
    let body = Some(request.body().clone()).filter(|bytes| !bytes.is_empty());
    let upload = Upload { hides_length: flaw.is(Defect::HidesLengths) && body.is_some(), bytes: body };
    let mut framed = Request::new(upload);
    *framed.method_mut() = request.method().clone();
    *framed.headers_mut() = request.headers().clone();
    let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    if is_http2 {
        *framed.version_mut() = Version::HTTP_2;
        let scheme = uri.scheme_str().unwrap_or("https");
        let absolute = Uri::builder().scheme(scheme).authority(authority).path_and_query(target).build();
        *framed.uri_mut() = absolute.map_err(invalid)?;
        return Ok(framed);
    }
    *framed.uri_mut() = match flaw.is(Defect::SendsAbsoluteTargets) {
        true => uri.clone(),
        false => Uri::builder().path_and_query(target).build().map_err(invalid)?,
    };
    framed.headers_mut().insert(HOST, HeaderValue::try_from(authority).map_err(|error| invalid(error.into()))?);
    Ok(framed)
}

/// The answer as the caller is given it.
pub(super) fn incoming(mut answer: Response<Incoming>, flaw: Flaw) -> Result<Response<Incoming>, TransportError> {
    if flaw.is(Defect::FailsWithoutContent) && answer.status() == StatusCode::NO_CONTENT {
        return Err(TransportError::new(Kind::Protocol, Delivery::Sent).with_source("there is no body"));
    }
    if !flaw.is(Defect::ReadsHeadsOfAnySize) {
        HeadLimit::check(answer.headers()).map_err(HeadLimit::error)?;
    }
    if flaw.is(Defect::SpeaksOfHttp11Alone) {
        *answer.version_mut() = Version::HTTP_11;
    }
    let headers = answer.headers_mut();
    if flaw.is(Defect::DropsRepeatedAnswerHeaders) {
        let first: Vec<_> = headers.keys().map(|name| (name.clone(), headers[name].clone())).collect();
        *headers = first.into_iter().collect();
    }
    if flaw.is(Defect::SortsAnswerHeaders) {
        sort(headers);
    }
    if flaw.is(Defect::DropsContentEncodings) {
        headers.remove(CONTENT_ENCODING);
    }
    // Types of the libraries below have no business above the seam.
    answer.extensions_mut().clear();
    Ok(answer)
}

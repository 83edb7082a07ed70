//! Requests as they go out and responses as they come in: what was given, the framing, and nothing else; here the defects that change
//! either of them.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use digicert_one_core::{Delivery, HeadLimit, TransportError, TransportErrorKind as Kind, UploadError, frame_body};
use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderMap, HeaderName,
    HeaderValue, RANGE, REFERER, TRANSFER_ENCODING, USER_AGENT,
};
use http::uri::{PathAndQuery, Uri};
use http::{Method, Request, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::by_request::{refuses, version, without_quotes};
use super::failure::local;
use super::upload::Streamed;
use super::{Flaw, foreign};
use crate::table::Defect;

/// A body: one that streams, or one that is in memory.
#[derive(Default)]
pub(super) struct Upload {
    streamed: Option<Streamed>,
    bytes: Option<Bytes>,
    hides_length: bool,
    /// Set when the last of it was taken, where a defect asks: it is then handed out in pieces.
    taken: Option<Arc<AtomicBool>>,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = UploadError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(streamed) = &mut self.streamed {
            return Pin::new(streamed).poll_frame(cx);
        }
        const PIECE: usize = 16 << 10;
        let in_pieces = self.taken.is_some();
        if let Some(bytes) = self.bytes.as_mut().filter(|bytes| in_pieces && bytes.len() > PIECE) {
            return Poll::Ready(Some(Ok(Frame::data(bytes.split_to(PIECE)))));
        }
        if let Some(taken) = &self.taken {
            taken.store(true, Ordering::Relaxed);
        }
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.streamed.as_ref().map_or(self.bytes.is_none(), Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        if let Some(streamed) = &self.streamed {
            return streamed.size_hint();
        }
        let length = self.bytes.as_ref().map_or(0, Bytes::len) as u64;
        if self.hides_length { SizeHint::new() } else { SizeHint::with_exact(length) }
    }
}

impl Upload {
    pub(super) fn streamed(body: Streamed) -> Self {
        Self { streamed: Some(body), ..Self::default() }
    }

    /// Whether all of it was taken, where a defect asks.
    pub(super) fn taken(&self) -> Option<Arc<AtomicBool>> {
        self.taken.clone()
    }
}

/// The request as it is to be sent, over whichever version of HTTP.
pub(super) fn outgoing(mut request: Request<Bytes>, flaw: Flaw) -> Result<Request<Bytes>, TransportError> {
    let uri = request.uri();
    if !matches!(uri.scheme_str(), Some("https" | "http")) || uri.host().is_none_or(str::is_empty) {
        return Err(local(Kind::Config, "the address must begin with https:// and name a host"));
    }
    if refuses(uri, flaw) {
        return Err(local(Kind::Config, "the address has no valid host"));
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(local(Kind::Config, "the address holds a user name or a password"));
    }
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    if flaw.is(Defect::RefusesLongTargets) && target > 2083 {
        return Err(local(Kind::Config, "the address is too long"));
    }
    let is_put = *request.method() == Method::PUT;
    let leaves_out = flaw.is(Defect::LeavesOutLengthZero) || is_put && flaw.is(Defect::LeavesOutLengthZeroOfPuts);
    if let (true, Some(length)) = (flaw.is(Defect::DoublesLengths), request.headers().get(CONTENT_LENGTH).cloned()) {
        request.headers_mut().append(CONTENT_LENGTH, length);
    } else if !leaves_out {
        let kept = [(Defect::BelievesLengths, CONTENT_LENGTH), (Defect::BelievesTransferEncodings, TRANSFER_ENCODING)];
        let kept = kept.into_iter().find(|(defect, name)| flaw.is(*defect) && request.headers().contains_key(name));
        let kept = kept.map(|(_, name)| (request.headers()[&name].clone(), name));
        frame_body(&mut request);
        if let Some((value, name)) = kept {
            request.headers_mut().insert(name, value);
        }
    }
    if let Some(target) = rewritten(request.uri(), flaw) {
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = Some(target);
        *request.uri_mut() = Uri::from_parts(parts).map_err(|error| local(Kind::Config, error))?;
    }
    let length = request.body().len();
    if flaw.is(Defect::CutsBodiesPastAPowerOfTwo) && length > 1 << 10 && (length - 1).is_power_of_two() {
        request.body_mut().truncate(length - 1);
    }
    let method = request.method_mut();
    if flaw.is(Defect::SendsPatchAsPost) && *method == Method::PATCH {
        *method = Method::POST;
    }
    if flaw.is(Defect::SendsHeadAsGet) && *method == Method::HEAD {
        *method = Method::GET;
    }
    if flaw.is(Defect::DropsBodiesOfDeletes) && *method == Method::DELETE {
        *request.body_mut() = Bytes::new();
    }
    if flaw.is(Defect::DropsTypesOfEmptyBodies) && length == 0 {
        request.headers_mut().remove(CONTENT_TYPE);
    }
    if flaw.is(Defect::AddsLengthZeroToGets) && *request.method() == Method::GET {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    spoil(request.headers_mut(), length, flaw);
    foreign::request(&mut request, flaw);
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
    } else if flaw.is(Defect::DropsQueries) || flaw.is(Defect::DropsEmptyQueries) && query.is_empty() {
        path.to_owned()
    } else if flaw.is(Defect::LeavesOutEscapedControls) {
        let mut parts = uri.path_and_query()?.as_str().split("%0");
        let first = parts.next()?.to_owned();
        parts.fold(first, |target, part| target + part.get(1..).unwrap_or_default())
    } else if flaw.is(Defect::NormalisesDots) && path.contains("/.")
        || flaw.is(Defect::NormalisesEscapedDots) && path.contains("/%2E")
    {
        let mut kept: Vec<&str> = Vec::new();
        for segment in path.split('/').skip(1) {
            match segment {
                "." | "%2E" => {}
                ".." | "%2E%2E" => drop(kept.pop()),
                segment => kept.push(segment),
            }
        }
        format!("/{}?{query}", kept.join("/"))
    } else if flaw.is(Defect::EncodesQuotes) {
        return without_quotes(uri);
    } else if flaw.is(Defect::MergesSlashes) && path.contains("//") {
        path.replace("//", "/")
    } else {
        return None;
    };
    target.parse().ok()
}

/// The headers that a defect makes of the given ones.
fn spoil(headers: &mut HeaderMap, length: usize, flaw: Flaw) {
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
    if is(Defect::ReplacesAcceptEncoding) && headers.contains_key(ACCEPT_ENCODING) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    if is(Defect::DropsEmptyHeaders) {
        retain(headers, |value| !value.is_empty());
    }
    if is(Defect::DropsForeignValues) {
        retain(headers, |value| value.as_bytes().is_ascii());
    }
    if is(Defect::SendsSixtyFourFields) {
        *headers = headers.iter().take(64).map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    if is(Defect::SendsThirtySevenFields) {
        *headers = headers.iter().take(37).map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    if is(Defect::LowersRequestValues) {
        lower(headers);
    }
    if is(Defect::AddsKeepAlive) {
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive"));
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
    if is(Defect::ExpectsAContinue) || is(Defect::ExpectsAContinueForLargeBodies) && length > 1 << 20 {
        headers.insert(EXPECT, HeaderValue::from_static("100-continue"));
    }
    if is(Defect::DressesRanges) && headers.contains_key(RANGE) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    let key = HeaderName::from_static("x-api-key");
    if let (true, Some(value)) = (is(Defect::SendsTheKeyTwice), headers.get(&key).cloned()) {
        headers.append(key, value);
    }
    if is(Defect::IndexesTheKey) {
        headers.values_mut().for_each(|value| value.set_sensitive(false));
    }
}

/// Keeps the headers whose value is like that.
fn retain(headers: &mut HeaderMap, kept: impl Fn(&HeaderValue) -> bool) {
    let all = std::mem::take(headers);
    let mut named = None;
    for (name, value) in all {
        named = name.or(named);
        if let Some(name) = named.clone().filter(|_| kept(&value)) {
            headers.append(name, value);
        }
    }
}

/// Lowers the values, as far as they are text.
fn lower(headers: &mut HeaderMap) {
    for value in headers.values_mut() {
        let lowered = HeaderValue::from_bytes(&value.as_bytes().to_ascii_lowercase());
        *value = lowered.unwrap_or_else(|_| value.clone());
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
        None if flaw.is(Defect::NamesDefaultPorts) => &format!("{authority}:443"),
        Some(_) if flaw.is(Defect::LeavesOutBrackets) => &authority.replace(['[', ']'], ""),
        _ => authority,
    };
    let authority = match flaw.is(Defect::LeavesOutFinalDots) {
        true => &authority.replace(".:", ":"),
        false => authority,
    };
    let invalid = |error: http::Error| local(Kind::Config, error);
    let body = Some(request.body().clone()).filter(|bytes| !bytes.is_empty());
    let hides_length = flaw.is(Defect::HidesLengths) && body.is_some();
    let taken = flaw.is(Defect::FailsAtEarlyRefusals).then(Arc::default);
    let upload = Upload { hides_length, taken, bytes: body, streamed: None };
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
    *framed.version_mut() = version(request.version(), flaw);
    let is_clear = uri.scheme_str() == Some("http");
    foreign::offer_upgrade(framed.headers_mut(), is_clear, flaw);
    framed.headers_mut().insert(HOST, HeaderValue::try_from(authority).map_err(|error| invalid(error.into()))?);
    Ok(framed)
}

/// The response as the caller is given it.
pub(super) fn incoming(mut response: Response<Incoming>, flaw: Flaw) -> Result<Response<Incoming>, TransportError> {
    if flaw.is(Defect::FailsWithoutContent) && response.status() == StatusCode::NO_CONTENT {
        return Err(TransportError::new(Kind::Protocol, Delivery::Sent).with_source("the body is missing"));
    }
    if flaw.is(Defect::RefusesUnusualStatuses) && response.status().as_u16() >= 600 {
        return Err(TransportError::new(Kind::Protocol, Delivery::Sent).with_source("status code out of range"));
    }
    let is_forgiven = response.headers().keys_len() <= HeadLimit::FIELDS && flaw.is(Defect::CountsNamesOfHeads);
    if !flaw.is(Defect::ReadsHeadsOfAnySize) && !is_forgiven {
        let doubts = flaw.is(Defect::DoubtsDeliveryOfLargeHeads);
        HeadLimit::check(response.headers()).map_err(|size| match doubts {
            true => TransportError::new(Kind::HeadLimit, Delivery::Unknown).with_source(size),
            false => size.error(),
        })?;
    }
    if flaw.is(Defect::DropsLengthsWithoutABody) && response.body().is_end_stream() {
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    if flaw.is(Defect::SpeaksOfHttp11Alone) {
        *response.version_mut() = Version::HTTP_11;
    }
    if flaw.is(Defect::LogsResponseHeaders) {
        tracing::trace!("answered with {:?}", response.headers());
    }
    let headers = response.headers_mut();
    if flaw.is(Defect::DropsLongNames) {
        let kept = headers.iter().filter(|(name, _)| name.as_str().len() <= 64);
        *headers = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    if flaw.is(Defect::DropsRepeatedResponseHeaders) {
        let first: Vec<_> = headers.keys().map(|name| (name.clone(), headers[name].clone())).collect();
        *headers = first.into_iter().collect();
    }
    if flaw.is(Defect::SortsResponseHeaders) {
        sort(headers);
    }
    if flaw.is(Defect::LowersResponseValues) {
        lower(headers);
    }
    if flaw.is(Defect::SqueezesBlanks) {
        for value in headers.values_mut() {
            let squeezed = value.to_str().map(|text| text.replace("  ", " "));
            *value = squeezed.ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| value.clone());
        }
    }
    if flaw.is(Defect::KeepsSixtyFourHeaders) {
        *headers = headers.iter().take(64).map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    if flaw.is(Defect::DropsContentEncodings) {
        headers.remove(CONTENT_ENCODING);
    }
    // Types of the libraries below have no business above the seam.
    response.extensions_mut().clear();
    Ok(response)
}

/// What interim responses said, where a defect wants it.
#[derive(Clone, Default)]
pub(super) struct Hints(Arc<Mutex<Option<HeaderMap>>>, Option<Defect>, Arc<AtomicUsize>);

impl Hints {
    pub(super) fn watch(request: &mut Request<Upload>, flaw: Flaw) -> Self {
        let defects = [Defect::FailsAtEarlyHints, Defect::MergesEarlyHints, Defect::CountsInterimResponses];
        let defect = defects.into_iter().find(|defect| flaw.is(*defect));
        let hints = Self(Arc::default(), defect, Arc::default());
        if defect.is_some() {
            let (kept, count) = (Arc::clone(&hints.0), Arc::clone(&hints.2));
            hyper::ext::on_informational(request, move |interim| {
                count.fetch_add(1, Ordering::Relaxed);
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.get_or_insert_default().extend(interim.headers().clone());
            });
        }
        hints
    }

    /// The response with what a defect makes of the hints.
    pub(super) fn added(&self, mut response: Response<Incoming>) -> Result<Response<Incoming>, TransportError> {
        let Some(hints) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(response) };
        if self.1 == Some(Defect::FailsAtEarlyHints) {
            return Err(TransportError::new(Kind::Protocol, Delivery::Unknown).with_source("an interim response"));
        }
        if self.1 == Some(Defect::CountsInterimResponses) {
            let is_over = self.2.load(Ordering::Relaxed) > 5;
            let error = || TransportError::new(Kind::Protocol, Delivery::Unknown).with_source("many interim responses");
            return if is_over { Err(error()) } else { Ok(response) };
        }
        response.headers_mut().extend(hints);
        Ok(response)
    }
}

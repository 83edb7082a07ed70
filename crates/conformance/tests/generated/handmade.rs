//! Rules other than the listed defects: mistakes of users of common HTTP libraries, and defaults of such libraries.

use bytes::Bytes;
use digicert_one_core::{TransportError, TransportErrorKind as Kind};
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use http::{Method, StatusCode, Uri};
use http_body::Frame;

use crate::rule::Act::{Body, Error, Head, Next, Request as Sent, Wrap};
use crate::rule::{Rule, rules};
use crate::stream::Read;
use crate::wrapped::{
    Alternatives, Breaker, Busy, Claims, Clear, Dead, Direct, Eager, Exceptions, Netrc, Permits, Prints, Quotes,
    Serial, Shared, Tells, Weaker,
};

pub(crate) const RULES: &[Rule] = rules! {
    // Requests.
    "squeezes" "request-header-blanks" Sent(|sent| values(sent, |value| value.replace("  ", " "))), [Always], ["REQ-20"];
    "escapes" "request-tilde" Sent(|sent| path(sent, |path| path.replace('~', "%7E"))), [Always], ["REQ-01"];
    "escapes" "request-brackets" Sent(|sent| path(sent, |path| path.replace('\'', "%27").replace('!', "%21"))), [Always], ["REQ-01"];
    "removes" "dot-segments" Sent(|sent| path(sent, |path| path.replace("/./", "/").replace("/../", "/"))), [Always], ["REQ-01" "REQ-23"];
    "lowers" "request-escapes" Sent(|sent| path(sent, |path| path.replace("%2F", "%2f"))), [Always], ["REQ-20" "REQ-01"];
    "drops" "empty-query-value" Sent(|sent| path(sent, |path| path.replace("b=%20", "b").replace("/?b=", "/?b"))), [Always], ["REQ-01"];
    "adds" "form-content-type" Sent(|mut sent| {
        if !sent.body().is_empty() && !sent.headers().contains_key(CONTENT_TYPE) {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            sent.headers_mut().insert(CONTENT_TYPE, form);
        }
        sent
    }), [Always Http2], ["REQ-20"];
    "adds" "te-trailers" Sent(|sent| header(sent, "te", "trailers")), [Http2], ["REQ-20"];
    "adds" "accept-language" Sent(|sent| header(sent, "accept-language", "*")), [Always], ["REQ-20"];
    "adds" "upgrade-insecure-requests" Sent(|sent| header(sent, "upgrade-insecure-requests", "1")), [Always], ["REQ-20"];
    "adds" "charset" Sent(|sent| values(sent, |value| match value {
        "application/x-Given" => "application/x-Given; charset=utf-8".to_owned(),
        other => other.to_owned(),
    })), [Always], ["REQ-20"];
    "drops" "authorization" Sent(|mut sent| {
        sent.headers_mut().remove("authorization");
        sent
    }), [Always Proxied], ["REQ-20"];
    "adds" "body-to-get" Sent(|mut sent| {
        if sent.method() == Method::GET {
            *sent.body_mut() = Bytes::from_static(b"{}");
        }
        sent
    }), [Always], ["REQ-20"];
    "converts" "request-body-line-ends" Sent(|mut sent| {
        let bytes = without(sent.body(), b'\r');
        *sent.body_mut() = bytes;
        sent
    }), [Always], ["REQ-20"];
    "decodes" "request-body-as-text" Sent(|mut sent| {
        let text = String::from_utf8_lossy(sent.body()).into_owned();
        *sent.body_mut() = text.into();
        sent
    }), [Always], ["REQ-20"];
    "ends" "request-body-at-nul" Sent(|mut sent| {
        let end = sent.body().iter().position(|byte| *byte == 0).unwrap_or(sent.body().len());
        *sent.body_mut() = sent.body().slice(..end);
        sent
    }), [Always], ["REQ-20"];
    "cuts" "request-body-beyond-5-mb" Sent(|mut sent| {
        let end = sent.body().len().min(5 << 20);
        *sent.body_mut() = sent.body().slice(..end);
        sent
    }), [Always], ["BODY-02"];
    "cuts" "request-header-beyond-2000" Sent(|sent| values(sent, |value| value.chars().take(2000).collect())), [Always], ["REQ-20"];
    // Responses.
    "decodes" "response-body-as-text" Body(|read, _| data(read, |bytes| String::from_utf8_lossy(&bytes).into_owned().into())), [Always], ["REQ-20"];
    "converts" "response-body-line-ends" Body(|read, _| data(read, |bytes| without(&bytes, b'\r'))), [Always], ["REQ-20"];
    "ends" "response-body-at-nul" Body(|read, _| data(read, |bytes| {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        bytes.slice(..end)
    })), [Always], ["REQ-20"];
    "drops" "length-of-empty-response" Head(|head| {
        if head.headers.get(CONTENT_LENGTH).is_some_and(|length| length == "5000") {
            head.headers.remove(CONTENT_LENGTH);
        }
    }), [Always], ["REQ-21"];
    "changes" "response-201-to-200" Head(|head| {
        if head.status == StatusCode::CREATED {
            head.status = StatusCode::OK;
        }
    }), [Always], ["REQ-20"];
    "lowers" "location" Head(|head| lower(&mut head.headers)), [Always], ["REQ-20"];
    "drops" "cache-headers" Head(|head| drop(head.headers.remove("etag"))), [Always], ["REQ-20"];
    "adds" "error-for-5xx" Wrap(Tells::around), [Always], ["RETRY-20"];
    // Repetitions.
    "repeats" "head-as-get" Next(|request, ended| {
        let fails = ended.as_ref().is_ok_and(|one| one.response.status().is_server_error());
        fails.then(|| request.clone()).map(|mut next| {
            *next.method_mut() = Method::GET;
            next
        })
    }), [Always], ["RETRY-20" "REQ-20"];
    "asks" "with-basic-after-401" Next(|request, ended| {
        let asked = ended.as_ref().is_ok_and(|one| one.response.headers().contains_key("www-authenticate"));
        asked.then(|| header(request.clone(), "authorization", "Basic Og=="))
    }), [Always], ["RETRY-20"];
    "asks" "options-first" Next(|request, ended| {
        let lists = ended.as_ref().is_ok_and(|one| one.response.status() == 405 && !one.response.headers().contains_key(ALLOW));
        lists.then(|| request.clone())
    }), [Always], ["RETRY-20"];
    "follows" "location-of-created" Next(|request, ended| {
        let response = &ended.as_ref().ok()?.response;
        let place = response.headers().get(LOCATION).filter(|_| response.status() == StatusCode::CREATED)?;
        let mut next = request.clone();
        *next.uri_mut() = place.to_str().ok()?.parse().ok()?;
        Some(next)
    }), [Always], ["REQ-22"];
    "follows" "refresh" Next(|request, ended| {
        let refresh = ended.as_ref().ok()?.response.headers().get("refresh")?.to_str().ok()?.split_once("url=")?.1;
        let mut next = request.clone();
        *next.uri_mut() = refresh.parse::<Uri>().ok()?;
        Some(next)
    }), [Always], ["REQ-22"];
    "follows" "alternative-services" Wrap(Alternatives::around), [Always], ["REQ-22"];
    "tries" "clear-text-after-tls" Wrap(Clear::around), [Always], ["TRUST-51"];
    "tries" "tls12-after-failure" Wrap(Weaker::around), [Always], ["TRUST-51"];
    "goes" "around-dead-proxy" Wrap(Direct::around), [Always], ["RETRY-22"];
    // Waiting, sharing and state.
    "serialises" "calls" Wrap(Serial::around), [Always Http2], ["POOL-20"];
    "shares" "equal-gets" Wrap(Shared::around), [Always], ["POOL-20"];
    "loses" "permits-of-dropped-calls" Wrap(Permits::around), [Always], ["POOL-21"];
    "stays" "broken-after-failures" Wrap(Breaker::around), [Always], ["POOL-21"];
    "dies" "after-a-hundred-calls" Wrap(Dead::around), [Always], ["POOL-21"];
    "connects" "before-a-call" Wrap(Eager::around), [Always], ["REQ-20"];
    "blocks" "its-thread" Wrap(Busy::around), [Always], ["POOL-20"];
    // Environment, secrets and facts.
    "prints" "requests" Wrap(Prints::around), [Always], ["CRED-20"];
    "reads" "netrc" Wrap(Netrc::around), [Always], ["PROXY-11"];
    "reads" "no-proxy" Wrap(Exceptions::around), [Always], ["PROXY-11"];
    "quotes" "proxy-address" Wrap(Quotes::around), [Always], ["RETRY-22" "PROXY-05"];
    "prepares" "facts" Wrap(Claims::around), [Always], ["REQ-20" "OBS-10"];
    "flattens" "error-kinds" Error(|error| TransportError::new(Kind::Other, error.delivery()).with_source(error)), [Body], ["RETRY-22"];
};

type Given = http::Request<Bytes>;

fn values(mut sent: Given, change: impl Fn(&str) -> String) -> Given {
    for value in sent.headers_mut().values_mut() {
        if let Some(changed) = value.to_str().ok().and_then(|text| HeaderValue::try_from(change(text)).ok()) {
            *value = changed;
        }
    }
    sent
}

fn path(mut sent: Given, change: impl Fn(&str) -> String) -> Given {
    let mut parts = sent.uri().clone().into_parts();
    let changed = parts.path_and_query.as_ref().and_then(|target| change(target.as_str()).parse().ok());
    parts.path_and_query = changed.or(parts.path_and_query);
    if let Ok(uri) = Uri::from_parts(parts) {
        *sent.uri_mut() = uri;
    }
    sent
}

fn header(mut sent: Given, name: &'static str, value: &'static str) -> Given {
    sent.headers_mut().insert(name, HeaderValue::from_static(value));
    sent
}

fn without(bytes: &Bytes, left_out: u8) -> Bytes {
    bytes.iter().copied().filter(|byte| *byte != left_out).collect()
}

fn lower(headers: &mut HeaderMap) {
    if let Some(place) = headers.get_mut(LOCATION)
        && let Ok(lowered) = HeaderValue::from_bytes(&place.as_bytes().to_ascii_lowercase())
    {
        *place = lowered;
    }
}

fn data(read: Read, change: impl Fn(Bytes) -> Bytes) -> Read {
    match read {
        Some(Ok(frame)) => Some(Ok(match frame.into_data() {
            Ok(bytes) => Frame::data(change(bytes)),
            Err(frame) => frame,
        })),
        read => read,
    }
}

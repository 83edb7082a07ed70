//! Rules about sent requests: method, target, headers and body.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::uri::{PathAndQuery, Uri};
use http::{Method, Request};

use crate::rule::Act::Request as Sent;
use crate::rule::{Rule, rules};

type Given = Request<Bytes>;

/// Headers that a stack cannot work without: the defect must show in the others.
const NEEDED: [&str; 4] = ["host", "content-length", "x-api-key", "transfer-encoding"];

pub(crate) const RULES: &[Rule] = rules! {
    "drops" "request-query" Sent(|sent| target(sent, |path, _| path.to_owned())),
        [Http1 Http2 Tls12 Proxied Identity Reused Body], ["REQ-20" "REQ-01" "REQ-02"];
    "lowers" "request-path" Sent(|sent| target(sent, |path, query| format!("{}{query}", path.to_ascii_lowercase()))),
        [Http1 Http2 Proxied Tls12 Body Later], ["REQ-20" "REQ-01"];
    "decodes" "request-path" Sent(|sent| target(sent, |path, query| format!("{}{query}", path.replace("%20", "+").replace("%2F", "/")))),
        [Http1 Http2 Identity Body], ["REQ-20" "REQ-01"];
    "trims" "request-path" Sent(|sent| target(sent, |path, query| match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => format!("{shorter}{query}"),
        _ => format!("{path}{query}"),
    })), [Http1 Http2 Reused], ["REQ-20" "REQ-01"];
    "decodes" "request-query" Sent(|sent| target(sent, |path, query| format!("{path}{}", query.replace("%20", "+")))),
        [Http1 Http2 Tls12 Body], ["REQ-20" "REQ-01"];
    "doubles" "request-query" Sent(|sent| target(sent, |path, query| match query.len() {
        0 | 1 => format!("{path}{query}"),
        _ => format!("{path}{query}&{}", &query[1..]),
    })), [Http1 Http2 Proxied], ["REQ-20" "REQ-01"];
    "changes" "request-put" Sent(|sent| method(sent, &Method::PUT, Method::POST)),
        [Http1 Http2 Tls12 Proxied Identity Reused], ["REQ-20" "REQ-03"];
    "changes" "request-delete" Sent(|sent| method(sent, &Method::DELETE, Method::GET)),
        [Http1 Http2 Body NoBody], ["REQ-20" "REQ-03"];
    "changes" "request-patch" Sent(|sent| method(sent, &Method::PATCH, Method::PUT)), [Tls12 Proxied Later], ["REQ-20" "REQ-03"];
    "changes" "request-options" Sent(|sent| method(sent, &Method::OPTIONS, Method::GET)), [Http1 Http2], ["REQ-20" "REQ-03"];
    "drops" "request-header" Sent(|sent| headers(sent, drop_last)),
        [Http1 Http2 Tls12 Proxied Identity Body Reused Later], ["REQ-20" "REQ-04" "REQ-15"];
    "drops" "request-header-repeats" Sent(|sent| headers(sent, drop_repeats)), [Http1 Http2 Reused Proxied], ["REQ-20" "REQ-04"];
    "reorders" "request-header-values" Sent(|sent| headers(sent, reverse)), [Http1 Http2 Tls12 Body], ["REQ-20" "REQ-04"];
    "joins" "request-header-values" Sent(|sent| headers(sent, join)), [Http1 Http2 Identity], ["REQ-20" "REQ-04"];
    "doubles" "request-header" Sent(|sent| headers(sent, double_last)), [Http1 Http2 Proxied Reused], ["REQ-20" "REQ-04" "REQ-15"];
    "lowers" "request-header-value" Sent(|sent| headers(sent, lower)), [Http1 Http2 Body Reused Tls12], ["REQ-20" "REQ-15"];
    "cuts" "request-header-value" Sent(|sent| headers(sent, cut)), [Http1 Http2 Proxied], ["REQ-20"];
    "drops" "request-headers-beyond-40" Sent(|sent| headers(sent, drop_beyond_40)), [Http1 Http2], ["REQ-20"];
    "adds" "request-header" Sent(|sent| headers(sent, |headers| {
        headers.insert("pragma", HeaderValue::from_static("no-cache"));
    })), [Http1 Http2 Tls12 Proxied Identity Body Reused], ["REQ-20" "REQ-04"];
    "adds" "accept-encoding" Sent(|sent| headers(sent, |headers| {
        headers.insert("accept-encoding", HeaderValue::from_static("gzip, deflate, br"));
    })), [Http1 Http2 Proxied Body Reused], ["REQ-20" "REQ-04"];
    "changes" "user-agent" Sent(|sent| headers(sent, |headers| {
        if headers.contains_key("user-agent") {
            headers.insert("user-agent", HeaderValue::from_static("broken/1.0"));
        }
    })), [Http1 Http2 Proxied], ["REQ-20"];
    "drops" "api-key" Sent(|sent| headers(sent, |headers| drop(headers.remove("x-api-key")))),
        [Http1 Http2 Proxied Identity Reused Body NoBody], ["REQ-20" "CRED-01" "CRED-03"];
    "drops" "content-type" Sent(|sent| headers(sent, |headers| drop(headers.remove(CONTENT_TYPE)))),
        [Http1 Http2 Proxied], ["REQ-20"];
    "drops" "request-body" Sent(|sent| body(sent, |_| Bytes::new())),
        [Http1 Http2 Tls12 Proxied Identity Reused Later], ["REQ-20" "REQ-03" "BODY-02"];
    "changes" "request-body-byte" Sent(|sent| body(sent, |bytes| {
        let mut bytes = bytes.to_vec();
        bytes.last_mut().into_iter().for_each(|last| *last ^= 1);
        bytes.into()
    })), [Http1 Http2 Tls12 Proxied Identity Reused Large], ["REQ-20" "REQ-03" "BODY-02"];
    "cuts" "request-body" Sent(|sent| body(sent, |bytes| bytes.slice(..bytes.len().saturating_sub(1)))),
        [Http1 Http2 Tls12 Proxied Identity Large], ["REQ-20" "REQ-03" "BODY-02"];
    "doubles" "request-body" Sent(|sent| body(sent, |bytes| [&bytes[..], &bytes[..]].concat().into())),
        [Http1 Http2 Reused Later], ["REQ-20" "REQ-03" "BODY-02"];
    "reorders" "request-body" Sent(|sent| body(sent, |bytes| {
        let (one, two) = bytes.split_at(bytes.len() / 2);
        [two, one].concat().into()
    })), [Http1 Http2 Large], ["REQ-20" "REQ-03" "BODY-02"];
    "cuts" "request-body-beyond-64k" Sent(|sent| body(sent, |bytes| bytes.slice(..bytes.len().min(64 << 10)))),
        [Http1 Http2 Proxied Identity], ["BODY-02" "REQ-20"];
};

fn target(mut sent: Given, rewrite: impl Fn(&str, &str) -> String) -> Given {
    let uri = sent.uri();
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = rewrite(uri.path(), &query).parse::<PathAndQuery>().ok().or(parts.path_and_query);
    if let Ok(uri) = Uri::from_parts(parts) {
        *sent.uri_mut() = uri;
    }
    sent
}

fn method(mut sent: Given, from: &Method, to: Method) -> Given {
    if sent.method() == from {
        *sent.method_mut() = to;
    }
    sent
}

fn headers(mut sent: Given, change: impl Fn(&mut HeaderMap)) -> Given {
    change(sent.headers_mut());
    sent
}

fn body(mut sent: Given, change: impl Fn(Bytes) -> Bytes) -> Given {
    let given = std::mem::take(sent.body_mut());
    *sent.body_mut() = if given.is_empty() { given } else { change(given) };
    sent
}

/// The name of the last header that nothing depends on.
fn last(headers: &HeaderMap) -> Option<HeaderName> {
    headers.keys().filter(|name| !NEEDED.contains(&name.as_str())).last().cloned()
}

pub(crate) fn drop_last(headers: &mut HeaderMap) {
    if let Some(name) = last(headers) {
        headers.remove(name);
    }
}

fn double_last(headers: &mut HeaderMap) {
    if let Some((name, value)) = last(headers).and_then(|name| Some((name.clone(), headers.get(&name)?.clone()))) {
        headers.append(name, value);
    }
}

/// Each name with what is made of its values.
fn regrouped(headers: &mut HeaderMap, change: impl Fn(Vec<HeaderValue>) -> Vec<HeaderValue>) {
    let names: Vec<HeaderName> = headers.keys().cloned().collect();
    let mut changed = HeaderMap::new();
    for name in names {
        let values = headers.get_all(&name).iter().cloned().collect();
        for value in change(values) {
            changed.append(name.clone(), value);
        }
    }
    *headers = changed;
}

pub(crate) fn drop_repeats(headers: &mut HeaderMap) {
    regrouped(headers, |values| values.into_iter().take(1).collect());
}

pub(crate) fn reverse(headers: &mut HeaderMap) {
    regrouped(headers, |values| values.into_iter().rev().collect());
}

pub(crate) fn join(headers: &mut HeaderMap) {
    regrouped(headers, |values| {
        let joined = values.iter().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b", "[..]);
        HeaderValue::from_bytes(&joined).map_or(values, |value| vec![value])
    });
}

pub(crate) fn lower(headers: &mut HeaderMap) {
    for value in headers.values_mut() {
        if let Ok(lowered) = HeaderValue::from_bytes(&value.as_bytes().to_ascii_lowercase()) {
            *value = lowered;
        }
    }
}

pub(crate) fn cut(headers: &mut HeaderMap) {
    for value in headers.values_mut() {
        if let Ok(shorter) = HeaderValue::from_bytes(&value.as_bytes()[..value.len().min(1000)]) {
            *value = shorter;
        }
    }
}

fn drop_beyond_40(headers: &mut HeaderMap) {
    let names: Vec<HeaderName> = headers.keys().skip(40).cloned().collect();
    names.into_iter().for_each(|name| drop(headers.remove(name)));
}

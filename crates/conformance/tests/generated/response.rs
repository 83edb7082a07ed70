//! Rules about responses: status, version, headers, body, and facts.

use bytes::Bytes;
use digicert_one_core::TransportErrorKind as Kind;
use http::header::{CONTENT_LENGTH, DATE, HeaderValue};
use http::{StatusCode, Version};
use http_body::Frame;

use crate::request::{cut, drop_last, drop_repeats, join, lower, reverse};
use crate::rule::Act::{Body, Head, Hints};
use crate::rule::{Rule, rules};
use crate::stream::Read;

pub(crate) const RULES: &[Rule] = rules! {
    "changes" "response-status" Head(|head| status(head, StatusCode::is_success, StatusCode::OK)),
        [Http1 Http2 Tls12 Proxied Identity Body Reused Unsafe Refused Failed], ["REQ-20" "REQ-10"];
    "changes" "response-refusal" Head(|head| status(head, StatusCode::is_client_error, StatusCode::BAD_REQUEST)),
        [Http1 Http2 Body Identity], ["REQ-20" "ERR-08" "ERR-09"];
    "changes" "response-failure" Head(|head| status(head, StatusCode::is_server_error, StatusCode::INTERNAL_SERVER_ERROR)),
        [Http1 Http2 Proxied], ["REQ-20" "RETRY-01" "ERR-28"];
    "misreports" "response-version" Head(|head| {
        head.version = if head.version == Version::HTTP_2 { Version::HTTP_11 } else { Version::HTTP_2 };
    }), [Http1 Http2 Tls12 Proxied Identity Reused], ["REQ-20" "REQ-10" "POOL-09"];
    "drops" "response-header" Head(|head| drop_last(&mut head.headers)),
        [Http1 Http2 Tls12 Proxied Identity Body Reused Later], ["REQ-20" "REQ-10"];
    "drops" "response-header-repeats" Head(|head| drop_repeats(&mut head.headers)), [Http1 Http2 Reused Tls12], ["REQ-20" "REQ-10"];
    "reorders" "response-header-values" Head(|head| reverse(&mut head.headers)), [Http1 Http2 Proxied], ["REQ-20" "REQ-10"];
    "joins" "response-header-values" Head(|head| join(&mut head.headers)), [Http1 Http2 Identity], ["REQ-20" "REQ-10"];
    "lowers" "response-header-value" Head(|head| lower(&mut head.headers)), [Http1 Http2 Body Reused], ["REQ-20" "REQ-10"];
    "cuts" "response-header-value" Head(|head| cut(&mut head.headers)), [Http1 Http2 Proxied], ["REQ-20" "ERR-22"];
    "adds" "response-header" Head(|head| {
        head.headers.insert("via", HeaderValue::from_static("1.1 broken"));
    }), [Http1 Http2 Tls12 Proxied Reused], ["REQ-20"];
    "drops" "content-length" Head(|head| drop(head.headers.remove(CONTENT_LENGTH))), [Http1 Http2 Proxied], ["REQ-20"];
    "drops" "date" Head(|head| drop(head.headers.remove(DATE))), [Http1 Http2 Identity], ["REQ-20" "RETRY-03"];
    "drops" "set-cookie" Head(|head| drop(head.headers.remove("set-cookie"))), [Http1 Http2 Reused], ["REQ-20" "REQ-10"];
    "drops" "content-encoding" Head(|head| drop(head.headers.remove("content-encoding"))), [Http1 Http2 Proxied Reused], ["REQ-20" "ERR-29"];
    "drops" "location" Head(|head| drop(head.headers.remove("location"))), [Http1 Http2 Reused], ["REQ-20" "REDIR-01"];
    "cuts" "response-body" Body(|read, _| data(read, |bytes| bytes.slice(..bytes.len() - 1))),
        [Http1 Http2 Tls12 Proxied Identity Body Reused Later Unsafe Refused Failed], ["REQ-20" "REQ-03" "BODY-01"];
    "changes" "response-body-byte" Body(|read, _| data(read, |bytes| {
        let mut bytes = bytes.to_vec();
        bytes.last_mut().into_iter().for_each(|last| *last ^= 1);
        bytes.into()
    })), [Http1 Http2 Tls12 Proxied Identity Reused], ["REQ-20" "REQ-03" "BODY-01"];
    "doubles" "response-body-frame" Body(|read, _| data(read, |bytes| [&bytes[..], &bytes[..]].concat().into())),
        [Http1 Http2 Reused], ["REQ-20" "REQ-03"];
    "drops" "response-body" Body(|_, _| None), [Http1 Http2 Proxied Reused Identity], ["REQ-20" "REQ-03"];
    "cuts" "response-body-beyond-64k" Body(|read, before| if before > 64 << 10 { None } else { read }),
        [Http1 Http2 Tls12 Proxied Identity], ["BODY-01" "REQ-20"];
    "changes" "response-body-beyond-64k" Body(|read, before| match before > 64 << 10 {
        true => data(read, |bytes| vec![b'?'; bytes.len()].into()),
        false => read,
    }), [Http1 Http2], ["BODY-01" "REQ-20"];
    "swallows" "response-cut" Body(|read, _| match read {
        Some(Err(error)) if error.kind() == Kind::BodyCut => None,
        read => read,
    }), [Http1 Http2 Tls12 Tls13 Proxied Identity Reused Unsafe Refused Failed], ["BODY-31" "BODY-14" "BODY-05" "BODY-11"];
    "swallows" "response-timeout" Body(|read, _| match read {
        Some(Err(error)) if matches!(error.kind(), Kind::Timeout(_)) => None,
        read => read,
    }), [Http1 Http2 Proxied], ["TIME-12" "TIME-03" "TIME-12" "BODY-31" "BODY-14"];
    "drops" "response-trailers" Body(|read, _| match read {
        Some(Ok(frame)) if frame.is_trailers() => None,
        read => read,
    }), [Http1 Http2], ["BODY-10" "BODY-31"];
    "misreports" "response-end" Hints, [Http1 Http2 Proxied Reused], ["BODY-12" "REQ-20"];
};

fn status(head: &mut http::response::Parts, which: impl Fn(&StatusCode) -> bool, other: StatusCode) {
    if which(&head.status) && head.status != StatusCode::NO_CONTENT {
        head.status = other;
    }
}

fn data(read: Read, change: impl Fn(Bytes) -> Bytes) -> Read {
    match read {
        Some(Ok(frame)) => Some(Ok(match frame.into_data() {
            Ok(bytes) if !bytes.is_empty() => Frame::data(change(bytes)),
            Ok(bytes) => Frame::data(bytes),
            Err(frame) => frame,
        })),
        read => read,
    }
}

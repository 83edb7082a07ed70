//! Redacts secrets that a response quotes, so that they reach no error, no log and no redirect target.

use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue};

const REDACTED: &str = "(redacted)";

/// The body with every occurrence of the secret redacted.
pub(crate) fn body(body: Bytes, secret: &[u8]) -> Bytes {
    if secret.is_empty() {
        return body;
    }
    let Some(first) = find(&body, secret) else { return body };
    let mut clean = body[..first].to_vec();
    let mut rest = &body[first..];
    while let Some(at) = find(rest, secret) {
        clean.extend_from_slice(&rest[..at]);
        clean.extend_from_slice(REDACTED.as_bytes());
        rest = &rest[at + secret.len()..];
    }
    clean.extend_from_slice(rest);
    clean.into()
}

/// Redacts the values of all headers that contain the secret. A `Location` becomes empty, so that it is not followed.
pub(crate) fn headers(headers: &mut HeaderMap, secret: &[u8]) {
    if secret.is_empty() {
        return;
    }
    for (name, value) in headers.iter_mut().filter(|(_, value)| find(value.as_bytes(), secret).is_some()) {
        *value = HeaderValue::from_static(if *name == LOCATION { "" } else { REDACTED });
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

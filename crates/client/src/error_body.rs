//! The body of an error response: the part of it that is read, without the secrets that it may quote.

use bytes::Bytes;
use digicert_one_core::next_chunk;

use crate::decode::MAX_ERROR_BODY;
use crate::watched_body::WatchedBody;

/// As much of an error body as is read; one that breaks off tells what it told until then.
pub(crate) async fn beginning(mut body: WatchedBody) -> Bytes {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = next_chunk(&mut body).await {
        read.extend_from_slice(&chunk[..chunk.len().min(MAX_ERROR_BODY - read.len())]);
        if read.len() == MAX_ERROR_BODY {
            break;
        }
    }
    read.into()
}

/// A body without this secret, wherever it is quoted.
pub(crate) fn without(body: Bytes, secret: &[u8]) -> Bytes {
    if secret.is_empty() {
        return body;
    }
    let Some(first) = find(&body, secret) else { return body };
    let mut clean = body[..first].to_vec();
    let mut rest = &body[first..];
    while let Some(at) = find(rest, secret) {
        clean.extend_from_slice(&rest[..at]);
        clean.extend_from_slice(b"(redacted)");
        rest = &rest[at + secret.len()..];
    }
    clean.extend_from_slice(rest);
    clean.into()
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

//! Error answers: seven shapes of body have been seen, plus text, HTML and nothing. All become one [`PlatformAnswer`].

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one_core::diagnosis::PlatformAnswer;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// The part of an error body that is read.
pub(crate) const MAX_ERROR_BODY: usize = 64 << 10;
/// The part of a message that is kept.
const MAX_MESSAGE: usize = 500;
/// The part of a body that is no error document.
const MAX_EXCERPT: usize = 200;
/// The longest wait that is told, 136 years: more could overflow the clock of whoever adds it to the time.
const MAX_WAIT: Duration = Duration::from_secs(u32::MAX as u64);

/// Reads an error answer. `now` serves where the answer has no date of its own.
pub(crate) fn answer(status: StatusCode, headers: &HeaderMap, body: &Bytes, now: SystemTime) -> PlatformAnswer {
    let mut answer = PlatformAnswer::new(status);
    answer.date = date(headers);
    answer.retry_after = retry_after(headers, now);
    answer.request_id = request_id(headers);
    // serde_json stops at 128 levels, so depth costs nothing.
    match serde_json::from_slice::<Value>(body).ok().as_ref().and_then(document) {
        Some((code, message, field)) => {
            answer.recognised = true;
            answer.field = field.map(|field| clean(&field, 100));
            answer.code = code.map(|code| clean(&code, 100));
            answer.message = message.map(|message| clean(&message, MAX_MESSAGE));
        }
        None => {
            let excerpt = clean(&String::from_utf8_lossy(body), MAX_EXCERPT);
            answer.message = (!excerpt.is_empty()).then_some(excerpt);
        }
    }
    answer
}

/// The id that the platform, or what stands before it, gave to the request.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    let named = ["x-request-id", "x-dc-transactionid", "x-correlation-id"].into_iter();
    let value = named.filter_map(|name| headers.get(name)).next()?;
    Some(clean(&String::from_utf8_lossy(value.as_bytes()), 100))
}

/// Code, message, field.
type Told = (Option<String>, Option<String>, Option<String>);

/// The shapes in the order in which they are told apart.
fn document(body: &Value) -> Option<Told> {
    if let Some(first) = body.get("errors").and_then(|errors| errors.get(0)) {
        // {"errors":[{"code","message","field"?}]}
        return Some((text(first, "code"), text(first, "message"), text(first, "field")));
    }
    match body.get("error") {
        // {"error":{"code"|"status","message"}}
        Some(error @ Value::Object(_)) => {
            let code = text(error, "code").or_else(|| text(error, "status"));
            Some((code, text(error, "message"), text(error, "field")))
        }
        Some(Value::String(error)) => {
            let description = text(body, "error_description").or_else(|| text(body, "errorDescription"));
            match description {
                // CSC: {"error","error_description"}
                Some(description) => Some((Some(error.clone()), Some(description), None)),
                // A framework's default: {"status","error":"Internal Server Error","path"}
                None => Some((None, text(body, "message").or_else(|| Some(error.clone())), None)),
            }
        }
        // {"message","code":int}
        _ => match (text(body, "code"), text(body, "message")) {
            (None, None) => None,
            (code, message) => Some((code, message, text(body, "field"))),
        },
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Without control characters and escape codes, white space folded, at most `limit` characters.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let printable = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    let folded = printable.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    match folded.char_indices().nth(limit) {
        Some((end, _)) => format!("{}...", &folded[..end]),
        None => folded,
    }
}

/// The server's clock.
fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

/// Seconds, or a date (RFC 9110 §10.2.3), which counts by the clock of the server that wrote it; `now` serves where it shows none.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().map_or(MAX_WAIT, Duration::from_secs).min(MAX_WAIT));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    Some(until.duration_since(date(headers).unwrap_or(now)).unwrap_or_default().min(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> (Option<String>, Option<String>, bool) {
        let status = StatusCode::BAD_REQUEST;
        let answer = answer(status, &HeaderMap::new(), &Bytes::copy_from_slice(body), SystemTime::UNIX_EPOCH);
        (answer.code, answer.message, answer.recognised)
    }

    #[test]
    fn every_shape_that_was_seen_gives_code_and_message() {
        let cases: [(&str, Option<&str>, &str); 8] = [
            (
                r#"{"errors":[{"code":"duplicate_error","message":"Nickname is taken","field":"x"}]}"#,
                Some("duplicate_error"),
                "Nickname is taken",
            ),
            (r#"{"error":{"code":"no_access","message":"No"}}"#, Some("no_access"), "No"),
            (
                r#"{"error":{"status":"access_denied","message":"not multi-factor"}}"#,
                Some("access_denied"),
                "not multi-factor",
            ),
            (r#"{"status":"500","error":"Internal Server Error","path":"/x"}"#, None, "Internal Server Error"),
            (r#"{"message":"Bad","code":42}"#, Some("42"), "Bad"),
            (r#"{"error":"invalid_request","error_description":"why"}"#, Some("invalid_request"), "why"),
            (r#"{"error":"invalid_request","errorDescription":"why"}"#, Some("invalid_request"), "why"),
            (r#"{"timestamp":1,"status":500,"error":"Internal Server Error","message":"boom"}"#, None, "boom"),
        ];
        for (body, code, message) in cases {
            assert_eq!(read(body.as_bytes()), (code.map(str::to_owned), Some(message.to_owned()), true), "{body}");
        }
    }

    #[test]
    fn what_is_no_error_document_gives_a_clean_excerpt() {
        assert_eq!(read(b"DOWN"), (None, Some("DOWN".to_owned()), false));
        assert_eq!(read(b""), (None, None, false));
        assert!(!read(br#"{"errors":[{"co"#).2);
        assert!(!read(b"[]").2);
        let (_, message, _) = read(b"<html>\x1b[31mred\x00\r\n\xff</html>");
        let message = message.expect("an excerpt");
        assert!(!message.contains(char::is_control), "{message:?}");
        let (_, message, _) = read("ü".repeat(10_000).as_bytes());
        assert!(message.expect("an excerpt").chars().count() <= MAX_EXCERPT + 3);
    }

    #[test]
    fn a_deep_document_is_bounded() {
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(!read(deep.as_bytes()).2);
    }

    #[test]
    fn a_wait_is_read_in_seconds_and_as_a_date_by_the_servers_clock() {
        let wait = |retry: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, retry.parse().expect("a value"));
            if let Some(date) = date {
                headers.insert(DATE, date.parse().expect("a value"));
            }
            answer(StatusCode::TOO_MANY_REQUESTS, &headers, &Bytes::new(), SystemTime::UNIX_EPOCH).retry_after
        };
        assert_eq!(wait("2", None), Some(Duration::from_secs(2)));
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:07 GMT", Some(date)), Some(Duration::from_secs(30)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:07 GMT", Some(date)), Some(Duration::ZERO));
        assert_eq!(wait("Thu, 01 Jan 1970 00:00:00 GMT", Some(date)), Some(Duration::ZERO));
        assert_eq!(wait("-1", None), None);
        assert_eq!(wait("", None), None);
        for long in ["99999999999", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert_eq!(wait(long, Some(date)), Some(MAX_WAIT), "{long}");
        }
    }
}

//! Reads error responses: the kind of body (an error document, a page, text, bytes), its content, and the program that sent it. All
//! become one [`ErrorResponse`].

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one_core::EndDate;
use digicert_one_core::diagnosis::{BodyKind, ErrorResponse};
use http::header::{
    CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, DATE, PROXY_AUTHENTICATE, RETRY_AFTER, SERVER, VIA, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::Value;

use crate::document::{self, Document};
use crate::{excerpt, json_text, page};

/// The most bytes that are read of an error body.
pub(crate) const MAX_ERROR_BODY: usize = 64 << 10;
/// The longest message.
const MAX_MESSAGE: usize = 500;
/// The longest excerpt of a body that is not an error document, or of a further entry of one.
const MAX_EXCERPT: usize = 200;
/// The longest header, title or code.
const MAX_WORD: usize = 100;
/// The longest delay: no rate limit lasts longer than a day, and a wrong header must not stop a program for longer.
const MAX_WAIT: Duration = Duration::from_secs(86_400);

/// Reads an error response. `now` is used if the response has no date.
pub(crate) fn response(status: StatusCode, headers: &HeaderMap, body: &Bytes, now: SystemTime) -> ErrorResponse {
    let mut response = ErrorResponse::new(status);
    response.date = date(headers);
    response.retry_after = retry_after(headers, now);
    response.request_id = request_id(headers);
    response.gateway_id = gateway_id(headers);
    read_responder(headers, &mut response);
    let text = text(body, response.content_type.as_deref());
    // serde_json stops at 128 levels.
    let json = serde_json::from_str::<Value>(text.trim()).ok();
    response.body = match json {
        Some(_) => BodyKind::Json,
        None => kind(&text, body, &mut response.encoding),
    };
    let beginning = |text: &str| Some(clean(text, MAX_EXCERPT)).filter(|text| !text.is_empty());
    response.gateway = gateway(headers, json.as_ref());
    match json.as_ref().map(|json| (Document::read(json), json)) {
        Some((Some(document), json)) => {
            response.recognised = true;
            response.foreign_form = !document::is_own_form(json);
            response.field = document.field.map(|field| clean(&field, MAX_WORD));
            // The status alone says nothing new.
            response.code = document.code.map(|code| clean(&code, MAX_WORD)).filter(|code| code != status.as_str());
            response.message = document.message.map(|message| clean(&excerpt::of_text(&message), MAX_MESSAGE));
            response.more = document.more.iter().map(|more| clean(&excerpt::of_text(more), MAX_WORD)).collect();
            if response.message.is_none() && document::has_other_words(json) {
                response.message = beginning(&excerpt::of_json(&text));
            }
        }
        _ => match response.body {
            BodyKind::Page => {
                response.title = page::title(&text).map(|title| clean(&title, MAX_WORD));
                response.message = beginning(&page::text(&text));
            }
            BodyKind::Json => response.message = beginning(&excerpt::of_json(&text)),
            BodyKind::Text => response.message = beginning(&excerpt::of_text(&text)),
            _ => {}
        },
    }
    response
}

/// The kind of a body that is not complete JSON.
fn kind(text: &str, body: &[u8], encoding: &mut Option<String>) -> BodyKind {
    let begin = text.trim_start();
    if encoding.is_none() {
        // Some servers compress without a Content-Encoding.
        let by_bytes = [(&b"\x1f\x8b"[..], "gzip"), (&b"\x28\xb5\x2f\xfd"[..], "zstd")];
        let found = by_bytes.iter().find(|(magic, _)| body.starts_with(magic));
        *encoding = found.map(|(_, name)| format!("{name} (by its first bytes)"));
    }
    match begin.chars().next() {
        None => BodyKind::Empty,
        _ if encoding.is_some() => BodyKind::Encoded,
        Some('{' | '[') => BodyKind::Json,
        _ if is_binary(begin) => BodyKind::Binary,
        Some('<') => BodyKind::Page,
        Some(_) => BodyKind::Text,
    }
}

/// Whether at least three in ten characters are control or replacement characters.
fn is_binary(text: &str) -> bool {
    let odd = |one: &char| *one == char::REPLACEMENT_CHARACTER || (one.is_control() && !one.is_whitespace());
    let begin = || text.chars().take(1024);
    begin().filter(odd).count() * 10 > begin().count() * 3
}

/// The body as text, without its byte order mark. Latin-1 is read where the content type names it, or names no encoding for a web page.
fn text<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    let kind = content_type.unwrap_or_default().to_ascii_lowercase();
    let names = |encoding: &str| kind.contains(encoding);
    match json_text::utf8(body) {
        Cow::Borrowed(text)
            if std::str::from_utf8(text).is_err()
                && (["iso-8859-1", "latin1", "windows-1252"].into_iter().any(names)
                    || (names("text/html") && !names("charset="))) =>
        {
            text.iter().map(|byte| char::from(*byte)).collect()
        }
        Cow::Borrowed(text) => String::from_utf8_lossy(text),
        Cow::Owned(text) => Cow::Owned(String::from_utf8_lossy(&text).into_owned()),
    }
}

/// Reads what the headers show of the program that responded.
fn read_responder(headers: &HeaderMap, response: &mut ErrorResponse) {
    let value = |name: HeaderName| {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        Some(clean(&values.collect::<Vec<_>>().join(", "), MAX_WORD)).filter(|value| !value.is_empty())
    };
    let login = value(WWW_AUTHENTICATE).or_else(|| value(PROXY_AUTHENTICATE));
    response.server = value(SERVER);
    response.via = value(VIA);
    response.content_type = value(CONTENT_TYPE);
    response.range = value(CONTENT_RANGE);
    response.encoding = value(CONTENT_ENCODING).filter(|encoding| !encoding.eq_ignore_ascii_case("identity"));
    // Only the scheme, without its parameters.
    response.login = login.and_then(|login| login.split([' ', ',']).next().map(str::to_owned));
}

/// The API gateway that created the response, if the headers prove it. A `Server` header is in every response (nginx, envoy), and Kong
/// names itself in `Via` where it only forwards.
fn gateway(headers: &HeaderMap, json: Option<&Value>) -> Option<String> {
    let text = |name: &str| headers.get(name).map(|value| clean(&String::from_utf8_lossy(value.as_bytes()), MAX_WORD));
    if let Some(kind) = text("x-amzn-errortype") {
        return Some(format!("AWS API Gateway (x-amzn-ErrorType: {kind})"));
    }
    let by_header = [
        ("x-amzn-waf-action", "AWS WAF"),
        ("cf-mitigated", "Cloudflare"),
        ("x-squid-error", "Squid"),
        ("x-goog-iap-generated-response", "Google Identity-Aware Proxy"),
        ("l5d-proxy-error", "Linkerd"),
    ];
    if let Some((name, value)) = by_header.iter().find_map(|(header, name)| Some((name, (header, text(header)?)))) {
        return Some(format!("{name} ({}: {})", value.0, value.1));
    }
    let server = text("server").unwrap_or_default().to_ascii_lowercase();
    // Of these, only responses of their own have the name.
    let by_server = [
        ("kong", "Kong"),
        ("awselb", "AWS load balancer"),
        ("zscaler", "Zscaler"),
        ("bigip", "F5 BIG-IP"),
        ("akamaighost", "Akamai"),
    ];
    if let Some((_, name)) = by_server.iter().find(|(begin, _)| server.starts_with(begin)) {
        return Some((*name).to_owned());
    }
    document::gateway(json?).map(|name| format!("{name} (by the form of the error document)"))
}

/// The request id, set by the platform or by a gateway.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    let named = ["x-request-id", "x-dc-transactionid", "x-correlation-id"].into_iter();
    let value = named.filter_map(|name| headers.get(name)).next()?;
    Some(clean(&String::from_utf8_lossy(value.as_bytes()), MAX_WORD))
}

/// The name and value of the header by which the operator of a gateway finds the request.
fn gateway_id(headers: &HeaderMap) -> Option<String> {
    let names =
        ["cf-ray", "x-azure-ref", "x-amz-cf-id", "x-amzn-requestid", "x-amz-apigw-id", "x-iinfo", "x-kong-request-id"];
    let (name, value) = names.iter().find_map(|name| Some((name, headers.get(*name)?)))?;
    Some(format!("{name}: {}", clean(&String::from_utf8_lossy(value.as_bytes()), MAX_WORD)))
}

/// The text without control characters, escape codes and bidirectional marks, with white space folded, of at most `limit` characters.
pub fn clean(text: &str, limit: usize) -> String {
    let is_unseen = |one: char| {
        one.is_control()
            || matches!(one, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let printable = text.chars().map(|character| if is_unseen(character) { ' ' } else { character });
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

/// `Retry-After`: seconds, or a date (RFC 9110 §10.2.3) by the clock of the server; `now` is used if the response has no date.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let values = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
    // A proxy may add one of its own, or join both.
    let values = values.flat_map(|value| match value.split(',').all(|part| seconds(part.trim()).is_some()) {
        true => value.split(',').collect(),
        false => vec![value],
    });
    values.filter_map(|value| delay(value.trim(), headers, now)).max()
}

fn delay(value: &str, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    if let Some(wait) = seconds(value) {
        return Some(wait);
    }
    // Some programs write the zone as in mails.
    let utc = value.strip_suffix("+0000").or_else(|| value.strip_suffix("UTC")).map(|date| format!("{date}GMT"));
    let until = match httpdate::parse_http_date(utc.as_deref().unwrap_or(value)) {
        Ok(until) => until,
        // Some programs write an instant as in JSON.
        Err(_) if value.contains('T') => value.parse::<EndDate>().ok()?.last_second(),
        Err(_) => return None,
    };
    Some(until.duration_since(date(headers).unwrap_or(now)).unwrap_or_default().min(MAX_WAIT))
}

/// Some programs write a fraction, too.
fn seconds(value: &str) -> Option<Duration> {
    let (seconds, fraction) = value.split_once('.').unwrap_or((value, ""));
    let is_number = !seconds.is_empty() && seconds.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    let wait = is_number.then(|| seconds.parse().map_or(MAX_WAIT, Duration::from_secs))?;
    let up = Duration::from_secs(u64::from(fraction.bytes().any(|digit| digit != b'0')));
    Some(wait.saturating_add(up).min(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> (Option<String>, Option<String>, bool) {
        let status = StatusCode::BAD_REQUEST;
        let response = response(status, &HeaderMap::new(), &Bytes::copy_from_slice(body), SystemTime::UNIX_EPOCH);
        (response.code, response.message, response.recognised)
    }

    #[test]
    fn headers_that_only_gateways_send_name_them() {
        for (name, value, expected) in [
            ("x-amzn-waf-action", "captcha", "AWS WAF (x-amzn-waf-action: captcha)"),
            ("cf-mitigated", "challenge", "Cloudflare (cf-mitigated: challenge)"),
            (
                "x-goog-iap-generated-response",
                "true",
                "Google Identity-Aware Proxy (x-goog-iap-generated-response: true)",
            ),
            ("l5d-proxy-error", "connect error", "Linkerd (l5d-proxy-error: connect error)"),
            ("x-squid-error", "ERR_CONNECT_FAIL 111", "Squid (x-squid-error: ERR_CONNECT_FAIL 111)"),
            ("server", "AkamaiGHost", "Akamai"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a value"));
            assert_eq!(gateway(&headers, None).as_deref(), Some(expected));
        }
        let mut headers = HeaderMap::new();
        headers.insert("server", "cloudflare".parse().expect("a value"));
        assert_eq!(gateway(&headers, None), None, "it forwards the responses of others under its name");
    }

    #[test]
    fn code_that_is_the_status_is_not_shown_twice() {
        assert_eq!(read(br#"{"code":400,"message":"no"}"#).0, None);
        assert_eq!(read(br#"{"code":"400","message":"no"}"#).0, None);
        assert_eq!(read(br#"{"code":4001,"message":"no"}"#).0.as_deref(), Some("4001"));
    }

    #[test]
    fn header_by_which_a_gateway_finds_the_request_is_kept() {
        let of = |name: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, "7d1-FRA".parse().expect("a value"));
            response(StatusCode::BAD_GATEWAY, &headers, &Bytes::new(), SystemTime::UNIX_EPOCH)
        };
        assert_eq!(of("cf-ray").gateway_id.as_deref(), Some("cf-ray: 7d1-FRA"));
        assert_eq!(of("x-azure-ref").gateway_id.as_deref(), Some("x-azure-ref: 7d1-FRA"));
        assert_eq!(of("x-request-id").gateway_id, None);
    }

    #[test]
    fn page_in_latin_1_keeps_its_letters() {
        for (kind, title) in [
            ("text/html; charset=ISO-8859-1", "Accès refusé"),
            ("text/html; charset=windows-1252", "Accès refusé"),
            ("text/html", "Accès refusé"),
            ("text/html; charset=utf-8", "Acc\u{fffd}s refus\u{fffd}"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, kind.parse().expect("a value"));
            let body = Bytes::from_static(b"<html><title>Acc\xe8s refus\xe9</title></html>");
            let response = response(StatusCode::FORBIDDEN, &headers, &body, SystemTime::UNIX_EPOCH);
            assert_eq!((response.body, response.title.as_deref()), (BodyKind::Page, Some(title)), "{kind}");
        }
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
    fn other_body_than_error_document_gives_a_clean_excerpt() {
        assert_eq!(read(b"DOWN"), (None, Some("DOWN".to_owned()), false));
        assert_eq!(read(b""), (None, None, false));
        assert!(!read(br#"{"errors":[{"co"#).2);
        assert!(!read(b"[]").2);
        let (_, message, _) = read(b"<html>\x1b[31mred\x00\r\n\xff</html>");
        let message = message.expect("an excerpt");
        assert!(!message.contains(char::is_control), "{message:?}");
        let (_, message, _) = read("ü".repeat(10_000).as_bytes());
        assert!(message.expect("an excerpt").chars().count() <= MAX_EXCERPT + 3);
        let (_, message, recognised) = read(br#"{"code":"x","hint":"Seat limit reached"}"#);
        assert!(recognised && message.expect("an excerpt").contains("Seat limit reached"));
    }

    #[test]
    fn body_is_reported_by_its_bytes() {
        let kind = |encoding: Option<&str>, body: &[u8]| {
            let mut headers = HeaderMap::new();
            if let Some(encoding) = encoding {
                headers.insert(CONTENT_ENCODING, encoding.parse().expect("a value"));
            }
            headers.insert(CONTENT_TYPE, "application/json".parse().expect("a value"));
            let body = Bytes::copy_from_slice(body);
            response(StatusCode::FORBIDDEN, &headers, &body, SystemTime::UNIX_EPOCH)
        };
        let utf16: Vec<u8> = "\u{feff}{\"message\":\"No\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let cases: [(Option<&str>, &[u8], BodyKind); 14] = [
            (None, b"", BodyKind::Empty),
            (Some("gzip"), b" ", BodyKind::Empty),
            (None, b"{}", BodyKind::Json),
            (None, b"{\"message\":", BodyKind::Json),
            (None, b"\xef\xbb\xbf{\"message\":\"No\"}", BodyKind::Json),
            (None, &utf16, BodyKind::Json),
            (Some("gzip"), b"{\"message\":\"No\"}", BodyKind::Json),
            (None, b" \r\n<!doctype html><p>No</p>", BodyKind::Page),
            (None, b"<?xml version=\"1.0\"?><Error/>", BodyKind::Page),
            (None, b"RBAC: access denied", BodyKind::Text),
            (None, b"\x00\x01\x02\x03 x", BodyKind::Binary),
            (Some("br"), b"\x8b\x02\x80", BodyKind::Encoded),
            (Some("identity"), b"No", BodyKind::Text),
            (None, b"\x1f\x8b\x08\x00", BodyKind::Encoded),
        ];
        for (encoding, body, expected) in cases {
            let response = kind(encoding, body);
            assert_eq!(response.body, expected, "{encoding:?} {body:?}");
            assert!(expected != BodyKind::Encoded || (response.message.is_none() && response.encoding.is_some()));
        }
    }

    #[test]
    fn head_shows_who_answered() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("server", "cloudflare"), ("via", "1.1 one"), ("www-authenticate", "Basic realm=\"x\"")] {
            headers.append(name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"));
        }
        headers.append(VIA, "2 two".parse().expect("a value"));
        let page = Bytes::from_static(b"<title>Access\x1b[2J Denied</title><h1>No</h1>");
        let response = response(StatusCode::FORBIDDEN, &headers, &page, SystemTime::UNIX_EPOCH);
        let ErrorResponse { server, via, title, login, .. } = &response;
        assert_eq!((server.as_deref(), via.as_deref()), (Some("cloudflare"), Some("1.1 one, 2 two")));
        assert_eq!((title.as_deref(), login.as_deref()), (Some("Access [2J Denied"), Some("Basic")));
        assert_eq!(response.message.as_deref(), Some("No"));
    }

    #[test]
    fn deep_document_is_bounded() {
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(!read(deep.as_bytes()).2);
    }

    #[test]
    fn wait_is_read_in_seconds_and_as_a_date_by_the_servers_clock() {
        let wait = |retry: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, retry.parse().expect("a value"));
            if let Some(date) = date {
                headers.insert(DATE, date.parse().expect("a value"));
            }
            response(StatusCode::TOO_MANY_REQUESTS, &headers, &Bytes::new(), SystemTime::UNIX_EPOCH).retry_after
        };
        assert_eq!(wait("2", None), Some(Duration::from_secs(2)));
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for zone in ["GMT", "+0000", "UTC"] {
            let until = format!("Sun, 06 Nov 1994 08:50:07 {zone}");
            assert_eq!(wait(&until, Some(date)), Some(Duration::from_secs(30)), "{zone}");
        }
        for instant in ["1994-11-06T08:50:07Z", "1994-11-06T09:50:07.000+01:00"] {
            assert_eq!(wait(instant, Some(date)), Some(Duration::from_secs(30)), "{instant}");
        }
        assert_eq!(wait("1994-11-06", Some(date)), None, "a date without a time");
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:07 GMT", Some(date)), Some(Duration::ZERO));
        assert_eq!(wait("Thu, 01 Jan 1970 00:00:00 GMT", Some(date)), Some(Duration::ZERO));
        for (fraction, seconds) in [("1.5", 2), ("0.2", 1), ("3.0", 3), ("3.", 3)] {
            assert_eq!(wait(fraction, None), Some(Duration::from_secs(seconds)), "{fraction}");
        }
        for other in ["-1", "-1.5", ".5", "1.2.3", "1.x", "30s", "1e3", "NaN"] {
            assert_eq!(wait(other, None), None, "{other}");
        }
        assert_eq!(wait("", None), None);
        for long in ["99999999999", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert_eq!(wait(long, Some(date)), Some(MAX_WAIT), "{long}");
        }
        for (joined, longest) in [("5, 7000", Some(7000)), ("7000,5", Some(7000)), ("5,", None), ("5 7000", None)] {
            assert_eq!(wait(joined, None), longest.map(Duration::from_secs), "{joined}");
        }
        let mut headers = HeaderMap::new();
        for value in ["5", "soon", "Sun, 06 Nov 1994 08:49:37 GMT", "60"] {
            headers.append(RETRY_AFTER, value.parse().expect("a value"));
        }
        assert_eq!(retry_after(&headers, SystemTime::now()), Some(Duration::from_secs(60)), "the longest counts");
    }
}

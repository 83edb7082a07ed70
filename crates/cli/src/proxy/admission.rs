//! Which requests are admitted. Browsers are kept out: a page can send requests to loopback (they have an `Origin`), and its owner can
//! make a name resolve to loopback (then `Host` is not loopback).

use std::net::IpAddr;

use digicert_one::core::{Code, Diagnosis, RequestTarget};
use http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN, UPGRADE};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode};

use super::token::Token;

/// The header for the token, for programs that cannot set `Authorization`.
pub(crate) const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-d1-token");
/// Headers that browsers add to each request.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

const METHODS: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// A request that is not admitted: its status, the reason as a word for programs, and what to do.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) reason: &'static str,
    pub(crate) diagnosis: Box<Diagnosis>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, reason: &'static str, summary: &str, remedy: &str) -> Self {
        let mut diagnosis = Diagnosis::of(Code::CFG_01, summary);
        remedy.clone_into(&mut diagnosis.remedy);
        Self { status, reason, diagnosis: Box::new(diagnosis) }
    }
}

/// Admits a request, or says why not. `token` is that of the listener, if it has one.
pub(crate) fn admit(head: &Parts, token: Option<&Token>) -> Result<(), Refusal> {
    const AS_BASE_URL: &str =
        "use the address of the proxy as the base URL of the API, not as the HTTP proxy of the program";
    if head.method == Method::CONNECT {
        let summary = "CONNECT is not supported: this is not a general HTTP proxy";
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "connect", summary, AS_BASE_URL));
    }
    if head.uri.authority().is_some() || head.uri.scheme().is_some() {
        let summary = "the request names a host: only paths of DigiCert ONE are forwarded";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "absolute_form", summary, AS_BASE_URL));
    }
    if !is_loopback(&head.headers) {
        let summary = "missing or foreign Host header";
        let remedy = "call the proxy as localhost or by its loopback address; over a Unix socket, as http://localhost";
        return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, "host", summary, remedy));
    }
    if head.headers.contains_key(ORIGIN) || head.headers.contains_key(FETCH_SITE) {
        let summary = "requests of browsers are refused";
        let remedy = "call the proxy from a program that sends no Origin header";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "browser", summary, remedy));
    }
    check_token(&head.headers, token)?;
    if head.headers.contains_key(UPGRADE) {
        let summary = "protocol upgrades are not supported";
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "upgrade",
            summary,
            "send the request without Upgrade, over HTTP/1.1",
        ));
    }
    if !METHODS.contains(&head.method) {
        let summary = "method not supported";
        return Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            summary,
            "use GET, HEAD, POST, PUT, PATCH or DELETE",
        ));
    }
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    if let Err(error) = RequestTarget::parse(target) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "path", &error.to_string(), "correct the path"));
    }
    Ok(())
}

/// Whether there is one `Host`, and it is loopback.
fn is_loopback(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Some(authority) = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()) else { return false };
    let name = authority.host();
    let is_address =
        name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    !authority.as_str().contains('@') && (is_address || name.eq_ignore_ascii_case("localhost"))
}

fn check_token(headers: &HeaderMap, token: Option<&Token>) -> Result<(), Refusal> {
    let Some(token) = token else { return Ok(()) };
    let refused = |reason, summary| {
        let remedy =
            "send Authorization: Bearer TOKEN, or X-D1-Token: TOKEN, with the token of --token-file or --token-from";
        Err(Refusal::new(StatusCode::UNAUTHORIZED, reason, summary, remedy))
    };
    let bearer = headers.get_all(AUTHORIZATION).iter().map(|value| bearer(value.as_bytes()));
    let own = headers.get_all(TOKEN_HEADER).iter().map(|value| Some(value.as_bytes()));
    let presented: Vec<Option<&[u8]>> = bearer.chain(own).collect();
    match &presented[..] {
        [] => refused("token_missing", "missing token of the proxy"),
        // With several, it is not clear which one counts.
        all if all.iter().all(|one| one.is_some_and(|one| token.is(one))) => Ok(()),
        _ => refused("token_wrong", "wrong token of the proxy"),
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use digicert_one::Secret;
    use http::Request;

    use super::*;

    const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz";

    fn reason(method: &str, uri: &str, headers: &[(&str, &str)], with_token: bool) -> &'static str {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).expect("a request").into_parts();
        let token = Token::given(&Secret::new(TOKEN.as_bytes().to_vec(), "test")).expect("long enough");
        let outcome = admit(&head, with_token.then_some(&token));
        outcome.map_or_else(|refusal| refusal.reason, |()| "admitted")
    }

    #[test]
    fn bad_requests_are_refused_for_the_right_reason() {
        const LOCAL: (&str, &str) = ("host", "localhost:1");
        type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);
        let rows: &[Row] = &[
            ("GET", "/account/api/v1/user?x=1", &[LOCAL], "admitted"),
            ("GET", "/x", &[("host", "127.0.0.1:80")], "admitted"),
            ("GET", "/x", &[("host", "127.8.0.1")], "admitted"),
            ("GET", "/x", &[("host", "[::1]:80")], "admitted"),
            ("GET", "/x", &[("host", "LOCALHOST")], "admitted"),
            ("GET", "/x", &[], "host"),
            ("GET", "/x", &[("host", "")], "host"),
            ("GET", "/x", &[("host", "evil.test")], "host"),
            ("GET", "/x", &[("host", "localhost.evil.test")], "host"),
            ("GET", "/x", &[("host", "evil@localhost")], "host"),
            ("GET", "/x", &[("host", "192.0.2.1")], "host"),
            ("GET", "/x", &[("host", "0.0.0.0")], "host"),
            ("GET", "/x", &[LOCAL, LOCAL], "host"),
            ("GET", "/x", &[LOCAL, ("origin", "https://evil.test")], "browser"),
            ("GET", "/x", &[LOCAL, ("origin", "null")], "browser"),
            ("POST", "/x", &[LOCAL, ("sec-fetch-site", "cross-site")], "browser"),
            ("GET", "http://evil.test/x", &[LOCAL], "absolute_form"),
            ("GET", "http://localhost/x", &[LOCAL], "absolute_form"),
            ("CONNECT", "evil.test:443", &[LOCAL], "connect"),
            ("GET", "//evil.test/x", &[LOCAL], "path"),
            ("GET", "/a/../b", &[LOCAL], "path"),
            ("GET", "/a/%2e%2E/b", &[LOCAL], "path"),
            ("GET", "/a?b=[1]", &[LOCAL], "path"),
            ("GET", "/x", &[LOCAL, ("upgrade", "h2c")], "upgrade"),
            ("TRACE", "/x", &[LOCAL], "method"),
            ("OPTIONS", "*", &[LOCAL], "method"),
            ("PROPFIND", "/x", &[LOCAL], "method"),
        ];
        for (method, uri, headers, expected) in rows {
            assert_eq!(reason(method, uri, headers, false), *expected, "{method} {uri} {headers:?}");
        }
    }

    #[test]
    fn token_is_required_once_and_in_full() {
        let right = format!("Bearer {TOKEN}");
        let rows: &[(&[(&str, &str)], &str)] = &[
            (&[("authorization", &right)], "admitted"),
            (&[("authorization", &right.replace("Bearer", "bearer"))], "admitted"),
            (&[("x-d1-token", TOKEN)], "admitted"),
            (&[("x-d1-token", TOKEN), ("authorization", &right)], "admitted"),
            (&[], "token_missing"),
            (&[("authorization", "")], "token_wrong"),
            (&[("authorization", TOKEN)], "token_wrong"),
            (&[("authorization", "Bearer ")], "token_wrong"),
            (&[("authorization", &right[..right.len() - 1])], "token_wrong"),
            (&[("authorization", &format!("{right}x"))], "token_wrong"),
            (&[("authorization", "Basic dXNlcjpwYXNz")], "token_wrong"),
            (&[("x-d1-token", "x")], "token_wrong"),
            (&[("x-d1-token", TOKEN), ("authorization", "Bearer x")], "token_wrong"),
        ];
        for (headers, expected) in rows {
            let headers = [&[("host", "localhost")], *headers].concat();
            assert_eq!(reason("GET", "/x", &headers, true), *expected, "{headers:?}");
            assert_eq!(reason("GET", "/x", &headers, false), "admitted", "{headers:?}");
        }
    }
}

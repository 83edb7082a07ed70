//! The login by HTTP Digest, recomputed here from RFC 7616 alone.

use digicert_one_client::Error;
use digicert_one_core::Code;
use digicert_one_csc::{CscClient, CscCredential, ListRequest};
use futures_executor::block_on;
use http::Response;
use sha2::{Digest as _, Sha256};

use crate::service::{Arrived, Service, client, discreet, ok, response, secret, usual};

const PASSWORD: &str = "canary-password";
const MD5: &str = r#"Digest realm="csc", nonce="n-md5", qop="auth""#;
const SHA256: &str = r#"Digest realm="csc", nonce="n-1", algorithm=SHA-256, qop="auth, auth-int", opaque="o""#;

fn list(client: &CscClient) -> Result<(), Error> {
    block_on(client.credentials_list(&ListRequest::own())).map(drop)
}

fn digest() -> CscCredential {
    CscCredential::digest("Mufasa", secret("password"))
}

fn challenged(challenges: &[&str]) -> Response<String> {
    let mut response = response(401, "{}");
    for challenge in challenges {
        response.headers_mut().append("www-authenticate", challenge.parse().expect("a value"));
    }
    response
}

/// A parameter of an `Authorization: Digest` header.
fn parameter(arrived: &Arrived, name: &str) -> Option<String> {
    let text = arrived.header("authorization")?.strip_prefix("Digest ")?;
    let value = text.split(", ").find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim_matches('"').to_owned())
}

/// Whether the response is the one of RFC 7616 §3.4.1 for the right password.
fn is_right(arrived: &Arrived) -> bool {
    let hex = |text: String| data_encoding::HEXLOWER.encode(&Sha256::digest(text));
    let of = |name: &str| parameter(arrived, name).unwrap_or_default();
    let secret = hex(format!("{}:{}:{PASSWORD}", of("username"), of("realm")));
    let call = hex(format!("POST:{}", of("uri")));
    let expected = hex(format!("{secret}:{}:{}:{}:{}:{call}", of("nonce"), of("nc"), of("cnonce"), of("qop")));
    of("response") == expected && arrived.target == of("uri")
}

fn logged_in(number: usize) -> Response<String> {
    ok(format!(r#"{{"access_token":"canary-token-{number}","expires_in":3600}}"#))
}

/// Accepts a correct response to a SHA-256 challenge.
fn guarded() -> Service {
    Service::new(|arrived, before| match arrived.name() {
        "login" if arrived.header("authorization").is_none() => challenged(&[MD5, SHA256]),
        "login" if is_right(arrived) => logged_in(before),
        "login" => challenged(&[SHA256]),
        "revoke" => response(204, ""),
        _ => usual(arrived, before),
    })
}

#[test]
fn challenge_is_answered_with_sha_256_and_the_token_is_used() {
    let service = guarded();
    list(&client(&service, digest())).expect("logged in");
    assert_eq!(service.names(), ["info", "login", "login", "list"]);
    let login = &service.named("login")[1];
    assert_eq!(login.target, "/documentmanager/csc/v1/auth/login");
    assert_eq!(parameter(login, "algorithm").as_deref(), Some("SHA-256"));
    assert_eq!(parameter(login, "nc").as_deref(), Some("00000001"));
    assert_eq!(parameter(login, "qop").as_deref(), Some("auth"));
    assert_eq!(parameter(login, "opaque").as_deref(), Some("o"));
    assert!(login.headers["authorization"].is_sensitive());
    for arrived in service.arrived() {
        let shown = format!("{} {} {:?}", arrived.target, arrived.body, arrived.header("authorization"));
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
}

#[test]
fn nonce_serves_again_with_the_next_count() {
    let service = guarded();
    let client = client(&service, digest());
    list(&client).expect("logged in");
    block_on(client.revoke()).expect("logged out");
    list(&client).expect("logged in again");
    let logins = service.named("login");
    let counts: Vec<_> = logins.iter().filter_map(|login| parameter(login, "nc")).collect();
    assert_eq!((logins.len(), counts), (3, vec!["00000001".to_owned(), "00000002".to_owned()]));
    let revoked = &service.named("revoke")[0];
    assert_eq!(revoked.target, "/documentmanager/csc/v1/auth/revoke");
    assert!(revoked.header("authorization").is_some_and(|value| value.starts_with("Bearer ")));
}

#[test]
fn nonce_that_is_too_old_is_replaced_without_a_question() {
    let service = Service::new(|arrived, before| match (arrived.name(), before) {
        ("login", 0) => challenged(&[SHA256]),
        ("login", 1) => challenged(&[r#"Digest realm="csc", nonce="n-2", algorithm=SHA-256, qop="auth", stale=true"#]),
        ("login", _) if is_right(arrived) => logged_in(1),
        ("login", _) => response(401, "{}"),
        _ => usual(arrived, before),
    });
    list(&client(&service, digest())).expect("logged in");
    assert_eq!(parameter(&service.named("login")[2], "nonce").as_deref(), Some("n-2"));
}

#[test]
fn wrong_password_is_shown_once() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "login" => challenged(&[SHA256]),
        _ => usual(arrived, before),
    });
    let error = discreet(list(&client(&service, digest())).expect_err("refused"));
    assert_eq!(error.code(), Code::AUT_01);
    assert!(error.diagnosis().remedy.contains("user and password"), "{}", error.diagnosis());
    assert_eq!(service.named("login").len(), 2);
}

#[test]
fn md5_serves_where_nothing_else_is_offered_and_basic_never() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "login" if arrived.header("authorization").is_none() => challenged(&[r#"Basic realm="csc""#, MD5]),
        "login" => logged_in(1),
        _ => usual(arrived, before),
    });
    list(&client(&service, digest())).expect("logged in");
    assert_eq!(parameter(&service.named("login")[1], "nonce").as_deref(), Some("n-md5"));
    for offers in [&[r#"Basic realm="csc""#][..], &[r#"Digest realm="csc", nonce="n""#], &["Digest \u{7f}"], &[]] {
        let offers: Vec<String> = offers.iter().map(|offer| offer.replace('\u{7f}', "=,")).collect();
        let service = Service::new(move |arrived, before| match arrived.name() {
            "login" => challenged(&offers.iter().map(String::as_str).collect::<Vec<_>>()),
            _ => usual(arrived, before),
        });
        let error = discreet(list(&client(&service, digest())).expect_err("nothing to respond to"));
        assert_eq!(error.code(), Code::AUT_05);
        assert_eq!(service.named("login").len(), 1);
    }
}

#[test]
fn refused_login_without_a_challenge_says_why() {
    for (body, code, words) in [
        (r#"{"error":"invalid_request","error_description":"the user is locked"}"#, Code::AUT_01, "the user is locked"),
        ("<html><title>Access denied</title></html>", Code::GW_01, "Access denied"),
    ] {
        let service = Service::new(move |arrived, before| match arrived.name() {
            "login" => response(401, body),
            _ => usual(arrived, before),
        });
        let error = discreet(list(&client(&service, digest())).expect_err("refused"));
        let shown = error.diagnosis().to_string();
        assert!(error.code() == code && shown.contains(words), "{shown}");
    }
}

#[test]
fn service_that_does_not_list_digest_is_not_asked_to_log_in() {
    for info in [r#"{"authType":["oauth2client"]}"#, "{}"] {
        let service = Service::new(move |_, _| ok(info));
        let error = discreet(list(&client(&service, digest())).expect_err("not offered"));
        assert_eq!(error.code(), Code::CFG_01);
        assert_eq!(service.names(), ["info"]);
    }
}

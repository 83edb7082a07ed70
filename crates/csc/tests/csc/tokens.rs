//! The life of a token: how long it is kept, who gets the next one, and what a refused one leads to.

use std::future::{Future as _, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use digicert_one_client::{Error, ErrorKind, Retry};
use digicert_one_core::{Code, ManualClock};
use digicert_one_csc::{CscClient, CscCredential, ErrorCode, ListRequest, Rejection};
use futures_executor::block_on;
use futures_util::future::join_all;
use http::Response;

use crate::service::{
    Service, builder, client, client_credentials, clock, discreet, ok, response, secret, token, usual,
};

fn timed(service: &Service, credential: CscCredential) -> (CscClient, ManualClock) {
    let time = clock();
    (builder(service, credential).clock(Arc::new(time.clone())).build().expect("complete"), time)
}

fn list(client: &CscClient) -> Result<(), Error> {
    block_on(client.credentials_list(&ListRequest::own())).map(drop)
}

/// As many callers at the same time.
fn lists(client: &CscClient, number: usize) -> Vec<Result<(), Error>> {
    let request = ListRequest::own();
    let calls = (0..number).map(|_| client.credentials_list(&request));
    block_on(join_all(calls)).into_iter().map(|outcome| outcome.map(drop)).collect()
}

/// The tokens that the calls showed, in their order.
fn shown(service: &Service) -> Vec<String> {
    let lists = service.named("list");
    lists
        .iter()
        .map(|list| list.header("authorization").expect("a token").replace("Bearer canary-token-", ""))
        .collect()
}

#[test]
fn id_and_secret_go_into_the_form_and_the_token_into_the_header() {
    let service = Service::new(usual);
    list(&client(&service, client_credentials())).expect("a list");
    let token = &service.named("token")[0];
    assert_eq!(token.field("grant_type").as_deref(), Some("client_credentials"));
    assert_eq!(token.field("client_id").as_deref(), Some("the-client"));
    assert_eq!(token.field("client_secret").as_deref(), Some("canary-client-secret"));
    assert_eq!(token.header("authorization"), None);
    assert_eq!(token.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(shown(&service), ["1"]);
    assert!(service.named("list")[0].headers["authorization"].is_sensitive());
}

#[test]
fn token_is_replaced_a_minute_before_its_end() {
    let service = Service::new(usual);
    let (client, time) = timed(&service, client_credentials());
    list(&client).expect("the first");
    time.advance(Duration::from_secs(3600 - 61));
    list(&client).expect("the first still");
    time.advance(Duration::from_secs(1));
    list(&client).expect("the second");
    assert_eq!(shown(&service), ["1", "1", "2"]);
}

#[test]
fn short_token_is_replaced_a_tenth_of_its_life_before_its_end() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "token" => {
            ok(format!(r#"{{"access_token":"canary-token-{}","token_type":"bearer","expires_in":100}}"#, before + 1))
        }
        _ => usual(arrived, before),
    });
    let (client, time) = timed(&service, client_credentials());
    for advance in [0, 89, 1] {
        time.advance(Duration::from_secs(advance));
        list(&client).expect("a list");
    }
    assert_eq!(shown(&service), ["1", "1", "2"]);
}

#[test]
fn token_without_an_end_serves_until_it_is_refused() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "token" => ok(format!(r#"{{"access_token":"canary-token-{}","token_type":"Bearer"}}"#, before + 1)),
        "list" if arrived.header("authorization") == Some("Bearer canary-token-1") && before > 1 => response(401, "{}"),
        _ => usual(arrived, before),
    });
    let (client, time) = timed(&service, client_credentials());
    for _ in 0..2 {
        list(&client).expect("the first");
        time.advance(Duration::from_secs(1_000_000));
    }
    list(&client).expect("the second, after a refusal");
    assert_eq!(shown(&service), ["1", "1", "1", "2"]);
}

#[test]
fn callers_at_the_same_time_get_one_token_for_all() {
    let service = Service::new(usual);
    let (client, time) = timed(&service, client_credentials());
    for _ in 0..2 {
        for outcome in lists(&client, 16) {
            outcome.expect("a list");
        }
        time.advance(Duration::from_secs(4000));
    }
    assert_eq!((service.named("token").len(), service.named("list").len()), (2, 32));
}

#[test]
fn refused_token_is_replaced_once_by_all_who_showed_it() {
    let service = Service::new(|arrived, before| match arrived.header("authorization") {
        Some("Bearer canary-token-1") => response(401, r#"{"error":"invalid_token"}"#),
        _ => usual(arrived, before),
    });
    let (client, _) = timed(&service, client_credentials());
    for outcome in lists(&client, 16) {
        outcome.expect("with the second");
    }
    assert_eq!((service.named("token").len(), service.named("list").len()), (2, 32));
}

#[test]
fn second_refusal_in_a_row_is_the_end() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "list" => response(401, r#"{"error":"invalid_token","error_description":"canary-token-2 is not known"}"#),
        _ => usual(arrived, before),
    });
    let error = discreet(list(&client(&service, client_credentials())).expect_err("refused"));
    assert_eq!((error.code(), error.attempts()), (Code::AUT_01, 2));
    assert!(error.diagnosis().cause.contains("access token"), "{}", error.diagnosis());
    assert_eq!(shown(&service), ["1", "2"]);
}

#[test]
fn callers_who_wait_hear_what_the_server_said_to_the_one_who_asked() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "token" => response(401, r#"{"error":"invalid_client","error_description":"canary-client-secret?"}"#),
        _ => usual(arrived, before),
    });
    let (client, _) = timed(&service, client_credentials());
    for outcome in lists(&client, 8) {
        let error = discreet(outcome.expect_err("no token"));
        assert_eq!((error.code(), error.kind()), (Code::AUT_01, ErrorKind::Platform));
        assert_eq!(Rejection::of(&error).map(Rejection::code), Some(&ErrorCode::InvalidClient));
    }
    assert_eq!(service.names(), ["info", "token"]);
    list(&client).expect_err("a later caller asks again");
    assert_eq!(service.named("token").len(), 2);
}

#[test]
fn token_that_cannot_be_replaced_yet_serves_until_its_end() {
    let service = Service::new(|arrived, before| match (arrived.name(), before) {
        ("token", 1..) => response(503, "{}"),
        _ => usual(arrived, before),
    });
    let (client, time) = timed(&service, client_credentials());
    list(&client).expect("the first");
    time.advance(Duration::from_secs(3600 - 30));
    list(&client).expect("the first serves on");
    list(&client).expect("and the server is left alone for a while");
    assert_eq!((service.named("token").len(), shown(&service)), (2, vec!["1".to_owned(); 3]));
    time.advance(Duration::from_secs(15));
    list(&client).expect("the first serves on");
    assert_eq!(service.named("token").len(), 3);
}

#[test]
fn token_server_that_asks_to_wait_is_waited_for() {
    let service = Service::new(|arrived, before| match (arrived.name(), before) {
        ("token", 0) => Response::builder().status(503).header("retry-after", "3").body("{}".into()).expect("valid"),
        _ => usual(arrived, before),
    });
    let (client, time) = timed(&service, client_credentials());
    let request = ListRequest::own();
    let (outcome, waits) = block_on(time.run(client.credentials_list(&request)));
    outcome.expect("after a wait");
    assert_eq!(waits, [Duration::from_secs(3)]);
}

#[test]
fn refresh_token_is_used_and_replaced_by_a_newer_one() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "token" => ok(format!(
            r#"{{"access_token":"canary-token-{0}","token_type":"Bearer","expires_in":3600,"refresh_token":"canary-refresh-{0}"}}"#,
            before + 1
        )),
        _ => usual(arrived, before),
    });
    let credential = CscCredential::authorization_code("the-client", None, "https://app.test/back")
        .with_refresh_token(secret("refresh-0"));
    let (client, time) = timed(&service, credential);
    for _ in 0..3 {
        list(&client).expect("no sign-in is needed");
        time.advance(Duration::from_secs(3600));
    }
    let tokens = service.named("token");
    let used: Vec<_> = tokens.iter().filter_map(|token| token.field("refresh_token")).collect();
    assert_eq!(used, ["canary-refresh-0", "canary-refresh-1", "canary-refresh-2"]);
    assert!(tokens.iter().all(|token| token.field("grant_type").as_deref() == Some("refresh_token")));
    let kept = client.refresh_token().expect("the newest");
    assert_eq!(kept.expose(), b"canary-refresh-3");
}

#[test]
fn refresh_token_that_is_refused_is_forgotten_and_the_signer_has_to_come() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "token" => response(400, r#"{"error":"invalid_grant","error_description":"canary-refresh has ended"}"#),
        _ => usual(arrived, before),
    });
    let credential = CscCredential::authorization_code("the-client", None, "https://app.test/")
        .with_refresh_token(secret("refresh"));
    let client = client(&service, credential);
    let error = discreet(list(&client).expect_err("ended"));
    assert_eq!(error.code(), Code::AUT_01);
    assert!(error.diagnosis().remedy.contains("sign in again"), "{}", error.diagnosis());
    let error = list(&client).expect_err("no signer has signed in");
    assert_eq!((error.code(), error.kind()), (Code::ID_13, ErrorKind::Credential));
    assert_eq!(service.names(), ["info", "token"]);
}

#[test]
fn client_credentials_outlive_a_refused_refresh_token() {
    let service = Service::new(|arrived, before| match (arrived.name(), arrived.field("grant_type").as_deref()) {
        ("token", Some("refresh_token")) => response(400, r#"{"error":"invalid_grant"}"#),
        ("token", _) => ok(format!(
            r#"{{"access_token":"canary-token-{}","token_type":"Bearer","expires_in":60,"refresh_token":"canary-r"}}"#,
            before + 1
        )),
        _ => usual(arrived, before),
    });
    let (client, time) = timed(&service, client_credentials());
    list(&client).expect("the first");
    time.advance(Duration::from_secs(60));
    list(&client).expect("a new one for id and secret");
    let grants: Vec<_> = service.named("token").iter().filter_map(|token| token.field("grant_type")).collect();
    assert_eq!(grants, ["client_credentials", "refresh_token", "client_credentials"]);
}

#[test]
fn response_that_is_not_a_token_is_an_error_that_shows_none_of_it() {
    for body in [
        "",
        "canary",
        "[]",
        r#"{"access_token":7,"token_type":"Bearer"}"#,
        r#"{"token_type":"Bearer","canary":"canary"}"#,
        r#"{"access_token":"canary","token_type":"mac"}"#,
        r#"{"access_token":"canary canary","token_type":"Bearer"}"#,
        r#"{"access_token":"canary","token_type":"Bearer","expires_in":-1}"#,
    ] {
        let service = Service::new(move |arrived, before| match arrived.name() {
            "token" => ok(body),
            _ => usual(arrived, before),
        });
        let error = discreet(list(&client(&service, client_credentials())).expect_err(body));
        assert_eq!((error.code(), error.kind()), (Code::AUT_05, ErrorKind::Decode), "{body}");
        assert!(service.named("list").is_empty(), "{body}");
    }
}

#[test]
fn token_response_is_read_leniently() {
    for (extra, renewed) in [
        (r#","token_type":"Bearer","expires_in":"60""#, true),
        (r#","token_type":"bearer","expires_in":60.0"#, true),
        (r#","token_type":"BEARER","expires_in":" 60.0 ""#, true),
        (r#","expires_in":60"#, true),
        (r#","token_type":null,"expires_in":60"#, true),
        (r#","token_type":"Bearer","expires_in":null"#, false),
        (r#","token_type":"Bearer","expires_in":"""#, false),
        ("", false),
    ] {
        let service = Service::new(move |arrived, before| match arrived.name() {
            "token" => ok(format!(r#"{{"access_token":"canary-token-{}"{extra}}}"#, before + 1)),
            _ => usual(arrived, before),
        });
        let (client, time) = timed(&service, client_credentials());
        list(&client).expect(extra);
        time.advance(Duration::from_secs(61));
        list(&client).expect(extra);
        assert_eq!(service.named("token").len(), 1 + usize::from(renewed), "{extra}");
    }
}

#[test]
fn token_behind_a_byte_order_mark_is_read() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "token" => ok("\u{feff}{\"access_token\":\"canary-token-1\",\"token_type\":\"Bearer\",\"expires_in\":60}"),
        _ => usual(arrived, before),
    });
    list(&client(&service, client_credentials())).expect("a token");
}

#[test]
fn error_with_the_status_of_a_success_in_place_of_a_token_is_quoted() {
    for (description, shown) in [("the client is locked", true), ("canary-client-secret is wrong", false)] {
        let body = format!(r#"{{"error":"invalid_client","error_description":"{description}"}}"#);
        let service = Service::new(move |arrived, before| match arrived.name() {
            "token" => ok(body.clone()),
            _ => usual(arrived, before),
        });
        let error = discreet(list(&client(&service, client_credentials())).expect_err("no token"));
        assert_eq!(
            (error.code(), error.to_string().contains("the client is locked")),
            (Code::AUT_05, shown),
            "{error}"
        );
    }
}

#[test]
fn info_that_fails_is_not_retried_by_each_attempt_of_the_call() {
    let service = Service::new(|_, _| response(503, ""));
    let (client, time) = timed(&service, client_credentials());
    let request = ListRequest::own();
    let mut call = std::pin::pin!(client.credentials_list(&request));
    let error = block_on(poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(outcome.map(drop).expect_err("unavailable")),
        Poll::Pending => {
            time.advance(Duration::from_secs(1));
            context.waker().wake_by_ref();
            Poll::Pending
        }
    }));
    assert_eq!((service.names().len(), error.code()), (4, Code::AUT_04), "{}", discreet(error));
}

#[test]
fn response_without_a_usable_token_has_a_cause_of_its_own() {
    for (body, cause) in [
        (r#"{"access_token":"canary","token_type":"mac"}"#, "another type"),
        (r#"{"access_token":""}"#, "it is empty"),
        (r#"{"id_token":"canary"}"#, "not a token response"),
    ] {
        let service = Service::new(move |arrived, before| match arrived.name() {
            "token" => ok(body),
            _ => usual(arrived, before),
        });
        let error = discreet(list(&client(&service, client_credentials())).expect_err("no token"));
        let diagnosis = error.diagnosis();
        assert!(diagnosis.cause.contains(cause) && !diagnosis.cause.contains("missing"), "{diagnosis}");
    }
}

#[test]
fn refused_token_is_explained_by_the_header_and_not_by_a_service_user() {
    let of = |status: u16, challenge: &'static str, body: &'static str| {
        let service = Service::new(move |arrived, before| match arrived.name() {
            "list" => {
                let mut refused = response(status, body);
                let value = http::HeaderValue::from_static(challenge);
                refused.headers_mut().insert(http::header::WWW_AUTHENTICATE, value);
                refused
            }
            _ => usual(arrived, before),
        });
        let once = builder(&service, client_credentials()).retry(Retry::never()).build().expect("complete");
        discreet(list(&once).expect_err("refused"))
    };
    let expired = of(401, r#"Bearer realm="x", error="invalid_token", error_description="the token has expired""#, "");
    assert!(expired.to_string().contains("invalid_token: the token has expired"), "{expired}");
    let rejection = Rejection::of(&expired).expect("a rejection");
    assert_eq!(*rejection.code(), ErrorCode::InvalidToken);
    for error in [
        of(403, "Bearer", r#"{"error":"insufficient_scope","error_description":"no"}"#),
        of(429, "Bearer", r#"{"error":"slow_down"}"#),
    ] {
        let shown = error.diagnosis().to_string();
        assert!(!shown.contains("service user") && !shown.contains("API key"), "{shown}");
    }
}

#[test]
fn page_in_place_of_a_token_is_named() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "token" => ok("<html><title>Sign in</title>canary</html>"),
        _ => usual(arrived, before),
    });
    let error = discreet(list(&client(&service, client_credentials())).expect_err("no token"));
    assert_eq!((error.code(), error.kind()), (Code::GW_03, ErrorKind::Decode), "{error}");
}

#[test]
fn revoking_gives_both_tokens_back_and_forgets_them() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "token" if before == 0 => ok(
            r#"{"access_token":"canary-token-1","token_type":"Bearer","expires_in":3600,"refresh_token":"canary-refresh"}"#,
        ),
        "revoke" => response(204, ""),
        _ => usual(arrived, before),
    });
    let client = client(&service, client_credentials());
    list(&client).expect("the first");
    block_on(client.revoke()).expect("revoked");
    let revoked = service.named("revoke");
    let sent: Vec<_> = revoked.iter().map(|one| (one.field("token_type_hint"), one.field("token"))).collect();
    let pair = |hint: &str, token: &str| (Some(hint.to_owned()), Some(token.to_owned()));
    assert_eq!(sent, [pair("refresh_token", "canary-refresh"), pair("access_token", "canary-token-1")]);
    assert_eq!(revoked[0].target, "/oauth2/revoke");
    assert!(client.refresh_token().is_none());
    list(&client).expect("a new token");
    assert_eq!(shown(&service), ["1", "2"]);
}

#[test]
fn token_that_was_not_issued_is_not_revoked() {
    let service = Service::new(usual);
    block_on(client(&service, client_credentials()).revoke()).expect("nothing to do");
    let bearer = CscCredential::bearer(digicert_one_csc::CscToken::new("canary-t").expect("a token"));
    let error = block_on(client(&service, bearer).revoke()).expect_err("from elsewhere");
    assert_eq!(discreet(error).code(), Code::CFG_01);
    assert!(service.arrived().is_empty());
    assert!(token(1).status().is_success());
}

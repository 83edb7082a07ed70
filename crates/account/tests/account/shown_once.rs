//! The API key of a create response: found under every name, removed from everything else, and reported if it
//! is missing.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one_account::{AccountExt as _, NewServiceUser, NewToken, Refusal};
use digicert_one_client::{Error, ErrorKind, OrphanedResource, ResourceKind};
use digicert_one_core::{Code, Delivery, ManualClock, TransportErrorKind};
use futures_executor::block_on;
use futures_util::future::join;
use serde_json::{Value, json};

use super::{ID, Stage, json_response, text};
use crate::scripted::{Scripted, ScriptedOutcome, builder};

const NAMES: [&str; 9] =
    ["api_token", "api_key", "apiKey", "apiToken", "api_access_token", "token", "secret", "value", "key"];

fn user() -> NewServiceUser {
    NewServiceUser::new("ci-bot")
}

fn token() -> NewToken {
    NewToken::new("ci 1")
}

fn left(error: &Error) -> &OrphanedResource {
    error.orphan().expect("something may have been made")
}

#[test]
fn service_user_and_token_do_not_contain_the_key() {
    let stage = Stage::responding(
        201,
        &json!({
            "id": ID, "friendly_name": "ci-bot", "user_type": "service", "new": { "field": 1 },
            "api_token": { "id": "t", "name": "ci-bot", "end_date": "2026-12-31", "enabled": true, "token": "canary-secret" },
        }),
    );
    let created = stage.run(stage.account.users().create(&user())).expect("made");
    assert_eq!(created.api_key.expose(), b"canary-secret");
    assert_eq!(&**created.api_key.origin(), "the response to POST /account/api/v1/user");
    let (user, token) = (created.user.as_ref().expect("the user"), created.token.as_ref().expect("its token"));
    assert_eq!((user.id.as_str(), user.friendly_name.as_deref()), (ID, Some("ci-bot")));
    assert_eq!((token.id.as_str(), token.is_enabled()), ("t", Some(true)));
    let written = [serde_json::to_string(user), serde_json::to_string(token)].map(|text| text.expect("written"));
    assert!(written[0].contains(r#""new":{"field":1}"#), "{written:?}");
    assert!(!format!("{written:?} {created:?} {stage:?}", stage = stage.account).contains("canary"));
}

#[test]
fn key_is_found_under_every_name_plain_and_nested() {
    for name in NAMES {
        for secret in [json!("canary"), json!({ "id": "t", "token": "canary" }), json!({ "value": "canary" })] {
            let response = json!({ "id": ID, "name": "x", name: secret });
            let stage = Stage::of([json_response(201, &response), json_response(200, &response)]);
            let made =
                stage.run(stage.account.users().create(&user())).unwrap_or_else(|error| panic!("{response}: {error}"));
            assert_eq!(made.api_key.expose(), b"canary", "{response}");
            let user = made.user.expect("the user");
            assert!(!serde_json::to_string(&user).expect("written").contains("canary"), "{response}");
            assert!(!user.extra.contains_key(name), "{response}");
            let made = stage.run(stage.account.tokens().create(&token())).expect("a token");
            assert_eq!(made.api_key.expose(), b"canary", "{response}");
            let token = made.token.expect("the token");
            assert_eq!(token.id.as_str(), ID, "{response}");
            assert!(!serde_json::to_string(&token).expect("written").contains("canary"), "{response}");
        }
    }
}

#[test]
fn nested_token_is_parsed() {
    for response in [
        json!({ "api_token": { "id": "t", "name": "ci 1", "token": "canary" } }),
        json!({ "data": { "id": "t", "name": "ci 1", "token": "canary" } }),
    ] {
        let stage = Stage::responding(201, &response);
        let made = stage.run(stage.account.tokens().create(&token())).expect("made");
        let token = made.token.expect("the token");
        assert_eq!((token.id.as_str(), made.api_key.expose()), ("t", &b"canary"[..]));
        assert!(token.extra.is_empty(), "{:?}", token.extra);
    }
}

#[test]
fn key_without_an_id_is_not_lost() {
    for response in [json!({ "api_key": "canary" }), json!({ "id": {}, "api_key": "canary" })] {
        let stage = Stage::of([json_response(201, &response), json_response(201, &response)]);
        let made = stage.run(stage.account.tokens().create(&token())).expect("made");
        assert_eq!((made.token, made.api_key.expose()), (None, &b"canary"[..]));
        let made = stage.run(stage.account.users().create(&user())).expect("made");
        assert!(made.user.is_none() && made.token.is_none());
        assert_eq!(made.api_key.expose(), b"canary");
    }
}

#[test]
fn response_without_key_names_what_was_created() {
    let stage = Stage::responding(201, &json!({ "id": ID, "friendly_name": "ci-bot", "odd\u{1b}": "canary" }));
    let error = stage.refused(stage.account.users().create(&user()));
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotShown, Code::API_05));
    let left = left(&error);
    assert_eq!((left.kind, left.name.as_str(), left.id.as_deref()), (ResourceKind::ServiceUser, "ci-bot", Some(ID)));
    let shown = format!("{error}\n{}", error.diagnosis());
    assert!(shown.contains(ID) && shown.contains("fields friendly_name, id, odd\\u{1b}"), "{shown}");
    assert!(!format!("{shown}{error:?}").contains("canary"), "{shown}");
    assert_eq!(Refusal::of(&error), None);

    for (response, id) in [(json!({}), None), (json!([]), None), (json!({ "tokenId": 7 }), Some("7"))] {
        let stage = Stage::responding(201, &response);
        let error = stage.refused(stage.account.tokens().create(&token()));
        assert_eq!(error.code(), Code::API_05, "{response}");
        assert_eq!(
            (self::left(&error).kind, self::left(&error).id.as_deref()),
            (ResourceKind::ApiToken, id),
            "{response}"
        );
    }
}

#[test]
fn unreadable_response_names_what_may_have_been_created() {
    for (status, body) in [(201, r#"{"id":"t","token":"canary"#), (200, "<html>canary</html>"), (201, ""), (204, "")] {
        let stage = Stage::of([text(status, body)]);
        let error = stage.refused(stage.account.tokens().create(&token()));
        let code = if body.starts_with('<') { Code::GW_03 } else { Code::AUT_05 };
        assert_eq!((error.kind(), error.code()), (ErrorKind::Decode, code), "{body}");
        assert_eq!((left(&error).name.as_str(), left(&error).id.as_deref()), ("ci 1", None));
        assert!(error.to_string().contains("may have been made"), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
    let stage = Stage::responding(201, &json!({ "id": "t", "token": "canary" }));
    let client = builder(&stage.scripted).max_body(9).build().expect("complete");
    let error = stage.refused(client.account().tokens().create(&token()));
    assert_eq!((error.code(), left(&error).kind), (Code::CFG_03, ResourceKind::ApiToken));
}

#[test]
fn create_call_that_may_have_been_processed_is_not_retried() {
    let unknown = |kind| ScriptedOutcome::Failure(kind, Delivery::Unknown);
    for outcome in [
        unknown(TransportErrorKind::Interrupted),
        ScriptedOutcome::Failure(TransportErrorKind::Interrupted, Delivery::Sent),
        text(500, ""),
        text(502, "<html>"),
        text(503, ""),
    ] {
        let name = format!("{outcome:?}");
        let stage = Stage::of([outcome, json_response(201, &json!({ "id": "t", "token": "canary" }))]);
        let error = stage.refused(stage.account.tokens().create(&token()));
        assert_eq!(stage.sent().len(), 1, "{name}");
        assert_eq!((left(&error).kind, left(&error).id.as_deref()), (ResourceKind::ApiToken, None), "{name}");
    }
}

#[test]
fn create_call_after_deadline_may_have_created_something() {
    let scripted = Scripted::of([ScriptedOutcome::Silence]);
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let client = builder(&scripted).clock(Arc::new(clock.clone())).deadline(Duration::from_secs(1)).build();
    let tokens = client.expect("complete").account().tokens();
    let passing = async {
        let limit = clock.limited_for().await;
        clock.advance(limit);
    };
    let token = token();
    let (error, ()) = block_on(join(tokens.create(&token), passing));
    let error = error.expect_err("the deadline");
    assert_eq!((error.code(), left(&error).kind), (Code::NET_08, ResourceKind::ApiToken));
    assert_eq!(scripted.requests().len(), 1);
}

#[test]
fn create_call_that_was_not_processed_may_be_retried() {
    let made = || json_response(201, &json!({ "id": "t", "token": "canary" }));
    for outcome in [ScriptedOutcome::Failure(TransportErrorKind::Refused, Delivery::NotSent), text(429, "")] {
        let stage = Stage::of([outcome, made()]);
        stage.run(stage.account.tokens().create(&token())).expect("the second attempt");
        assert_eq!(stage.sent().len(), 2);
    }
    let refused = json!({ "errors": [{ "code": "invalid_request", "message": "no" }] });
    for (status, body) in [(400, &refused), (401, &Value::Null), (403, &refused), (404, &refused), (409, &refused)] {
        let stage = Stage::responding(status, body);
        let error = stage.refused(stage.account.tokens().create(&token()));
        assert_eq!((error.orphan(), stage.sent().len()), (None, 1), "{status}");
    }
    let stage = Stage::of((0..4).map(|_| ScriptedOutcome::Failure(TransportErrorKind::Refused, Delivery::NotSent)));
    assert_eq!(stage.refused(stage.account.tokens().create(&token())).orphan(), None);
    let stage = Stage::of([]);
    assert_eq!(stage.refused(stage.account.tokens().create(&NewToken::new(""))).orphan(), None);
}

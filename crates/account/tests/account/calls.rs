//! What each call sends, and how its response is parsed.

use std::sync::{Arc, Mutex};

use digicert_one_account::{
    ACCOUNT_MANAGER, AccountExt as _, Id, NewServiceUser, NewToken, Status, TokenChange, UserChange,
};
use digicert_one_core::{Code, Delivery, TransportErrorKind};
use futures_executor::block_on;
use http::Response;
use serde_json::{Value, json};

use super::{CERTIFICATE, ID, Stage, TOKEN, USER, json_response, text};
use crate::scripted::{Scripted, ScriptedOutcome, builder};

fn get(path: impl Into<String>) -> (String, String, Value) {
    ("GET".to_owned(), path.into(), Value::Null)
}

fn put(path: impl Into<String>, body: Value) -> (String, String, Value) {
    ("PUT".to_owned(), path.into(), body)
}

#[test]
fn users_are_listed_with_and_without_filter() {
    let two = json!([{ "id": "1" }, { "id": "2" }]);
    let stage = Stage::of([json_response(200, &two), json_response(200, &json!([])), json_response(200, &json!([]))]);
    let all = stage.run(stage.account.users().list().all()).expect("a list");
    assert_eq!(all.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    assert!(stage.run(stage.account.users().service().page_size(7).all()).expect("a list").is_empty());
    let expected = [
        get(format!("{USER}?limit=100")),
        get(format!("{USER}?limit=100&offset=2")),
        get(format!("{USER}?user_type=service&limit=7")),
    ];
    assert_eq!(stage.sent(), expected);
}

#[test]
fn invalid_list_item_is_an_error_after_the_previous_items() {
    let stage = Stage::responding(200, &json!([{ "id": "1" }, { "name": "canary" }]));
    let mut users = stage.account.users().list().items();
    assert_eq!(stage.run(users.next()).expect("one").expect("a user").id.as_str(), "1");
    let error = stage.run(users.next()).expect("two").expect_err("no user");
    assert_eq!(error.code(), Code::AUT_05);
    assert!(!error.to_string().contains("canary"), "{error}");
}

#[test]
fn user_and_caller_are_read() {
    let stage = Stage::of([json_response(200, &json!({ "id": ID })), json_response(200, &json!({ "id": ID }))]);
    let users = stage.account.users();
    assert_eq!(stage.run(users.get(&ID.into())).expect("a user").id.as_str(), ID);
    assert_eq!(stage.run(users.me()).expect("a user").id.as_str(), ID);
    assert_eq!(stage.sent(), [get(format!("{USER}/{ID}")), get(format!("{USER}/me"))]);
}

#[test]
fn user_change_sends_only_the_set_fields() {
    let stage = Stage::of(
        ["DISABLED", "DISABLED", "ACTIVE"].map(|status| json_response(200, &json!({ "id": ID, "status": status }))),
    );
    let users = stage.account.users();
    let change = UserChange::new().description("").end_date("2026-12-31".parse().expect("a day"));
    stage.run(users.update(&ID.into(), &change)).expect("changed");
    assert_eq!(stage.run(users.disable(&ID.into())).expect("changed").status, Some(Status::Disabled));
    stage.run(users.enable(&ID.into())).expect("changed");
    let path = format!("{USER}/{ID}");
    let expected = [
        put(&path, json!({ "description": "", "end_date": "2026-12-31" })),
        put(&path, json!({ "status": "DISABLED" })),
        put(&path, json!({ "status": "ACTIVE" })),
    ];
    assert_eq!(stage.sent(), expected);
}

#[test]
fn change_with_empty_response_is_read_again() {
    let now = json!({ "id": ID, "enabled": false });
    let stage = Stage::of([text(204, ""), json_response(200, &now), text(200, "\n"), json_response(200, &now)]);
    let token = stage.run(stage.account.tokens().disable(&ID.into())).expect("disabled");
    assert_eq!(token.is_enabled(), Some(false));
    stage.run(stage.account.users().disable(&ID.into())).expect("disabled");
    let sent = stage.sent();
    assert_eq!(sent.iter().map(|(method, ..)| method.as_str()).collect::<Vec<_>>(), ["PUT", "GET", "PUT", "GET"]);
    assert_eq!(sent[1], get(format!("{TOKEN}/{ID}")));
}

#[test]
fn switch_that_shows_the_old_state_is_an_error() {
    let (on, off) = (json!({ "id": ID, "status": "ACTIVE" }), json!({ "id": ID, "enabled": false }));
    let stage = Stage::of([
        json_response(200, &on),
        json_response(202, &json!({ "job": 7 })),
        json_response(200, &on),
        json_response(200, &off),
        json_response(200, &on),
        text(204, ""),
        json_response(200, &json!({ "id": "me", "certificates": [{ "id": ID, "enabled": true }] })),
    ]);
    let (users, tokens, certificates) = (stage.account.users(), stage.account.tokens(), stage.account.certificates());
    let errors = [
        stage.refused(users.disable(&ID.into())),
        stage.refused(users.disable(&ID.into())),
        stage.refused(tokens.enable(&ID.into())),
        stage.refused(certificates.disable(&ID.into())),
        stage.refused(certificates.disable(&ID.into())),
    ];
    for error in errors {
        assert_eq!(error.code(), Code::AUT_05);
        assert!(error.to_string().contains("but is still"), "{error}");
    }
}

#[test]
fn write_with_page_or_error_document_response_is_an_error() {
    let html = || {
        let page = Response::builder().status(200).header("content-type", "text/html");
        ScriptedOutcome::Response(page.body("<html><title>Sign in</title></html>").expect("a response"))
    };
    let refused = json!({ "errors": [{ "code": "no_access", "message": "You may not" }] });
    for (outcome, code, text) in [
        (html as fn() -> ScriptedOutcome, Code::GW_03, "Sign in"),
        (
            || json_response(200, &json!({ "errors": [{ "code": "no_access", "message": "You may not" }] })),
            Code::AUT_05,
            "You may not",
        ),
        (|| json_response(202, &json!({ "code": 403, "message": "You may not" })), Code::AUT_05, "You may not"),
    ] {
        let stage = Stage::of((0..5).map(|_| outcome()));
        let errors = [
            stage.refused(stage.account.tokens().delete(&ID.into())),
            stage.refused(stage.account.users().delete(&ID.into())),
            stage.refused(stage.account.certificates().disable(&ID.into())),
            stage.refused(stage.account.certificates().enable(&ID.into())),
            stage.run(stage.account.tokens().disable(&ID.into())).expect_err("refused"),
        ];
        for error in errors {
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains(text), "{error}");
        }
    }
    let stage = Stage::of([
        json_response(200, &refused),
        json_response(200, &json!({ "code": "no_access", "message": "You may not" })),
    ]);
    for error in [stage.refused(stage.account.users().me()), stage.refused(stage.account.users().list().all())] {
        assert!(error.to_string().contains("You may not"), "{error}");
        assert_eq!((error.code(), error.attempts()), (Code::AUT_05, 1));
    }
}

#[test]
fn accepted_deletion_is_checked() {
    let missing = json!({ "errors": [{ "code": "not_found", "message": "no such token" }] });
    let stage = Stage::of([
        text(202, ""),
        json_response(404, &missing),
        text(202, ""),
        json_response(200, &json!({ "id": ID })),
    ]);
    let tokens = stage.account.tokens();
    stage.run(tokens.delete(&ID.into())).expect("gone");
    let error = stage.refused(tokens.delete(&ID.into()));
    assert!(error.to_string().contains("was accepted (HTTP 202) but is not confirmed"), "{error}");
}

#[test]
fn status_below_400_without_result_is_an_error() {
    for status in [206, 300, 301, 302, 303, 304, 305, 306, 307, 308] {
        let stage = Stage::of([text(status, ""), text(status, ""), text(status, "")]);
        let error = stage.refused(stage.account.users().get(&ID.into()));
        assert_eq!((error.code(), error.status().map(|one| one.as_u16())), (Code::AUT_05, Some(status)), "{error}");
        assert_eq!(stage.refused(stage.account.tokens().delete(&ID.into())).code(), Code::AUT_05, "{status}");
        assert_eq!(stage.refused(stage.account.users().list().all()).code(), Code::AUT_05, "{status}");
    }
}

#[test]
fn response_in_utf16_or_with_byte_order_mark_is_parsed() {
    let list = r#"[{"id":"1"}]"#;
    let wide: String = list.chars().flat_map(|one| [one, '\0']).collect();
    for body in [format!("\u{feff}{list}"), wide] {
        let stage = Stage::of([text(200, body), json_response(200, &json!([]))]);
        assert_eq!(stage.run(stage.account.users().list().all()).expect("a list").len(), 1);
    }
}

#[test]
fn tokens_are_listed_read_changed_and_deleted() {
    let one = json!({ "id": "t", "enabled": true });
    let stage = Stage::of([
        json_response(200, &json!([one])),
        json_response(200, &json!([])),
        json_response(200, &one),
        json_response(200, &one),
        json_response(200, &json!({ "id": "t", "enabled": false })),
        json_response(200, &one),
        text(204, ""),
    ]);
    let (tokens, id) = (stage.account.tokens(), "t".into());
    assert_eq!(stage.run(tokens.list(&Id::me()).all()).expect("a list").len(), 1);
    stage.run(tokens.get(&id)).expect("a token");
    let change = TokenChange::new().name("ci 2").end_date("2026-07-31".parse().expect("a day"));
    stage.run(tokens.update(&id, &change)).expect("changed");
    stage.run(tokens.disable(&id)).expect("changed");
    stage.run(tokens.enable(&id)).expect("changed");
    stage.run(tokens.delete(&id)).expect("deleted");
    let path = format!("{TOKEN}/t");
    let expected = [
        get(format!("{TOKEN}?user_id=me&limit=100")),
        get(format!("{TOKEN}?user_id=me&limit=100&offset=1")),
        get(&path),
        put(&path, json!({ "name": "ci 2", "end_date": "2026-07-31" })),
        put(&path, json!({ "enabled": false })),
        put(&path, json!({ "enabled": true })),
        ("DELETE".to_owned(), path.clone(), Value::Null),
    ];
    assert_eq!(stage.sent(), expected);
}

#[test]
fn create_bodies_contain_only_the_set_fields() {
    let response = json!({ "id": ID, "api_token": "canary" });
    let stage = Stage::of((0..4).map(|_| json_response(201, &response)));
    let (users, tokens) = (stage.account.users(), stage.account.tokens());
    stage.run(users.create(&NewServiceUser::new("ci-bot"))).expect("made");
    let whole = NewServiceUser::new("ci-bot")
        .email("ops@example.test")
        .description("builds")
        .accounts([ID])
        .roles(["AM_ACCOUNT_USER"])
        .end_date("2026-12-31".parse().expect("a day"));
    stage.run(users.create(&whole)).expect("made");
    stage.run(tokens.create(&NewToken::new("ci 1"))).expect("made");
    let whole = NewToken::new("ci 1").user(ID).end_date("2026-12-31".parse().expect("a day"));
    stage.run(tokens.create(&whole)).expect("made");
    let bodies: Vec<Value> = stage.sent().into_iter().map(|(_, _, body)| body).collect();
    let expected = [
        json!({ "user_type": "service", "friendly_name": "ci-bot" }),
        json!({
            "user_type": "service", "friendly_name": "ci-bot", "email": "ops@example.test", "description": "builds",
            "accounts": [ID], "roles": ["AM_ACCOUNT_USER"], "end_date": "2026-12-31",
        }),
        json!({ "name": "ci 1" }),
        json!({ "name": "ci 1", "user_id": ID, "end_date": "2026-12-31" }),
    ];
    assert_eq!(bodies, expected);
    let paths: Vec<String> = stage.sent().into_iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert_eq!(
        paths,
        [format!("POST {USER}"), format!("POST {USER}"), format!("POST {TOKEN}"), format!("POST {TOKEN}")]
    );
}

#[test]
fn accounts_roles_and_audit_log_are_parsed() {
    let stage = Stage::of([
        json_response(200, &json!([{ "id": "a", "name": "Example" }])),
        json_response(200, &json!([])),
        json_response(200, &json!([{ "id": "AM_ACCOUNT_USER", "permissions": ["VIEW_AM_USER"] }])),
        text(204, ""),
        json_response(
            200,
            &json!({ "total": 2, "offset": 0, "limit": 1, "items": [{ "id": "1", "action": "create" }] }),
        ),
        json_response(
            200,
            &json!({ "total": 2, "offset": 1, "limit": 1, "items": [{ "id": "2", "action": "disable" }] }),
        ),
        json_response(200, &json!({ "total": 2, "offset": 2, "limit": 1, "items": [] })),
        json_response(200, &json!({ "id": "o", "active": true })),
    ]);
    let account = &stage.account;
    assert_eq!(stage.run(account.accounts().all()).expect("a list")[0].name.as_deref(), Some("Example"));
    assert_eq!(stage.run(account.roles(ACCOUNT_MANAGER).all()).expect("a list")[0].id, "AM_ACCOUNT_USER");
    let log = stage.run(account.audit_log().filter("resource_type", "a&b").page_size(1).all()).expect("a log");
    assert_eq!(log.iter().filter_map(|entry| entry.action.as_deref()).collect::<Vec<_>>(), ["create", "disable"]);
    assert_eq!(stage.run(account.organization(&"o".into())).expect("one").active, Some(true));
    let expected = [
        get("/account/api/v1/account?limit=100"),
        get("/account/api/v1/account?limit=100&offset=1"),
        get("/account/api/v1/role?application_code=account_manager&limit=100"),
        get("/account/api/v1/role?application_code=account_manager&limit=100&offset=1"),
        get("/account/api/v1/audit-log?resource_type=a%26b&limit=1"),
        get("/account/api/v1/audit-log?resource_type=a%26b&limit=1&offset=1"),
        get("/account/api/v1/audit-log?resource_type=a%26b&limit=1&offset=2"),
        get("/account/api/v1/organization/o"),
    ];
    assert_eq!(stage.sent(), expected);
}

#[test]
fn id_is_one_path_segment_whatever_it_contains() {
    let stage = Stage::responding(200, &json!({ "id": "x" }));
    stage.run(stage.account.users().get(&"a/b?c=d ü".into())).expect("a user");
    assert_eq!(stage.sent(), [get(format!("{USER}/a%2Fb%3Fc%3Dd%20%C3%BC"))]);
    for bad in ["", " ", ".", ".."] {
        let stage = Stage::of([]);
        stage.refused(stage.account.users().delete(&bad.into()));
        stage.refused(stage.account.tokens().delete(&bad.into()));
        stage.refused(stage.account.certificates().disable(&bad.into()));
        stage.refused(stage.account.organization(&bad.into()));
        assert!(stage.sent().is_empty(), "{bad:?}");
    }
}

#[test]
fn retried_delete_accepts_not_found() {
    let gone = json!({ "errors": [{ "code": "resource_not_found", "message": "no such token" }] });
    let lost = || ScriptedOutcome::Failure(TransportErrorKind::Interrupted, Delivery::Unknown);
    let stage = Stage::of([lost(), json_response(404, &gone)]);
    stage.run(stage.account.tokens().delete(&"t".into())).expect("the first attempt did it");
    let stage = Stage::responding(404, &gone);
    assert_eq!(stage.refused(stage.account.tokens().delete(&"t".into())).code(), Code::API_02);
    let stage = Stage::of([lost(), text(404, "<html>")]);
    assert_eq!(
        stage.refused(stage.account.users().delete(&"u".into())).code(),
        Code::GW_01,
        "a gateway's 404 proves nothing"
    );
    // A throttled attempt was certainly not processed.
    let throttled = text(429, "{}");
    let stage = Stage::of([throttled, json_response(404, &gone)]);
    assert_eq!(stage.refused(stage.account.tokens().delete(&"t".into())).code(), Code::API_02);
}

#[test]
fn not_found_of_a_gateway_does_not_prove_a_deletion() {
    let own = json!({ "errors": [{ "code": "resource_not_found", "message": "no such token" }] });
    for (gone, proves) in [
        (own, true),
        (json!({ "message": "no Route matched with those values" }), false),
        (json!({ "statusCode": 404, "message": "Resource not found" }), false),
        (json!({ "timestamp": "x", "status": 404, "error": "Not Found", "path": "/x" }), false),
    ] {
        let lost = ScriptedOutcome::Failure(TransportErrorKind::Interrupted, Delivery::Unknown);
        let stages =
            [Stage::of([lost, json_response(404, &gone)]), Stage::of([text(202, ""), json_response(404, &gone)])];
        for stage in stages {
            let deleted = stage.run(stage.account.tokens().delete(&"t".into()));
            assert_eq!(deleted.is_ok(), proves, "{gone}: {deleted:?}");
        }
    }
}

#[test]
fn audit_records_show_the_path_without_the_id() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let scripted = Scripted::of((0..6).map(|_| json_response(200, &json!({ "id": "x", "enabled": false }))));
    let heard = Arc::clone(&seen);
    let client = builder(&scripted)
        .audit(move |record| heard.lock().expect("unpoisoned").push(record.template.to_string()))
        .build()
        .expect("complete");
    block_on(async {
        let account = client.account();
        account.users().get(&"jane".into()).await.expect("a user");
        account.users().me().await.expect("a user");
        account.tokens().get(&"jane".into()).await.expect("a token");
        account.certificates().disable(&"jane".into()).await.expect("disabled");
        account.organization(&"jane".into()).await.expect("an organisation");
        client.shut_down(std::time::Duration::from_secs(60)).await;
    });
    let seen = seen.lock().expect("unpoisoned");
    let expected = [
        format!("{USER}/{{id}}"),
        format!("{USER}/me"),
        format!("{TOKEN}/{{id}}"),
        format!("{CERTIFICATE}/{{id}}/enable"),
        "/account/api/v1/organization/{id}".to_owned(),
    ];
    assert_eq!(*seen, expected);
}

#[test]
fn calls_are_send() {
    fn moves<T: Send>(_: &T) {}
    let stage = Stage::of([]);
    let (id, user, token) = (Id::me(), NewServiceUser::new("x"), NewToken::new("x"));
    moves(&stage.account.users().get(&id));
    moves(&stage.account.users().create(&user));
    moves(&stage.account.tokens().create(&token));
    moves(&stage.account.certificates().list());
    moves(&stage.account.users().list().items());
}

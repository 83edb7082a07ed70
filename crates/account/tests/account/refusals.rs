//! Refusals: before anything is sent, and by the platform.

use std::error::Error as _;

use digicert_one_account::{NewClientCertificate, NewServiceUser, NewToken, Refusal, TokenChange, UserChange};
use digicert_one_client::{Error, ErrorKind};
use digicert_one_core::{Code, EndDate};
use serde_json::{Value, json};

use super::{Stage, json_response};

/// Returns the field that was refused and why.
pub(super) fn invalid(error: &Error) -> (String, String) {
    assert_eq!((error.kind(), error.code()), (ErrorKind::Request, Code::CFG_01), "{error}");
    let Some(Refusal::Invalid { field: Some(field), unsent: true }) = Refusal::of(error) else { panic!("{error}") };
    (field, error.source().expect("a reason").to_string())
}

fn day(text: &str) -> EndDate {
    text.parse().expect("a day")
}

/// Returns the error of creating this token, for which nothing was sent.
fn token(token: NewToken) -> Error {
    let stage = Stage::of([]);
    let error = stage.refused(stage.account.tokens().create(&token));
    assert!(stage.sent().is_empty());
    error
}

fn user(user: NewServiceUser) -> Error {
    let stage = Stage::of([]);
    let error = stage.refused(stage.account.users().create(&user));
    assert!(stage.sent().is_empty());
    error
}

/// Returns the refusal of creating a token with this response.
fn refusal(status: u16, body: &Value) -> (Code, Option<Refusal>) {
    let stage = Stage::responding(status, body);
    let error = stage.refused(stage.account.tokens().create(&NewToken::new("ci")));
    (error.code(), Refusal::of(&error))
}

fn error(code: &str, message: &str) -> Value {
    json!({ "errors": [{ "code": code, "message": message }] })
}

#[test]
fn invalid_names_and_dates_are_refused_before_sending() {
    for (error, field) in [
        (token(NewToken::new("")), "name"),
        (token(NewToken::new("canary/1")), "name"),
        (token(NewToken::new("canary").user("")), "user_id"),
        (token(NewToken::new("canary").end_date(day("2026-06-29"))), "end_date"),
        (token(NewToken::new("canary").end_date(day("2027-01-01T10:00:00Z"))), "end_date"),
        (user(NewServiceUser::new(" ")), "friendly_name"),
        (user(NewServiceUser::new("canary\n")), "friendly_name"),
        (user(NewServiceUser::new("canary").email("")), "email"),
        (user(NewServiceUser::new("canary").email("canary @example.test")), "email"),
        (user(NewServiceUser::new("canary").roles([""])), "roles"),
        (user(NewServiceUser::new("canary").accounts([""])), "accounts"),
        (user(NewServiceUser::new("canary").end_date(day("2026-06-29"))), "end_date"),
    ] {
        assert_eq!(invalid(&error).0, field, "{error}");
        assert_eq!(Refusal::of(&error), Some(Refusal::Invalid { field: Some(field.to_owned()), unsent: true }));
        assert!(error.to_string().contains("nothing was sent") && !error.to_string().contains("canary"), "{error}");
    }
}

#[test]
fn last_day_is_compared_with_the_clients_clock() {
    // The client's clock shows noon on 2026-06-30.
    let stage = Stage::responding(201, &json!({ "id": "t", "token": "canary" }));
    stage.run(stage.account.tokens().create(&NewToken::new("ci").end_date(day("2026-06-30")))).expect("today");
    let error = token(NewToken::new("ci").end_date(day("2026-06-29")));
    assert!(invalid(&error).1.contains("2026-06-29T23:59:59Z has passed"), "{error}");
    assert!(error.to_string().contains("2026-06-29T23:59:59Z"), "{error}");
}

#[test]
fn changes_are_validated() {
    let stage = Stage::of([]);
    let (users, tokens) = (stage.account.users(), stage.account.tokens());
    let id = "u".into();
    for change in [
        UserChange::new(),
        UserChange::new().friendly_name(""),
        UserChange::new().roles([" "]),
        UserChange::new().end_date(day("2026-06-29")),
    ] {
        invalid(&stage.refused(users.update(&id, &change)));
    }
    let id = "t".into();
    for change in [
        TokenChange::new(),
        TokenChange::new().name("a.b"),
        TokenChange::new().enabled(true).end_date(day("2026-06-29")),
    ] {
        invalid(&stage.refused(tokens.update(&id, &change)));
    }
    let wanted = NewClientCertificate::new("a.b", "");
    assert_eq!(invalid(&stage.refused(stage.account.certificates().request(&wanted))).0, "nickname");
    assert!(stage.sent().is_empty());
}

#[test]
fn name_in_use_is_a_duplicate() {
    let body =
        json!({ "errors": [{ "code": "duplicate_error", "message": "Nickname already exists", "field": "name" }] });
    let duplicate = |field: Option<&str>| Some(Refusal::Duplicate { field: field.map(str::to_owned) });
    assert_eq!(refusal(409, &body), (Code::API_06, duplicate(Some("name"))));
    assert_eq!(refusal(400, &error("duplicate_error", "Nickname")), (Code::API_06, duplicate(None)));
    let body = json!({ "error": { "code": "duplicate_error", "message": "Nickname", "field": "friendly_name" } });
    assert_eq!(refusal(409, &body), (Code::API_06, duplicate(Some("friendly_name"))));
}

#[test]
fn token_limit_has_a_remedy() {
    let body = error("token_limit_reached", "The user has a token already");
    assert_eq!(refusal(409, &body), (Code::API_07, Some(Refusal::TokenLimit)));
    let stage = Stage::responding(409, &body);
    let error = stage.refused(stage.account.tokens().create(&NewToken::new("ci")));
    assert!(error.diagnosis().remedy.contains("second service user"), "{}", error.diagnosis());
}

#[test]
fn missing_permission_is_named_and_missing_factor_is_not_one() {
    let body = error("access_denied", "The permission MANAGE_AM_USER is required");
    let forbidden = |permission: Option<&str>| Some(Refusal::Forbidden { permission: permission.map(str::to_owned) });
    assert_eq!(refusal(403, &body), (Code::AUT_03, forbidden(Some("MANAGE_AM_USER"))));
    assert_eq!(refusal(403, &error("access_denied", "No")), (Code::AUT_03, forbidden(None)));
    let factor =
        json!({ "error": { "status": "access_denied", "message": "The user is not multi-factor authenticated" } });
    assert_eq!(refusal(403, &factor), (Code::AUT_02, None));
}

#[test]
fn invalid_value_names_its_field() {
    let body =
        json!({ "errors": [{ "code": "invalid_request", "message": "after the owner's", "field": "end_date" }] });
    let invalid = |field: Option<&str>| Some(Refusal::Invalid { field: field.map(str::to_owned), unsent: false });
    assert_eq!(refusal(400, &body), (Code::API_01, invalid(Some("end_date"))));
    assert_eq!(refusal(422, &error("invalid_request", "unknown role")), (Code::API_01, invalid(None)));
}

#[test]
fn not_found_is_a_refusal_and_other_failures_are_not() {
    assert_eq!(refusal(404, &error("resource_not_found", "no")), (Code::API_02, Some(Refusal::NotFound)));
    assert_eq!(refusal(401, &error("invalid_api_key", "no")), (Code::AUT_01, None));
    assert_eq!(refusal(409, &error("conflict", "busy")), (Code::API_01, None));
    assert_eq!(refusal(500, &error("internal", "no")), (Code::API_03, None));
    let stage = Stage::of([json_response(404, &error("resource_not_found", "no"))]);
    let error = stage.refused(stage.account.users().get(&"u".into()));
    assert_eq!(Refusal::of(&error), Some(Refusal::NotFound));
}

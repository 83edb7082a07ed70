//! Users over the wire: created with a key that is shown once, changed, disabled, deleted, and everything that is refused.

use digicert_one_emulator::{Emulator, EmulatorOptions, ServiceUserSpec, Subject};
use serde_json::{Value, json};

use crate::caller::{Caller, ME};

const USER: &str = "/account/api/v1/user";
const OTHER_ID: &str = "00000000-0000-4000-8000-000000000000";

fn start() -> Emulator {
    let users = [ServiceUserSpec::new("ci-bot"), ServiceUserSpec::new("plain").roles(&["AM_DEFAULT_USER"])];
    Emulator::start_blocking(EmulatorOptions::default().service_users(users)).unwrap()
}

fn manager(emulator: &Emulator) -> Caller<'_> {
    Caller::platform(emulator).key(emulator.administrator().api_key())
}

fn new_user(name: &str) -> Value {
    json!({ "user_type": "service", "friendly_name": name })
}

#[tokio::test]
async fn created_user_calls_with_the_key_shown_once() {
    let emulator = start();
    let body = json!({
        "user_type": "service",
        "friendly_name": "Build 7_a-b",
        "email": "ops@example.test",
        "description": "made by a test",
        "accounts": [emulator.account_id()],
        "roles": ["AM_ACCOUNT_USER", "SM_SIGNER"],
        "end_date": "2999-12-31",
    });
    let created = manager(&emulator).post(USER, body).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let created = created.json();
    let token = &created["api_token"];
    assert_eq!((&token["end_date"], &token["enabled"]), (&json!("2999-12-31"), &json!(true)));
    assert!(token["id"].is_string() && token["name"].is_string());
    let secret = token["token"].as_str().unwrap();

    let me = Caller::platform(&emulator).key(secret).get(ME).await;
    assert_eq!(me.caller.as_deref(), Some("Build 7_a-b"));
    let me = me.json();
    assert_eq!((&me["email"], &me["description"]), (&json!("ops@example.test"), &json!("made by a test")));
    assert_eq!((&me["roles"], &me["end_date"]), (&json!(["AM_ACCOUNT_USER", "SM_SIGNER"]), &json!("2999-12-31")));
    assert_eq!((&me["status"], &me["accounts"]), (&json!("ACTIVE"), &json!([emulator.account_id()])));
    assert_eq!((&me["id"], &me["created_by"]), (&created["id"], &json!(emulator.administrator().id())));
    assert_eq!(me["client_auth_certificates"], json!([]));

    for path in [format!("{USER}/{}", created["id"].as_str().unwrap()), USER.to_owned()] {
        let response = manager(&emulator).get(&path).await;
        assert!(response.status == 200 && !response.text.contains(secret) && !response.text.contains("api_token"));
    }
}

#[tokio::test]
async fn user_without_role_or_account_gets_defaults() {
    let emulator = start();
    let created = manager(&emulator).post(USER, new_user("usual")).await.json();
    assert_eq!((&created["roles"], &created["end_date"]), (&json!(["AM_DEFAULT_USER"]), &json!(null)));
    assert_eq!(created["accounts"], json!([emulator.account_id()]));
}

#[tokio::test]
async fn invalid_new_user_names_the_field_and_creates_nothing() {
    let emulator = start();
    let call = manager(&emulator);
    let with = |name: &str, value: Value| {
        let mut body = new_user("fresh");
        body[name] = value;
        body
    };
    for (field, value) in [
        ("friendly_name", json!("a/b")),
        ("friendly_name", json!("semi;colon")),
        ("friendly_name", json!("")),
        ("friendly_name", json!("  ")),
        ("friendly_name", json!("x".repeat(300))),
        ("user_type", json!("standard")),
        ("user_type", json!(null)),
        ("email", json!("no-address")),
        ("end_date", json!("31.12.2999")),
        ("end_date", json!("2020-01-01")),
        ("roles", json!(["KING"])),
        ("accounts", json!([OTHER_ID])),
        ("accounts", json!([])),
    ] {
        call.post(USER, with(field, value)).await.is_invalid(field);
    }
    for body in [json!([]), json!("text"), json!({ "user_type": "service", "friendly_name": 7 })] {
        assert_eq!(call.post(USER, body).await.error().0, 400);
    }
    for taken in ["ci-bot", "administrator"] {
        let response = call.post(USER, new_user(taken)).await;
        let expected = (409, "duplicate_error".to_owned(), Some("friendly_name".to_owned()));
        assert!(response.error() == expected && response.text.contains("Nickname"), "{}", response.text);
    }
    assert_eq!(call.get(USER).await.json().as_array().unwrap().len(), 3);
    assert_eq!(call.get("/account/api/v1/audit-log").await.json()["total"], 0);
}

#[tokio::test]
async fn user_is_changed_field_by_field() {
    let emulator = start();
    let (call, user) = (manager(&emulator), &emulator.users()[1]);
    let path = format!("{USER}/{}", user.id());
    for (change, field, expected) in [
        (json!({ "friendly_name": "renamed" }), "friendly_name", json!("renamed")),
        (json!({ "email": "new@example.test" }), "email", json!("new@example.test")),
        (json!({ "description": "other" }), "description", json!("other")),
        (json!({ "end_date": "2999-01-01" }), "end_date", json!("2999-01-01")),
        (json!({ "roles": ["AM_ACCOUNT_ADMIN"] }), "roles", json!(["AM_ACCOUNT_ADMIN"])),
        (json!({ "end_date": null }), "end_date", json!(null)),
        (json!({ "status": "DISABLED" }), "status", json!("DISABLED")),
    ] {
        let response = call.put(&path, change).await;
        assert_eq!((response.status, &response.json()[field]), (200, &expected), "{field}");
        assert_eq!(call.get(&path).await.json(), {
            let mut whole = response.json();
            whole["client_auth_certificates"] = call.get(&path).await.json()["client_auth_certificates"].clone();
            whole
        });
    }
    assert_eq!(Caller::platform(&emulator).key(user.api_key()).get(ME).await.status, 401);
    assert!(!user.active());
    call.put(&path, json!({ "status": "ACTIVE" })).await;
    let me = Caller::platform(&emulator).key(user.api_key()).get(ME).await;
    assert_eq!((me.status, me.caller.as_deref()), (200, Some("renamed")));

    for (field, value) in [
        ("friendly_name", json!("a.b")),
        ("status", json!("GONE")),
        ("end_date", json!("2020-01-01")),
        ("roles", json!(["KING"])),
        ("accounts", json!([OTHER_ID])),
        ("email", json!("no-address")),
    ] {
        call.put(&path, json!({ field: value })).await.is_invalid(field);
    }
    assert_eq!(call.put(&path, json!({ "friendly_name": "ci-bot" })).await.error().0, 409);
    // Its own name is not a duplicate.
    assert_eq!(call.put(&path, json!({ "friendly_name": "renamed" })).await.status, 200);
}

#[tokio::test]
async fn deleted_user_is_unknown_and_administrators_stay() {
    let emulator = start();
    let (call, user) = (manager(&emulator), &emulator.users()[1]);
    let path = format!("{USER}/{}", user.id());
    let deleted = call.delete(&path).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    let refused = Caller::platform(&emulator).key(user.api_key()).get(ME).await;
    assert!(refused.status == 401 && refused.text.contains("not known"), "{}", refused.text);
    for response in [call.get(&path).await, call.put(&path, json!({})).await, call.delete(&path).await] {
        assert_eq!(response.error(), (404, "resource_not_found".to_owned(), None));
    }
    assert!(emulator.control().set_enabled(user.id(), Subject::User, true).is_err());
    assert!(!user.active());
    assert_eq!(call.delete(&format!("{USER}/me")).await.error().0, 400);
}

#[tokio::test]
async fn user_without_permission_sees_only_itself() {
    let emulator = start();
    let (plain, other) = (&emulator.users()[1], &emulator.users()[0]);
    let call = Caller::platform(&emulator).key(plain.api_key());
    assert_eq!(call.get(&format!("{USER}/{}", plain.id())).await.status, 200);
    let path = format!("{USER}/{}", other.id());
    for response in [
        call.get(USER).await,
        call.get(&path).await,
        call.post(USER, new_user("fresh")).await,
        call.put(&path, json!({})).await,
        call.put(&format!("{USER}/me"), json!({ "roles": ["AM_ACCOUNT_ADMIN"] })).await,
        call.delete(&path).await,
    ] {
        assert_eq!(response.error(), (403, "access_denied".to_owned(), None));
        assert!(response.text.contains("MANAGE_AM_ACCOUNT"), "{}", response.text);
    }
    let log = call.get("/account/api/v1/audit-log").await;
    assert!(log.status == 403 && log.text.contains("VIEW_AM_AUDIT_LOG"), "{}", log.text);
}

#[tokio::test]
async fn part_of_the_users_can_be_requested() {
    let emulator = start();
    let call = manager(&emulator);
    for (query, names) in [
        ("?limit=1", vec!["administrator"]),
        ("?limit=2&offset=1", vec!["ci-bot", "plain"]),
        ("?user_type=service&limit=1&offset=1", vec!["plain"]),
        ("?offset=9", vec![]),
    ] {
        let page = call.get(&format!("{USER}{query}")).await.json();
        let found: Vec<_> = page.as_array().unwrap().iter().map(|user| user["friendly_name"].clone()).collect();
        assert_eq!(found, names, "{query}");
    }
    call.get(&format!("{USER}?limit=0")).await.is_invalid("limit");
    call.get(&format!("{USER}?offset=x")).await.is_invalid("offset");
}

#[tokio::test]
async fn accounts_roles_and_the_organisation_can_be_looked_up() {
    let emulator = start();
    let call = Caller::platform(&emulator).key(emulator.users()[1].api_key());
    let accounts = call.get("/account/api/v1/account").await.json();
    assert_eq!((&accounts[0]["id"], &accounts[0]["active"]), (&json!(emulator.account_id()), &json!(true)));
    assert_eq!(accounts[0]["admins"][0]["id"], emulator.administrator().id());
    assert!(accounts[0]["sign_in_methods"][0]["clientAuthCertLoginEnabled"].is_boolean());

    let all = call.get("/account/api/v1/role").await.json();
    let roles = call.get("/account/api/v1/role?application_code=account_manager").await.json();
    let ids: Vec<_> = roles.as_array().unwrap().iter().map(|role| role["id"].clone()).collect();
    assert_eq!(ids, ["AM_DEFAULT_USER", "AM_ACCOUNT_USER", "AM_ACCOUNT_MANAGER", "AM_ACCOUNT_ADMIN"]);
    assert!(all.as_array().unwrap().iter().any(|role| role["id"] == "EM_EPKI_USER_&_CERT_MANAGER"));
    assert!(roles[3]["permissions"].as_array().unwrap().contains(&json!("MANAGE_AM_ACCOUNT")));

    let missing = call.get(&format!("/account/api/v1/organization/{OTHER_ID}")).await;
    assert_eq!(missing.error().0, 404);
    let organization = call.get(&format!("/account/api/v1/organization/{}", emulator.organization_id())).await.json();
    assert_eq!((&organization["id"], &organization["active"]), (&json!(emulator.organization_id()), &json!(true)));
}

#[tokio::test]
async fn audit_log_shows_changes_newest_first() {
    let emulator = start();
    let call = manager(&emulator);
    let id = call.post(USER, new_user("fresh")).await.json()["id"].clone();
    let path = format!("{USER}/{}", id.as_str().unwrap());
    call.put(&path, json!({ "description": "x" })).await;
    call.delete(&path).await;
    let log = call.get("/account/api/v1/audit-log?limit=2").await.json();
    assert_eq!((&log["total"], &log["limit"], &log["offset"]), (&json!(3), &json!(2), &json!(0)));
    let actions: Vec<_> = log["items"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["delete", "update"]);
    let entry = &call.get("/account/api/v1/audit-log?offset=2").await.json()["items"][0];
    assert_eq!((&entry["action"], &entry["resource_type"]), (&json!("create"), &json!("user")));
    assert_eq!((&entry["resource_id"], &entry["status"]), (&id, &json!("success")));
    assert_eq!(entry["user_id"], emulator.administrator().id());
}

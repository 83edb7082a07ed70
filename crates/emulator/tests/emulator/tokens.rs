//! API tokens over the wire: the key is shown once, a new one replaces an old one, and refusals.

use std::time::{Duration, SystemTime};

use digicert_one_emulator::{ApiKeySpec, Emulator, EmulatorOptions, Generation, LastDay, ServiceUserSpec};
use serde_json::{Value, json};

use crate::caller::{Caller, ME};
use crate::expiry::at;

const TOKEN: &str = "/account/api/v1/api-access-token";

fn start() -> Emulator {
    let users = [ServiceUserSpec::new("ci-bot").roles(&["AM_DEFAULT_USER"]), ServiceUserSpec::new("other")];
    Emulator::start_blocking(EmulatorOptions::default().service_users(users)).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn key_is_replaced_without_a_gap() {
    let emulator = start();
    let user = &emulator.users()[0];
    let old = Caller::platform(&emulator).key(user.api_key());
    let created = old.post(TOKEN, json!({ "name": "second", "end_date": "2999-12-31" })).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let created = created.json();
    assert_eq!((&created["name"], &created["user_id"]), (&json!("second"), &json!(user.id())));
    assert_eq!((&created["status"], &created["enabled"]), (&json!("ACTIVE"), &json!(true)));
    let new = Caller::platform(&emulator).key(text(&created["token"]));
    assert_eq!((old.get(ME).await.status, new.get(ME).await.status), (200, 200));

    let tokens = new.get(&format!("{TOKEN}?user_id=me")).await;
    assert!(!tokens.text.contains(text(&created["token"])) && !tokens.text.contains("\"token\""), "{}", tokens.text);
    let tokens = tokens.json();
    assert_eq!(tokens, new.get(&format!("{TOKEN}?user_id={}", user.id())).await.json());
    assert_eq!((&tokens[0]["id"], &tokens[1]["id"]), (&json!(user.api_token_ids().next()), &created["id"]));

    let first = format!("{TOKEN}/{}", text(&tokens[0]["id"]));
    let disabled = new.put(&first, json!({ "enabled": false })).await;
    assert_eq!((disabled.status, &disabled.json()["status"]), (200, &json!("DISABLED")));
    assert!(old.get(ME).await.text.contains("API key is disabled"));
    assert_eq!(new.get(&first).await.json()["enabled"], false);
    assert_eq!(new.delete(&first).await.status, 204);
    assert!(old.get(ME).await.text.contains("API key is not known"));
    assert_eq!(new.get(&first).await.error(), (404, "resource_not_found".to_owned(), None));
}

#[tokio::test]
async fn token_is_renamed_and_extended() {
    let emulator = start();
    let call = Caller::platform(&emulator).key(emulator.users()[0].api_key());
    let id = call.post(TOKEN, json!({ "name": "second" })).await.json()["id"].clone();
    let path = format!("{TOKEN}/{}", text(&id));
    let changed = call.put(&path, json!({ "name": "third", "end_date": "2999-12-31" })).await.json();
    assert_eq!((&changed["name"], &changed["end_date"]), (&json!("third"), &json!("2999-12-31")));
    assert_eq!(call.put(&path, json!({ "end_date": null })).await.json()["end_date"], json!(null));
    assert_eq!(call.put(&path, json!({ "name": "third" })).await.status, 200);
    assert_eq!(call.put(&path, json!({ "name": "token 1" })).await.error().0, 409);
    call.put(&path, json!({ "name": "a/b" })).await.is_invalid("name");
    call.put(&path, json!({ "end_date": "2020-01-01" })).await.is_invalid("end_date");
    assert_eq!(call.put(&path, json!({ "enabled": "no" })).await.error().0, 400);
}

#[tokio::test]
async fn invalid_new_token_names_the_field() {
    let end: LastDay = "2999-06-30".parse().unwrap();
    let options = EmulatorOptions::default().service_users([ServiceUserSpec::new("ci-bot").end_date(end)]);
    let emulator = Emulator::start_blocking(options).unwrap();
    let call = Caller::platform(&emulator).key(emulator.users()[0].api_key());
    for (field, body) in [
        ("name", json!({})),
        ("name", json!({ "name": "a.b" })),
        ("end_date", json!({ "name": "fresh", "end_date": "2020-01-01" })),
        ("end_date", json!({ "name": "fresh", "end_date": "soon" })),
        ("end_date", json!({ "name": "fresh", "end_date": "2999-07-01" })),
    ] {
        call.post(TOKEN, body).await.is_invalid(field);
    }
    let last_day = call.post(TOKEN, json!({ "name": "fresh", "end_date": "2999-06-30" })).await;
    assert_eq!(last_day.status, 201);
    let id = last_day.json()["id"].clone();
    call.put(&format!("{TOKEN}/{}", text(&id)), json!({ "end_date": "2999-07-01" })).await.is_invalid("end_date");
    let again = call.post(TOKEN, json!({ "name": "fresh" })).await;
    assert_eq!(again.error(), (409, "duplicate_error".to_owned(), Some("name".to_owned())));
    call.get(TOKEN).await.is_invalid("user_id");
    assert_eq!(call.get(&format!("{TOKEN}?user_id=unknown")).await.error().0, 404);
    assert_eq!(call.post(TOKEN, json!({ "name": "x", "user_id": "unknown" })).await.error().0, 404);
}

#[tokio::test]
async fn others_need_the_permission_and_own_need_a_role() {
    let emulator = start();
    let (user, other) = (&emulator.users()[0], &emulator.users()[1]);
    let theirs = format!("{TOKEN}/{}", other.api_token_ids().next().unwrap());
    let call = Caller::platform(&emulator).key(user.api_key());
    for response in [
        call.get(&format!("{TOKEN}?user_id={}", other.id())).await,
        call.post(TOKEN, json!({ "name": "x", "user_id": other.id() })).await,
        call.get(&theirs).await,
        call.put(&theirs, json!({ "enabled": false })).await,
        call.delete(&theirs).await,
    ] {
        assert_eq!(response.error(), (403, "access_denied".to_owned(), None));
        assert!(response.text.contains("MANAGE_AM_ACCOUNT"), "{}", response.text);
    }
    let manager = Caller::platform(&emulator).key(other.api_key());
    let created = manager.post(TOKEN, json!({ "name": "x", "user_id": user.id() })).await.json();
    let given = Caller::platform(&emulator).key(text(&created["token"]));
    assert_eq!(given.get(ME).await.caller.as_deref(), Some("ci-bot"));

    let none = [ServiceUserSpec::new("ci-bot").roles(&["SM_SIGNER"])];
    let emulator = Emulator::start_blocking(EmulatorOptions::default().service_users(none)).unwrap();
    let call = Caller::platform(&emulator).key(emulator.users()[0].api_key());
    assert_eq!(call.get(&format!("{TOKEN}?user_id=me")).await.error().0, 403);
    assert_eq!(call.get(&format!("{TOKEN}/unknown")).await.error().0, 403);
}

#[tokio::test]
async fn old_generation_has_one_key_per_user() {
    let options = EmulatorOptions::default().generation(Generation::OneKey);
    let emulator = Emulator::start_with(options).await.unwrap();
    let call = Caller::platform(&emulator).key(emulator.users()[0].api_key());
    let refused = call.post(TOKEN, json!({ "name": "second" })).await;
    assert_eq!(refused.error(), (409, "token_limit_reached".to_owned(), None));
    // A second user is the way out.
    let second = json!({ "user_type": "service", "friendly_name": "second" });
    let created = call.post("/account/api/v1/user", second).await.json();
    let second = Caller::platform(&emulator).key(text(&created["api_token"]["token"]));
    assert_eq!(second.get(ME).await.status, 200);
}

#[tokio::test]
async fn token_is_valid_until_its_last_second_and_not_extendable_later() {
    let (emulator, set) = at(ServiceUserSpec::new("ci-bot").api_keys([ApiKeySpec::default()]));
    let call = Caller::platform(&emulator).key(emulator.users()[0].api_key());
    let day = LastDay::day_of(SystemTime::now() + Duration::from_secs(100 * 24 * 60 * 60));
    let created = call.post(TOKEN, json!({ "name": "short", "end_date": day.to_string() })).await.json();
    let short = Caller::platform(&emulator).key(text(&created["token"]));
    let path = format!("{TOKEN}/{}", text(&created["id"]));

    set(day.last_second());
    assert_eq!((short.get(ME).await.status, &call.get(&path).await.json()["status"]), (200, &json!("ACTIVE")));
    set(day.last_second() + Duration::from_secs(1));
    assert!(short.get(ME).await.text.contains("API key has expired"));
    assert_eq!(call.get(&path).await.json()["status"], "EXPIRED");
    call.put(&path, json!({ "end_date": "2999-12-31" })).await.is_invalid("end_date");
    // Today's date is in the past by now.
    call.post(TOKEN, json!({ "name": "late", "end_date": day.to_string() })).await.is_invalid("end_date");
}

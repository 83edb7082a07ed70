//! Objects of the platform survive a round trip with all their content.

use std::fmt::Debug;

use digicert_one_account::{
    Account, ApiToken, AuditEntry, ClientCertificate, Organization, Role, Status, User, UserType,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::ID;

fn survives<T: DeserializeOwned + Serialize + Debug>(document: &Value) -> T {
    let read: T = serde_json::from_value(document.clone()).expect("it is read");
    assert_eq!(&serde_json::to_value(&read).expect("it is written"), document);
    read
}

fn user() -> Value {
    json!({
        "id": ID, "email": "ops@example.test", "status": "ACTIVE", "access_scope": "account",
        "primary_account_id": "22222222-2222-4222-8222-222222222222", "created_at": "2026-01-05T10:00:00Z",
        "created_by": "33333333-3333-4333-8333-333333333333", "user_type": "service", "friendly_name": "ci-bot",
        "description": "", "locale": "en_US", "end_date": "2026-12-31", "roles": ["AM_ACCOUNT_USER"],
        "accounts": ["22222222-2222-4222-8222-222222222222"],
        "applications": [{ "id": "4", "name": "Account Manager", "permissions": ["VIEW_AM_AUDIT_LOG"], "colour": 7 }],
        "client_auth_certificates": [
            { "id": "5", "nickname": "ci", "end_date": "2026-10-01", "enabled": true, "status": "ACTIVE",
              "serial_number": "0A", "issuer": { "cn": "x" } },
        ],
        "tokens_left": 3, "nested": { "deep": [null, { "er": 1.5 }] },
    })
}

#[test]
fn user_keeps_all_unknown_fields() {
    let user: User = survives(&user());
    assert_eq!((user.id.as_str(), user.friendly_name.as_deref()), (ID, Some("ci-bot")));
    assert_eq!((user.status, user.user_type), (Some(Status::Active), Some(UserType::Service)));
    assert_eq!(user.end_date.expect("a day").to_string(), "2026-12-31T23:59:59Z");
    assert_eq!(user.applications[0].permissions, ["VIEW_AM_AUDIT_LOG"]);
    assert_eq!(user.client_auth_certificates[0].serial_number.as_deref(), Some("0A"));
    assert_eq!(user.extra.keys().collect::<Vec<_>>(), ["nested", "tokens_left"]);
}

#[test]
fn permissions_are_found_in_all_applications() {
    let user: User = survives(&user());
    assert!(user.may("VIEW_AM_AUDIT_LOG") && !user.may("MANAGE_AM_ACCOUNT"));
}

#[test]
fn unknown_values_survive() {
    let user: User =
        survives(&json!({ "id": ID, "status": "ON_HOLD", "user_type": "robot", "access_scope": "galaxy" }));
    assert_eq!(user.status, Some(Status::Other("ON_HOLD".to_owned())));
    assert_eq!(user.user_type, Some(UserType::Other("robot".to_owned())));
}

#[test]
fn values_of_unexpected_type_survive_and_count_as_missing() {
    let user: User = survives(&json!({
        "id": ID, "roles": [{ "id": "AM_ACCOUNT_USER" }], "end_date": "never", "status": 3, "email": null,
        "accounts": { "22": true }, "applications": "all", "friendly_name": ["x"], "created_at": 1_767_225_600,
    }));
    assert!(user.roles.is_empty() && user.end_date.is_none() && user.status.is_none() && user.email.is_none());
    assert_eq!(user.extra.len(), 8);
    let token: ApiToken = survives(&json!({ "id": "t", "enabled": "yes" }));
    assert_eq!(token.is_enabled(), None);
}

#[test]
fn id_is_the_only_required_field() {
    fn minimal<T: DeserializeOwned + Serialize + Debug>() {
        survives::<T>(&json!({ "id": "x" }));
        let error = serde_json::from_value::<T>(json!({ "name": "canary" })).expect_err("no id").to_string();
        assert_eq!(error, "missing field `id`");
        assert!(serde_json::from_value::<T>(json!(["canary"])).is_err());
    }
    minimal::<User>();
    minimal::<ApiToken>();
    minimal::<ClientCertificate>();
    minimal::<Account>();
    minimal::<Role>();
    minimal::<Organization>();
    survives::<AuditEntry>(&json!({}));
}

#[test]
fn other_objects_survive() {
    let token: ApiToken = survives(&json!({
        "id": "t", "name": "ci 1", "user_id": ID, "end_date": "2026-07-31", "enabled": false, "status": "DISABLED",
        "created_at": "2026-01-05T10:00:00Z", "last_used": "2026-02-01",
    }));
    assert_eq!(token.is_enabled(), Some(false));
    let account: Account = survives(&json!({
        "id": "a", "name": "Example", "active": true, "service_period": { "from": "2026-01-01", "to": "2027-01-01", "x": 1 },
        "friendly_identifier": "1234567", "admins": [{ "id": ID, "email": "ops@example.test" }],
        "sign_in_methods": [{ "signInMethod": "standard", "clientAuthCertLoginEnabled": false }], "locale": "en_US",
    }));
    assert_eq!(account.service_period.expect("it has one")["to"], "2027-01-01");
    let role: Role = survives(&json!({
        "id": "AM_ACCOUNT_USER", "name": "User", "application_code": "account_manager", "permissions": ["VIEW_AM_USER"],
        "hidden": false,
    }));
    assert_eq!(role.permissions, ["VIEW_AM_USER"]);
    let entry: AuditEntry = survives(&json!({
        "id": 17, "timestamp": "2026-06-30T12:00:00Z", "action": "disable", "resource_type": "api_token",
        "resource_id": "t", "user_id": ID, "status": "success", "ip": "192.0.2.1",
    }));
    assert_eq!(entry.action.as_deref(), Some("disable"));
    survives::<Organization>(&json!({ "id": "o", "name": "Example", "active": true, "country": "NL" }));
}

#[test]
fn other_names_and_spellings_are_parsed() {
    let token: ApiToken = serde_json::from_value(json!({
        "tokenId": "t", "tokenName": "ci", "expiryDate": "2026-07-31T23:59:59Z", "isEnabled": true, "userId": 5,
    }))
    .expect("read");
    assert_eq!((token.id.as_str(), token.name.as_deref(), token.enabled), ("t", Some("ci"), Some(true)));
    assert_eq!(token.user_id.expect("an owner").as_str(), "5");
    assert!(token.end_date.is_some() && token.extra.is_empty(), "{:?}", token.extra);
    let status = |status: &str| {
        let token: ApiToken = serde_json::from_value(json!({ "id": 1, "status": status })).expect("read");
        token.is_enabled()
    };
    assert_eq!((status("active"), status("DISABLED"), status("EXPIRED")), (Some(true), Some(false), Some(false)));
}

#[test]
fn debug_shows_no_value_of_unknown_fields() {
    let user: User = serde_json::from_value(json!({ "id": ID, "new_secret": "canary" })).expect("read");
    assert!(!format!("{user:?}").contains("canary"));
}

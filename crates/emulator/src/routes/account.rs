//! Account Manager, under `/account`.

use http::Method;
use serde_json::{Value, json};

use super::query::value_of;
use super::{Access, Ask, Route};
use crate::answer::{self, Answer, Fault};
use crate::end_date::EndDate;
use crate::service_user::{Permission, ServiceUser};
use crate::store::Store;

pub(super) const ROUTES: &[Route] = &[
    Route { method: Method::GET, path: "/account/api/v1/user/me", access: Access::Known, serve: me },
    Route {
        method: Method::GET,
        path: "/account/api/v1/user",
        access: Access::With(Permission::ManageAccount),
        serve: users,
    },
];

fn me(ask: &Ask<'_>) -> Result<Answer, Fault> {
    Ok(answer::ok(&user_json(ask.store, &ask.caller()?.user)))
}

/// A bare array, without an envelope.
fn users(ask: &Ask<'_>) -> Result<Answer, Fault> {
    let user_type = value_of(ask.query(), "user_type");
    let service = ask.store.users.iter().map(|user| user_json(ask.store, user));
    let users = std::iter::once(administrator_json(ask.store))
        .chain(service)
        .filter(|user| user_type.is_none_or(|wanted| user["user_type"] == wanted));
    Ok(answer::ok(&users.collect()))
}
fn user_json(store: &Store, user: &ServiceUser) -> Value {
    let mut applications: Vec<(&str, Vec<&str>)> = Vec::new();
    for permission in user.permissions() {
        match applications.iter_mut().find(|(name, _)| *name == permission.application()) {
            Some((_, permissions)) => permissions.push(permission.id()),
            None => applications.push((permission.application(), vec![permission.id()])),
        }
    }
    let applications: Vec<_> = applications
        .into_iter()
        .map(|(name, permissions)| json!({ "id": application_id(name), "name": name, "permissions": permissions }))
        .collect();
    json!({
        "id": user.id(),
        "email": "service-users@example.test",
        "status": if user.active() { "ACTIVE" } else { "DISABLED" },
        "access_scope": "account",
        "primary_account_id": store.account_id,
        "created_at": user.created_at(),
        "created_by": store.administrator_id,
        "user_type": "service",
        "friendly_name": user.friendly_name(),
        "description": "",
        "locale": "en_US",
        // The field's name is our guess: no source shows it.
        "end_date": user.end_date().as_ref().map(EndDate::to_string),
        "applications": applications,
    })
}

fn administrator_json(store: &Store) -> Value {
    json!({
        "id": store.administrator_id,
        "email": "administrator@example.test",
        "status": "ACTIVE",
        "access_scope": "account",
        "primary_account_id": store.account_id,
        "created_at": store.created_at,
        "created_by": store.administrator_id,
        "user_type": "standard",
        "friendly_name": "administrator",
        "description": "",
        "locale": "en_US",
        "applications": [],
    })
}

fn application_id(name: &str) -> &'static str {
    match name {
        "Account Manager" => "44444444-4444-4444-8444-444444444444",
        "Document Trust" => "99999999-9999-4999-8999-999999999999",
        _ => "55555555-5555-4555-8555-555555555555",
    }
}

//! What else Account Manager knows: accounts, roles, the organisation, the audit log.

use http::Method;
use serde_json::{Value, json};

use super::super::query::{Window, decoded_value_of, value_of};
use super::super::{Access, Ask, Route};
use super::existing;
use crate::answer::{self, Answer, Rejection};
use crate::permission::VIEW_AM_AUDIT_LOG;
use crate::role::ROLES;
use crate::state::{AuditEntry, State, UserType};

pub(super) const ROUTES: &[Route] = &[
    Route { method: Method::GET, path: "/account/api/v1/account", access: Access::Known, serve: accounts },
    Route { method: Method::GET, path: "/account/api/v1/role", access: Access::Known, serve: roles },
    Route {
        method: Method::GET,
        path: "/account/api/v1/organization/{id}",
        access: Access::Known,
        serve: organization,
    },
    Route {
        method: Method::GET,
        path: "/account/api/v1/audit-log",
        access: Access::With(VIEW_AM_AUDIT_LOG),
        serve: audit_log,
    },
];

/// The caller's accounts, a bare array.
fn accounts(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let id = &ask.caller()?.id;
    let accounts = ask.store.read(|state| {
        let own = &existing(state, id)?.accounts;
        let own = state.accounts.iter().filter(|account| own.contains(&account.id));
        Ok(own
            .map(|account| {
                json!({
                    "id": account.id,
                    "name": account.name,
                    "active": true,
                    "service_period": { "from": state.created_at.get(..10), "to": null },
                    "friendly_identifier": account.friendly_identifier,
                    "admins": admins(state),
                    // As seen: camelCase inside.
                    "sign_in_methods": [{
                        "signInMethod": "standard",
                        "status": "ENABLED",
                        "mfaStatus": "OPTIONAL",
                        "clientAuthCertLoginEnabled": true,
                    }],
                    "locale": "en_US",
                })
            })
            .collect())
    })?;
    Ok(answer::ok(&accounts))
}

fn admins(state: &State) -> Vec<Value> {
    let administrators = state.users.iter().filter(|user| user.user_type == UserType::Standard);
    administrators.map(|user| json!({ "id": user.id, "email": user.email, "name": user.friendly_name })).collect()
}

/// A bare array, whole whatever its length.
fn roles(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let code = decoded_value_of(ask.query(), "application_code");
    let wanted = ROLES.iter().filter(|role| code.as_ref().is_none_or(|code| role.application_code == code));
    let roles = wanted.map(|role| {
        json!({
            "id": role.id,
            "name": role.name,
            "application_code": role.application_code,
            "permissions": role.permissions,
        })
    });
    Ok(answer::ok(&roles.collect()))
}

fn organization(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let organization = ask.store.read(|state| {
        let known = state.organization_id == ask.variable(0);
        known.then(|| json!({ "id": state.organization_id, "name": "Emulated organisation", "active": true }))
    });
    organization.map(|organization| answer::ok(&organization)).ok_or_else(|| Rejection::not_found("organization"))
}

/// The newest first (inferred).
fn audit_log(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let Window { limit, offset } = Window::of(ask.query())?;
    let action = value_of(ask.query(), "action");
    let log = ask.store.read(|state| {
        let wanted = |entry: &&AuditEntry| action.is_none_or(|action| entry.action == action);
        let entries: Vec<_> = state.audit.iter().rev().filter(wanted).collect();
        let items: Vec<_> = entries.iter().skip(offset).take(limit).collect();
        json!({ "total": entries.len(), "offset": offset, "limit": limit, "items": items })
    });
    Ok(answer::ok(&log))
}

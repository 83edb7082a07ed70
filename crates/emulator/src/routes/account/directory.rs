//! The other resources of Account Manager: accounts, roles, the organisation, the audit log.

use serde_json::{Value, json};

use super::existing;
use crate::response::{self, Rejection, Response};
use crate::role::ROLES;
use crate::role::permission::VIEW_AM_AUDIT_LOG;
use crate::routes::call::{ApiCall, KNOWN, Route, get, with};
use crate::state::{AuditEntry, State, UserType};

pub(in crate::routes) const ROUTES: &[Route] = &[
    get("/account/api/v1/account", KNOWN, accounts),
    get("/account/api/v1/role", KNOWN, roles),
    get("/account/api/v1/organization/{id}", KNOWN, organization),
    get("/account/api/v1/audit-log", with(VIEW_AM_AUDIT_LOG), audit_log),
];

fn accounts(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let id = &call.caller()?.id;
    call.store.read(|state| {
        let own = &existing(state, id)?.accounts;
        let own = state.accounts.iter().filter(|account| own.contains(&account.id));
        Ok(response::array(own.map(|account| {
            json!({
                "id": account.id, "name": account.name, "active": true,
                "service_period": { "from": state.created_at.get(..10), "to": null },
                "friendly_identifier": account.friendly_identifier, "admins": admins(state),
                // As seen: camelCase inside.
                "sign_in_methods": [{
                    "signInMethod": "standard", "status": "ENABLED", "mfaStatus": "OPTIONAL",
                    "clientAuthCertLoginEnabled": true,
                }],
                "locale": "en_US",
            })
        })))
    })
}

fn admins(state: &State) -> Vec<Value> {
    let administrators = state.users.iter().filter(|user| user.user_type == UserType::Standard);
    administrators.map(|user| json!({ "id": user.id, "email": user.email, "name": user.friendly_name })).collect()
}

/// A bare array, complete whatever its length.
fn roles(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let code = call.value("application_code");
    let wanted = ROLES.iter().filter(|role| code.as_ref().is_none_or(|code| role.application_code == code));
    Ok(response::array(wanted))
}

fn organization(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let organization = call.store.read(|state| {
        let known = state.organization_id == call.variable();
        known.then(|| json!({ "id": state.organization_id, "name": "Emulated organisation", "active": true }))
    });
    response::found(organization, "organization")
}

/// The newest first (inferred).
fn audit_log(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let action = call.value("action");
    call.store.read(|state| {
        let wanted = |entry: &&AuditEntry| action.as_ref().is_none_or(|action| entry.action == *action);
        call.page(state.audit.iter().rev().filter(wanted), |entry| json!(entry))
    })
}

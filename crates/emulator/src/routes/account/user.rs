//! Users: list, create, read, change, delete.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{api_token, certificate, existing, existing_mut};
use crate::id::{new_api_key, new_id};
use crate::last_day::rfc3339;
use crate::response::{self, Rejection, Response};
use crate::role;
use crate::role::permission::MANAGE_AM_ACCOUNT;
use crate::routes::call::{Access, ApiCall, KNOWN, Route, delete, get, post, put, with};
use crate::routes::input;
use crate::state::{State, Token, User, UserType};

const MANAGE: Access = with(MANAGE_AM_ACCOUNT);

pub(in crate::routes) const ROUTES: &[Route] = &[
    get("/account/api/v1/user", MANAGE, list),
    post("/account/api/v1/user", MANAGE, create),
    // Every caller may read its own.
    get("/account/api/v1/user/{id}", KNOWN, one),
    put("/account/api/v1/user/{id}", MANAGE, update),
    delete("/account/api/v1/user/{id}", MANAGE, remove),
];

fn list(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let user_type = call.value("user_type");
    call.store.read(|state| {
        let wanted = |user: &&User| user_type.as_ref().is_none_or(|wanted| user.user_type.name() == wanted);
        call.bare_array(state.users.iter().filter(wanted), |user| to_json(state, user))
    })
}

fn one(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let id = call.user_id(call.variable())?;
    let caller = call.caller()?;
    if id != caller.id && !caller.may(MANAGE_AM_ACCOUNT) {
        return Err(Rejection::denied(MANAGE_AM_ACCOUNT));
    }
    let now = call.store.now();
    call.store.read(|state| {
        let user = existing(state, id)?;
        let mut json = to_json(state, user);
        json["client_auth_certificates"] = user.certificates.iter().map(|own| certificate::to_json(own, now)).collect();
        Ok(response::ok(&json))
    })
}

#[derive(Deserialize)]
struct NewUser {
    user_type: Option<String>,
    friendly_name: Option<String>,
    email: Option<String>,
    description: Option<String>,
    accounts: Option<Vec<String>>,
    roles: Option<Vec<String>>,
    end_date: Option<String>,
}

fn create(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let new: NewUser = call.body("user_type and friendly_name")?;
    if new.user_type.as_deref() != Some(UserType::Service.name()) {
        return Err(Rejection::invalid("user_type", "user_type must be service: others are not made over this API"));
    }
    let now = call.store.now();
    let created_at = rfc3339(now);
    let friendly_name = input::name("friendly_name", new.friendly_name)?;
    let email = input::email(new.email)?;
    let end_date = input::end_date(new.end_date, now)?;
    // That a user without a role gets this one is inferred from its name.
    let roles = roles(new.roles.unwrap_or_else(|| vec!["AM_DEFAULT_USER".to_owned()]))?;
    let secret = new_api_key();
    let token = Token::new(friendly_name.clone(), &secret, end_date, &created_at);
    let created_by = call.caller()?.id.clone();
    let user = call.change("create", "user", |state| {
        free(state, &friendly_name, None)?;
        let all = || state.accounts.iter().map(|account| account.id.clone()).collect();
        let user = User {
            id: new_id(),
            user_type: UserType::Service,
            friendly_name,
            email,
            description: new.description.unwrap_or_default(),
            active: true,
            end_date,
            created_at,
            created_by,
            roles,
            permissions: Vec::new(),
            accounts: new.accounts.map(|ids| accounts(state, ids)).transpose()?.unwrap_or_else(all),
            tokens: vec![token],
            certificates: Vec::new(),
        };
        let mut json = to_json(state, &user);
        json["api_token"] = api_token::to_json(&user, &user.tokens[0], now);
        json["api_token"]["token"] = Value::String(secret);
        let id = user.id.clone();
        state.users.push(user);
        Ok((id, json))
    })?;
    Ok(response::created(&user))
}

#[derive(Deserialize)]
struct Changes {
    friendly_name: Option<String>,
    email: Option<String>,
    description: Option<String>,
    accounts: Option<Vec<String>>,
    roles: Option<Vec<String>>,
    status: Option<String>,
    #[serde(default, deserialize_with = "input::given")]
    end_date: Option<Option<String>>,
}

fn update(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let changes: Changes = call.body("what is to be changed")?;
    let id = call.user_id(call.variable())?;
    let now = call.store.now();
    let friendly_name = changes.friendly_name.map(|name| input::name("friendly_name", Some(name))).transpose()?;
    let email = changes.email.map(|email| input::email(Some(email))).transpose()?;
    let end_date = changes.end_date.map(|end| input::end_date(end, now)).transpose()?;
    let roles = changes.roles.map(roles).transpose()?;
    let active = match changes.status.as_deref() {
        None => None,
        Some("ACTIVE") => Some(true),
        Some("DISABLED") => Some(false),
        Some(_) => return Err(Rejection::invalid("status", "status must be ACTIVE or DISABLED")),
    };
    let user = call.change("update", "user", |state| {
        existing(state, id)?;
        if let Some(name) = &friendly_name {
            free(state, name, Some(id))?;
        }
        let accounts = changes.accounts.map(|ids| accounts(state, ids)).transpose()?;
        let user = existing_mut(state, id)?;
        set(&mut user.friendly_name, friendly_name);
        set(&mut user.email, email);
        set(&mut user.description, changes.description);
        set(&mut user.end_date, end_date);
        set(&mut user.roles, roles);
        set(&mut user.accounts, accounts);
        set(&mut user.active, active);
        Ok((id.to_owned(), to_json(state, existing(state, id)?)))
    })?;
    Ok(response::ok(&user))
}

/// Its tokens and certificates go with it.
fn remove(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let id = call.user_id(call.variable())?;
    call.change("delete", "user", |state| {
        if existing(state, id)?.user_type != UserType::Service {
            return Err(Rejection::invalid(None, "only service users are deleted over this API"));
        }
        state.users.retain(|user| user.id != id);
        Ok((id.to_owned(), ()))
    })?;
    Ok(response::no_content())
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn free(state: &State, friendly_name: &str, itself: Option<&str>) -> Result<(), Rejection> {
    let taken = |user: &User| user.friendly_name == friendly_name && Some(user.id.as_str()) != itself;
    if state.users.iter().any(taken) { Err(Rejection::duplicate("friendly_name")) } else { Ok(()) }
}

fn roles(ids: Vec<String>) -> Result<Vec<String>, Rejection> {
    if ids.iter().all(|id| role::find(id).is_some()) {
        return Ok(ids);
    }
    Err(Rejection::invalid("roles", "roles names one that does not exist: GET /account/api/v1/role lists them"))
}

fn accounts(state: &State, ids: Vec<String>) -> Result<Vec<String>, Rejection> {
    if !ids.is_empty() && ids.iter().all(|id| state.accounts.iter().any(|account| account.id == *id)) {
        return Ok(ids);
    }
    let message = "accounts is empty or names one that does not exist: GET /account/api/v1/account lists them";
    Err(Rejection::invalid("accounts", message))
}

/// The keys that were seen, and `end_date`, `roles` and `accounts`, whose names are inferred.
fn to_json(state: &State, user: &User) -> Value {
    let mut applications: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for permission in user.all_permissions() {
        let Some((name, id)) = role::application_of(permission) else { continue };
        match applications.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, _, permissions)) => permissions.push(permission),
            None => applications.push((name, id, vec![permission])),
        }
    }
    let applications: Vec<_> = applications
        .into_iter()
        .map(|(name, id, permissions)| json!({ "id": id, "name": name, "permissions": permissions }))
        .collect();
    json!({
        "id": user.id, "email": user.email, "status": if user.active { "ACTIVE" } else { "DISABLED" },
        "access_scope": "account",
        "primary_account_id": user.accounts.first().or(state.accounts.first().map(|account| &account.id)),
        "created_at": user.created_at, "created_by": user.created_by, "user_type": user.user_type,
        "friendly_name": user.friendly_name, "description": user.description, "locale": "en_US",
        "end_date": user.end_date, "roles": user.roles, "accounts": user.accounts, "applications": applications,
    })
}

//! API tokens. Only the response that creates a token contains its API key.

use std::time::SystemTime;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{existing, existing_mut};
use crate::id::new_api_key;
use crate::last_day::rfc3339;
use crate::options::Generation;
use crate::response::{self, Rejection, Response};
use crate::routes::call::{ApiCall, KNOWN, Route, delete, get, post, put};
use crate::routes::input;
use crate::state::{Standing, State, Token, User};

pub(in crate::routes) const ROUTES: &[Route] = &[
    get("/account/api/v1/api-access-token", KNOWN, list),
    post("/account/api/v1/api-access-token", KNOWN, create),
    get("/account/api/v1/api-access-token/{id}", KNOWN, one),
    put("/account/api/v1/api-access-token/{id}", KNOWN, update),
    delete("/account/api/v1/api-access-token/{id}", KNOWN, remove),
];

pub(super) fn to_json(owner: &User, token: &Token, now: SystemTime) -> Value {
    json!({
        "id": token.id, "name": token.name, "user_id": owner.id, "end_date": token.end_date, "enabled": token.enabled,
        "status": token.standing(now), "created_at": token.created_at,
    })
}

fn list(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let given = call.value("user_id").filter(|id| !id.is_empty());
    let given =
        given.ok_or_else(|| Rejection::invalid("user_id", "user_id is missing: give the id of a user, or me"))?;
    let id = call.user_id(&given)?;
    call.may_manage(id)?;
    let now = call.store.now();
    call.store.read(|state| {
        let owner = existing(state, id)?;
        call.bare_array(&owner.tokens, |token| to_json(owner, token, now))
    })
}

#[derive(Deserialize)]
struct NewToken {
    name: Option<String>,
    user_id: Option<String>,
    end_date: Option<String>,
}

fn create(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let new: NewToken = call.body("name")?;
    let id = call.user_id(new.user_id.as_deref().unwrap_or("me"))?;
    call.may_manage(id)?;
    let name = input::name("name", new.name)?;
    let now = call.store.now();
    let created = call.change("create", "api_token", |state| {
        let owner = existing_mut(state, id)?;
        if owner.standing(now) == Standing::Expired {
            return Err(Rejection::invalid("user_id", "the user has expired: extend its end date first"));
        }
        let end_date = input::end_date_under(new.end_date, owner, now)?;
        if call.store.generation == Generation::OneKey && !owner.tokens.is_empty() {
            let message = "The user already has an API token; one per user is allowed";
            return Err(Rejection::conflict("token_limit_reached", message));
        }
        free(owner, &name, None)?;
        let secret = new_api_key();
        let token = Token::new(name, &secret, end_date, &rfc3339(now));
        let mut json = to_json(owner, &token, now);
        json["token"] = Value::String(secret);
        let id = token.id.clone();
        owner.tokens.push(token);
        Ok((id, json))
    })?;
    Ok(response::created(&created))
}

fn one(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let (owner_id, now) = (owner(call)?, call.store.now());
    call.store.read(|state| {
        let (owner, token) = find(state, &owner_id, call.variable())?;
        Ok(response::ok(&to_json(owner, token, now)))
    })
}

#[derive(Deserialize)]
struct Changes {
    name: Option<String>,
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "input::given")]
    end_date: Option<Option<String>>,
}

fn update(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let (owner_id, id, now) = (owner(call)?, call.variable(), call.store.now());
    let changes: Changes = call.body("what is to be changed of name, end_date and enabled")?;
    let name = changes.name.map(|name| input::name("name", Some(name))).transpose()?;
    let token = call.change("update", "api_token", |state| {
        let (owner, token) = find(state, &owner_id, id)?;
        if let Some(name) = &name {
            free(owner, name, Some(id))?;
        }
        let end_date = changes.end_date.map(|end| input::end_date_under(end, owner, now)).transpose()?;
        if end_date.is_some() && token.end_date.is_some_and(|end| end.passed(now)) {
            let message = "the token has expired: only one that is valid can be extended";
            return Err(Rejection::invalid("end_date", message));
        }
        for token in existing_mut(state, &owner_id)?.tokens.iter_mut().filter(|token| token.id == id) {
            if let Some(name) = &name {
                token.name.clone_from(name);
            }
            token.end_date = end_date.unwrap_or(token.end_date);
            token.enabled = changes.enabled.unwrap_or(token.enabled);
        }
        let (owner, token) = find(state, &owner_id, id)?;
        Ok((id.to_owned(), to_json(owner, token, now)))
    })?;
    Ok(response::ok(&token))
}

fn remove(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let (owner_id, id) = (owner(call)?, call.variable());
    call.change("delete", "api_token", |state| {
        find(state, &owner_id, id)?;
        existing_mut(state, &owner_id)?.tokens.retain(|token| token.id != id);
        Ok((id.to_owned(), ()))
    })?;
    Ok(response::no_content())
}

fn owner(call: &ApiCall<'_>) -> Result<String, Rejection> {
    call.owner("API token", |user| user.tokens.iter().any(|token| token.id == call.variable()))
}

fn find<'s>(state: &'s State, owner_id: &str, id: &str) -> Result<(&'s User, &'s Token), Rejection> {
    let owner = existing(state, owner_id)?;
    let token = owner.tokens.iter().find(|token| token.id == id);
    Ok((owner, token.ok_or_else(|| Rejection::not_found("API token"))?))
}

fn free(owner: &User, name: &str, itself: Option<&str>) -> Result<(), Rejection> {
    let taken = |token: &Token| token.name == name && Some(token.id.as_str()) != itself;
    if owner.tokens.iter().any(taken) { Err(Rejection::duplicate("name")) } else { Ok(()) }
}

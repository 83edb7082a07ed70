//! API tokens. The key that a token stands for is in the answer that creates it, and nowhere else.

use std::time::SystemTime;

use digicert_one_testbed::sha256_hex;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::query::{Window, value_of};
use super::super::{Access, Ask, Route};
use super::{duplicate, existing, existing_mut};
use crate::answer::{self, Answer, Rejection};
use crate::end_date::{EndDate, rfc3339};
use crate::input;
use crate::options::Generation;
use crate::state::{Standing, State, Token, User};
use crate::store::{new_api_key, new_id};

pub(super) const ROUTES: &[Route] = &[
    Route { method: Method::GET, path: "/account/api/v1/api-access-token", access: Access::Known, serve: list },
    Route { method: Method::POST, path: "/account/api/v1/api-access-token", access: Access::Known, serve: create },
    Route { method: Method::GET, path: "/account/api/v1/api-access-token/{id}", access: Access::Known, serve: one },
    Route { method: Method::PUT, path: "/account/api/v1/api-access-token/{id}", access: Access::Known, serve: update },
    Route {
        method: Method::DELETE,
        path: "/account/api/v1/api-access-token/{id}",
        access: Access::Known,
        serve: delete,
    },
];

/// A token with its key.
pub(super) fn make(name: String, end_date: Option<EndDate>, created_at: &str) -> (Token, String) {
    let secret = new_api_key();
    let token = Token {
        id: new_id(),
        name,
        digest: sha256_hex(secret.as_bytes()),
        enabled: true,
        end_date,
        created_at: created_at.to_owned(),
    };
    (token, secret)
}

/// A token without its key.
pub(super) fn to_json(owner: &User, token: &Token, now: SystemTime) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "user_id": owner.id,
        "end_date": token.end_date,
        "enabled": token.enabled,
        "status": token.standing(now).word(),
        "created_at": token.created_at,
    })
}

/// A bare array.
fn list(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let given = value_of(ask.query(), "user_id").filter(|id| !id.is_empty());
    let given =
        given.ok_or_else(|| Rejection::invalid("user_id", "user_id is missing: give the id of a user, or me"))?;
    let id = ask.user_id(given)?;
    ask.may_manage(id)?;
    let window = Window::with_default(ask.query(), usize::MAX)?;
    let now = ask.store.now();
    let tokens = ask.store.read(|state| {
        let owner = existing(state, id)?;
        Ok(window.of_items(&owner.tokens).map(|token| to_json(owner, token, now)).collect())
    })?;
    Ok(answer::ok(&tokens))
}

#[derive(Deserialize)]
struct NewToken {
    name: Option<String>,
    user_id: Option<String>,
    end_date: Option<String>,
}

fn create(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let new: NewToken = input::body(ask.request.body(), "name")?;
    let id = ask.user_id(new.user_id.as_deref().unwrap_or("me"))?;
    ask.may_manage(id)?;
    let name = input::name("name", new.name)?;
    let now = ask.store.now();
    let created = ask.change("create", "api_token", |state| {
        let owner = existing_mut(state, id)?;
        if owner.standing(now) == Standing::Expired {
            return Err(Rejection::invalid("user_id", "the user has expired: extend its end date first"));
        }
        let end_date = input::end_date_under(new.end_date, owner, now)?;
        if ask.store.generation == Generation::OneKey && !owner.tokens.is_empty() {
            let message = "The user has its API token, and there is one for each user";
            return Err(Rejection::conflict("token_limit_reached", None, message));
        }
        free(owner, &name, None)?;
        let (token, secret) = make(name, end_date, &rfc3339(now));
        let mut json = to_json(owner, &token, now);
        json["token"] = Value::String(secret);
        let id = token.id.clone();
        owner.tokens.push(token);
        Ok((id, json))
    })?;
    Ok(answer::created(&created))
}

fn one(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let (owner_id, now) = (owner(ask)?, ask.store.now());
    let token = ask.store.read(|state| {
        let (owner, token) = find(state, &owner_id, ask.variable(0))?;
        Ok(to_json(owner, token, now))
    })?;
    Ok(answer::ok(&token))
}

#[derive(Deserialize)]
struct Changes {
    name: Option<String>,
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "input::given")]
    end_date: Option<Option<String>>,
}

fn update(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let (owner_id, id, now) = (owner(ask)?, ask.variable(0), ask.store.now());
    let changes: Changes = input::body(ask.request.body(), "what is to be changed of name, end_date and enabled")?;
    let name = changes.name.map(|name| input::name("name", Some(name))).transpose()?;
    let token = ask.change("update", "api_token", |state| {
        let (owner, token) = find(state, &owner_id, id)?;
        if let Some(name) = &name {
            free(owner, name, Some(id))?;
        }
        let end_date = changes.end_date.map(|end| input::end_date_under(end, owner, now)).transpose()?;
        if end_date.is_some() && token.end_date.is_some_and(|end| end.passed(now)) {
            return Err(Rejection::invalid(
                "end_date",
                "the token has expired: only one that is valid can be extended",
            ));
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
    Ok(answer::ok(&token))
}

fn delete(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let (owner_id, id) = (owner(ask)?, ask.variable(0));
    ask.change("delete", "api_token", |state| {
        find(state, &owner_id, id)?;
        existing_mut(state, &owner_id)?.tokens.retain(|token| token.id != id);
        Ok((id.to_owned(), ()))
    })?;
    Ok(answer::no_content())
}

/// The id of the owner of the token in the path, whose tokens the caller may manage.
fn owner(ask: &Ask<'_>) -> Result<String, Rejection> {
    let owns = |user: &&User| user.tokens.iter().any(|token| token.id == ask.variable(0));
    let owner = ask.store.read(|state| state.users.iter().find(owns).map(|user| user.id.clone()));
    // Whose it would be is not known then, so only who may manage its own at all hears that it is not there.
    ask.may_manage(owner.as_deref().unwrap_or(&ask.caller()?.id))?;
    owner.ok_or_else(|| Rejection::not_found("API token"))
}

fn find<'s>(state: &'s State, owner_id: &str, id: &str) -> Result<(&'s User, &'s Token), Rejection> {
    let owner = existing(state, owner_id)?;
    let token = owner.tokens.iter().find(|token| token.id == id);
    Ok((owner, token.ok_or_else(|| Rejection::not_found("API token"))?))
}

/// Whether the user has no (other) token of this name.
fn free(owner: &User, name: &str, itself: Option<&str>) -> Result<(), Rejection> {
    let taken = |token: &Token| token.name == name && Some(token.id.as_str()) != itself;
    if owner.tokens.iter().any(taken) { Err(duplicate("name")) } else { Ok(()) }
}

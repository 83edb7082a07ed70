//! Account Manager, under `/account`. Bodies and codes that no source shows are inferred; they are the same for all clients of this
//! workspace, and each is written in one place here.

mod api_token;
mod certificate;
mod directory;
mod user;

use super::{Ask, Route};
use crate::answer::Rejection;
use crate::permission::MANAGE_AM_ACCOUNT;
use crate::state::{State, User};

pub(super) const ROUTES: [&[Route]; 4] = [user::ROUTES, api_token::ROUTES, certificate::ROUTES, directory::ROUTES];

impl Ask<'_> {
    /// A user's id as callers write it: `me` is the caller's.
    fn user_id<'i>(&'i self, given: &'i str) -> Result<&'i str, Rejection> {
        Ok(if given == "me" { &self.caller()?.id } else { given })
    }

    /// Whether the caller may manage the tokens and certificates of this user: its own with any role of Account Manager, those of
    /// others with a permission.
    fn may_manage(&self, owner_id: &str) -> Result<(), Rejection> {
        let caller = self.caller()?;
        let own = caller.id == owner_id && caller.account_role;
        if own || caller.may(MANAGE_AM_ACCOUNT) { Ok(()) } else { Err(Rejection::denied(MANAGE_AM_ACCOUNT)) }
    }
}

/// The user, or 404.
fn existing<'s>(state: &'s State, id: &str) -> Result<&'s User, Rejection> {
    state.user(id).ok_or_else(|| Rejection::not_found("user"))
}

/// The user, or 404, to be changed.
fn existing_mut<'s>(state: &'s mut State, id: &str) -> Result<&'s mut User, Rejection> {
    state.user_mut(id).ok_or_else(|| Rejection::not_found("user"))
}

/// 409: the name is taken. The code and the word are the platform's, whatever the thing.
fn duplicate(field: &'static str) -> Rejection {
    Rejection::conflict("duplicate_error", field, "Nickname is already in use")
}

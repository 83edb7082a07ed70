//! Account Manager, under `/account`, and ownership of its resources. Bodies and codes without a source are
//! inferred; they are the same for all clients of this workspace, and each is defined in one place here.

pub(super) mod api_token;
pub(super) mod certificate;
pub(super) mod directory;
pub(super) mod user;

use crate::response::Rejection;
use crate::role::permission::MANAGE_AM_ACCOUNT;
use crate::routes::call::ApiCall;
use crate::state::{State, User};

impl ApiCall<'_> {
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

    /// Returns the owner of the resource in the path, if the caller may manage it.
    fn owner(&self, what: &str, owns: impl Fn(&User) -> bool) -> Result<String, Rejection> {
        let owner = self.store.read(|state| state.users.iter().find(|user| owns(user)).map(|user| user.id.clone()));
        // Without an owner, only callers that may manage their own resources learn that it does not exist.
        self.may_manage(owner.as_deref().unwrap_or(&self.caller()?.id))?;
        owner.ok_or_else(|| Rejection::not_found(what))
    }
}

fn existing<'s>(state: &'s State, id: &str) -> Result<&'s User, Rejection> {
    state.user(id).ok_or_else(|| Rejection::not_found("user"))
}

fn existing_mut<'s>(state: &'s mut State, id: &str) -> Result<&'s mut User, Rejection> {
    state.user_mut(id).ok_or_else(|| Rejection::not_found("user"))
}

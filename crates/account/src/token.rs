//! API tokens: the platform's object, and the requests to create or change one. The calls are in `tokens.rs`.

use std::time::SystemTime;

use digicert_one_core::EndDate;
use serde::de::Deserializer;
use serde::{Deserialize, Serialize};

use crate::check::{self, InvalidField};
use crate::fields::{Extra, Fields, write_end};
use crate::{Id, Status, User};

/// An API token: the platform's object. It never contains the secret value, which is the API key.
///
/// Source: that it has a name, an end date, a state, an id and an owner is documented; the names of the fields are inferred.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ApiToken {
    /// The id.
    pub id: Id<ApiToken>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Id<User>>,
    /// The last second in which it is valid; `None` means that it expires with its owner.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_end")]
    pub end_date: Option<EndDate>,
    /// Whether it is enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// When it was created, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Unknown fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ApiToken {
    /// Returns whether the platform reports it as enabled; `None` if it does not report it, or in a word that
    /// this version does not know. Expiry is independent of this.
    #[must_use]
    pub fn is_enabled(&self) -> Option<bool> {
        self.enabled.or_else(|| self.status.as_ref()?.is_enabled())
    }
}

impl<'de> Deserialize<'de> for ApiToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::read(deserializer)?;
        Ok(Self {
            id: fields.need(&["id", "token_id", "api_access_token_id"])?,
            name: fields.take(&["name", "token_name", "nickname", "friendly_name"]),
            user_id: fields.take(&["user_id", "owner_id"]),
            end_date: fields.end_date(),
            enabled: fields.take(&["enabled", "is_enabled"]),
            status: fields.take(&["status", "state"]),
            created_at: fields.take(&["created_at", "created_on"]),
            extra: fields.rest(),
        })
    }
}

/// A request to create an API token.
///
/// ```
/// use digicert_one_account::NewToken;
/// let token = NewToken::new("ci-bot 2026-07").end_date("2099-12-31".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct NewToken {
    /// The name, unique: letters, digits, blanks, `-` and `_` (documented).
    pub name: String,
    /// The owner; by default the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Id<User>>,
    /// Its last day.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_end")]
    pub end_date: Option<EndDate>,
}

impl NewToken {
    /// Creates a token with this name for the caller.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), user_id: None, end_date: None }
    }

    /// Sets the owner.
    #[must_use]
    pub fn user(mut self, user: impl Into<Id<User>>) -> Self {
        self.user_id = Some(user.into());
        self
    }

    /// Sets its last day; it is valid until 23:59:59 UTC, or until its owner expires.
    #[must_use]
    pub fn end_date(mut self, end_date: EndDate) -> Self {
        self.end_date = Some(end_date);
        self
    }

    pub(crate) fn check(&self, now: SystemTime) -> Result<(), InvalidField> {
        check::name("name", &self.name)?;
        self.user_id.as_ref().map_or(Ok(()), |id| check::id("user_id", id.as_str()))?;
        check::end_date(self.end_date, now)
    }
}

/// A change of an API token; fields that are not set stay.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct TokenChange {
    /// A new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new last day; it can be moved while the token is valid (documented).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_end")]
    pub end_date: Option<EndDate>,
    /// Whether it is enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl TokenChange {
    /// Creates an empty change.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a new name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets a new last day.
    #[must_use]
    pub fn end_date(mut self, end_date: EndDate) -> Self {
        self.end_date = Some(end_date);
        self
    }

    /// Enables or disables it.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    pub(crate) fn check(&self, now: SystemTime) -> Result<(), InvalidField> {
        check::change(self.name.is_none() && self.end_date.is_none() && self.enabled.is_none())?;
        self.name.as_deref().map_or(Ok(()), |name| check::name("name", name))?;
        check::end_date(self.end_date, now)
    }
}

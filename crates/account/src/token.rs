//! API tokens as the platform writes them, and what is said to make or change one. The calls are in `tokens.rs`.

use std::time::SystemTime;

use digicert_one_core::{EndDate, Secret};
use serde::de::Deserializer;
use serde::{Deserialize, Serialize};

use crate::check::{self, InvalidField};
use crate::fields::{Extra, Fields, write_end};
use crate::{Status, TokenId, UserId};

/// An API token: the object at the platform. Its secret value, the API key, is never in here.
///
/// Source: that it has a name, an end date, a state, an id and an owner is documented; the names of the fields are inferred.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ApiToken {
    /// The id.
    pub id: TokenId,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The last second in which it works; none means that it ends with its owner only.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_end")]
    pub end_date: Option<EndDate>,
    /// Whether it is switched on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// When it was made, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// What else there was.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ApiToken {
    /// Whether the platform says that it is switched on; nothing if it says neither. An end date that is over is another matter.
    #[must_use]
    pub fn is_enabled(&self) -> Option<bool> {
        self.enabled.or_else(|| self.status.as_ref().map(|status| *status == Status::Active))
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

/// An API token that is to be made.
///
/// ```
/// use digicert_one_account::NewToken;
/// let token = NewToken::new("ci-bot 2026-07").with_end_date("2099-12-31".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct NewToken {
    /// The name, unique: letters, digits, blanks, `-` and `_` (documented).
    pub name: String,
    /// Whose it will be; without it, the caller's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Its last day.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_end")]
    pub end_date: Option<EndDate>,
}

impl NewToken {
    /// A token of this name for the caller.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), user_id: None, end_date: None }
    }

    /// Whose it will be.
    #[must_use]
    pub fn with_user(mut self, user: impl Into<UserId>) -> Self {
        self.user_id = Some(user.into());
        self
    }

    /// Its last day; it works until 23:59:59 UTC, or until its owner ends.
    #[must_use]
    pub fn with_end_date(mut self, end_date: EndDate) -> Self {
        self.end_date = Some(end_date);
        self
    }

    pub(crate) fn check(&self, now: SystemTime) -> Result<(), InvalidField> {
        check::name("name", &self.name)?;
        self.user_id.as_ref().map_or(Ok(()), |id| check::id("user_id", id.as_str()))?;
        check::end_date(self.end_date, now)
    }
}

/// What is to be changed of an API token; what is not named stays.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct TokenChange {
    /// A new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new last day; it can be moved while the token works (documented).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_end")]
    pub end_date: Option<EndDate>,
    /// On or off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl TokenChange {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A new name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A new last day.
    #[must_use]
    pub fn with_end_date(mut self, end_date: EndDate) -> Self {
        self.end_date = Some(end_date);
        self
    }

    /// On or off.
    #[must_use]
    pub fn with_enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    pub(crate) fn check(&self, now: SystemTime) -> Result<(), InvalidField> {
        check::change(self.name.is_none() && self.end_date.is_none() && self.enabled.is_none())?;
        self.name.as_deref().map_or(Ok(()), |name| check::name("name", name))?;
        check::end_date(self.end_date, now)
    }
}

/// An API token that was just made, with the only sight of its API key.
///
/// Keep the key before anything else: it cannot be asked for again.
#[derive(Debug)]
#[non_exhaustive]
pub struct CreatedToken {
    /// The token; nothing where the answer does not tell its id. Its name finds it in the list.
    pub token: Option<ApiToken>,
    /// Its secret.
    pub api_key: Secret,
}

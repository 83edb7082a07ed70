//! Accounts, roles and organisations. Read only.

use serde::de::Deserializer;
use serde::{Deserialize, Serialize};

use crate::Id;
use crate::fields::{Extra, Fields};

/// An account.
///
/// Source: the list of accounts (documented).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Account {
    /// The id.
    pub id: Id<Account>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// The first and last day of its service, `from` and `to`, as `2026-01-31`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_period: Option<Extra>,
    /// A readable number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub friendly_identifier: Option<String>,
    /// Unknown fields, and administrators and sign-in methods.
    #[serde(flatten)]
    pub extra: Extra,
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::read(deserializer)?;
        Ok(Self {
            id: fields.need(&["id", "account_id"])?,
            name: fields.take(&["name"]),
            active: fields.take(&["active"]),
            service_period: fields.take(&["service_period"]),
            friendly_identifier: fields.take(&["friendly_identifier"]),
            extra: fields.rest(),
        })
    }
}

/// A role and its permissions.
///
/// Source: path and filter are documented; the names of the fields are inferred.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Role {
    /// The id that is assigned to users, such as `AM_ACCOUNT_USER`.
    pub id: String,
    /// The display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For example `account_manager`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_code: Option<String>,
    /// Its permissions: an open set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// Unknown fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::read(deserializer)?;
        Ok(Self {
            id: fields.need(&["id", "role_id", "code"])?,
            name: fields.take(&["name"]),
            application_code: fields.take(&["application_code"]),
            permissions: fields.list(&["permissions"]),
            extra: fields.rest(),
        })
    }
}

/// An organisation.
///
/// Source: the path is documented; the names of the fields are inferred.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Organization {
    /// The id.
    pub id: Id<Organization>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Unknown fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl<'de> Deserialize<'de> for Organization {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::read(deserializer)?;
        Ok(Self {
            id: fields.need(&["id", "organization_id"])?,
            name: fields.take(&["name"]),
            active: fields.take(&["active"]),
            extra: fields.rest(),
        })
    }
}

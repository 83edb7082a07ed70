//! Accounts, roles, organisations, and the audit log. Read only.

use serde::de::Deserializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fields::{Extra, Fields};
use crate::{AccountId, OrganizationId, UserId};

/// An account.
///
/// Source: the list of accounts (documented).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Account {
    /// The id.
    pub id: AccountId,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// The first and last day of its service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_period: Option<ServicePeriod>,
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

/// The service period of an account: days as `2026-01-31`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ServicePeriod {
    /// The first day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Unknown fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl<'de> Deserialize<'de> for ServicePeriod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::read(deserializer)?;
        Ok(Self { from: fields.take(&["from"]), to: fields.take(&["to"]), extra: fields.rest() })
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

/// An entry of the audit log.
///
/// Source: the path is documented; the names of the fields are inferred from the log of Trust Lifecycle.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// The id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Value>,
    /// The time, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// The action: an open set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The kind of resource: an open set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The id of the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The outcome: an open set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Unknown fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl<'de> Deserialize<'de> for AuditEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::read(deserializer)?;
        Ok(Self {
            id: fields.exact("id"),
            timestamp: fields.take(&["timestamp", "created_at", "date"]),
            action: fields.take(&["action"]),
            resource_type: fields.take(&["resource_type"]),
            resource_id: fields.take(&["resource_id"]),
            user_id: fields.take(&["user_id"]),
            status: fields.take(&["status"]),
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
    pub id: OrganizationId,
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

//! Entries of the audit log. Read only.

use serde::de::Deserializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fields::{Extra, Fields};
use crate::{Id, User};

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
    pub user_id: Option<Id<User>>,
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

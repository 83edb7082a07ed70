//! One profile.

use std::path::PathBuf;

use digicert_one_core::{EndDate, Mode};
use serde::{Serialize, Serializer};

use super::reference::Reference;

/// A named configuration. Serialized, it holds the same references, never a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Profile {
    /// The platform host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The certificate host, if it is not `clientauth.` plus the platform host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clientauth_host: Option<String>,
    /// The credential to use, if not all that is configured.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub mode: Option<Mode>,
    /// The CA file, in addition to the system's roots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Where the API key is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Reference>,
    /// Where the certificate is, in any format, with or without its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Reference>,
    /// Where the certificate's key is, if separate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_key: Option<Reference>,
    /// Where the password of the key or the PKCS#12 is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Reference>,
    /// The address of the rate limiter that a fleet shares, without a password: `redis://host`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limiter: Option<String>,
    /// Where the password of the limiter is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limiter_password: Option<Reference>,
    /// The limits that the fleet shares, such as `1000/60s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limiter_rate: Option<String>,
    /// The last day of the API key.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub api_key_ends: Option<EndDate>,
    /// The last day of the service user.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub owner_ends: Option<EndDate>,
}

fn as_text<T: ToString, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}

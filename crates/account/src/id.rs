//! Ids, each with its own type, so that a token's id cannot be used as a user's id.

use std::fmt;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

macro_rules! ids {
    ($($(#[$docs:meta])+ $name:ident;)+) => {$(
        $(#[$docs])+
        ///
        /// Parsed from a text or a number, and stored as written: UUIDs were seen, but are not documented.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Creates an id from this text. Calls refuse an empty one.
            #[must_use]
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// Returns the id as written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self::new(id)
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match Value::deserialize(deserializer)? {
                    Value::String(text) if !text.is_empty() => Ok(Self(text)),
                    // A number beyond 64 bits would be rounded and identify something else.
                    Value::Number(number) if !number.is_f64() => Ok(Self(number.to_string())),
                    _ => Err(D::Error::custom("invalid id: expected a text or a 64-bit integer")),
                }
            }
        }
    )+};
}

ids! {
    /// The id of a user or service user.
    UserId;
    /// The id of an API token: not its secret value, which is the API key.
    TokenId;
    /// The id of a client certificate at the platform: not its serial number.
    CertificateId;
    /// The id of an account.
    AccountId;
    /// The id of an organisation.
    OrganizationId;
}

impl UserId {
    /// Returns the id of the caller: the platform accepts the word `me` instead of a user id.
    ///
    /// Source: "Manage the API token lifecycle" (documented).
    #[must_use]
    pub fn me() -> Self {
        Self::new("me")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_texts_or_numbers_only() {
        let read = |text: &str| serde_json::from_str::<UserId>(text).map(|id| id.as_str().to_owned()).ok();
        assert_eq!(read("\"a-1\"").as_deref(), Some("a-1"));
        assert_eq!(read("17").as_deref(), Some("17"));
        for none in ["12345678901234567890123", "1.5", "\"\"", "null", "{}", "[1]", "true"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}

//! Ids that know what they identify, so that a token's id cannot be used as a user's id.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;

/// The id of a `T`: `Id<User>`, `Id<ApiToken>`, `Id<ClientCertificate>`, `Id<Account>` or `Id<Organization>`.
///
/// The id of an API token is not its secret value, which is the API key; that of a client certificate is not its serial number.
/// Parsed from a text or a number, and stored as written: UUIDs were seen, but are not documented.
///
/// ```
/// use digicert_one_account::{ApiToken, Id};
/// let id: Id<ApiToken> = "7d1f".into();
/// assert_eq!(id.as_str(), "7d1f");
/// ```
pub struct Id<T> {
    text: String,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// Creates an id from this text. Calls refuse an empty one.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { text: id.into(), of: PhantomData }
    }

    /// Returns the id as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<T> From<&str> for Id<T> {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl<T> From<String> for Id<T> {
    fn from(id: String) -> Self {
        Self::new(id)
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Id").field(&self.text).finish()
    }
}

// Written out, since `derive` would ask the same of `T`.

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        Self::new(self.text.clone())
    }
}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if !text.is_empty() => Ok(Self::new(text)),
            // A number beyond 64 bits would be rounded and identify something else.
            Value::Number(number) if !number.is_f64() => Ok(Self::new(number.to_string())),
            _ => Err(D::Error::custom("invalid id: expected a text or a 64-bit integer")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_texts_or_numbers_only() {
        let read = |text: &str| serde_json::from_str::<Id<()>>(text).map(|id| id.as_str().to_owned()).ok();
        assert_eq!(read("\"a-1\"").as_deref(), Some("a-1"));
        assert_eq!(read("17").as_deref(), Some("17"));
        for none in ["12345678901234567890123", "1.5", "\"\"", "null", "{}", "[1]", "true"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}

//! Lenient reading of responses, for other versions of the platform: enums that keep unknown values, and numbers and texts in place of each
//! other.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// An enum of texts that keeps unknown texts, so that they survive a round trip.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])+ $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])+ $variant,)+
            /// An unknown value.
            Other(String),
        }

        impl $name {
            /// The text on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = $crate::open::text(deserializer)?;
                Ok(Self::from(text.as_str()))
            }
        }
    };
}
pub(crate) use open_enum;

/// A text, or a number or boolean in its place.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    as_text(&value).ok_or_else(|| serde::de::Error::custom("invalid type: other, expected a text"))
}

/// As [`text`], but may be missing or null.
pub(crate) fn maybe_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(as_text(&Value::deserialize(deserializer)?))
}

/// A list of texts, or a single text or null in its place.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Array(values) => Ok(values.iter().filter_map(as_text).collect()),
        value => Ok(as_text(&value).into_iter().collect()),
    }
}

/// A whole number, also in quotes; `None` for anything else.
pub(crate) fn maybe_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| whole(text.parse().ok()?))
        }
        _ => None,
    })
}

/// The whole part of a number that was written with a fraction, such as `3600.0`.
fn whole(number: f64) -> Option<u64> {
    Some(Duration::try_from_secs_f64(number).ok()?.as_secs())
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        // Others are rounded here.
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::AuthType;

    #[derive(Deserialize, Serialize)]
    struct Thing {
        #[serde(default, deserialize_with = "maybe_number")]
        count: Option<u64>,
        #[serde(default, deserialize_with = "texts")]
        names: Vec<String>,
        way: AuthType,
    }

    fn read(text: &str) -> Thing {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn numbers_and_lists_are_read_in_every_form() {
        for (text, count) in [("7", Some(7)), ("\"7\"", Some(7)), ("null", None), ("-1", None), ("\"x\"", None)] {
            let thing = read(&format!(r#"{{"count":{text},"way":"digest"}}"#));
            assert_eq!(thing.count, count, "{text}");
        }
        for (text, names) in [(r#""a""#, vec!["a"]), (r#"["a",1]"#, vec!["a", "1"]), ("null", vec![])] {
            assert_eq!(read(&format!(r#"{{"names":{text},"way":"digest"}}"#)).names, names, "{text}");
        }
    }

    #[test]
    fn value_that_is_not_known_survives_a_round_trip() {
        let thing = read(r#"{"count":null,"names":[],"way":"mauve"}"#);
        assert_eq!(thing.way, AuthType::Other("mauve".to_owned()));
        assert_eq!(serde_json::to_string(&thing).expect("writes"), r#"{"count":null,"names":[],"way":"mauve"}"#);
    }
}

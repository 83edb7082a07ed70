//! The name of a field of a JSON object, with any content.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

/// A JSON string; a lone surrogate in it is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldName(pub String);

impl<'de> Deserialize<'de> for FieldName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = FieldName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, name: &str) -> Result<FieldName, E> {
                Ok(FieldName(name.to_owned()))
            }

            fn visit_bytes<E>(self, name: &[u8]) -> Result<FieldName, E> {
                Ok(FieldName(String::from_utf8_lossy(name).into_owned()))
            }
        }
        deserializer.deserialize_bytes(Text)
    }
}

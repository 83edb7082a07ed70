//! JSON strings with any content: lone surrogates, which are not characters, are replaced.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

/// Deserializes a JSON string and replaces lone surrogates in it, with which serde refuses a whole document: for typed clients that are
/// built on this one.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Name(#[serde(deserialize_with = "digicert_one_client::lossy_text")] String);
///
/// let name: Name = serde_json::from_str(r#""ci-\ud800""#)?;
/// assert_eq!(name.0, "ci-\u{fffd}\u{fffd}\u{fffd}");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
/// Returns an error for a value that is not a string.
pub fn lossy_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_bytes<E>(self, text: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(text).into_owned())
        }
    }
    deserializer.deserialize_bytes(Text)
}

/// The name of a field of a JSON object.
#[derive(Deserialize)]
pub(crate) struct FieldName(#[serde(deserialize_with = "lossy_text")] pub(crate) String);

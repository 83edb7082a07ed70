//! Tolerant parsing of documents without a published schema: a field is found by any of its names; unknown
//! fields and values of unexpected types are preserved in a round trip. Knows no specific objects.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, SystemTime};

use digicert_one_client::lossy_text;
use digicert_one_core::EndDate;
use jiff::Timestamp;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Fields of an object by name: those that this version of the SDK does not know, or whose value has an unexpected type.
///
/// They are serialized byte for byte as received, unless they were changed: numbers keep their digits, texts
/// their escapes. `Debug` shows only their names.
#[derive(Clone, Default)]
pub struct Extra {
    values: Map<String, Value>,
    sent: Sent,
}

/// The name of a field, or a text.
#[derive(Deserialize)]
struct Text(#[serde(deserialize_with = "lossy_text")] String);

/// Values as received.
type Sent = BTreeMap<String, Box<RawValue>>;

impl Extra {
    /// The name of a field with an end date that could not be read, so that the end date is unknown, and not missing.
    #[must_use]
    pub fn unread_end_date(&self) -> Option<&str> {
        let is_unset = |value: &Value| read_any(value).is_some_and(is_unset);
        let is_end = |name: &str| END_DATE.iter().chain(&OTHER_END_DATES).any(|one| same(one, name));
        let holds_one = |value: &Value| match value {
            Value::String(text) => !text.trim().is_empty() && !text.trim().eq_ignore_ascii_case("never"),
            Value::Number(_) | Value::Object(_) | Value::Array(_) => true,
            Value::Null | Value::Bool(_) => false,
        };
        self.values
            .iter()
            .find(|(name, value)| is_end(name) && holds_one(value) && !is_unset(value))
            .map(|(name, _)| name.as_str())
    }
}

impl Deref for Extra {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.values
    }
}

impl DerefMut for Extra {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.values
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (name, value) in &self.values {
            match self.sent.get(name).filter(|sent| read(sent) == *value) {
                Some(sent) => map.serialize_entry(name, sent)?,
                None => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.values.keys()).finish()
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Fields::read(deserializer).map(Fields::rest)
    }
}

/// Parses a value; what cannot be represented, such as a number of 400 digits, becomes null.
fn read(sent: &RawValue) -> Value {
    let lone_surrogates = |_| serde_json::from_str::<Text>(sent.get()).map(|text| Value::String(text.0));
    serde_json::from_str(sent.get()).or_else(lone_surrogates).unwrap_or_default()
}

/// An object that is being parsed.
pub(crate) struct Fields {
    values: Map<String, Value>,
    sent: Sent,
}

impl Fields {
    pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Fields { values: Map::new(), sent: Sent::new() };
                while let Some(Text(name)) = map.next_key()? {
                    let sent: Box<RawValue> = map.next_value()?;
                    fields.values.insert(name.clone(), read(&sent));
                    fields.sent.insert(name, sent);
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Reader)
    }

    /// Takes the first of these fields that has a value of this type.
    pub(crate) fn take<T: DeserializeOwned>(&mut self, names: &[&str]) -> Option<T> {
        names.iter().find_map(|name| {
            let field = field(&self.values, name)?;
            let value = serde_json::from_str(self.sent.get(&field)?.get()).ok()?;
            self.values.remove(&field);
            self.sent.remove(&field);
            Some(value)
        })
    }

    /// Same as [`take`](Self::take), for a value of any type, unless it would be serialized differently than
    /// it was received.
    pub(crate) fn exact(&mut self, name: &str) -> Option<Value> {
        let field = field(&self.values, name)?;
        let value = self.values.get(&field).cloned()?;
        let written = serde_json::to_string(&value).ok()?;
        self.sent.get(&field).filter(|sent| sent.get() == written)?;
        self.values.remove(&field);
        self.sent.remove(&field);
        Some(value)
    }

    /// Same as [`take`](Self::take), for a list that may be missing.
    pub(crate) fn list<T: DeserializeOwned>(&mut self, names: &[&str]) -> Vec<T> {
        self.take(names).unwrap_or_default()
    }

    /// Same as [`take`](Self::take), for an end date.
    pub(crate) fn end_date(&mut self) -> Option<EndDate> {
        self.take::<AnyEndDate>(&END_DATE).map(|ends| ends.0)
    }

    /// Same as [`take`](Self::take), for a required field.
    pub(crate) fn need<T: DeserializeOwned, E: serde::de::Error>(&mut self, names: &[&'static str]) -> Result<T, E> {
        self.take(names).ok_or_else(|| E::missing_field(names.first().copied().unwrap_or_default()))
    }

    /// Returns the fields that were not taken.
    pub(crate) fn rest(self) -> Extra {
        Extra { values: self.values, sent: self.sent }
    }
}

/// The names of an end date, the most likely first. (inferred: no page shows the field)
const END_DATE: [&str; 6] = ["end_date", "expires_at", "expiry_date", "expiration_date", "expires_on", "valid_to"];

/// Further names of an end date, which are not read: what they hold differs from API to API.
const OTHER_END_DATES: [&str; 6] = ["expires", "expiration", "expiry", "expiration_time", "not_after", "valid_until"];

/// Finds the field with this name in any spelling: `end_date`, `endDate`, `EndDate`.
pub(crate) fn field(object: &Map<String, Value>, name: &str) -> Option<String> {
    let known = if object.contains_key(name) { Some(name) } else { None };
    known.or_else(|| object.keys().map(String::as_str).find(|field| same(field, name))).map(str::to_owned)
}

/// Returns whether two names are equal, ignoring case and separators.
pub(crate) fn same(one: &str, other: &str) -> bool {
    letters(one).eq(letters(other))
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|one| one.is_alphanumeric()).flat_map(char::to_lowercase)
}

/// An end date in any form: a day, an instant, or seconds or milliseconds since 1970.
struct AnyEndDate(EndDate);

impl<'de> Deserialize<'de> for AnyEndDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = read_any(&Value::deserialize(deserializer)?).filter(|end| !is_unset(*end));
        read.map(Self).ok_or_else(|| D::Error::custom("invalid end date"))
    }
}

fn read_any(value: &Value) -> Option<EndDate> {
    let instant = match value {
        // Without a time zone it is UTC, like every end date of the platform.
        Value::String(text) => return read_end(text),
        // In seconds this would be after the year 5100.
        Value::Number(number) => match number.as_i64()? {
            seconds if seconds.abs() < 100_000_000_000 => Timestamp::from_second(seconds),
            milliseconds => Timestamp::from_millisecond(milliseconds),
        },
        _ => return None,
    };
    instant.ok()?.to_string().parse().ok()
}

/// Whether it is the zero of a program that has no date: 0, `1970-01-01`, `0001-01-01T00:00:00Z`.
fn is_unset(end: EndDate) -> bool {
    end.last_second() < SystemTime::UNIX_EPOCH + Duration::from_secs(24 * 60 * 60)
}

fn read_end(text: &str) -> Option<EndDate> {
    text.parse().or_else(|_| format!("{}Z", text.trim()).parse()).ok()
}

/// Returns the day of an end date that ends with its day, as the platform writes it.
pub(crate) fn day(end: EndDate) -> Option<String> {
    end.to_string().strip_suffix("T23:59:59Z").map(str::to_owned)
}

/// Serializes an end date as a day if it is one, else as an instant.
pub(crate) fn write_end<S: Serializer>(end: &Option<EndDate>, serializer: S) -> Result<S::Ok, S::Error> {
    match end {
        Some(end) => serializer.serialize_str(&day(*end).unwrap_or_else(|| end.to_string())),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        Fields::read(value).expect("an object")
    }

    #[test]
    fn field_is_found_by_any_name_and_spelling() {
        for name in ["end_date", "endDate", "EndDate", "end-date", "expires_at", "expiryDate", "validTo"] {
            let mut read = fields(json!({ name: "2026-12-31" }));
            assert_eq!(read.end_date().expect(name).to_string(), "2026-12-31T23:59:59Z");
            assert!(read.rest().is_empty(), "{name}");
        }
        let mut both = fields(json!({ "endDate": "2026-01-01", "end_date": "2026-12-31" }));
        assert_eq!(both.end_date().expect("the exact name wins").to_string(), "2026-12-31T23:59:59Z");
    }

    #[test]
    fn end_dates_are_parsed_in_every_form() {
        for (value, expected) in [
            (json!("2026-12-31"), "2026-12-31T23:59:59Z"),
            (json!("2026-12-31T23:59:59Z"), "2026-12-31T23:59:59Z"),
            (json!("2026-12-31T10:00:00"), "2026-12-31T10:00:00Z"),
            (json!("2027-01-01T00:59:59+01:00"), "2026-12-31T23:59:59Z"),
            (json!(1_798_761_599), "2026-12-31T23:59:59Z"),
            (json!(1_798_761_599_000_i64), "2026-12-31T23:59:59Z"),
        ] {
            let mut read = fields(json!({ "end_date": value.clone() }));
            assert_eq!(read.end_date().map(|end| end.to_string()).as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn end_date_that_cannot_be_read_is_not_called_missing() {
        let unread = |value: Value| {
            let mut read = fields(value);
            assert!(read.end_date().is_none());
            read.rest().unread_end_date().map(str::to_owned)
        };
        for (name, value) in
            [("end_date", json!("31/12/2026")), ("endDate", json!({ "day": 5 })), ("notAfter", json!("soon"))]
        {
            assert_eq!(unread(json!({ name: value })).as_deref(), Some(name));
        }
        for none in
            [json!({}), json!({ "end_date": null }), json!({ "end_date": "Never" }), json!({ "expired": false })]
        {
            assert_eq!(unread(none.clone()), None, "{none}");
        }
        assert_eq!(unread(json!({ "weekend": "sunday", "end_date": "" })), None);
        for zero in
            [json!(0), json!(-1), json!("1970-01-01"), json!("0001-01-01T00:00:00Z"), json!("0001-01-01T00:00:00")]
        {
            assert_eq!(unread(json!({ "end_date": zero.clone() })), None, "{zero}");
        }
    }

    #[test]
    fn unknown_fields_are_preserved() {
        for value in [json!("never"), json!(""), json!(null), json!({}), json!(1.5)] {
            let mut read = fields(json!({ "end_date": value.clone() }));
            assert!(read.end_date().is_none(), "{value}");
            assert_eq!(read.rest().get("end_date"), Some(&value));
        }
    }

    #[test]
    fn unknown_field_is_serialized_as_received_until_changed() {
        let sent =
            r#"{"a":12345678901234567890123,"b":{"price":1.10},"c":"J\ud83d","d":"\u0041\/","e":1E999,"f":[1, 2]}"#;
        let mut json = serde_json::Deserializer::from_str(sent);
        let mut extra = Fields::read(&mut json).expect("an object").rest();
        assert_eq!(serde_json::to_string(&extra).expect("JSON"), sent);
        assert_eq!((extra["c"].as_str(), extra["b"]["price"].as_f64()), (Some("J\u{fffd}\u{fffd}\u{fffd}"), Some(1.1)));
        extra.insert("a".to_owned(), json!(1));
        extra.remove("e");
        let expected = r#"{"a":1,"b":{"price":1.10},"c":"J\ud83d","d":"\u0041\/","f":[1, 2]}"#;
        assert_eq!(serde_json::to_string(&extra).expect("JSON"), expected);
    }

    #[test]
    fn debug_shows_names_but_no_values() {
        let extra = fields(json!({ "a": "canary" })).rest();
        assert_eq!(format!("{extra:?}"), r#"["a"]"#);
    }
}

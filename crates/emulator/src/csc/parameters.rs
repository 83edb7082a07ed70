//! The parameters of a call, with the CSC's and OAuth's own error texts: JSON for the CSC, a query or a form
//! for OAuth, where each may occur once and an empty one counts as absent (RFC 6749 §3.1, §3.2).

use std::borrow::Cow;

use data_encoding::BASE64;
use serde_json::{Map, Value};

use super::refusal::Refused;

pub(crate) struct Body(Map<String, Value>);

impl Body {
    /// No body at all counts as one without fields.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        if bytes.is_empty() {
            return Ok(Body(Map::new()));
        }
        serde_json::from_slice(bytes).map(Body).map_err(|_| Refused::request("The body must be a JSON object"))
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Refused> {
        self.typed(name, "string", Value::as_str)
    }

    pub(crate) fn need_text(&self, name: &str) -> Result<&str, Refused> {
        self.text(name)?.ok_or_else(|| Refused::missing("string", name))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Refused> {
        Ok(self.typed(name, "boolean", Value::as_bool)?.unwrap_or(false))
    }

    pub(crate) fn count(&self, name: &str) -> Result<Option<u32>, Refused> {
        let Some(number) = self.typed(name, "integer", Value::as_i64)? else { return Ok(None) };
        match u32::try_from(number) {
            Ok(count) if count > 0 => Ok(Some(count)),
            _ => Err(Refused::parameter(name)),
        }
    }

    pub(crate) fn hashes(&self, name: &str) -> Result<Option<Vec<Vec<u8>>>, Refused> {
        let Some(values) = self.typed(name, "array", Value::as_array)? else { return Ok(None) };
        if values.is_empty() {
            return Err(Refused::request("Empty hash array"));
        }
        let decode = |value: &Value| {
            let text = value.as_str().filter(|text| !text.is_empty())?;
            BASE64.decode(text.as_bytes()).ok()
        };
        let hashes = values.iter().map(decode).collect::<Option<_>>();
        hashes.map(Some).ok_or_else(|| Refused::request("Invalid Base64 hash string parameter"))
    }

    fn typed<'s, T>(
        &'s self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&'s Value) -> Option<T>,
    ) -> Result<Option<T>, Refused> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| Refused::missing(kind, name)),
        }
    }
}

pub(crate) struct Form<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Form<'a> {
    pub(crate) fn parse(text: &'a [u8]) -> Self {
        Form(form_urlencoded::parse(text).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, Refused> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refused::request(format!("The parameter {name} is there more than once"))),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    pub(crate) fn need(&self, name: &str) -> Result<&str, Refused> {
        self.get(name)?.ok_or_else(|| Refused::request(format!("The parameter {name} is missing")))
    }

    pub(crate) fn all<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s str> {
        self.0.iter().filter(move |(present, _)| present == name).map(|(_, value)| value.as_ref())
    }
}

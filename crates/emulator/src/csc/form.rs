//! Parameters of OAuth, from a query or a form: each at most once, and an empty one is none (RFC 6749 §3.1, §3.2).

use std::borrow::Cow;

use super::refusal::Refused;

/// Decoded parameters, in their order.
pub(crate) struct Form<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Form<'a> {
    pub(crate) fn parse(text: &'a [u8]) -> Self {
        Form(form_urlencoded::parse(text).collect())
    }

    /// The value of a parameter that may be left out.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, Refused> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refused::request(format!("The parameter {name} is there more than once"))),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    /// The value of a parameter that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<&str, Refused> {
        self.get(name)?.ok_or_else(|| Refused::request(format!("The parameter {name} is missing")))
    }

    /// All values of a parameter that may come several times.
    pub(crate) fn all<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s str> {
        self.0.iter().filter(move |(present, _)| present == name).map(|(_, value)| value.as_ref())
    }
}

//! What the query of a request says: values by name, and the window of a list.

use crate::answer::Rejection;

const DEFAULT_LIMIT: usize = 20;

/// The part of a list that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) limit: usize,
    pub(crate) offset: usize,
}

impl Window {
    /// `limit` and `offset`; without them the first 20, as Software Trust does it (inferred for the others).
    pub(crate) fn of(query: &str) -> Result<Self, Rejection> {
        Self::with_default(query, DEFAULT_LIMIT)
    }

    /// The same with another number of items where none was asked for.
    pub(crate) fn with_default(query: &str, default: usize) -> Result<Self, Rejection> {
        let number = |name, default| match value_of(query, name) {
            None => Some(default),
            Some(value) => value.parse::<usize>().ok(),
        };
        let limit = number("limit", default)
            .filter(|limit| *limit > 0)
            .ok_or_else(|| Rejection::invalid("limit", "limit must be a positive number"))?;
        let offset = number("offset", 0).ok_or_else(|| Rejection::invalid("offset", "offset must be a number"))?;
        Ok(Window { limit, offset })
    }

    /// The items in it.
    pub(crate) fn of_items<T>(self, items: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        items.into_iter().skip(self.offset).take(self.limit)
    }
}

/// The first value of this name, as it is written: for values that need no decoding.
pub(crate) fn value_of<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(present, _)| *present == name)
        .map(|(_, value)| value)
}

/// The same, with `%xx` and `+` decoded; `None` too if that is no UTF-8.
pub(crate) fn decoded_value_of(query: &str, name: &str) -> Option<String> {
    let value = value_of(query, name)?.replace('+', " ");
    percent_encoding::percent_decode_str(&value).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

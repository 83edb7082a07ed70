//! What the query of a request says: values by name, and the window of a list.

use crate::answer::Fault;

const DEFAULT_LIMIT: usize = 20;

/// The part of a list that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) limit: usize,
    pub(crate) offset: usize,
}

impl Window {
    /// `limit` and `offset`; without them the first 20, as Software Trust does it (inferred for the others).
    pub(crate) fn of(query: &str) -> Result<Self, Fault> {
        Self::with_default(query, DEFAULT_LIMIT)
    }

    /// The same with another number of items where none was asked for.
    pub(crate) fn with_default(query: &str, default: usize) -> Result<Self, Fault> {
        let number = |name, default| match value_of(query, name) {
            None => Some(default),
            Some(value) => value.parse::<usize>().ok(),
        };
        let limit = number("limit", default)
            .filter(|limit| *limit > 0)
            .ok_or_else(|| Fault::invalid("limit", "limit must be a positive number"))?;
        let offset = number("offset", 0).ok_or_else(|| Fault::invalid("offset", "offset must be a number"))?;
        Ok(Window { limit, offset })
    }

    /// The items in it.
    pub(crate) fn of_items<T>(self, items: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        items.into_iter().skip(self.offset).take(self.limit)
    }
}

/// The first value of this name. None of the values that count here needs decoding.
pub(crate) fn value_of<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(present, _)| *present == name)
        .map(|(_, value)| value)
}

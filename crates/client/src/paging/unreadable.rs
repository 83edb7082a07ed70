//! Why a response is not a page of a list.

use std::fmt;

/// Why a response is not a page. Shows names of fields, never a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    NotJson,
    NotAList(String),
    Twice(String),
    Next,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("is not JSON"),
            Self::NotAList(what) => write!(f, "is not a list: {what}"),
            Self::Twice(name) => write!(f, "has a duplicate field {name}"),
            Self::Next => f.write_str("has an invalid next page: expected a number, a link or a short token"),
        }
    }
}

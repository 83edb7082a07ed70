//! Why a response is no page of a list.

use std::fmt;

/// Why an answer is no page. Shows names of fields, never a value.
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
            Self::NotAList(what) => write!(f, "is no list: {what}"),
            Self::Twice(name) => write!(f, "has the field {name} twice, so that it says two things"),
            Self::Next => f.write_str("names a next page that is neither a number nor a link nor a short token"),
        }
    }
}

//! Why a response is not a page of a list.

use std::fmt;

use digicert_one_core::{Code, Diagnosis};

/// Why a response is not a page. Shows names of fields, never a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    NotJson,
    /// JSON of another structure, in words.
    NotAList(&'static str),
    /// The fields that may be the list, or those that there are.
    Field(String),
    Twice(String),
    Next,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("is not JSON"),
            Self::NotAList(what) => write!(f, "is not a list: {what}"),
            Self::Field(which) => write!(f, "is not a list: {which}"),
            Self::Twice(name) => write!(f, "has a duplicate field {name}"),
            Self::Next => f.write_str("has an invalid next page: expected a number, a link or a short token"),
        }
    }
}

impl Unreadable {
    /// Returns the diagnosis of a response of this content type. Only JSON that breaks off leaves open who sent it.
    pub(super) fn diagnosis(&self, summary: String, content_type: Option<&str>) -> Diagnosis {
        let other = content_type.filter(|content_type| !content_type.to_ascii_lowercase().contains("json"));
        let (cause, remedy) = match (self, other) {
            (Self::NotAList(_), _) => (
                "it is JSON of another structure: the path may be that of a single resource, or the response that of a gateway",
                "Check the path: a single resource is read by a plain call (Client::get; d1 call).",
            ),
            (Self::Field(_), _) => (
                "it is JSON, and which of its fields is the list cannot be known",
                "Name the field that is the list (list_field; --field).",
            ),
            (Self::NotJson, Some(_)) => (
                "its content type is not that of JSON: this path responds in another format, or a gateway in the API's place",
                "Read it by a plain call (Client::get; d1 call), which gives the body as it is; if it should be a list, check host and path.",
            ),
            _ => return Diagnosis::of(Code::AUT_05, summary),
        };
        let mut diagnosis = Diagnosis::new(Code::AUT_05, summary, cause);
        remedy.clone_into(&mut diagnosis.remedy);
        diagnosis
    }
}

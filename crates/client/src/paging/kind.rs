//! How a list is paged.

/// How a list is paged, where its answers do not tell it right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Paging {
    /// As the responses say: a page token, a `next` that is a number or a link, the number of a page, or else `limit` and `offset`.
    #[default]
    Detected,
    /// By `limit` and `offset`; what an answer says of a next page is not looked at.
    Offset,
    /// By `maxResults` and `pageToken`, as the API of the Cloud Signature Consortium (CSC) has it.
    Token,
    /// Not at all: one answer holds the whole list.
    Whole,
}

impl Paging {
    /// The parameter that asks for a number of items.
    pub(super) fn size_name(self) -> &'static str {
        match self {
            Self::Token => "maxResults",
            _ => "limit",
        }
    }
}

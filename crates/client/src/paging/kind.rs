//! How a list is paged.

/// The kind of paging of a list, if its responses do not show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Paging {
    /// As the responses show: a page token, a `next` that is a number or a link, the number of a page, or else `limit` and `offset`.
    #[default]
    Detected,
    /// By `limit` and `offset`; a next page in the response is ignored.
    Offset,
    /// By `maxResults` and `pageToken`, as in the API of the Cloud Signature Consortium (CSC).
    Token,
    /// Not paged: one response holds the whole list.
    Whole,
}

impl Paging {
    /// The parameter for the page size.
    pub(super) fn size_name(self) -> &'static str {
        match self {
            Self::Token => "maxResults",
            _ => "limit",
        }
    }
}

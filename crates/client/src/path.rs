//! Builds paths and queries from parts; each part is encoded exactly once.

use digicert_one_core::{RequestTarget, TargetError};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986 §2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A path made of segments, for ids and names that may hold any character.
///
/// ```
/// use digicert_one_client::Path;
/// let path = Path::root().segment("account").segment("a b&/ü");
/// assert_eq!(path.as_str(), "/account/a%20b%26%2F%C3%BC");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// The path `/`, to which segments are added.
    #[must_use]
    pub fn root() -> Self {
        Self(String::new())
    }

    /// Adds one segment, percent-encoded, including `/`.
    #[must_use]
    pub fn segment(mut self, text: &str) -> Self {
        self.0.push('/');
        self.0.push_str(&encoded(text));
        self
    }

    /// The path so far.
    #[must_use]
    pub fn as_str(&self) -> &str {
        if self.0.is_empty() { "/" } else { &self.0 }
    }
}

/// A path that can be called: a string, or built from segments.
pub trait IntoTarget {
    /// Converts it to the path and query of a request.
    ///
    /// # Errors
    /// See [`TargetError`].
    fn into_target(self) -> Result<RequestTarget, TargetError>;
}

impl IntoTarget for &str {
    fn into_target(self) -> Result<RequestTarget, TargetError> {
        RequestTarget::parse(self)
    }
}

impl IntoTarget for String {
    fn into_target(self) -> Result<RequestTarget, TargetError> {
        RequestTarget::parse(self)
    }
}

impl IntoTarget for Path {
    fn into_target(self) -> Result<RequestTarget, TargetError> {
        RequestTarget::parse(self.as_str())
    }
}

impl IntoTarget for RequestTarget {
    fn into_target(self) -> Result<RequestTarget, TargetError> {
        Ok(self)
    }
}

/// Adds a query pair to `target`, both parts encoded.
pub fn with_query(target: &RequestTarget, name: &str, value: &str) -> Result<RequestTarget, TargetError> {
    let separator = if target.as_str().contains('?') { '&' } else { '?' };
    RequestTarget::parse(format!("{target}{separator}{}={}", encoded(name), encoded(value)))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_segment_cannot_be_smuggled_in() {
        assert_eq!(Path::root().segment("a").segment("..").into_target(), Err(TargetError::DotSegment));
    }

    #[test]
    fn query_pairs_are_encoded_once_and_joined() {
        let target = RequestTarget::parse("/x?a=%20").expect("a path");
        let target = with_query(&target, "role", "EM_EPKI_USER_&_CERT").expect("encoded");
        let target = with_query(&target, "data[type]", "ü ").expect("encoded");
        assert_eq!(target.as_str(), "/x?a=%20&role=EM_EPKI_USER_%26_CERT&data%5Btype%5D=%C3%BC%20");
    }
}

//! The path and query of a call, checked once, so that every HTTP library sends the same bytes: some of them
//! resolve `..`, turn `\` into `/`, or encode characters that others leave alone.

use std::fmt;

use http::uri::PathAndQuery;
use thiserror::Error;

/// A path with an optional query, exactly as it goes on the wire. Escapes are in upper case, as in the normal form of
/// RFC 3986 §6.2.2.1 (libcurl would write them so, other libraries would not).
///
/// ```
/// use digicert_one_core::RequestTarget;
/// let target = RequestTarget::parse("/account/api/v1/user?user_type=service")?;
/// assert_eq!(target.as_str(), "/account/api/v1/user?user_type=service");
/// assert!(RequestTarget::parse("https://elsewhere.test/").is_err());
/// # Ok::<(), digicert_one_core::TargetError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestTarget(PathAndQuery);

/// The limit of the crate `http`, for a whole URI.
const LONGEST: usize = 65_534;

/// Error returned when a path or query cannot be sent as given. Shows no query, which may hold anything.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Not a path: perhaps a whole URL.
    #[error(
        "invalid path: expected a path such as /account/api/v1/user/me, not a URL; the host follows from the credential"
    )]
    NotAPath,
    /// A character that is not allowed here in a URI (RFC 3986).
    #[error("invalid path or query: percent-encode the character {character:?} at position {position}")]
    Character {
        /// The character.
        character: char,
        /// Where, counted from 1.
        position: usize,
    },
    /// `%` that is not followed by two hexadecimal digits.
    #[error("invalid path or query: bare % at position {position}; write it as %25")]
    Percent {
        /// Where, counted from 1.
        position: usize,
    },
    /// `.` or `..` as a segment, which HTTP libraries resolve differently.
    #[error("invalid path: expected no . or .. segment")]
    DotSegment,
    /// Longer than a URI of the crate `http` can be.
    #[error("invalid path: {length} bytes exceed the limit of {LONGEST}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
}

impl RequestTarget {
    /// Accepts a path unchanged; nothing is encoded or decoded, `%2f` becomes `%2F`.
    ///
    /// # Errors
    /// See [`TargetError`].
    pub fn parse(text: impl Into<String>) -> Result<Self, TargetError> {
        let mut text = text.into();
        if !text.starts_with('/') || text.starts_with("//") {
            return Err(TargetError::NotAPath);
        }
        if text.len() > LONGEST {
            return Err(TargetError::TooLong { length: text.len() });
        }
        let bytes = text.as_bytes();
        let (mut query_at, mut escapes, mut dots) = (bytes.len(), false, false);
        for (index, &byte) in bytes.iter().enumerate() {
            if PLAIN[usize::from(byte)] {
                continue;
            }
            let position = index + 1;
            match byte {
                b'.' => dots = true,
                b'?' => query_at = query_at.min(index),
                // The browsers' URL standard encodes it in a query.
                b'\'' if index < query_at => {}
                b'%' if bytes.get(index + 1..index + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)) => {
                    escapes = true;
                }
                b'%' => return Err(TargetError::Percent { position }),
                _ => {
                    // Every byte before this one is ASCII, so a character starts here.
                    let character = text[index..].chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
                    return Err(TargetError::Character { character, position });
                }
            }
        }
        if (dots || escapes) && text[..query_at].split('/').any(is_dot_segment) {
            return Err(TargetError::DotSegment);
        }
        if escapes {
            for index in text.match_indices('%').map(|(index, _)| index).collect::<Vec<_>>() {
                // Two ASCII digits follow: checked above.
                let digits = text[index + 1..index + 3].to_ascii_uppercase();
                text.replace_range(index + 1..index + 3, &digits);
            }
        }
        // Checked above, more strictly than `http` does.
        let whole = PathAndQuery::try_from(text).map_err(|_| TargetError::NotAPath)?;
        Ok(Self(whole))
    }

    /// Returns the path with its query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the path only, suitable for messages and logs.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// Returns the same for a URI; shares the text.
    #[must_use]
    pub fn path_and_query(&self) -> &PathAndQuery {
        &self.0
    }
}

/// Characters that are always allowed and need no further check: RFC 3986 `pchar` and `/`, without `.`, `%` and `'`.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        plain[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"-_~!$&()*+,;=:@/";
    let mut index = 0;
    while index < others.len() {
        plain[others[index] as usize] = true;
        index += 1;
    }
    plain
};

/// Returns whether this is `.` or `..`, with each dot possibly written as `%2e`.
fn is_dot_segment(segment: &str) -> bool {
    segment.len() <= "%2e%2e".len()
        && segment.starts_with(['.', '%'])
        && matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

impl fmt::Display for RequestTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestTarget({})", self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_07_absolute_url_is_not_a_path() {
        for bad in ["https://elsewhere.test/x", "//elsewhere.test/x", "account", "", "javascript:alert(1)"] {
            assert_eq!(RequestTarget::parse(bad), Err(TargetError::NotAPath), "{bad}");
        }
    }

    #[test]
    fn target_that_libraries_rewrite_is_refused() {
        for bad in ["/a b", "/a\\b", "/ä", "/a?x=[1]", "/a?x='1'", "/a#b", "/a\r\nx: y", "/a?x=\"1\"", "/{id}"] {
            assert!(matches!(RequestTarget::parse(bad), Err(TargetError::Character { .. })), "{bad}");
        }
        for bad in ["/a/../b", "/./a", "/a/%2E%2e/b", "/a/.%2e"] {
            assert_eq!(RequestTarget::parse(bad), Err(TargetError::DotSegment), "{bad}");
        }
        assert_eq!(RequestTarget::parse("/a%2"), Err(TargetError::Percent { position: 3 }));
        let of = |length: usize| RequestTarget::parse(format!("/{}", "a".repeat(length - 1)));
        assert!(of(LONGEST).is_ok());
        assert_eq!(of(LONGEST + 1), Err(TargetError::TooLong { length: LONGEST + 1 }));
    }

    #[test]
    fn path_and_query_are_unchanged() {
        for good in ["/", "/a%2Fb", "/a;v=1/b:c@d?x=1&y=%20&z=?/", "/..a/b..", "/it's"] {
            assert_eq!(RequestTarget::parse(good).expect(good).as_str(), good);
        }
        assert_eq!(RequestTarget::parse("/%2f%c3%Bc?%e4").expect("escapes").as_str(), "/%2F%C3%BC?%E4");
    }
}

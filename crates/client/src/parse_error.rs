//! The error of a text that cannot be parsed.

/// Error returned for a text that is not a valid [`Position`](crate::Position) or
/// [`TraceContext`](crate::TraceContext). Its message holds no part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(pub(crate) &'static str);

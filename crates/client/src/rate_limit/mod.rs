//! How fast calls go out: by the rate limiter of one process, or by another that the program brings.

mod caller_limiter;
pub(crate) mod limiter;
pub(crate) mod limits;
pub(crate) mod local;

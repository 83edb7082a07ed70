//! Rate limiting: by the limiter of one process, or by one that the program brings.

mod caller_limiter;
mod gcra;
pub(crate) mod limiter;
pub(crate) mod limits;
pub(crate) mod local;
mod semaphore;

//! The whole source chain of an error. `io::Error::source` skips the error that it wraps, so that case is
//! handled here.

use std::error::Error;
use std::io;

/// Iterates over `error` and its sources, outermost first.
///
/// ```
/// use digicert_one_core::causes;
/// let hidden = std::io::Error::other(std::fmt::Error);
/// assert!(causes(&hidden).any(|cause| cause.is::<std::fmt::Error>()));
/// ```
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause: &&'a (dyn Error + 'static)| {
        let cause: &'a (dyn Error + 'static) = *cause;
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &'a (dyn Error + 'static)),
            None => cause.source(),
        }
    })
}

/// The library error that one of our errors wraps.
pub type BoxError = Box<dyn Error + Send + Sync>;

//! The lines that a worker writes.

use std::time::SystemTime;

/// Writes one line with the time.
pub(crate) fn note(what: &str) {
    println!("{what} {}", now());
}

/// Milliseconds since 1970, by the right clock.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

//! The scripts that run in Redis: one round trip each, by the server's time.

use std::fmt;

/// A script, with the hash by which Redis knows it.
#[derive(Clone)]
pub(crate) struct Lua {
    pub(crate) text: String,
    pub(crate) hash: String,
}

impl Lua {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { hash: redis::Script::new(&text).get_hash().to_owned(), text }
    }
}

impl fmt::Debug for Lua {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lua({})", self.hash)
    }
}

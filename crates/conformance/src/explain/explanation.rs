//! The shape of an explanation.

use std::fmt;

/// What a case asks, in words.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The id of the case, as in [`Case::id`](crate::Case::id).
    pub id: &'static str,
    /// What stands ready before the case begins.
    pub given: &'static str,
    /// What is done.
    pub when: &'static str,
    /// What must come of it.
    pub then: &'static str,
    /// What happens to a user where it does not.
    pub why: &'static str,
    /// Where the author of a transport looks first.
    pub fix: &'static str,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "given  {}", self.given)?;
        writeln!(f, "when   {}", self.when)?;
        writeln!(f, "then   {}", self.then)?;
        writeln!(f, "why    {}", self.why)?;
        write!(f, "fix    {}", self.fix)
    }
}

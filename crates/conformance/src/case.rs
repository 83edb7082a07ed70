//! The type of a case: its id, its level, and what it asks in words.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::subject::CaseFuture;
use crate::world::World;

/// How much a case weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Security or correctness.
    Must,
    /// Precision.
    Should,
    /// Optional.
    May,
}

impl Level {
    /// The heaviest first.
    pub const ALL: [Self; 3] = [Self::Must, Self::Should, Self::May];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        })
    }
}

/// One case.
#[derive(Clone, Copy)]
pub struct Case {
    /// The id in the catalogue; it never changes its meaning.
    pub id: &'static str,
    /// The name of its test.
    pub name: &'static str,
    /// How much it weighs.
    pub level: Level,
    /// What it asks, in words.
    pub explanation: Explanation,
    pub(crate) run: fn(World) -> CaseFuture,
}

impl Case {
    /// Returns the text of a failure: what was seen, what is expected, and where to look.
    pub(crate) fn failure(&self, why: &str, ledger: &str) -> String {
        let Explanation { then, fix, .. } = self.explanation;
        format!("{} does not hold: {why}\nexpected: {then}\nto fix: {fix}\n{ledger}", self.id)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.id, self.level, self.name)
    }
}

/// What a case asks, in words.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Explanation {
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

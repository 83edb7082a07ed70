//! What a server does that would keep a reader busy for ever or give it the same things twice: API-04, with the words for each.

use std::fmt;

use digicert_one_core::{Code, Diagnosis};

use super::position::Position;
use crate::{Error, ErrorKind};

/// Why a list is not followed further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// More items than were asked for.
    Larger { asked: u64, got: usize },
    /// The same items as on the page before.
    Same,
    /// A place before the one that was reached.
    Back { reached: u64, named: u64 },
    /// A page that was asked for already.
    Again,
    /// No items, though there should be more.
    Empty { total: u64 },
    /// Pages in a row without coming nearer to the end.
    Stalled { pages: u32 },
    /// Pages without an end in sight.
    Endless { pages: u64 },
}

impl Fault {
    /// The error at this place of the list of `path`.
    pub(super) fn at(self, path: &str, position: &Position) -> Error {
        let cause = "the server does not page this list as its answers say";
        let diagnosis = Diagnosis::new(Code::API_04, format!("{path}: {self}."), cause)
            .with_evidence(format!("{} items of the list came before", position.index()));
        Error::new(ErrorKind::Paging, diagnosis)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Larger { asked, got } => write!(f, "a page of {got} items came where at most {asked} were asked for"),
            Self::Same => f.write_str("a page repeats the one before it"),
            Self::Back { reached, named } => write!(f, "a page leads back to item {named} from item {reached}"),
            Self::Again => f.write_str("a page leads to one that was asked for already"),
            Self::Empty { total } => write!(f, "an empty page came before the end of {total} items"),
            Self::Stalled { pages } => write!(f, "{pages} pages in a row came no nearer to the end"),
            Self::Endless { pages } => write!(f, "{pages} pages came without a total and without an end"),
        }
    }
}

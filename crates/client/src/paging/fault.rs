//! Paging faults of a server that would make reading endless or repeat items: API-04, with the text for each.

use std::fmt;

use digicert_one_core::{Code, Diagnosis};

use super::position::Position;
use crate::error::{Error, ErrorKind};

/// Why reading a list stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// More items than requested.
    Larger { asked: u64, got: usize },
    /// The same items as on the previous page.
    Same,
    /// An earlier position than the current one.
    Back { reached: u64, named: u64 },
    /// A later position than the current one.
    Skipped { reached: u64, named: u64 },
    /// Another page than the requested one.
    Other { asked: u64, got: u64 },
    /// A page that was requested before.
    Again,
    /// No items, though there should be more.
    Empty { total: u64 },
    /// The last page came before the end.
    Short { given: u64, total: u64 },
    /// More items, and no next page.
    Lost,
    /// Duplicate items, and others are missing.
    Overlap { given: u64, total: u64 },
    /// Duplicate items, and no total shows whether others are missing.
    Twice { items: u64 },
    /// Something was removed from the list while it was read.
    Shrunk { was: u64, is: u64 },
    /// The server refused the request for what follows, with this status.
    Refused { items: u64, status: u16 },
    /// A page that reports an error, or that it is a part.
    Partial,
    /// A page with the status 202.
    Accepted,
    /// Another kind of paging.
    Numbered,
    /// Pages in a row without progress.
    Stalled { pages: u32 },
    /// Too many pages.
    Endless { pages: u64 },
}

impl Fault {
    /// The error at this position of the list at `path`.
    pub(super) fn at(self, path: &str, position: &Position) -> Error {
        let says_so = matches!(self, Self::Partial | Self::Accepted);
        let cause = match says_so {
            true => "the server itself says so",
            false => "the server does not page this list as its responses claim",
        };
        let mut diagnosis = Diagnosis::new(Code::API_04, format!("{path}: {self}."), cause);
        if says_so {
            "Read the list again later; if it need not be complete, use allow_incomplete (d1 list --allow-incomplete)."
                .clone_into(&mut diagnosis.remedy);
        }
        let diagnosis = diagnosis.with_evidence(format!("{} items of the list came before", position.index()));
        Error::new(ErrorKind::Paging, diagnosis)
    }

    /// Whether it is about the end of the list, so that a caller may accept it (`allow_incomplete`).
    pub(super) fn is_of_end(self) -> bool {
        !matches!(self, Self::Larger { .. })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Larger { asked, got } => write!(f, "a page of {got} items came where at most {asked} were asked for"),
            Self::Same => f.write_str("a page repeats the previous one"),
            Self::Back { reached, named } => write!(f, "a page leads back to item {named} from item {reached}"),
            Self::Skipped { reached, named } => {
                write!(f, "a page begins at item {named} where item {reached} was asked for: items are missing")
            }
            Self::Other { asked, got } => write!(f, "page {got} came where page {asked} was asked for"),
            Self::Short { given, total } => {
                write!(f, "the last page came after {given} items of {total}: the list is not complete")
            }
            Self::Lost => f.write_str("a page says that there are more items and leads to none: the list is not complete"),
            Self::Overlap { given, total } => write!(
                f,
                "items came twice, and only {given} different ones of {total}: the list changed while it was read, or its pages overlap"
            ),
            Self::Twice { items } => write!(
                f,
                "{items} items came twice: the list changed while it was read, or its pages overlap; others may be missing"
            ),
            Self::Shrunk { was, is } => write!(
                f,
                "the list went from {was} items to {is} while it was read: items may be missing; read it again"
            ),
            Self::Refused { items, status } => write!(
                f,
                "the server refused the request for what follows item {items} (HTTP {status}): that may be the end of the list"
            ),
            Self::Numbered => f.write_str(
                "the server ignores offset and seems to number its pages without saying so: the list may not be complete",
            ),
            Self::Partial => {
                f.write_str("a page says that it is not complete, or holds an error beside its items: items may be missing")
            }
            Self::Accepted => f.write_str(
                "the server accepted the request (HTTP 202) and may still be working on it: items may be missing",
            ),
            Self::Again => f.write_str("a page leads to one that was asked for already"),
            Self::Empty { total } => write!(f, "an empty page came before the end of {total} items"),
            Self::Stalled { pages } => write!(f, "{pages} pages in a row came no nearer to the end"),
            Self::Endless { pages } => write!(f, "{pages} pages came without a total and without an end"),
        }
    }
}

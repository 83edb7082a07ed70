//! Token paging for lists whose pages are requested elsewhere (CSC). The end of the list is detected as in every list.

use bytes::Bytes;
use digicert_one_core::{Code, Diagnosis, RequestTarget};
use http::HeaderMap;

use super::cursor::{Cursor, Onward};
use super::envelope::{self, MAX_ITEMS};
use super::fault::Fault;
use super::kind::Paging;
use super::list::List;
use super::position::{Position, Step};
use crate::error::{Error, ErrorKind};
use crate::json_text;

/// A list with token paging.
#[derive(Debug)]
pub struct ByToken {
    list: List,
    cursor: Cursor,
    at: Position,
}

impl ByToken {
    /// The list at this path, with at most this many items on a page.
    pub fn new(target: &RequestTarget, size: Option<u32>) -> Result<Self, Error> {
        let list = List::new(target, Paging::Token, Some(size.map_or(MAX_ITEMS as u64, u64::from)))?;
        Ok(Self { list, cursor: Cursor::default(), at: Position::default() })
    }

    /// Starts at the page of this token.
    pub fn starting_at(mut self, token: &str) -> Self {
        self.at = Position::at(Step::Token(String::new(), token.to_owned()), 0);
        self
    }

    /// The number of items of the page with this body, and the token of the next page; `None` at the end.
    ///
    /// # Errors
    /// AUT-05 for a body that is not a page; API-04 for a list that repeats itself, does not end, or lacks items.
    pub fn next(&mut self, headers: &HeaderMap, body: &Bytes) -> Result<(usize, Option<String>), Error> {
        let path = self.list.path();
        let mut page = envelope::read(&json_text::of_body(body.clone()), None, false).map_err(|unreadable| {
            let summary = format!("{path}: the response ({} bytes) {unreadable}.", body.len());
            Error::new(ErrorKind::Decode, Diagnosis::of(Code::AUT_05, summary))
        })?;
        page.signals.add_headers(headers);
        let count = page.items.len();
        self.cursor.ask(&key(&self.at));
        let onward = self.cursor.judge(&self.list, &self.at, &mut page, false);
        let next = match onward.map_err(|fault| fault.at(path, &self.at))? {
            Onward::Page(next) | Onward::Probe(next) => next,
            Onward::End | Onward::Doubtful(_) => return Ok((count, None)),
            Onward::Stuck(fault) => return Err(fault.at(path, &self.at)),
            Onward::Refused(error) => return Err(error),
        };
        if !self.cursor.ask(&key(&next)) {
            return Err(Fault::Again.at(path, &next));
        }
        self.at = next;
        let token = if let Step::Token(_, token) = &self.at.step { Some(token.clone()) } else { None };
        Ok((count, token))
    }
}

fn key(at: &Position) -> String {
    match &at.step {
        Step::Token(_, token) => format!("token:{token}"),
        _ => String::new(),
    }
}

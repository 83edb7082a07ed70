//! Is this page progress, and where does the list go on? The one judgement of paging: pure, so that every server that can be thought
//! of can be tried on it.
//!
//! It cannot run for ever: no page is asked for twice, offsets only grow, and what has a total must come nearer to it.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::Paging;
use super::envelope::{Envelope, Next};
use super::fault::Fault;
use super::list::List;
use super::position::{Position, Step};
use crate::Error;

/// Pages in a row that may come without the list getting shorter: a log that grows while it is read, pages emptied by a filter.
const MAX_STALLS: u32 = 10;
/// Pages of a list without a total, where the caller set no limit of pages: a million items at the usual size.
const MAX_PAGES: u64 = 10_000;

/// What was seen of a list.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    hasher: RandomState,
    /// The pages that were asked for, 8 bytes for each.
    asked: HashSet<u64>,
    /// The items of the page before.
    last: Option<u64>,
    pages: u64,
    least_rest: Option<u64>,
    stalls: u32,
}

/// Where a list goes on after a page.
#[derive(Debug)]
pub(super) enum Onward {
    End,
    Page(Position),
    /// Not at all, though it should; what was given until now is sound.
    Stuck(Fault),
    /// To a place where nothing is sent.
    Refused(Error),
}

impl Cursor {
    /// Remembers that the page at this key is asked for; whether it is the first time.
    pub(super) fn ask(&mut self, key: &str) -> bool {
        self.asked.insert(self.hasher.hash_one(key))
    }

    /// Judges the page that came for `at`. A page that is at fault itself must not be given.
    pub(super) fn judge(
        &mut self,
        list: &List,
        at: &Position,
        page: &mut Envelope,
        bounded: bool,
    ) -> Result<Onward, Fault> {
        let count = page.items.len() as u64;
        self.pages += 1;
        // An array with more than was asked for, where nobody chose a number: this server does not page.
        let unpaged = page.bare && self.pages == 1 && at.before == 0 && !list.size_chosen && count > list.size;
        let whole = list.paging == Paging::Whole || unpaged;
        if page.overfull || (count > list.size && !whole) {
            return Err(Fault::Larger { asked: list.size, got: page.items.len() });
        }
        if let (Step::Offset(asked), Some(answered)) = (&at.step, page.offset)
            && answered < *asked
            && count > 0
        {
            return Err(Fault::Back { reached: *asked, named: answered });
        }
        if count > 0 {
            let content = self.content(page);
            if self.last.replace(content) == Some(content) {
                return Err(Fault::Same);
            }
        }
        let Some(done) = at.before.checked_add(count) else { return Err(Fault::Endless { pages: self.pages }) };
        // A total that is less than what was given counts something else.
        let rest = page.total.and_then(|total| total.checked_sub(done));
        if whole || rest == Some(0) {
            return Ok(Onward::End);
        }
        let next = std::mem::take(&mut page.next);
        if let (0, Some(_), Next::Silent | Next::Done) = (count, rest, &next) {
            return Err(Fault::Empty { total: page.total.unwrap_or_default() });
        }
        let nearer = rest.is_none_or(|rest| self.least_rest.is_none_or(|least| rest < least));
        self.least_rest = rest.into_iter().chain(self.least_rest).min();
        self.stalls = if nearer && count > 0 { 0 } else { self.stalls + 1 };

        let step = match self.step(list, at, page, next, done, rest) {
            Ok(Some(step)) => step,
            Ok(None) => return Ok(Onward::End),
            Err(stuck) => return Ok(stuck),
        };
        if self.stalls >= MAX_STALLS {
            return Ok(Onward::Stuck(Fault::Stalled { pages: self.stalls }));
        }
        if self.pages >= MAX_PAGES && rest.is_none() && !bounded {
            return Ok(Onward::Stuck(Fault::Endless { pages: self.pages }));
        }
        let before = if let Step::Offset(offset) = step { offset } else { done };
        Ok(Onward::Page(Position::at(step, before)))
    }

    /// How the page after this one is asked for.
    fn step(
        &self,
        list: &List,
        at: &Position,
        page: &Envelope,
        next: Next,
        done: u64,
        rest: Option<u64>,
    ) -> Result<Option<Step>, Onward> {
        let back = |named: u64| Onward::Stuck(Fault::Back { reached: done, named });
        match (list.paging, next) {
            (Paging::Detected | Paging::Token, Next::Token(token)) => Ok(Some(Step::Token(token))),
            (Paging::Token, _) => Ok(None),
            (Paging::Detected, Next::Offset(offset)) if offset < done || offset <= at.before => Err(back(offset)),
            (Paging::Detected, Next::Offset(offset)) => Ok(Some(Step::Offset(offset))),
            (Paging::Detected, Next::Target(target)) => match List::offset(&target) {
                Some(offset) if offset < done => Err(back(offset)),
                _ => Ok(Some(Step::Link(target))),
            },
            (Paging::Detected, Next::Refused(error)) => Err(Onward::Refused(error)),
            // A total outweighs a `next` that says nothing.
            _ if rest.is_some() => Ok(Some(Step::Offset(done))),
            (Paging::Detected, Next::Done) => Ok(None),
            _ if !matches!(at.step, Step::Offset(_)) => Ok(None),
            _ => {
                let full = page.limit.filter(|limit| *limit > 0).map_or(list.size, |limit| limit.min(list.size));
                let count = page.items.len() as u64;
                Ok((count > 0 && count >= full).then_some(Step::Offset(done)))
            }
        }
    }

    fn content(&self, page: &Envelope) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for item in &page.items {
            hasher.write_usize(item.len());
            hasher.write(item);
        }
        hasher.finish()
    }
}

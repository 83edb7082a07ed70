//! Decides whether a page is progress, and where the list continues. Pure, so that it can be tested against any server. The rule is in
//! docs/lists.md.
//!
//! It always terminates: no page is requested twice, offsets only grow, and a list with a total must come closer to it.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::envelope::Envelope;
use super::fault::Fault;
use super::kind::Paging;
use super::list::List;
use super::position::{Position, Step};
use super::signals::{NextPage, Signals};
use crate::error::Error;

/// The most pages in a row without progress: a log that grows while it is read, pages emptied by a filter.
const MAX_STALLS: u32 = 10;
/// The most pages of a list without a total, if the caller set no limit: a million items at the default page size.
const MAX_PAGES: u64 = 10_000;
/// The parameter for the number of a page.
const PAGE: &str = "page";

/// The state of reading a list.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    hasher: RandomState,
    /// Hashes of the requested pages.
    asked: HashSet<u64>,
    /// Why the current page was requested.
    question: Question,
    /// The items of the previous page.
    last: Option<u64>,
    /// The objects of the previous page.
    neighbours: HashSet<u64>,
    /// Objects that were on the previous page, too.
    repeated: u64,
    pages: u64,
    /// The most items on a page.
    largest: u64,
    /// The server sends more items than requested, and the caller chose no page size: sizes prove nothing.
    unasked: bool,
    /// The number of the first page, if the response contains it.
    first_page: Option<u64>,
    /// The difference between the offsets in responses and those in requests: 1 if items are counted from 1.
    shift: Option<u64>,
    /// Whether an earlier page named the next one.
    led: bool,
    /// The first and the latest total. Only a total above the size of its page counts the list.
    totals: Option<(u64, u64)>,
    /// The first total, and whether all others were equal.
    total: Option<(u64, bool)>,
    /// Why the list may be incomplete.
    doubt: Option<Fault>,
    least_rest: Option<u64>,
    stalls: u32,
}

/// Why a page is requested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Question {
    /// It is the first, or the server announced it.
    #[default]
    Told,
    /// The response shows neither that there are more items nor that there are none.
    Beyond,
    /// The server ignores offsets: tests whether it has a page number 2, or else 1.
    Second,
    First,
}

/// Where a list continues after a page.
#[derive(Debug)]
pub(super) enum Onward {
    End,
    /// The end, with a warning.
    Doubtful(Fault),
    Page(Position),
    /// To be tested: the list did not continue, and may have ended.
    Probe(Position),
    /// Nowhere, though it should; the items so far are correct.
    Stuck(Fault),
    /// At a target that is refused.
    Refused(Error),
}

impl Cursor {
    /// Records that the page at this key is requested; true the first time.
    pub(super) fn ask(&mut self, key: &str) -> bool {
        self.asked.insert(self.hasher.hash_one(key))
    }

    /// Whether the current page tests for numbered pages.
    pub(super) fn asks_for_a_number(&self) -> bool {
        matches!(self.question, Question::Second | Question::First)
    }

    /// Whether the current page tests for more items.
    pub(super) fn asks_for_more(&self) -> bool {
        self.question == Question::Beyond
    }

    /// Evaluates the page for `at`. A faulty page must not be returned to the caller.
    pub(super) fn judge(
        &mut self,
        list: &List,
        at: &Position,
        page: &mut Envelope,
        bounded: bool,
    ) -> Result<Onward, Fault> {
        let count = page.items.len() as u64;
        self.pages += 1;
        let content = (count > 0).then(|| self.content(page));
        let same = content.is_some() && self.last == content;
        if let Some(onward) = self.reply(list, at, page, same) {
            return onward;
        }
        self.unasked |= self.pages == 1 && !list.size_chosen && count > list.size;
        if page.overfull || (count > list.size && !self.unasked && list.paging != Paging::Whole) {
            return Err(Fault::Larger { asked: list.size, got: page.items.len() });
        }
        self.check_place(at, &page.signals, count)?;
        if same {
            return Err(Fault::Same);
        }
        self.last = content.or(self.last);
        self.count_repeated(page);
        self.doubt = self.doubt.or(page.signals.doubt);
        let Some(done) = at.before.checked_add(count) else { return Err(Fault::Endless { pages: self.pages }) };
        self.note_total(at, page.signals.total, count);
        let onward = self.onward(list, at, &mut page.signals, count, done)?;
        self.largest = self.largest.max(count);
        let Onward::Page(_) = onward else { return Ok(onward) };
        // A total below the number of items so far counts something else.
        let rest = page.signals.total.and_then(|total| total.checked_sub(done)).filter(|rest| *rest > 0);
        let nearer = rest.is_none_or(|rest| self.least_rest.is_none_or(|least| rest < least));
        self.least_rest = rest.into_iter().chain(self.least_rest).min();
        self.stalls = if nearer && count > 0 { 0 } else { self.stalls + 1 };
        if self.stalls >= MAX_STALLS {
            return Ok(Onward::Stuck(Fault::Stalled { pages: self.stalls }));
        }
        if self.pages >= MAX_PAGES && rest.is_none() && !bounded {
            return Ok(Onward::Stuck(Fault::Endless { pages: self.pages }));
        }
        Ok(onward)
    }

    /// The conclusion from a page that was requested as a test, if it is only that.
    ///
    /// A server that sends its first, short page again ignores offsets. If it ignores page numbers, too, the list has no pages, and that page
    /// is the whole list.
    fn reply(&mut self, list: &List, at: &Position, page: &mut Envelope, same: bool) -> Option<Result<Onward, Fault>> {
        let probe = |number| Onward::Probe(Position::at(Step::Page(PAGE.to_owned(), number), at.before));
        let alone = self.pages == 2 && (self.unasked || self.largest < list.size);
        let onward = match std::mem::take(&mut self.question) {
            Question::Beyond if same && alone && list.paging == Paging::Detected => match at.step {
                Step::Page(..) => self.end(at.before),
                _ => {
                    self.question = Question::Second;
                    probe(2)
                }
            },
            // With numbers from 0, page 1 differs from the first page.
            Question::Second if page.items.is_empty() => {
                self.question = Question::First;
                probe(1)
            }
            // Neither number is another page; or numbers start at 0, and there is one page.
            Question::Second | Question::First if same => self.end(at.before),
            Question::First if page.items.is_empty() => self.end(at.before),
            Question::Second | Question::First => return Some(Err(Fault::Numbered)),
            _ => return None,
        };
        page.items.clear();
        Some(Ok(onward))
    }

    /// Whether the page is the requested one, if the response shows which one it is.
    fn check_place(&mut self, at: &Position, signals: &Signals, count: u64) -> Result<(), Fault> {
        match (&at.step, signals) {
            (Step::Offset(asked), Signals { offset: Some(named), .. }) if count > 0 => {
                let shift = *self.shift.get_or_insert(named.saturating_sub(*asked).min(1));
                let (reached, named) = (asked.saturating_add(shift), *named);
                match named.cmp(&reached) {
                    std::cmp::Ordering::Less => Err(Fault::Back { reached, named }),
                    std::cmp::Ordering::Equal => Ok(()),
                    std::cmp::Ordering::Greater => Err(Fault::Skipped { reached, named }),
                }
            }
            (Step::Page(_, asked), Signals { page: Some((_, named)), .. }) if asked != named && count > 0 => {
                Err(Fault::Other { asked: *asked, got: *named })
            }
            _ => Ok(()),
        }
    }

    /// Counts the objects that were on the previous page, too: a list that changed while it was read, or overlapping pages.
    fn count_repeated(&mut self, page: &Envelope) {
        let objects = page.items.iter().filter(|item| item.starts_with(b"{"));
        let objects: HashSet<u64> = objects.map(|item| self.hasher.hash_one(item)).collect();
        self.repeated += objects.intersection(&self.neighbours).count() as u64;
        if !page.items.is_empty() {
            self.neighbours = objects;
        }
    }

    /// Tracks the total. With offsets, an item removed from an earlier page moves another item out of the next one.
    fn note_total(&mut self, at: &Position, total: Option<u64>, count: u64) {
        let Some(total) = total.filter(|_| matches!(at.step, Step::Offset(_) | Step::Page(..))) else { return };
        let first = self.total.map_or(total, |(first, _)| first);
        self.total = Some((first, first == total && self.total.is_none_or(|(_, steady)| steady)));
        if let Some((_, was)) = self.totals.filter(|(_, was)| total < *was) {
            self.doubt.get_or_insert(Fault::Shrunk { was, is: total });
        }
        if total > count {
            self.totals = Some((self.totals.map_or(total, |(first, _)| first), total));
        }
    }

    /// The end, unless the list may be incomplete.
    fn end(&self, done: u64) -> Onward {
        let given = done.saturating_sub(self.repeated);
        match (self.doubt, self.totals) {
            (Some(doubt), _) => Onward::Stuck(doubt),
            (None, Some((total, _))) if self.repeated > 0 && given < total => {
                Onward::Stuck(Fault::Overlap { given, total })
            }
            _ if self.repeated > 0 => Onward::Doubtful(Fault::Twice { items: self.repeated }),
            _ => Onward::End,
        }
    }

    /// Where the list continues after this page.
    fn onward(
        &mut self,
        list: &List,
        at: &Position,
        signals: &mut Signals,
        count: u64,
        done: u64,
    ) -> Result<Onward, Fault> {
        if list.paging != Paging::Detected {
            signals.more = None;
            signals.page = None;
        }
        let told_end =
            list.paging == Paging::Detected && matches!(signals.next, NextPage::Done) || signals.more == Some(false);
        // 1. A next page is followed, whatever else the response contains.
        if let Some(onward) = pointer(list.paging, at, std::mem::take(&mut signals.next), done) {
            self.led = true;
            return Ok(onward);
        }
        let numbered = self.numbered(at, signals);
        let last = numbered.as_ref().and_then(|(_, number)| self.is_last(*number, signals.pages));
        let more = signals.more == Some(true) || last == Some(false);
        let rest = signals.total.and_then(|total| total.checked_sub(done));
        let chained = matches!(at.step, Step::Link(_) | Step::Token(..));
        let cannot_go_on = chained || matches!(list.paging, Paging::Token | Paging::Whole);
        // 2. Fewer items than the total, also that of an earlier page, or more items announced: it continues.
        let total = signals.total.or(self.totals.map(|(_, latest)| latest));
        if let Some(total) = total.filter(|total| *total > done) {
            return match (count, cannot_go_on) {
                (0, _) => Err(Fault::Empty { total }),
                (_, true) => Ok(Onward::Stuck(Fault::Short { given: done, total })),
                _ => Ok(step(numbered, done)),
            };
        }
        if more {
            self.led = true;
            return Ok(match count {
                _ if cannot_go_on => Onward::Stuck(Fault::Lost),
                0 if numbered.is_none() => Onward::Stuck(Fault::Lost),
                _ => step(numbered, done),
            });
        }
        // 3. The end: announced, an empty page, or after pages that named the next one.
        if told_end || last == Some(true) || count == 0 || cannot_go_on || self.led {
            return Ok(self.end(done));
        }
        // 4. The total is reached on a page that is not full, and it has not changed.
        let known = signals.limit.filter(|limit| *limit > 0);
        let room = [known, (!self.unasked).then_some(list.size), Some(self.largest).filter(|most| *most > 0)];
        let short = room.into_iter().flatten().min().is_some_and(|room| count < room);
        let steady = self.total.is_none_or(|(_, steady)| steady);
        // A total equal to the size of this page may count the page only.
        if rest == Some(0) && short && steady && signals.total != Some(count) {
            return Ok(self.end(done));
        }
        // 5. The end is not proven: an empty page will prove it.
        self.question = Question::Beyond;
        Ok(step(numbered, done))
    }

    /// The number of this page, with numbered pages: the first response contains 0 or 1, the others were requested by number.
    fn numbered(&mut self, at: &Position, signals: &Signals) -> Option<(String, u64)> {
        match (&at.step, &signals.page) {
            (Step::Page(name, number), _) => Some((name.clone(), *number)),
            (Step::Offset(0), Some((name, number))) if *number <= 1 && signals.offset.is_none() => {
                self.first_page = Some(*number);
                Some((name.clone(), *number))
            }
            _ => None,
        }
    }

    /// Whether the page of this number is the last one. The first page shows whether numbers start at 0 or 1; a resumed list may request
    /// one page more.
    fn is_last(&self, number: u64, pages: Option<u64>) -> Option<bool> {
        let first = self.first_page.unwrap_or(1);
        pages.map(|pages| number.saturating_add(1) >= pages.saturating_add(first))
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

/// The next page, if the response names it.
fn pointer(paging: Paging, at: &Position, next: NextPage, done: u64) -> Option<Onward> {
    let back = |reached: u64, named: u64| Onward::Stuck(Fault::Back { reached, named });
    let step = match (paging, next) {
        (Paging::Detected | Paging::Token, NextPage::Token(parameter, token)) => Step::Token(parameter, token),
        (Paging::Detected, NextPage::Offset(offset)) if offset < done || offset <= at.before => {
            return Some(back(done, offset));
        }
        (Paging::Detected, NextPage::Offset(offset)) => Step::Offset(offset),
        (Paging::Detected, NextPage::Page(name, number)) => match &at.step {
            Step::Page(_, reached) if number <= *reached => {
                return Some(Onward::Stuck(Fault::Other { asked: reached.saturating_add(1), got: number }));
            }
            _ => Step::Page(name, number),
        },
        (Paging::Detected, NextPage::Target(target)) => match List::offset(&target) {
            Some(offset) if offset < done => return Some(back(done, offset)),
            _ => Step::Link(target),
        },
        (Paging::Detected, NextPage::Refused(error)) => return Some(Onward::Refused(error)),
        _ => return None,
    };
    let before = if let Step::Offset(offset) = step { offset } else { done };
    Some(Onward::Page(Position::at(step, before)))
}

/// The page after this one, by our own count.
fn step(numbered: Option<(String, u64)>, done: u64) -> Onward {
    let step = match numbered {
        Some((name, number)) => Step::Page(name, number.saturating_add(1)),
        None => Step::Offset(done),
    };
    Onward::Page(Position::at(step, done))
}

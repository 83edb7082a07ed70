//! From page to page: asks for one when it is needed, or one ahead, and keeps the place. Holds one page that arrived ahead at most.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use digicert_one_core::{Code, Diagnosis};
use http::StatusCode;

use super::cursor::{Cursor, Onward};
use super::envelope::{self, Envelope};
use super::fault::Fault;
use super::list::List;
use super::position::{Position, Step};
use super::signals::Next;
use crate::client::Client;
use crate::error::{Error, ErrorKind};

type Fetching = Pin<Box<dyn Future<Output = Result<Envelope, Error>> + Send>>;

/// The pages of a list, unread.
pub(super) struct PageFetcher {
    client: Client,
    list: Option<Arc<List>>,
    cursor: Cursor,
    ahead: Ahead,
    position: Position,
    items_left: u64,
    pages_left: Option<u64>,
    prefetch: bool,
    begun: bool,
    /// Why the end may not be the end, where the caller takes that.
    incomplete: Option<Error>,
}

/// What comes next.
enum Ahead {
    Page(Position),
    Asked(Position, Fetching),
    Arrived(Position, Result<Envelope, Error>),
    Failed(Error),
    End,
}

/// A page whose items are not decoded.
pub(super) struct RawPage {
    /// Where its first item here is.
    pub(super) position: Position,
    pub(super) items: Vec<Bytes>,
    pub(super) total: Option<u64>,
    /// The place behind its last item here.
    pub(super) next: Position,
}

/// Where to begin and how far to go.
pub(super) struct Bounds {
    pub(super) start: Option<Position>,
    pub(super) items: u64,
    pub(super) pages: Option<u64>,
    pub(super) prefetch: bool,
}

impl PageFetcher {
    /// A list that could not be made is an error of the first page.
    pub(super) fn new(client: Client, list: Result<List, Error>, bounds: Bounds) -> Self {
        let own_start = list.as_ref().map_or(0, |list| list.start);
        let position = bounds.start.unwrap_or_else(|| Position::offset(own_start));
        let (list, ahead) = match list {
            Ok(list) => (Some(Arc::new(list)), Ahead::Page(position.clone())),
            Err(error) => (None, Ahead::Failed(error)),
        };
        Self {
            client,
            list,
            cursor: Cursor::default(),
            ahead,
            position,
            items_left: bounds.items,
            pages_left: bounds.pages,
            prefetch: bounds.prefetch,
            begun: false,
            incomplete: None,
        }
    }

    /// Why the list may not be complete, where it has ended all the same.
    pub(super) fn incomplete(&self) -> Option<&Error> {
        self.incomplete.as_ref()
    }

    /// The place behind all pages that were given.
    pub(super) fn position(&self) -> &Position {
        &self.position
    }

    /// Ends here: what was given last has failed at this place.
    pub(super) fn fail_at(&mut self, position: Position) {
        self.position = position;
        self.ahead = Ahead::End;
    }

    /// The next page, asked for now if it was not before.
    pub(super) fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RawPage, Error>>> {
        loop {
            ready!(self.poll_ahead(cx));
            let page = match mem::replace(&mut self.ahead, Ahead::End) {
                Ahead::Arrived(at, Ok(page)) => self.settle(&at, page),
                // A server that does not know numbers of pages.
                Ahead::Arrived(_, Err(error)) if self.cursor.asks_for_a_number() && is_refusal(&error) => continue,
                Ahead::Arrived(_, Err(error)) | Ahead::Failed(error) => Err(error),
                _ => return Poll::Ready(None),
            };
            let page = match page {
                Ok(page) => page,
                Err(error) => return Poll::Ready(Some(Err(error))),
            };
            // An empty page is worth giving only where it is the whole list.
            if page.items.is_empty() && (self.begun || !matches!(self.ahead, Ahead::End)) {
                continue;
            }
            self.begun = true;
            self.prefetch(cx);
            return Poll::Ready(Some(Ok(page)));
        }
    }

    /// With prefetching: asks for the page after the one that was given, and lets it arrive.
    pub(super) fn prefetch(&mut self, cx: &mut Context<'_>) {
        if self.prefetch {
            let _ = self.poll_ahead(cx).is_ready();
        }
    }

    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut self.ahead {
                Ahead::Page(at) => {
                    let (Some(list), 1..) = (&self.list, self.items_left.min(self.pages_left.unwrap_or(u64::MAX)))
                    else {
                        self.ahead = Ahead::End;
                        return Poll::Ready(());
                    };
                    let at = mem::take(at);
                    self.ahead = match list.key(&at.step) {
                        Err(error) => Ahead::Failed(error),
                        Ok(key) if !self.cursor.ask(&key) => {
                            let error = Fault::Again.at(list.path(), &at);
                            if list.incomplete {
                                self.incomplete = Some(error);
                                Ahead::End
                            } else {
                                Ahead::Failed(error)
                            }
                        }
                        Ok(_) => {
                            let fetching = fetch(self.client.clone(), Arc::clone(list), at.step.clone());
                            Ahead::Asked(at, Box::pin(fetching))
                        }
                    };
                }
                Ahead::Asked(at, fetching) => {
                    let page = ready!(fetching.as_mut().poll(cx));
                    self.ahead = Ahead::Arrived(mem::take(at), page);
                    return Poll::Ready(());
                }
                _ => return Poll::Ready(()),
            }
        }
    }

    /// Judges a page that arrived, takes what is to be given of it, and finds out how the list goes on.
    fn settle(&mut self, at: &Position, mut page: Envelope) -> Result<RawPage, Error> {
        let Some(list) = &self.list else { return Err(Error::local(ErrorKind::Request, "there is no list")) };
        let asked_for_a_number = self.cursor.asks_for_a_number();
        let onward = match self.cursor.judge(list, at, &mut page, self.pages_left.is_some()) {
            Ok(Onward::Stuck(fault)) if list.incomplete => {
                self.incomplete = Some(fault.at(list.path(), at));
                Onward::End
            }
            Ok(onward) => onward,
            Err(fault) if list.incomplete && fault.is_of_end() => {
                self.incomplete = Some(fault.at(list.path(), at));
                page.items.clear();
                Onward::End
            }
            Err(fault) => return Err(fault.at(list.path(), at).after_attempts(page.attempts)),
        };
        let first = usize::try_from(at.skip).unwrap_or(usize::MAX).min(page.items.len());
        let left = usize::try_from(self.items_left).unwrap_or(usize::MAX);
        let end = page.items.len().min(first.saturating_add(left));
        let cut = end < page.items.len();
        page.items.truncate(end);
        page.items.drain(..first);
        self.items_left -= page.items.len() as u64;
        self.pages_left = self.pages_left.map(|pages| pages.saturating_sub(1));

        let behind = match asked_for_a_number {
            // The place was reached before the question.
            true => self.position.clone(),
            false => at.skipping(at.skip.max(end as u64)),
        };
        (self.position, self.ahead) = match onward {
            _ if cut => (behind, Ahead::End),
            Onward::End => (behind, Ahead::End),
            Onward::Doubtful(fault) => {
                self.incomplete = Some(fault.at(list.path(), &behind).after_attempts(page.attempts));
                (behind, Ahead::End)
            }
            Onward::Page(next) => (next.clone(), Ahead::Page(next)),
            Onward::Probe(next) => (behind, Ahead::Page(next)),
            Onward::Stuck(fault) => {
                let error = fault.at(list.path(), &behind).after_attempts(page.attempts);
                (behind, Ahead::Failed(error))
            }
            Onward::Refused(error) => (behind, Ahead::Failed(error)),
        };
        Ok(RawPage {
            position: at.skipping(first as u64),
            items: page.items,
            total: page.signals.total,
            next: self.position.clone(),
        })
    }
}

/// One page over the wire. Everything that a call does is done here too: pace, repeats, redirects, limits.
async fn fetch(client: Client, list: Arc<List>, step: Step) -> Result<Envelope, Error> {
    let target = list.target(&step)?;
    let response = list.request(&client, target.clone(), &step).send().await?;
    if response.status() == StatusCode::NO_CONTENT {
        return Ok(Envelope::default());
    }
    let role = response.mode().host_role();
    let (head, body) = response.json_parts().await?;
    let mut page = envelope::read(&body, list.field.as_deref()).map_err(|unreadable| {
        head.probably_reported(&body).unwrap_or_else(|| {
            let summary = format!("{}: the answer ({}, {} bytes) {unreadable}.", list.path(), head.seen(), body.len());
            Error::new(ErrorKind::Decode, Diagnosis::of(Code::AUT_05, summary)).after_attempts(head.attempts)
        })
    })?;
    // An empty list beside an error is the error.
    if let Some(error) = Some(&body).filter(|_| page.items.is_empty()).and_then(|body| head.reported(body)) {
        return Err(error);
    }
    page.attempts = head.attempts;
    page.signals.add_headers(&head.headers);
    if let Next::Link(link) = &page.signals.next {
        let origin = client.instance().origin(role).map_err(Error::instance)?;
        page.signals.next = match List::follow(client.instance(), origin, &target, link) {
            Ok(target) => Next::Target(target),
            Err(error) => Next::Refused(error),
        };
    }
    Ok(page)
}

/// Whether a request was refused for what it asks.
fn is_refusal(error: &Error) -> bool {
    matches!(error.status(), Some(StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY))
}

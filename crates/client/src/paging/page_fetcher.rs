//! Requests the pages of a list on demand, or one ahead, and tracks the position. Buffers at most one page.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::cursor::{Cursor, Onward};
use super::envelope::{self, Envelope};
use super::fault::Fault;
use super::list::List;
use super::position::{Position, Step};
use super::signals::NextPage;
use crate::client::Client;
use crate::error::{Error, ErrorKind};

type Fetching = Pin<Box<dyn Future<Output = Result<Envelope, Error>> + Send>>;

/// Requests the pages of a list.
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
    /// Why the list may be incomplete, if the caller accepts that.
    incomplete: Option<Error>,
    /// The error that a page reported beside its items.
    reported: Option<Error>,
}

/// The next page.
enum Ahead {
    Page(Position),
    Asked(Position, Fetching),
    Arrived(Position, Result<Envelope, Error>),
    Failed(Error),
    End,
}

/// A page whose items are not decoded.
pub(super) struct RawPage {
    /// The position of its first item.
    pub(super) position: Position,
    pub(super) items: Vec<Bytes>,
    pub(super) total: Option<u64>,
    /// The position after its last item.
    pub(super) next: Position,
}

/// Start position and limits.
pub(super) struct Bounds {
    pub(super) start: Option<Position>,
    pub(super) items: u64,
    pub(super) pages: Option<u64>,
    pub(super) prefetch: bool,
}

impl PageFetcher {
    /// An invalid list is an error of the first page.
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
            reported: None,
        }
    }

    /// Why the list may be incomplete, after its end.
    pub(super) fn incomplete(&self) -> Option<&Error> {
        self.incomplete.as_ref()
    }

    /// The position after all pages that were returned.
    pub(super) fn position(&self) -> &Position {
        &self.position
    }

    /// Ends the list at this position, where the last page failed.
    pub(super) fn fail_at(&mut self, position: Position) {
        self.position = position;
        self.ahead = Ahead::End;
    }

    /// Polls the next page, and requests it if necessary.
    pub(super) fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RawPage, Error>>> {
        loop {
            ready!(self.poll_ahead(cx));
            let page = match mem::replace(&mut self.ahead, Ahead::End) {
                Ahead::Arrived(at, Ok(page)) => self.settle(&at, page),
                // A server without numbered pages.
                Ahead::Arrived(_, Err(error)) if self.cursor.asks_for_a_number() && is_refusal(&error) => continue,
                Ahead::Arrived(at, Err(error)) if self.cursor.asks_for_more() && is_refusal(&error) => {
                    let status = error.status().unwrap_or_default().as_u16();
                    let path = self.list.as_ref().map(|list| list.path()).unwrap_or_default();
                    let doubt = Fault::Refused { items: at.before, status }.at(path, &self.position);
                    let doubt = doubt.after_attempts(error.attempts()).with_source(error);
                    if self.list.as_ref().is_some_and(|list| list.incomplete) {
                        self.incomplete = Some(doubt);
                        continue;
                    }
                    Err(doubt)
                }
                Ahead::Arrived(_, Err(error)) | Ahead::Failed(error) => Err(error),
                _ => return Poll::Ready(None),
            };
            let page = match page {
                Ok(page) => page,
                Err(error) => return Poll::Ready(Some(Err(error))),
            };
            // An empty page is returned only if it is the whole list.
            if page.items.is_empty() && (self.begun || !matches!(self.ahead, Ahead::End)) {
                continue;
            }
            self.begun = true;
            self.prefetch(cx);
            return Poll::Ready(Some(Ok(page)));
        }
    }

    /// With prefetching: requests the page after the current one, and polls it.
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

    /// Evaluates a page, applies the limits, and finds the next position.
    fn settle(&mut self, at: &Position, mut page: Envelope) -> Result<RawPage, Error> {
        let Some(list) = &self.list else { return Err(Error::local(ErrorKind::Request, "invalid list")) };
        let asked_for_a_number = self.cursor.asks_for_a_number();
        self.reported = self.reported.take().or(page.reported.take());
        let reported = &mut self.reported;
        // The fault, with what the page says of it.
        let mut explained = |fault: Fault, at: &Position| match reported.take_if(|_| fault == Fault::Partial) {
            Some(reported) => fault.at(list.path(), at).with_source(reported),
            None => fault.at(list.path(), at),
        };
        let onward = match self.cursor.judge(list, at, &mut page, self.pages_left.is_some()) {
            Ok(Onward::Stuck(fault)) if list.incomplete => {
                self.incomplete = Some(explained(fault, at));
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
            // The position before the test request.
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
                let error = explained(fault, &behind).after_attempts(page.attempts);
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

/// Requests one page like any other call, with rate limiter, retries, redirects and timeouts.
async fn fetch(client: Client, list: Arc<List>, step: Step) -> Result<Envelope, Error> {
    let target = list.target(&step)?;
    let response = list.request(&client, target.clone(), &step).send().await?;
    if response.status() == StatusCode::NO_CONTENT {
        return Ok(Envelope::default());
    }
    let role = response.mode().host_role();
    let (head, body) = response.json_parts().await?;
    let later = step != Step::Offset(0);
    let mut page = envelope::read(&body, list.field.as_deref(), later).map_err(|unreadable| {
        head.likely_error_document(&body).unwrap_or_else(|| {
            let summary =
                format!("{}: the response ({}, {} bytes) {unreadable}.", list.path(), head.seen(), body.len());
            let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            Error::new(ErrorKind::Decode, unreadable.diagnosis(summary, content_type)).after_attempts(head.attempts)
        })
    })?;
    // An empty list with an error is the error.
    if let Some(error) = Some(&body).filter(|_| page.items.is_empty()).and_then(|body| head.error_document(body)) {
        return Err(error);
    }
    if page.signals.doubt.is_some() {
        page.reported = head.error_document(&body);
    }
    if head.status == StatusCode::ACCEPTED {
        page.signals.doubt = Some(Fault::Accepted);
    }
    page.attempts = head.attempts;
    page.signals.add_headers(&head.headers);
    if let NextPage::Link(link) = &page.signals.next {
        let origin = client.instance().origin(role).map_err(Error::instance)?;
        page.signals.next = match List::follow(client.instance(), origin, &target, link) {
            Ok(target) => NextPage::Target(target),
            Err(error) => NextPage::Refused(error),
        };
    }
    Ok(page)
}

/// Whether the server refused the request as invalid.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error.status(),
        Some(
            StatusCode::BAD_REQUEST
                | StatusCode::NOT_FOUND
                | StatusCode::RANGE_NOT_SATISFIABLE
                | StatusCode::UNPROCESSABLE_ENTITY
        )
    )
}

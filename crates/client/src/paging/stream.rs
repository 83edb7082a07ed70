//! The two public streams: of items, and of pages.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use digicert_one_core::{Code, Diagnosis};
use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::page::Page;
use super::page_fetcher::{PageFetcher, RawPage};
use super::position::Position;
use crate::error::{Error, ErrorKind};
use crate::mismatch::Mismatch;

/// The items of a list, page after page. Made by [`Pages::items`](crate::Pages::items); also a [`Stream`].
///
/// An error ends the stream: polling again returns `None`. [`position`](Self::position) is then that of the failed page, or of the item
/// that could not be decoded, and a new stream can continue there.
#[must_use = "a stream does nothing until it is polled"]
pub struct ItemStream<T> {
    fetcher: PageFetcher,
    page: Option<(RawPage, usize)>,
    item: PhantomData<fn() -> T>,
}

/// The pages of a list. Made by [`Pages::pages`](crate::Pages::pages); also a [`Stream`].
///
/// A list without items is one empty page. An error ends the stream, as with [`ItemStream`].
#[must_use = "a stream does nothing until it is polled"]
pub struct PageStream<T> {
    fetcher: PageFetcher,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> ItemStream<T> {
    pub(super) fn new(fetcher: PageFetcher) -> Self {
        Self { fetcher, page: None, item: PhantomData }
    }

    /// The next item; `None` at the end. Cancel safe: no item is lost.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The position after the last item that was returned.
    #[must_use]
    pub fn position(&self) -> Position {
        match &self.page {
            Some((page, given)) => page.position.after(*given),
            None => self.fetcher.position().clone(),
        }
    }

    /// Why the list may be incomplete, after its end and with [`allow_incomplete`](crate::Pages::allow_incomplete).
    #[must_use]
    pub fn incomplete(&self) -> Option<&Error> {
        self.fetcher.incomplete()
    }
}

impl<T: DeserializeOwned> PageStream<T> {
    pub(super) fn new(fetcher: PageFetcher) -> Self {
        Self { fetcher, item: PhantomData }
    }

    /// The next page; `None` at the end. Cancel safe: no page is lost.
    pub async fn next(&mut self) -> Option<Result<Page<T>, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The position after the last page that was returned.
    #[must_use]
    pub fn position(&self) -> Position {
        self.fetcher.position().clone()
    }

    /// Why the list may be incomplete, after its end and with [`allow_incomplete`](crate::Pages::allow_incomplete).
    #[must_use]
    pub fn incomplete(&self) -> Option<&Error> {
        self.fetcher.incomplete()
    }
}

impl<T: DeserializeOwned> Stream for ItemStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some((page, given)) = &mut this.page
                && let Some(item) = page.items.get(*given)
            {
                let position = page.position.after(*given);
                let decoded = decode(item, &position);
                *given += 1;
                if decoded.is_err() {
                    this.fetcher.fail_at(position);
                }
                if decoded.is_err() || *given == page.items.len() {
                    this.page = None;
                }
                this.fetcher.prefetch(cx);
                return Poll::Ready(Some(decoded));
            }
            this.page = None;
            match ready!(this.fetcher.poll_page(cx)) {
                Some(Ok(page)) => this.page = Some((page, 0)),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T: DeserializeOwned> Stream for PageStream<T> {
    type Item = Result<Page<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let page = match ready!(this.fetcher.poll_page(cx)) {
            Some(Ok(page)) => page,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None => return Poll::Ready(None),
        };
        let items = page.items.iter().enumerate().map(|(index, item)| decode(item, &page.position.after(index)));
        let items: Result<Vec<T>, Error> = items.collect();
        let RawPage { position, total, next, .. } = page;
        if items.is_err() {
            this.fetcher.fail_at(position.clone());
        }
        Poll::Ready(Some(items.map(|items| Page { items, total, position, next })))
    }
}

fn decode<T: DeserializeOwned>(item: &[u8], position: &Position) -> Result<T, Error> {
    serde_json::from_slice(item).map_err(|error| {
        let (index, before) = (position.skip, position.before);
        let summary = format!("item {index} of the page after {before} items of the list is not what was expected");
        Error::new(ErrorKind::Decode, Diagnosis::of(Code::AUT_05, summary)).with_source(Mismatch::new(&error))
    })
}

impl<T> fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemStream").field("page", self.fetcher.position()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for PageStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream").field("position", self.fetcher.position()).finish_non_exhaustive()
    }
}

//! Builds a list request: path, filters, paging and limits.

use std::fmt;

use digicert_one_core::{RequestTarget, TargetError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::kind::Paging;
use super::list::List;
use super::page_fetcher::{Bounds, PageFetcher};
use super::position::Position;
use super::stream::{ItemStream, PageStream};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::path::{IntoTarget, with_query};

/// A list request. Created by [`Client::pages`].
///
/// Its streams request a page when it is needed, spawn nothing, and run under any executor. Dropping a stream cancels it. Mistakes are the
/// first item of a stream.
///
/// ```no_run
/// # async fn example(client: digicert_one_client::Client) -> Result<(), digicert_one_client::Error> {
/// let mut certificates = client.pages("/mpki/api/v1/certificate-search?status=ISSUED").items::<serde_json::Value>();
/// while let Some(certificate) = certificates.next().await {
///     println!("{}", certificate?["serial_number"]);
/// }
/// # Ok(()) }
/// ```
///
/// Continuing where an earlier run stopped:
///
/// ```no_run
/// # use digicert_one_client::{Client, Position};
/// # async fn example(client: Client, kept: &str) -> Result<String, Box<dyn std::error::Error>> {
/// let mut entries = client.pages("/mpki/api/v1/audit-log").start_at(kept.parse::<Position>()?).items::<serde_json::Value>();
/// while let Some(Ok(entry)) = entries.next().await {
///     println!("{entry}");
/// }
/// Ok(entries.position().to_string())
/// # }
/// ```
#[must_use = "a list does nothing until its stream is polled"]
pub struct Pages {
    client: Client,
    target: Result<RequestTarget, TargetError>,
    body: Option<Result<serde_json::Value, serde_json::Error>>,
    paging: Paging,
    field: Option<String>,
    size: Option<u32>,
    max_items: Option<u64>,
    max_pages: Option<u64>,
    start: Option<Position>,
    prefetch: bool,
    allow_incomplete: bool,
}

impl Client {
    /// The list at this path, page by page.
    pub fn pages(&self, path: impl IntoTarget) -> Pages {
        Pages::new(self.clone(), path.into_target())
    }
}

impl Pages {
    fn new(client: Client, target: Result<RequestTarget, TargetError>) -> Self {
        Self {
            client,
            target,
            body: None,
            paging: Paging::Detected,
            field: None,
            size: None,
            max_items: None,
            max_pages: None,
            start: None,
            prefetch: false,
            allow_incomplete: false,
        }
    }

    /// Adds a filter as a query pair of every page; both parts are encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.target = self.target.and_then(|target| with_query(&target, name, value));
        self
    }

    /// Requests by POST with this JSON object, as for CSC lists. `maxResults` and `pageToken` are added to it, and the paging is
    /// [`Paging::Token`].
    pub fn post_json<B: Serialize + ?Sized>(mut self, body: &B) -> Self {
        self.body = Some(serde_json::to_value(body));
        self.paging = Paging::Token;
        self
    }

    /// The kind of paging; detected from the responses by default.
    pub fn paging(mut self, paging: Paging) -> Self {
        self.paging = paging;
        self
    }

    /// The field that holds the items, if it has an unusual name.
    pub fn list_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The page size: 1 to 100,000, 100 by default. The platform may send fewer items. A `limit` in the path has the same effect.
    pub fn page_size(mut self, items: u32) -> Self {
        self.size = Some(items);
        self
    }

    /// Ends after this many items.
    pub fn max_items(mut self, items: u64) -> Self {
        self.max_items = Some(items);
        self
    }

    /// Ends after this many pages. Without it, a list without a total is an error after 10,000 pages.
    pub fn max_pages(mut self, pages: u64) -> Self {
        self.max_pages = Some(pages);
        self
    }

    /// Starts at this position.
    pub fn start_at(mut self, position: Position) -> Self {
        self.start = Some(position);
        self
    }

    /// Requests the next page as soon as one has arrived. Nothing runs in the background: the page arrives while the stream is polled, so
    /// this helps if polls and work alternate. It costs the memory of one page, and one unnecessary call if the stream is dropped.
    pub fn prefetch(mut self, prefetch: bool) -> Self {
        self.prefetch = prefetch;
        self
    }

    /// Ends a list that may be incomplete without an error. By default that is API-04, after the last item: a server that sends fewer items
    /// than its own total, repeats a page, or pages in a way that its responses do not show. [`ItemStream::incomplete`] then has the
    /// reason.
    pub fn allow_incomplete(mut self, allow: bool) -> Self {
        self.allow_incomplete = allow;
        self
    }

    /// The items as a stream.
    ///
    /// Its errors: those of a call; AUT-05 for a response that is not a list and for an item that is not a `T`; API-04 for a list
    /// that repeats itself, does not end, or may be incomplete; SEC-01 for a link to another origin, which is not followed.
    pub fn items<T: DeserializeOwned>(self) -> ItemStream<T> {
        ItemStream::new(self.fetcher())
    }

    /// The pages as a stream; errors as in [`items`](Self::items).
    pub fn pages<T: DeserializeOwned>(self) -> PageStream<T> {
        PageStream::new(self.fetcher())
    }

    fn fetcher(self) -> PageFetcher {
        let bounds = Bounds {
            start: self.start,
            items: self.max_items.unwrap_or(u64::MAX),
            pages: self.max_pages,
            prefetch: self.prefetch,
        };
        let list = list(self.target, self.body, self.paging, self.size.map(u64::from));
        let list = list.map(|list| list.with_field(self.field).with_incomplete(self.allow_incomplete));
        PageFetcher::new(self.client, list, bounds)
    }
}

fn list(
    target: Result<RequestTarget, TargetError>,
    body: Option<Result<serde_json::Value, serde_json::Error>>,
    paging: Paging,
    size: Option<u64>,
) -> Result<List, Error> {
    let target = target.map_err(|error| Error::local(ErrorKind::Request, error.to_string()).with_source(error))?;
    let body = body.transpose().map_err(|error| {
        Error::local(ErrorKind::Request, "failed to write the body of the list request as JSON").with_source(error)
    })?;
    List::new(&target, paging, size)?.with_body(body)
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("path", &self.target.as_ref().map(RequestTarget::path).unwrap_or("invalid"))
            .field("paging", &self.paging)
            .field("page_size", &self.size)
            .finish_non_exhaustive()
    }
}

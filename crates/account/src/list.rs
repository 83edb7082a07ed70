//! Lists of Account Manager: the client's paging with a fixed item type.

use std::fmt;
use std::marker::PhantomData;

use digicert_one_client::{Client, Error, IntoTarget, ItemStream, Pages, Position};
use serde::de::DeserializeOwned;

/// A list request; filters can be added.
///
/// The lists of Account Manager are arrays without an envelope (documented for users and accounts, inferred
/// for the others); the envelopes of other products are accepted too.
///
/// ```no_run
/// use digicert_one_account::AccountExt as _;
/// # async fn example(client: digicert_one_client::Client) -> Result<(), digicert_one_client::Error> {
/// let mut users = client.account().users().service().items();
/// while let Some(user) = users.next().await {
///     println!("{:?}", user?.friendly_name);
/// }
/// # Ok(()) }
/// ```
#[must_use = "nothing is sent until `items` or `all`"]
pub struct List<T> {
    pages: Pages,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> List<T> {
    pub(crate) fn new(client: &Client, path: impl IntoTarget) -> Self {
        Self { pages: client.pages(path), item: PhantomData }
    }

    /// Adds a filter as a query pair; both parts are encoded. The platform documents its filters for few lists.
    pub fn filter(mut self, name: &str, value: &str) -> Self {
        self.pages = self.pages.query(name, value);
        self
    }

    /// Sets the items per page; see [`Pages::page_size`].
    pub fn page_size(mut self, items: u32) -> Self {
        self.pages = self.pages.page_size(items);
        self
    }

    /// Starts at this position; see [`ItemStream::position`].
    pub fn start_at(mut self, position: Position) -> Self {
        self.pages = self.pages.start_at(position);
        self
    }

    /// Ends without an error if the list may be incomplete; see [`Pages::allow_incomplete`].
    pub fn allow_incomplete(mut self, allow: bool) -> Self {
        self.pages = self.pages.allow_incomplete(allow);
        self
    }

    /// Returns the items as a stream, which requests pages as needed. Errors: see [`Pages::items`].
    pub fn items(self) -> ItemStream<T> {
        self.pages.items()
    }

    /// Returns all items at once, for short lists.
    ///
    /// # Errors
    /// Returns the errors of the stream; items before the error are dropped.
    pub async fn all(self) -> Result<Vec<T>, Error> {
        let (mut items, mut all) = (self.items(), Vec::new());
        while let Some(item) = items.next().await {
            all.push(item?);
        }
        Ok(all)
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("List").field(&self.pages).finish()
    }
}

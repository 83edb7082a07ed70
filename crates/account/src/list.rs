//! A list of Account Manager: the client's own paging with the type of the items settled.

use std::fmt;
use std::marker::PhantomData;

use digicert_one_client::{Client, Error, IntoTarget, ItemStream, Pages, Position};
use serde::de::DeserializeOwned;

/// A list that is not asked for yet; filters can be added.
///
/// The lists of Account Manager are arrays without an envelope (documented for users and accounts, inferred for the others); every
/// envelope that another product has is read too.
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
#[must_use = "a list is asked for by `items` or `all`"]
pub struct List<T> {
    pages: Pages,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> List<T> {
    pub(crate) fn new(client: &Client, path: impl IntoTarget) -> Self {
        Self { pages: client.pages(path), item: PhantomData }
    }

    /// Adds a filter as a query pair; both parts are encoded. Which filters the platform knows is documented for few lists.
    pub fn filter(mut self, name: &str, value: &str) -> Self {
        self.pages = self.pages.query(name, value);
        self
    }

    /// Items for each page; see [`Pages::page_size`].
    pub fn page_size(mut self, items: u32) -> Self {
        self.pages = self.pages.page_size(items);
        self
    }

    /// Begins here instead of at the beginning; see [`ItemStream::position`].
    pub fn start_at(mut self, position: Position) -> Self {
        self.pages = self.pages.start_at(position);
        self
    }

    /// Ends without an error where the list cannot be known to be complete; see [`Pages::allow_incomplete`].
    pub fn allow_incomplete(mut self, allow: bool) -> Self {
        self.pages = self.pages.allow_incomplete(allow);
        self
    }

    /// The items as a stream, which asks for pages as they are needed. Errors: see [`Pages::items`].
    pub fn items(self) -> ItemStream<T> {
        self.pages.items()
    }

    /// All items at once, for lists that are short.
    ///
    /// # Errors
    /// Those of the stream; items before the error are dropped.
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

//! One page of a list.

use super::position::Position;

/// A page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) total: Option<u64>,
    pub(super) position: Position,
    pub(super) next: Position,
}

impl<T> Page<T> {
    /// Its items.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Its items, owned.
    #[must_use]
    pub fn into_items(self) -> Vec<T> {
        self.items
    }

    /// The number of items of the whole list, if the server sent it with this page. It may change from page to page.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// The position of the page: a stream that starts there returns it again.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// The position after it, where the list continues, also once it has grown.
    #[must_use]
    pub fn next(&self) -> &Position {
        &self.next
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

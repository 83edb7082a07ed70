//! One page, as it is given to a program.

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

    /// Its items, to keep.
    #[must_use]
    pub fn into_items(self) -> Vec<T> {
        self.items
    }

    /// How many items the whole list has, where the server tells it with this page. It may change from page to page.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Where the page begins: a stream that starts there gives it again.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Where the list goes on after it, or will when it has grown.
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

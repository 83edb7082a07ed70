//! The runs behind the figures of docs/plots: each returns the rows of a table, as they were seen.

mod held;
pub mod rotation;
pub mod storm;
pub mod year;

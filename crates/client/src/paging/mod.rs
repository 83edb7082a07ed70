//! Lists that come in pages. The products of DigiCert ONE write them in four ways, and nothing is promised about their ends;
//! here they become one stream that asks for a page when it is needed, and that a server cannot keep busy for ever.
//!
//! `list.rs` makes the calls, `envelope.rs` and `signals.rs` read the answers, `cursor.rs` judges them (pure), `page_fetcher.rs` goes from page to page,
//! `stream.rs` is what programs hold.

pub(crate) mod by_token;
mod cursor;
mod envelope;
mod fault;
pub(crate) mod kind;
mod list;
pub(crate) mod page;
mod page_fetcher;
pub(crate) mod pages;
pub(crate) mod position;
mod signals;
pub(crate) mod stream;
mod unreadable;

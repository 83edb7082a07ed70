//! Paging: turns the four list forms of the DigiCert ONE products into one stream, which requests a page when it is needed and always
//! terminates. The platform documents no end-of-list rule.
//!
//! `list.rs` builds the calls, `envelope.rs` and `signals.rs` read the responses, `cursor.rs` decides where to continue (pure),
//! `page_fetcher.rs` requests pages, `stream.rs` has the public streams.

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

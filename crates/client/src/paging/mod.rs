//! Paging: turns the four list forms of the DigiCert ONE products into one stream, which requests a page when it is needed and always
//! terminates. The platform documents no end-of-list rule.

// `list.rs` builds the calls, `envelope.rs` and `signals.rs` read the responses, `cursor.rs` decides where to continue (pure),
// `page_fetcher.rs` requests pages, `stream.rs` has the public streams.

pub(crate) mod by_token;
mod cursor;
mod envelope;
mod fault;
mod kind;
mod list;
mod page;
mod page_fetcher;
mod pages;
mod position;
mod signals;
mod stream;
mod unreadable;

pub use self::kind::Paging;
pub use self::page::Page;
pub use self::pages::Pages;
pub use self::position::Position;
pub use self::stream::{ItemStream, PageStream};

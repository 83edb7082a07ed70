//! Lists that come in pages. The products of DigiCert ONE write them in four ways, and nothing is promised about their ends;
//! here they become one stream that asks for a page when it is needed, and that a server cannot keep busy for ever.
//!
//! `list.rs` makes the calls, `envelope.rs` and `signals.rs` read the answers, `cursor.rs` judges them (pure), `feed.rs` goes from page to page,
//! `stream.rs` is what programs hold.

mod by_token;
mod cursor;
mod envelope;
mod fault;
mod feed;
mod list;
mod page;
mod pages;
mod position;
mod signals;
mod stream;

pub use by_token::ByToken;
pub use page::Page;
pub use pages::{Pages, Paging};
pub use position::{Position, PositionError};
pub use stream::{ItemStream, PageStream};

//! The control of a running emulator: from Rust (`handle.rs`, `users.rs`), and the same over a port of its own (`http.rs`).

mod calls;
mod handle;
mod http;
mod request;
mod users;

pub(crate) use self::handle::Fronts;
pub use self::handle::{Control, ControlError};
pub(crate) use self::http::start_api;

//! The testbed seen by an ordinary client: reqwest on rustls, configured by hand.
//!
//! One binary for all files, so that it links once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod client;
mod ending;
mod front;
#[cfg(feature = "openssl")]
mod late;
mod pki;
mod proxy;
mod raw;
mod unreachable;

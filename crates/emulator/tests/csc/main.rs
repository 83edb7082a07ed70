//! Content signing and its OAuth server as callers meet them: real TLS, by an ordinary client.
//!
//! One binary for all files, so that it links once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod access;
mod caller;
mod credentials;
mod digest;
mod oauth;
mod oauth_code;
mod signing;
mod transactions;
mod verify;

//! The emulator as callers meet it: real TLS, by an ordinary client.
//!
//! One binary for all files, so that it links once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod account;
mod caller;
mod certificates;
mod csc;
mod endpoints;
mod expiry;
mod modes;
mod order;
mod products;
mod start;
mod state_file;
mod steering;
mod tokens;

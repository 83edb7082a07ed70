//! Content signing and its OAuth server as callers meet them.

mod access;
mod caller;
mod credentials;
mod digest;
mod oauth;
mod oauth_code;
mod signing;
mod transactions;
mod verify;

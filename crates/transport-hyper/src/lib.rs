#![doc = include_str!("../README.md")]

mod body;
mod config;
mod connection;
mod dial;
mod engine;
mod error;
mod failure;
mod handshake;
mod lost_request;
mod pool;
mod records;
mod stream;
mod streams;
#[cfg(test)]
mod testing;
mod transport;
mod tunnel;
mod wire;

pub use self::engine::{Engine, Secured};
pub use self::failure::ConnectFailure;
pub use self::handshake::{Handshake, Renegotiation};
pub use self::records::HandshakeRecords;
pub use self::transport::HyperTransport;
pub use self::wire::{Recording, Wire};

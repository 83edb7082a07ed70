//! The tests of service users: no secret that is shown once is lost, and no caller is refused because a
//! credential expired.
//!
//! `kills.rs` kills a process at every step of every task and lets another one continue; `days.rs` rotates
//! weekly credentials for many virtual days with faults. Both use the emulator over real TLS, and check its
//! final state, not what the client reports. docs/service-users-proof.md explains how to run them longer, and
//! what they found.

pub mod days;
pub mod kills;
pub mod machines;
pub mod place;
pub mod platform;
pub mod plots;
pub mod stack;
pub mod virtual_time;
pub mod weather;
pub mod worker;

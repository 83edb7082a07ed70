//! The proofs about service users: nothing that is shown once gets lost, and nobody is refused because a credential ended.
//!
//! `kills.rs` kills a process at every step of every task and lets another one go on; `days.rs` lets weekly credentials replace
//! themselves for many virtual days in bad weather. Both talk to the emulator over real TLS, and both judge by what the emulator
//! has in the end, not by what the client says. How to run them longer, and what they found: docs/service-users-proof.md.

pub mod days;
pub mod kills;
pub mod place;
pub mod platform;
pub mod stack;
pub mod virtual_time;
pub mod weather;
pub mod worker;

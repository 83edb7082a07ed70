//! Steering a running emulator, and what callers notice of it: faults, limits, maintenance, time, the control API.
//!
//! One binary for all files, so that it links once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod caller;
mod control;
mod faults;
mod limits;

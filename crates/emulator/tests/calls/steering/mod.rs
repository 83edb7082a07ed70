//! Steering a running emulator, and what callers notice of it: faults, limits, maintenance, time, the control API.

mod control;
mod faults;
mod limits;

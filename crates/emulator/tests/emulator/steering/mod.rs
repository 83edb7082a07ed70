//! Steering a running emulator, and its effect on callers: faults, limits, maintenance, time, the control API.

mod clock;
mod control;
mod faults;
mod limits;

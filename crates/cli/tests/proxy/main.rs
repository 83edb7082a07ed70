//! `d1 proxy` as programs use it: the built program, between callers of any kind and an emulator of this process.
#![cfg(unix)]

mod admission;
mod calls;
#[path = "../environment/mod.rs"]
mod environment;
mod failures;
mod listeners;
mod load;
mod programs;
mod stage;
mod stop;
mod streams;
mod wire;

//! `d1 proxy` as programs use it, between callers of any kind and an emulator.

mod admission;
mod calls;
mod failures;
mod listeners;
mod load;
mod programs;
mod stage;
mod stop;
mod streams;
mod wire;

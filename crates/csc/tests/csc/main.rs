//! The CSC client over a service in memory, in virtual time: each flow, and each bad input. What needs a wire is in `tests/unified`.

mod calls;
mod digest;
mod discovery;
mod observed;
mod service;
mod sign_in;
mod tokens;

//! The client over a scripted transport, in virtual time: what needs no wire. What needs one is the conformance suite's.

mod calls;
mod expiry;
mod gateway;
mod list_ends;
mod pace;
mod paging;
mod proof;
mod retry;
mod rotation;
mod scripted;

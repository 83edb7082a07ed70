//! The client over a scripted transport, in virtual time: what needs no wire. What needs one is the conformance suite's.

mod calls;
mod expiry;
mod paging;
mod rotation;
mod scripted;

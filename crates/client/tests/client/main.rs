//! The client over a scripted transport, in virtual time: what needs no wire. What needs one is the conformance suite's.

mod calls;
mod expiry;
mod gateway;
mod list_ends;
mod paging;
mod proof;
mod rate_limit;
mod retry;
mod rotation;
mod scripted;
mod uploads;

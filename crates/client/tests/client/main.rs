//! The client over scripted transports, in virtual time. Tests over a network are in the conformance suite.

mod calls;
mod certificate_arrival;
mod expiry;
mod gateway;
mod list_ends;
mod paging;
mod rate_limit;
mod relayed;
mod retry;
mod rotation;
mod scripted;
mod uploads;

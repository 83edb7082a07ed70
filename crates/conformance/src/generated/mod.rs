//! Fidelity by generation: random messages are sent and served, and compared byte for byte with what the
//! server recorded or its script wrote. The expected result of a message is computed here from the message
//! alone (`http1`, `http2`), never by a library that could share a fault with the transport.
//!
//! `request` generates requests (FID-01 to FID-03), `response` generates responses, which are sent complete
//! (`whole`, FID-04 to FID-06), truncated anywhere (`cut`, FID-07 and FID-08) or before the request has
//! arrived (`early`, FID-09).

pub(crate) mod cut;
mod draw;
pub(crate) mod early;
mod field;
mod http1;
mod http2;
mod play;
pub(crate) mod request;
mod response;
mod served;
pub(crate) mod whole;

pub(crate) use draw::Draw;

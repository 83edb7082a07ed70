//! Fidelity by generation: random messages that nobody thought of, sent and served, and judged byte for byte by what the server
//! recorded or by what its script wrote. What must come of a message is computed here from the message alone (`http1`, `http2`), never
//! by a library that could share a fault with the transport.
//!
//! `request` draws requests (FID-01 to FID-03), `response` draws responses, which are played whole (`whole`, FID-04 to FID-06), cut
//! anywhere (`cut`, FID-07 and FID-08) or sent before the request has come (`early`, FID-09).

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

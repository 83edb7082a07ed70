//! Where a generated transport (tests/generated) is notified of each call, and can alter it. Nothing is altered here.

use std::fmt;

use bytes::Bytes;
use digicert_one_core::{ConnectionFacts, Exchange, TransportError};
use http::{Method, Request};

/// How a call ended.
pub(crate) type Ended = Result<Exchange, TransportError>;

/// The setting of one call.
#[allow(dead_code, reason = "the listed defects, which are the other test program, ask for none of it")]
#[derive(Clone, Debug)]
pub(crate) struct At {
    pub(crate) method: Method,
    /// The length of the body that is sent.
    pub(crate) sends: usize,
    /// How many calls the transport made before.
    pub(crate) earlier: usize,
    /// `None` before there is a connection.
    pub(crate) is_http2: Option<bool>,
    pub(crate) facts: ConnectionFacts,
}

impl At {
    pub(super) fn new(request: &Request<Bytes>, earlier: usize) -> Self {
        let (method, sends) = (request.method().clone(), request.body().len());
        Self { method, sends, earlier, is_http2: None, facts: ConnectionFacts::unknown() }
    }
}

/// One thing that is altered in a correct transport.
pub(crate) trait Change: fmt::Debug + Send + Sync {
    /// The request as it is sent over the selected connection.
    fn request(&self, request: Request<Bytes>, at: &At) -> Request<Bytes>;

    /// What is sent after a call has ended, if anything.
    fn next(&self, request: &Request<Bytes>, ended: &Ended, at: &At) -> Option<Request<Bytes>>;

    /// The end of the call as the caller sees it.
    fn ended(&self, ended: Ended, at: &At) -> Ended;
}

//! What a GET of a case is sent as, in place of GET.

use bytes::Bytes;
use http::{Method, Request};

/// A method, and the body that is sent with it.
#[derive(Clone, Debug)]
pub(crate) struct SentAs {
    pub(crate) method: Method,
    pub(crate) body: &'static str,
}

impl SentAs {
    /// The request with this method, if it is a GET without a body.
    pub(crate) fn apply(&self, request: &mut Request<Bytes>) {
        if *request.method() == Method::GET && request.body().is_empty() {
            *request.method_mut() = self.method.clone();
            *request.body_mut() = Bytes::from_static(self.body.as_bytes());
        }
    }
}

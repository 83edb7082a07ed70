//! What a GET of a case is sent as, in place of GET.

use std::fmt;

use bytes::Bytes;
use http::{Method, Request};

/// A method, and the body that is sent with it.
#[derive(Clone, Debug)]
pub(crate) struct SentAs {
    pub(crate) method: Method,
    pub(crate) body: &'static str,
    /// Whether the body streams.
    pub(crate) is_upload: bool,
}

impl SentAs {
    /// Makes the request one of these, if it is a GET without a body; returns whether it is now to be uploaded.
    pub(crate) fn apply(&self, request: &mut Request<Bytes>) -> bool {
        let is_other = *request.method() != Method::GET || !request.body().is_empty();
        if !is_other {
            *request.method_mut() = self.method.clone();
            *request.body_mut() = Bytes::from_static(self.body.as_bytes());
        }
        self.is_upload && !is_other
    }
}

impl fmt::Display for SentAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.method)?;
        if self.is_upload { f.write_str(", with a body that streams") } else { Ok(()) }
    }
}

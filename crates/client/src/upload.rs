//! The body of a call: in memory, or streamed. A streamed body is read once, or made again for each attempt.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use digicert_one_core::{UploadBody, UploadError};
use http_body::{Body, Frame};

/// The body of a call.
#[derive(Clone)]
pub(crate) enum Payload {
    Bytes(Bytes),
    /// A body that can be read once.
    Once(Arc<OnceBody>),
    /// A body that can be made again.
    Again(Arc<dyn Fn() -> UploadBody + Send + Sync>),
}

impl Payload {
    pub(crate) fn once(body: UploadBody) -> Self {
        let length = body.length();
        Self::Once(Arc::new(OnceBody { length, unread: Mutex::new(Some(body)) }))
    }

    /// Whether it is streamed.
    pub(crate) fn is_upload(&self) -> bool {
        !matches!(self, Self::Bytes(_))
    }

    /// Whether it has been read from and cannot be sent again.
    pub(crate) fn is_spent(&self) -> bool {
        match self {
            Self::Once(body) => body.unread.lock().unwrap_or_else(PoisonError::into_inner).is_none(),
            _ => false,
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Once(_) => f.write_str("upload"),
            Self::Again(_) => f.write_str("upload that can be made again"),
        }
    }
}

/// A body that can be read once. It stays here until it is first asked for a chunk, so that an attempt that failed earlier costs nothing.
pub(crate) struct OnceBody {
    length: Option<u64>,
    unread: Mutex<Option<UploadBody>>,
}

impl OnceBody {
    /// The body of one attempt.
    pub(crate) fn of_attempt(self: &Arc<Self>) -> UploadBody {
        let body = UploadBody::new(AttemptBody { source: Arc::clone(self), taken: None });
        match self.length {
            Some(length) => body.with_length(length),
            None => body,
        }
    }
}

/// Takes the body from its source when it is first read.
struct AttemptBody {
    source: Arc<OnceBody>,
    taken: Option<UploadBody>,
}

impl Body for AttemptBody {
    type Data = Bytes;
    type Error = UploadError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        let this = self.get_mut();
        if this.taken.is_none() {
            this.taken = this.source.unread.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
        match &mut this.taken {
            Some(body) => Pin::new(body).poll_frame(cx),
            // Another attempt has read it; no attempt begins after that.
            None => Poll::Ready(Some(Err(UploadError::Cancelled))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.taken.as_ref().is_some_and(Body::is_end_stream)
    }
}

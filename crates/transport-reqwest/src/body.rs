//! The body of an answer: reqwest's stream with errors in our vocabulary.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use digicert_one_core::{ConnectionFacts, TransportError};
use http::Version;
use http_body::{Body, Frame, SizeHint};

use crate::error;

/// reqwest's body; its errors carry the facts of the connection.
pub(crate) struct StreamedBody {
    pub(crate) inner: reqwest::Body,
    pub(crate) version: Version,
    pub(crate) facts: ConnectionFacts,
}

impl StreamedBody {
    /// Whether hyper's end is not the server's. It takes a stream that is reset without an error for one that has ended (RFC 9113
    /// section 8.1 allows such a reset only after a whole response), and so for whole what was cut.
    fn is_cut(&self) -> bool {
        self.version == Version::HTTP_2 && !self.inner.is_end_stream() && self.inner.size_hint().exact() != Some(0)
    }
}

impl Body for StreamedBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = self.get_mut();
        match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
            None if this.is_cut() => Poll::Ready(Some(Err(error::of_reset_body(&this.facts)))),
            frame => Poll::Ready(frame.map(|frame| frame.map_err(|failure| error::of_body(failure, &this.facts)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

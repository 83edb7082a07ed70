//! The body of an answer: reqwest's stream with errors in our vocabulary.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use digicert_one_core::{ConnectionFacts, TransportError};
use http_body::{Body, Frame, SizeHint};

use crate::error;

/// reqwest's body; its errors carry the facts of the connection.
pub(crate) struct StreamedBody {
    pub(crate) inner: reqwest::Body,
    pub(crate) facts: ConnectionFacts,
}

impl Body for StreamedBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = self.get_mut();
        Pin::new(&mut this.inner).poll_frame(cx).map_err(|failure| error::of_body(failure, &this.facts))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

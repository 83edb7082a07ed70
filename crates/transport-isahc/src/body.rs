//! The body of an answer: isahc's reader as frames, with errors in our vocabulary.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use digicert_one_core::{ConnectionFacts, TransportError};
use futures_util::AsyncRead;
use http_body::{Body, Frame, SizeHint};
use isahc::AsyncBody;

use crate::error;

/// What one read asks for: the size in which libcurl delivers.
const CHUNK: usize = 16 << 10;

/// isahc's body.
pub(crate) struct StreamedBody {
    inner: AsyncBody,
    buffer: BytesMut,
    facts: ConnectionFacts,
    ended: bool,
    /// A read that was done ahead.
    ahead: Option<Bytes>,
}

impl StreamedBody {
    pub(crate) fn new(inner: AsyncBody, facts: ConnectionFacts) -> Self {
        let ended = inner.is_empty();
        Self { inner, buffer: BytesMut::new(), facts, ended, ahead: None }
    }

    /// Reads once, for the frame that comes next.
    pub(crate) async fn look_ahead(&mut self) -> io::Result<()> {
        self.ahead = poll_fn(|cx| self.poll_read(cx)).await?;
        Ok(())
    }

    /// The next bytes, `None` at the end.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        if self.buffer.is_empty() {
            self.buffer.resize(CHUNK, 0);
        }
        let outcome = ready!(Pin::new(&mut self.inner).poll_read(cx, &mut self.buffer));
        self.ended = !matches!(outcome, Ok(1..));
        Poll::Ready(outcome.map(|read| (read > 0).then(|| self.buffer.split_to(read).freeze())))
    }
}

impl Body for StreamedBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = self.get_mut();
        if let Some(ahead) = this.ahead.take() {
            return Poll::Ready(Some(Ok(Frame::data(ahead))));
        }
        let outcome = ready!(this.poll_read(cx)).map_err(|failure| error::of_body(failure, &this.facts));
        Poll::Ready(outcome.map(|bytes| bytes.map(Frame::data)).transpose())
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.ahead.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

//! The body of a response: isahc's reader as frames, with errors in our vocabulary.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Bytes, BytesMut};
use digicert_one_core::{ConnectionFacts, TransportError};
use futures_util::AsyncRead;
use http_body::{Body, Frame, SizeHint};
use isahc::AsyncBody;

use crate::client_slot::CallGuard;
use crate::error;

/// What one read asks for: the size in which libcurl delivers.
const CHUNK: usize = 16 << 10;
/// Reads after which a dropped response is aborted: closing is cheaper than reading on.
const FAREWELL: usize = 4;

/// isahc's body.
pub(crate) struct StreamedBody {
    /// Above the watch: it holds the client, and the watch is to see the last of it.
    inner: AsyncBody,
    buffer: BytesMut,
    facts: ConnectionFacts,
    ended: bool,
    /// What is still to come, where the response says.
    missing: Option<u64>,
    /// A read that was done ahead.
    ahead: Option<Bytes>,
    watch: CallGuard,
}

impl StreamedBody {
    /// `length` as announced by the head of the response.
    pub(crate) fn new(inner: AsyncBody, length: Option<u64>, facts: ConnectionFacts, mut watch: CallGuard) -> Self {
        let ended = inner.is_empty();
        if ended {
            watch.ended();
        }
        Self { inner, buffer: BytesMut::new(), facts, ended, missing: length, ahead: None, watch }
    }

    /// Reads ahead once; an end at once is an error.
    pub(crate) async fn expect_some(&mut self) -> Result<(), TransportError> {
        self.ahead = match poll_fn(|cx| self.poll_read(cx)).await {
            Ok(Some(bytes)) => Some(bytes),
            Ok(None) => return Err(error::of_empty_response(&self.facts)),
            Err(failure) => return Err(error::of_first_read(failure, &self.facts)),
        };
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
        // All of it is there: how the connection or stream ended then is of no account.
        let outcome = outcome.or_else(|error| if self.missing == Some(0) { Ok(0) } else { Err(error) });
        if let Ok(read @ 1..) = outcome {
            self.missing = self.missing.map(|missing| missing.saturating_sub(read as u64));
        } else {
            self.ended = true;
            self.watch.ended();
        }
        Poll::Ready(outcome.map(|read| (read > 0).then(|| self.buffer.split_to(read).freeze())))
    }
}

impl Drop for StreamedBody {
    /// A response that has come is not cancelled by not being read.
    fn drop(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..FAREWELL {
            if !matches!(self.poll_read(&mut cx), Poll::Ready(Ok(Some(_)))) {
                break;
            }
        }
        if self.missing == Some(0) {
            self.watch.ended();
        }
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
        let ahead = self.ahead.as_ref().map_or(0, |ahead| ahead.len() as u64);
        match self.missing {
            Some(missing) => SizeHint::with_exact(missing.saturating_add(ahead)),
            None => SizeHint::default(),
        }
    }
}

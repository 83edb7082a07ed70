//! The body of a response: isahc's reader as frames, with errors in our vocabulary.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

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
const LITTLE: u64 = (FAREWELL * CHUNK) as u64;
/// How long a dropped response may take to end by itself. libcurl gives us the head before it reads what came along with it.
const PATIENCE: Duration = Duration::from_millis(200);

/// isahc's body.
pub(crate) struct StreamedBody {
    /// Empty only while it is dropped.
    reader: Option<Reader>,
    facts: ConnectionFacts,
    /// A read that was done ahead.
    ahead: Option<Bytes>,
}

/// isahc's reader, and the call that it belongs to.
struct Reader {
    /// Above the watch: it holds the client, and the watch is to see the last of it.
    inner: AsyncBody,
    buffer: BytesMut,
    ended: bool,
    /// What is still to come, where the response says.
    missing: Option<u64>,
    /// The reads that are left after the caller has dropped the body.
    farewell: usize,
    watch: CallGuard,
}

impl StreamedBody {
    /// `length` as announced by the head of the response.
    pub(crate) fn new(inner: AsyncBody, length: Option<u64>, facts: ConnectionFacts, mut watch: CallGuard) -> Self {
        let ended = inner.is_empty();
        if ended || length == Some(0) {
            watch.ended();
        }
        let reader = Reader { inner, buffer: BytesMut::new(), ended, missing: length, farewell: FAREWELL, watch };
        Self { reader: Some(reader), facts, ahead: None }
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

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        self.reader.as_mut().map_or(Poll::Ready(Ok(None)), |reader| reader.poll_read(cx))
    }
}

impl Reader {
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
        }
        if self.ended || self.missing == Some(0) {
            self.watch.ended();
        }
        Poll::Ready(outcome.map(|read| (read > 0).then(|| self.buffer.split_to(read).freeze())))
    }

    /// Reads what is left, if it is little; pending where it has not come yet.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.farewell > 0 && self.missing.is_none_or(|missing| missing <= LITTLE && missing > 0) {
            self.farewell -= 1;
            if !matches!(ready!(self.poll_read(cx)), Ok(Some(_))) {
                break;
            }
        }
        Poll::Ready(())
    }

    /// Waits a little for the end.
    fn read_rest(mut self) {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let until = Instant::now() + PATIENCE;
        while self.poll_rest(&mut Context::from_waker(&waker)).is_pending() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
    }
}

/// Wakes the thread that waits for a body.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Drop for StreamedBody {
    /// A response that has come is not cancelled by not being read. What has not come is not waited for here: a thread does, where there
    /// is one to be had.
    fn drop(&mut self) {
        let Some(mut reader) = self.reader.take() else { return };
        if reader.poll_rest(&mut Context::from_waker(Waker::noop())).is_pending() {
            let _ = thread::Builder::new().name("isahc-farewell".to_owned()).spawn(move || reader.read_rest());
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
        self.ahead.is_none() && self.reader.as_ref().is_none_or(|reader| reader.ended)
    }

    fn size_hint(&self) -> SizeHint {
        let ahead = self.ahead.as_ref().map_or(0, |ahead| ahead.len() as u64);
        match self.reader.as_ref().and_then(|reader| reader.missing) {
            Some(missing) => SizeHint::with_exact(missing.saturating_add(ahead)),
            None => SizeHint::default(),
        }
    }
}

//! Responses that end badly, from an otherwise ordinary handler.
//!
//! hyper has no API for a reset or a truncated body, so both are done below it: the connection is dropped
//! while the response is outstanding, and the socket is configured in advance how to close.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::Sleep;

use crate::tls::Stream;

/// How a response ends badly. A handler puts it into the extensions of its response.
///
/// ```
/// use bytes::Bytes;
/// use digicert_one_testbed::{Ending, Front, FrontOptions, handler};
///
/// let front = Front::start(FrontOptions::default(), handler(|_, _| async {
///     let mut response = http::Response::new(Bytes::from_static(b"never seen whole"));
///     response.extensions_mut().insert(Ending::Cut { after: 5 });
///     response
/// }))?;
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// No response: the TCP connection is reset, with everything in progress on it.
    Reset,
    /// The head announces the whole body, but it ends after this many bytes: over HTTP/1.1 the connection
    /// closes (over TLS without a close_notify), over HTTP/2 the stream is reset. If the body is not longer
    /// than that, a larger length is announced.
    Cut {
        /// Bytes of the body that are sent.
        after: usize,
    },
}

/// Whether a connection must be reset, shared by its responses, its server and its socket.
#[derive(Clone, Debug)]
pub(crate) struct ResetSwitch(Arc<watch::Sender<bool>>);

impl ResetSwitch {
    pub(crate) fn new() -> Self {
        ResetSwitch(Arc::new(watch::Sender::new(false)))
    }

    pub(crate) fn throw(&self) {
        self.0.send_replace(true);
    }

    pub(crate) async fn thrown(&self) {
        let _ = self.0.subscribe().wait_for(|thrown| *thrown).await;
    }

    fn is_thrown(&self) -> bool {
        *self.0.borrow()
    }
}

/// A stream that closes by RST once its switch is thrown.
#[derive(Debug)]
pub(crate) struct Resettable {
    stream: Stream,
    switch: ResetSwitch,
}

impl Resettable {
    pub(crate) fn new(stream: Stream, switch: ResetSwitch) -> Self {
        Resettable { stream, switch }
    }
}

impl Drop for Resettable {
    fn drop(&mut self) {
        if self.switch.is_thrown() {
            // A socket that cannot be configured closes with FIN: also an end without a response.
            let _ = SockRef::from(&*self.stream.tcp()).set_linger(Some(Duration::ZERO));
        }
    }
}

impl AsyncRead for Resettable {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, into)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// A body that is sent whole, or breaks off.
#[derive(Debug)]
pub(crate) struct SentBody {
    part: Option<Bytes>,
    promised: u64,
    /// Runs once the part is handed over, so that it is on the wire before the end is.
    end: Option<Pin<Box<Sleep>>>,
    breaks_off: bool,
}

/// The end of a body that breaks off.
#[derive(Debug)]
pub(crate) struct BrokenOff;

impl SentBody {
    pub(crate) fn new(body: Bytes, ending: Option<Ending>) -> Self {
        let length = body.len();
        let (part, promised, breaks_off) = match ending {
            Some(Ending::Cut { after }) => {
                let part = body.slice(..after.min(length));
                let promised = length.max(part.len() + 1);
                (part, promised, true)
            }
            _ => (body, length, false),
        };
        let part = (!part.is_empty()).then_some(part);
        SentBody { part, promised: promised as u64, end: None, breaks_off }
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        const FLUSHED: Duration = Duration::from_millis(20);
        if let Some(part) = self.part.take() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        if !self.breaks_off {
            return Poll::Ready(None);
        }
        let Some(end) = &mut self.end else {
            // Even if this thread sleeps longer than that, hyper comes back only after it has written what it has.
            self.end = Some(Box::pin(tokio::time::sleep(FLUSHED)));
            context.waker().wake_by_ref();
            return Poll::Pending;
        };
        end.as_mut().poll(context).map(|()| Some(Err(BrokenOff)))
    }

    fn is_end_stream(&self) -> bool {
        !self.breaks_off && self.part.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(if self.breaks_off {
            self.promised
        } else {
            self.part.as_ref().map_or(0, |part| part.len() as u64)
        })
    }
}

impl fmt::Display for BrokenOff {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the handler asked for a body that breaks off")
    }
}

impl std::error::Error for BrokenOff {}

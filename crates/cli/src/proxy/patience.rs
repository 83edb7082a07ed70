//! Time limits for callers: one that does not send its body, or does not take its response, is disconnected.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A limit that begins when something is waited for, and ends when it arrives.
struct IdleLimit {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl IdleLimit {
    fn new(limit: Duration) -> Self {
        Self { limit, timer: None }
    }

    /// The outcome, or `None` while it is pending and within the limit.
    fn poll<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<T>) -> Poll<Result<T, io::Error>> {
        match outcome {
            Poll::Ready(done) => {
                self.timer = None;
                Poll::Ready(Ok(done))
            }
            Poll::Pending => {
                let limit = self.limit;
                let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
                ready!(timer.as_mut().poll(cx));
                self.timer = None;
                let text = format!("the caller was idle for {} seconds", limit.as_secs_f32());
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)))
            }
        }
    }
}

/// A connection whose writes have an idle limit. Reads have none here: the head of a request and its body have their own.
pub(crate) struct PatientConnection<S> {
    inner: S,
    idle: IdleLimit,
}

impl<S> PatientConnection<S> {
    pub(crate) fn new(inner: S, limit: Duration) -> Self {
        Self { inner, idle: IdleLimit::new(limit) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PatientConnection<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PatientConnection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.idle.poll(cx, written).map(|outcome| outcome?)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.idle.poll(cx, flushed).map(|outcome| outcome?)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// The body of a caller's request, with an idle limit. Trailers are dropped.
pub(crate) struct CallerBody {
    inner: Incoming,
    idle: IdleLimit,
}

impl CallerBody {
    pub(crate) fn new(inner: Incoming, limit: Duration) -> Self {
        Self { inner, idle: IdleLimit::new(limit) }
    }

    /// The whole of a body that is known to be small.
    pub(crate) async fn collect(mut self) -> Result<Bytes, BodyError> {
        let mut whole = Vec::new();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await {
            if let Ok(chunk) = frame?.into_data() {
                whole.extend_from_slice(&chunk);
            }
        }
        Ok(whole.into())
    }
}

type BodyError = Box<dyn std::error::Error + Send + Sync>;

impl Body for CallerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        Poll::Ready(match ready!(self.idle.poll(cx, frame)) {
            Ok(frame) => frame.map(|frame| frame.map_err(Into::into)),
            Err(idle) => Some(Err(idle.into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn write_fails_when_the_caller_takes_nothing_for_the_limit() {
        let limit = Duration::from_millis(400);
        let (mut caller, ours) = tokio::io::duplex(4);
        let mut ours = PatientConnection::new(ours, limit);
        ours.write_all(b"four").await.expect("it fits");
        let begin = tokio::time::Instant::now();
        let error = ours.write_all(b"more").await.expect_err("nothing is taken");
        assert!(error.kind() == io::ErrorKind::TimedOut && begin.elapsed() >= limit, "{error}");

        // A slow caller that takes something in time stays connected.
        let slow = tokio::spawn(async move {
            let mut taken = Vec::new();
            for _ in 0..3 {
                tokio::time::sleep(limit / 4).await;
                let mut part = [0; 4];
                caller.read_exact(&mut part).await.expect("it is there");
                taken.extend_from_slice(&part);
            }
            taken
        });
        ours.write_all(b"and more").await.expect("slow, and not idle");
        assert_eq!(slow.await.expect("it ends"), b"fourand more");
    }
}

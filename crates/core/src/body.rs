//! The body of a response: a stream of chunks with [`TransportError`] as its error type.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

use crate::transport_error::{Delivery, TransportError, TransportErrorKind};

/// A response body that streams; also an [`http_body::Body`]. Dropping it before its end closes or resets its connection.
///
/// ```
/// use digicert_one_core::ResponseBody;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let body = ResponseBody::full("[]");
/// let bytes = poll_ready(body.collect(1024))?;
/// assert_eq!(&bytes[..], b"[]");
/// # Ok(()) }
/// # fn poll_ready<F: std::future::Future>(future: F) -> F::Output {
/// #     let mut future = Box::pin(future);
/// #     match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
/// #         std::task::Poll::Ready(value) => value, std::task::Poll::Pending => unreachable!(),
/// #     }
/// # }
/// ```
pub struct ResponseBody(Pin<Box<dyn Body<Data = Bytes, Error = TransportError> + Send>>);

impl ResponseBody {
    /// Wraps a transport's body.
    pub fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error = TransportError> + Send + 'static,
    {
        Self(Box::pin(body))
    }

    /// A body without content.
    #[must_use]
    pub fn empty() -> Self {
        Self::full(Bytes::new())
    }

    /// A body that is already in memory.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self::new(Whole(Some(bytes.into()).filter(|bytes| !bytes.is_empty())))
    }

    /// Returns the next chunk, or `None` at the end. Trailers are skipped.
    ///
    /// # Errors
    /// Returns an error for a body that ends before its announced or framed end, and for every connection failure.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        next_chunk(&mut self.0).await
    }

    /// Returns the whole body, at most `limit` bytes.
    ///
    /// # Errors
    /// [`TransportErrorKind::BodyLimit`] as soon as the limit is exceeded (the rest is not read), else as
    /// [`chunk`](Self::chunk).
    pub async fn collect(self, limit: usize) -> Result<Bytes, TransportError> {
        collect_body(self.0, limit).await
    }
}

/// Returns the next chunk of any body of a call, as [`ResponseBody::chunk`] does.
///
/// # Errors
/// Those of the body.
pub async fn next_chunk<B>(body: &mut B) -> Result<Option<Bytes>, TransportError>
where
    B: Body<Data = Bytes, Error = TransportError> + Unpin,
{
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            None => return Ok(None),
            Some(Err(error)) => return Err(error),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data()
                    && data.has_remaining()
                {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Returns the whole of any body of a call, as [`ResponseBody::collect`] does.
///
/// # Errors
/// Those of the body, and [`TransportErrorKind::BodyLimit`].
///
/// ```
/// use digicert_one_core::{ResponseBody, collect_body, next_chunk};
///
/// # futures_executor::block_on(async {
/// assert_eq!(collect_body(ResponseBody::full("{}"), 1024).await?, "{}");
/// let mut body = ResponseBody::full("{}");
/// while let Some(chunk) = next_chunk(&mut body).await? {
///     println!("{} bytes", chunk.len());
/// }
/// # Ok::<(), digicert_one_core::TransportError>(()) }).expect("a body");
/// ```
pub async fn collect_body<B>(mut body: B, limit: usize) -> Result<Bytes, TransportError>
where
    B: Body<Data = Bytes, Error = TransportError> + Unpin,
{
    let Some(first) = next_chunk(&mut body).await? else {
        return Ok(Bytes::new());
    };
    let within = |length: usize| {
        if length > limit {
            let error = TransportError::new(TransportErrorKind::BodyLimit, Delivery::Sent);
            return Err(error.with_source(format!("the limit is {limit} bytes")));
        }
        Ok(())
    };
    within(first.len())?;
    let Some(second) = next_chunk(&mut body).await? else {
        return Ok(first);
    };
    let mut whole = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        within(whole.len().saturating_add(chunk.len()))?;
        whole.extend_from_slice(&chunk);
        next = next_chunk(&mut body).await?;
    }
    Ok(whole.freeze())
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// A body in one chunk.
struct Whole(Option<Bytes>);

impl Body for Whole {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").field("size", &self.0.size_hint().exact()).finish_non_exhaustive()
    }
}

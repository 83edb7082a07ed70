//! The body of a generated transport's response: the correct one, with each part changed by the rule.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use digicert_one_core::{ResponseBody, TransportError};
use http_body::{Body, Frame, SizeHint};

use crate::rule::Act;

/// The result of one read of a body.
pub(crate) type Read = Option<Result<Frame<Bytes>, TransportError>>;

/// A body that is altered.
pub(crate) struct Altered {
    inner: ResponseBody,
    act: Act,
    read: usize,
}

impl Altered {
    pub(crate) fn body(inner: ResponseBody, act: Act) -> ResponseBody {
        ResponseBody::new(Self { inner, act, read: 0 })
    }
}

impl Body for Altered {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Read> {
        let read = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let before = self.read;
        if let Some(Ok(frame)) = &read {
            self.read += frame.data_ref().map_or(0, Bytes::len);
        }
        Poll::Ready(match self.act {
            Act::Body(change) => change(read, before),
            Act::Error(change) => read.map(|read| read.map_err(change)),
            _ => read,
        })
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.act, Act::Hints) || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.act {
            Act::Hints => SizeHint::with_exact(0),
            _ => self.inner.size_hint(),
        }
    }
}

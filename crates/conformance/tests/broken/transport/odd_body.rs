//! Bodies that a broken transport puts around its own: one that reads ahead, one that is never released, one
//! that needs a runtime to be dropped.

use std::future::poll_fn;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Bytes, BytesMut};
use digicert_one_core::{ResponseBody, TransportError, TransportErrorKind as Kind};
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::{Method, Uri};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use super::body::Held;
use super::{Flaw, foreign};
use crate::table::Defect;

/// The body as the caller gets it.
pub(super) fn given(held: Held, flaw: Flaw) -> ResponseBody {
    if flaw.is(Defect::ReadsAhead) {
        return ResponseBody::new(Ahead::of(held));
    }
    if flaw.is(Defect::LeaksWindows) || held.is_failure && flaw.is(Defect::LeavesConnectionsOfDroppedErrors) {
        return ResponseBody::new(Leaky(ManuallyDrop::new(held)));
    }
    if flaw.is(Defect::GathersParts) {
        return ResponseBody::new(Gathered(Some(held), BytesMut::new()));
    }
    if flaw.is(Defect::KeepsTheFirstWakerOfBodies) {
        return ResponseBody::new(Stale(held, None));
    }
    if flaw.is(Defect::PanicsPastTheEnd) {
        return ResponseBody::new(Ending(Some(held)));
    }
    if flaw.is(Defect::NeverSleepsInBodies) {
        return ResponseBody::new(Restless(held));
    }
    if flaw.is(Defect::LeavesStreamsOfLateBodies) {
        return ResponseBody::new(Left(Some(held)));
    }
    if flaw.is(Defect::KeepsPartsOfBodies) {
        return ResponseBody::new(Hoarding(held, Vec::new()));
    }
    if flaw.is(Defect::PanicsInDrop) {
        return ResponseBody::new(Closing(held));
    }
    ResponseBody::new(held)
}

/// The body with the length that its head announces, which is none of a response to HEAD.
pub(super) fn measured(body: ResponseBody, method: &Method, head: &HeaderMap, flaw: Flaw) -> ResponseBody {
    let length = head.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let Some(length) = length else { return body };
    if flaw.is(Defect::MeasuresResponsesToHead) && *method == Method::HEAD {
        return ResponseBody::new(Measured(body, length));
    }
    let is_once = flaw.is(Defect::MeasuresBodiesOnce) && !body.is_end_stream();
    if is_once { ResponseBody::new(MeasuredOnce(body, length)) } else { body }
}

/// The body of a call to this address, which a defect logs when it fails.
pub(super) fn logging(body: ResponseBody, uri: &Uri, flaw: Flaw) -> ResponseBody {
    match flaw.is(Defect::LogsUrlsOfCutBodies) {
        true => ResponseBody::new(Logging(body, uri.clone())),
        false => body,
    }
}

struct Logging(ResponseBody, Uri);

impl Body for Logging {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Read>> {
        let polled = Pin::new(&mut self.0).poll_frame(cx);
        if matches!(polled, Poll::Ready(Some(Err(_)))) {
            tracing::warn!("the body of {} failed", self.1);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// Has the length that it began with, until it has ended.
struct MeasuredOnce(ResponseBody, u64);

impl Body for MeasuredOnce {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Read>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // Nothing is left of one whose end is known.
        if self.0.size_hint().exact() == Some(0) { SizeHint::with_exact(0) } else { SizeHint::with_exact(self.1) }
    }
}

struct Measured(ResponseBody, u64);

impl Body for Measured {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Read>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.1)
    }
}

type Read = Result<Frame<Bytes>, TransportError>;

/// Filled by a task, as fast as the server writes.
struct Ahead(mpsc::UnboundedReceiver<Read>);

impl Ahead {
    fn of(mut held: Held) -> Self {
        let (fill, read) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(frame) = poll_fn(|cx| Pin::new(&mut held).poll_frame(cx)).await {
                let failed = frame.is_err();
                if fill.send(frame).is_err() || failed {
                    return;
                }
            }
        });
        Self(read)
    }
}

impl Body for Ahead {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Read>> {
        self.0.poll_recv(cx)
    }
}

/// Hands on what it has read when that is enough.
struct Gathered(Option<Held>, BytesMut);

impl Body for Gathered {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Read>> {
        while let Some(held) = &mut self.0 {
            match ready!(Pin::new(held).poll_frame(cx)) {
                Some(Ok(frame)) => self.1.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => self.0 = None,
            }
            if self.1.len() >= 16 << 10 {
                break;
            }
        }
        let gathered = self.1.split().freeze();
        Poll::Ready((!gathered.is_empty()).then(|| Ok(Frame::data(gathered))))
    }
}

/// A body that began before its head was returned.
pub(super) struct Begun(pub(super) Option<Bytes>, pub(super) ResponseBody);

impl Body for Begun {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Read>> {
        match self.0.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => Pin::new(&mut self.1).poll_frame(cx),
        }
    }
}

/// Is gone at its end, as a finished future is.
struct Ending(Option<Held>);

impl Body for Ending {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Read>> {
        let polled = Pin::new(self.0.as_mut().expect("it is not polled past its end")).poll_frame(cx);
        if let Poll::Ready(None) = polled {
            self.0 = None;
        }
        polled
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

/// Wakes only the task that was the first to poll it for a part.
struct Stale(Held, Option<Waker>);

impl Body for Stale {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Read>> {
        let this = &mut *self;
        let waker = this.1.get_or_insert_with(|| cx.waker().clone());
        let polled = Pin::new(&mut this.0).poll_frame(&mut Context::from_waker(waker));
        if polled.is_ready() {
            this.1 = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// Is leaked when dropped.
struct Leaky(ManuallyDrop<Held>);

/// Waits for its end when dropped.
struct Closing(Held);

impl Drop for Closing {
    fn drop(&mut self) {
        tokio::spawn(std::future::ready(()));
    }
}

/// Wakes itself for as long as it waits.
struct Restless(Held);

impl Body for Restless {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Read>> {
        let polled = Pin::new(&mut self.0).poll_frame(cx);
        if polled.is_pending() {
            cx.waker().wake_by_ref();
        }
        polled
    }
}

/// Is left where it is when its limit has run out.
struct Left(Option<Held>);

impl Body for Left {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Read>> {
        let Some(held) = &mut self.0 else { return Poll::Ready(None) };
        let polled = Pin::new(held).poll_frame(cx);
        if matches!(&polled, Poll::Ready(Some(Err(error))) if matches!(error.kind(), Kind::Timeout(_))) {
            foreign::keep(self.0.take());
        }
        polled
    }
}

/// Keeps what it has handed on.
struct Hoarding(Held, Vec<Bytes>);

impl Body for Hoarding {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Read>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.0).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            this.1.extend(frame.data_ref().cloned());
        }
        polled
    }
}

macro_rules! delegated {
    ($body:ident, $self:ident => $inner:expr) => {
        impl Body for $body {
            type Data = Bytes;
            type Error = TransportError;

            fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Read>> {
                let $self = &mut *self;
                Pin::new(&mut *$inner).poll_frame(cx)
            }

            fn is_end_stream(&self) -> bool {
                self.0.is_end_stream()
            }

            fn size_hint(&self) -> SizeHint {
                self.0.size_hint()
            }
        }
    };
}

/// A body that its transport knows of.
pub(super) struct Counted(pub(super) ResponseBody, #[allow(dead_code, reason = "it is counted")] pub(super) Arc<()>);

delegated!(Counted, this => &mut this.0);
delegated!(Leaky, this => this.0);
delegated!(Closing, this => &mut this.0);

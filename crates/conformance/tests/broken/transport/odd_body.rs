//! Bodies that a broken transport puts around its own: one that reads ahead, one that is never released, one
//! that needs a runtime to be dropped.

use std::future::poll_fn;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use digicert_one_core::{ResponseBody, TransportError};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use super::Flaw;
use super::body::Held;
use crate::table::Defect;

/// The body as the caller gets it.
pub(super) fn given(held: Held, flaw: Flaw) -> ResponseBody {
    if flaw.is(Defect::ReadsAhead) {
        return ResponseBody::new(Ahead::of(held));
    }
    if flaw.is(Defect::LeaksWindows) {
        return ResponseBody::new(Leaky(ManuallyDrop::new(held)));
    }
    if flaw.is(Defect::PanicsInDrop) {
        return ResponseBody::new(Closing(held));
    }
    ResponseBody::new(held)
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

/// Is leaked when dropped.
struct Leaky(ManuallyDrop<Held>);

/// Waits for its end when dropped.
struct Closing(Held);

impl Drop for Closing {
    fn drop(&mut self) {
        tokio::spawn(std::future::ready(()));
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

delegated!(Leaky, this => this.0);
delegated!(Closing, this => &mut this.0);

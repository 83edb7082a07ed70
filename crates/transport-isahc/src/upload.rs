//! The body of an upload on its way to libcurl. It is read where the call is awaited, since a body may need the runtime of its caller,
//! and taken by isahc's agent, which has a thread of its own. One chunk waits between the two. isahc can rewind only what it holds
//! whole, so nothing of an upload can be sent again.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Buf as _, Bytes};
use digicert_one_core::{UploadBody, UploadError};
use futures_util::AsyncRead;
use http_body::Body as _;
use isahc::AsyncBody;

/// What waits between the two ends.
#[derive(Default)]
struct Between {
    next: Option<Next>,
    pump: Option<Waker>,
    reader: Option<Waker>,
}

enum Next {
    Chunk(Bytes),
    End,
    Failed(UploadError),
}

/// Reads the caller's body; polled with the call. Dropped before the end, it ends the upload with an error.
pub(crate) struct Pump {
    body: UploadBody,
    between: Arc<Mutex<Between>>,
    ended: bool,
}

/// What libcurl reads from.
struct Reader(Arc<Mutex<Between>>);

impl Pump {
    pub(crate) fn new(body: UploadBody) -> (Self, AsyncBody) {
        let between = Arc::<Mutex<Between>>::default();
        let reader = Reader(Arc::clone(&between));
        let sent = match body.length() {
            // Nothing to read: libcurl would ask for a body all the same.
            Some(0) => AsyncBody::empty(),
            Some(length) => AsyncBody::from_reader_sized(reader, length),
            None => AsyncBody::from_reader(reader),
        };
        (Self { body, between, ended: false }, sent)
    }

    /// Reads one chunk ahead of libcurl, and no more.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) {
        while !self.ended {
            let mut between = locked(&self.between);
            if between.next.is_some() {
                between.pump = Some(cx.waker().clone());
                return;
            }
            drop(between);
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else { return };
            self.hand_over(match frame {
                None => Next::End,
                Some(Err(error)) => Next::Failed(error),
                Some(Ok(frame)) => Next::Chunk(frame.into_data().unwrap_or_default()),
            });
        }
    }

    /// Whether libcurl was given the whole body, and took it.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    fn hand_over(&mut self, next: Next) {
        self.ended = !matches!(next, Next::Chunk(_));
        let mut between = locked(&self.between);
        between.next = Some(next);
        let reader = between.reader.take();
        drop(between);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        if !self.ended {
            self.hand_over(Next::Failed(UploadError::Cancelled));
        }
    }
}

impl AsyncRead for Reader {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut between = locked(&self.0);
        let chunk = match &mut between.next {
            None => {
                between.reader = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Some(Next::End) => return Poll::Ready(Ok(0)),
            Some(Next::Failed(error)) => return Poll::Ready(Err(io::Error::other(error.clone()))),
            Some(Next::Chunk(chunk)) => chunk,
        };
        let taken = chunk.len().min(buffer.len());
        chunk.copy_to_slice(&mut buffer[..taken]);
        if chunk.is_empty() {
            between.next = None;
            let pump = between.pump.take();
            drop(between);
            if let Some(pump) = pump {
                pump.wake();
            }
        }
        Poll::Ready(Ok(taken))
    }
}

fn locked(between: &Mutex<Between>) -> MutexGuard<'_, Between> {
    between.lock().unwrap_or_else(PoisonError::into_inner)
}

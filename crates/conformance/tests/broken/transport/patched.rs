//! A stream whose end a broken transport patches: where a message was cut, it adds what seems to be missing.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::misdeeds::locked;
use super::tls::Wire;
use super::{Flaw, foreign};
use crate::table::Defect;

/// When a connection read something last.
pub(super) type LastRead = Arc<Mutex<Option<Instant>>>;

pub(super) struct Patched {
    inner: Box<dyn Wire>,
    flaw: Flaw,
    /// What was read since the last write, up to a bound.
    read: Vec<u8>,
    is_patched: bool,
    last: LastRead,
}

impl Patched {
    pub(super) fn around(inner: Box<dyn Wire>, flaw: Flaw, last: LastRead) -> Self {
        Self { inner, flaw, read: Vec::new(), is_patched: false, last }
    }

    fn patches(&self) -> bool {
        self.flaw.among(&[Defect::EndsHalfChunks, Defect::EndsHalfHeads])
    }

    /// What is missing according to the defect.
    fn missing(&self) -> &'static [u8] {
        let has_head = self.read.windows(4).any(|four| four == b"\r\n\r\n");
        if self.flaw.is(Defect::EndsHalfHeads) {
            return if self.read.is_empty() || has_head { b"" } else { b"\r\n\r\n" };
        }
        let (before, missing): (_, &[u8]) = match self.read.strip_suffix(b"\r\n") {
            Some(before) => (before, b"\r\n"),
            None => (self.read.strip_suffix(b"\r\n\r").unwrap_or_default(), b"\n"),
        };
        let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let is_last_chunk = !size.is_empty() && size.iter().all(|digit| *digit == b'0');
        if has_head && is_last_chunk { missing } else { b"" }
    }
}

impl AsyncRead for Patched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let outcome = ready!(Pin::new(&mut self.inner).poll_read(cx, into));
        if into.filled().len() > before {
            *locked(&self.last) = Some(Instant::now());
        }
        if self.flaw.is(Defect::QuotesGarbage) && into.filled().len() > before {
            foreign::note_read(&into.filled()[before..]);
        }
        if !self.patches() {
            return Poll::Ready(outcome);
        }
        if outcome.is_ok() && into.filled().len() > before {
            self.read.extend_from_slice(&into.filled()[before..]);
            return Poll::Ready(outcome);
        }
        let missing = self.missing();
        if self.is_patched || missing.is_empty() || into.remaining() < missing.len() {
            return Poll::Ready(if self.is_patched { Ok(()) } else { outcome });
        }
        self.is_patched = true;
        into.put_slice(missing);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Patched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.read.clear();
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

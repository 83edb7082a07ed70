//! A stream of TLS in which a broken transport misreads what a server sent: the end of the connection, or a field of a head.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::Flaw;
use crate::table::Defect;

/// Treats an end without `close_notify` as one with it, or the reverse; does not notice that a connection
/// closes, or loses the data before its end.
pub(super) struct Misjudged<S>(pub(super) TlsStream<S>, pub(super) Flaw);

/// Whether a defect needs it.
pub(super) fn is_wanted(is_http2: bool, flaw: Flaw) -> bool {
    let loses = if is_http2 { Defect::LosesLastFrames } else { Defect::LosesLastBytes };
    flaw.among(&[
        Defect::TakesAnyEndForTheEnd,
        Defect::TakesEveryEndForACut,
        Defect::IgnoresConnectionClose,
        Defect::OverlooksCloseInLists,
        Defect::KeepsConnectionsOfHttp10,
        Defect::WrapsSizesOfChunks,
        Defect::WrapsLengths,
        Defect::ReadsTheFirstOfTwoLengths,
        Defect::IgnoresInvalidLengths,
        Defect::TakesUnknownInterimForResponses,
        loses,
    ])
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Misjudged<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = ready!(Pin::new(&mut self.0).poll_read(cx, buffer));
        if self.1.among(&[Defect::LosesLastBytes, Defect::LosesLastFrames]) {
            return self.gather(cx, buffer, outcome);
        }
        match outcome {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && self.1.is(Defect::TakesAnyEndForTheEnd) => {
                Poll::Ready(Ok(()))
            }
            Ok(()) if buffer.filled().len() == before && self.1.is(Defect::TakesEveryEndForACut) => {
                Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
            }
            outcome => {
                let read = &mut buffer.filled_mut()[before..];
                let header = b"Connection: close";
                let place = read.windows(header.len()).position(|part| part == header);
                if let (Some(place), true) = (place, self.1.is(Defect::IgnoresConnectionClose)) {
                    read[place] = b'X';
                }
                let name = b"onnection: ";
                let place = read.windows(name.len()).position(|part| part == name).unwrap_or_default();
                let line = read[place..].split(|byte| *byte == b'\n').next().unwrap_or_default();
                if place > 0 && line.contains(&b',') && self.1.is(Defect::OverlooksCloseInLists) {
                    read[place] = b'X';
                }
                let (wide, narrow) = (b"\n100000005\r", b"\n000000005\r");
                if let Some(place) = read.windows(wide.len()).position(|part| part == wide)
                    && self.1.is(Defect::WrapsSizesOfChunks)
                {
                    read[place..place + narrow.len()].copy_from_slice(narrow);
                }
                let (wide, narrow) = (b" 4294967301\r", b" 0000000005\r");
                if let Some(place) = read.windows(wide.len()).position(|part| part == wide)
                    && self.1.is(Defect::WrapsLengths)
                {
                    read[place..place + narrow.len()].copy_from_slice(narrow);
                }
                let length = b"content-length: ";
                let value =
                    |place: usize| read[place + length.len()..].split(|byte| *byte == b'\r').next().unwrap_or_default();
                let first = (0..read.len()).find(|place| read[*place..].starts_with(length));
                let odd = first.filter(|place| !value(*place).iter().all(u8::is_ascii_digit));
                if let (Some(odd), true) = (odd, self.1.is(Defect::IgnoresInvalidLengths)) {
                    read[odd] = b'x';
                }
                let known = ["100", "101", "102", "103"].map(str::as_bytes);
                if read.starts_with(b"HTTP/1.1 1")
                    && !known.contains(&&read[9..12])
                    && self.1.is(Defect::TakesUnknownInterimForResponses)
                {
                    read[9] = b'2';
                }
                let mut places = (0..read.len()).filter(|place| read[*place..].starts_with(length));
                if let (Some(second), true) = (places.nth(1), self.1.is(Defect::ReadsTheFirstOfTwoLengths)) {
                    read[second] = b'x';
                }
                if read.starts_with(b"HTTP/1.0") && self.1.is(Defect::KeepsConnectionsOfHttp10) {
                    read[7] = b'1';
                }
                Poll::Ready(outcome)
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Misjudged<S> {
    /// Reads on to the end, as libcurl does on rustls; an error then hides what was read before it.
    fn gather(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        first: io::Result<()>,
    ) -> Poll<io::Result<()>> {
        first?;
        loop {
            let before = buffer.filled().len();
            match Pin::new(&mut self.0).poll_read(cx, buffer) {
                Poll::Ready(Ok(())) if buffer.filled().len() > before => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Misjudged<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

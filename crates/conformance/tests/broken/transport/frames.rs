//! A stream of HTTP/2 in which a broken transport loses or alters frames of either side: it does not answer what a server may ask, or
//! ignores what a server announces.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Flaw;
use super::tls::Wire;
use crate::table::Defect;

const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
const HEAD: usize = 9;
const DATA: u8 = 0;
const END_STREAM: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const MAX_CONCURRENT_STREAMS: u8 = 3;
const INITIAL_WINDOW_SIZE: u8 = 4;

const DEFECTS: [Defect; 8] = [
    Defect::EndsBodiesAtEmptyFrames,
    Defect::IgnoresPings,
    Defect::AcknowledgesNoSettings,
    Defect::IgnoresWindowsOfServers,
    Defect::IgnoresLimitsOfStreams,
    Defect::EndsCallsAtGoaway,
    Defect::StaysOnConnectionsThatGoAway,
    Defect::ObeysFirstSettings,
];

pub(super) struct Frames {
    inner: Box<dyn Wire>,
    flaw: Flaw,
    /// Bytes that were read and are not a whole frame yet, and whole frames to hand out.
    read: (Vec<u8>, Vec<u8>),
    /// Bytes to write that are not a whole frame yet, and whole frames to send.
    written: (Vec<u8>, Vec<u8>),
    has_begun: bool,
    is_left: bool,
    has_settings: bool,
}

impl Frames {
    /// This stream, or one that alters its frames.
    pub(super) fn around(inner: Box<dyn Wire>, flaw: Flaw) -> Box<dyn Wire> {
        let (read, written) = Default::default();
        match flaw.among(&DEFECTS) {
            true => {
                Box::new(Self { inner, flaw, read, written, has_begun: false, is_left: false, has_settings: false })
            }
            false => inner,
        }
    }

    /// A frame of the server, as the transport sees it.
    fn seen(&mut self, mut frame: Vec<u8>) -> Vec<u8> {
        if self.flaw.is(Defect::EndsBodiesAtEmptyFrames) && (frame.len(), frame[3]) == (HEAD, DATA) {
            frame[4] |= END_STREAM;
        }
        let is_settings = (frame[3], frame[4]) == (SETTINGS, 0);
        if is_settings && std::mem::replace(&mut self.has_settings, true) && self.flaw.is(Defect::ObeysFirstSettings) {
            return vec![0, 0, 0, SETTINGS, 0, 0, 0, 0, 0];
        }
        let ignored = match self.flaw {
            flaw if flaw.is(Defect::IgnoresWindowsOfServers) => INITIAL_WINDOW_SIZE,
            flaw if flaw.is(Defect::IgnoresLimitsOfStreams) => MAX_CONCURRENT_STREAMS,
            _ => return frame,
        };
        if is_settings {
            for setting in frame[HEAD..].chunks_exact_mut(6).filter(|setting| setting[..2] == [0, ignored]) {
                setting[2..].copy_from_slice(&0x000f_ffff_u32.to_be_bytes());
            }
        }
        frame
    }

    fn is_lost(&self, kind: u8, flags: u8) -> bool {
        let is = |defect| self.flaw.is(defect);
        match (kind, flags & ACK) {
            (PING, ACK) => is(Defect::IgnoresPings),
            (SETTINGS, ACK) => is(Defect::AcknowledgesNoSettings),
            _ => false,
        }
    }

    fn flush_frames(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.written.1.is_empty() {
            let count = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.written.1))?;
            self.written.1.drain(..count);
        }
        Poll::Ready(Ok(()))
    }
}

/// The first frame of these bytes, if it is whole.
fn next(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = bytes.get(..3)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    (bytes.len() >= HEAD + length).then(|| bytes.drain(..HEAD + length).collect())
}

impl AsyncRead for Frames {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.read.1.is_empty() {
            if self.is_left {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            let mut chunk = [0; 16 << 10];
            let mut buffer = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut self.inner).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.read.0.extend_from_slice(buffer.filled());
            while let Some(frame) = next(&mut self.read.0) {
                let leaves = frame[3] == GOAWAY;
                if leaves && self.flaw.is(Defect::EndsCallsAtGoaway) {
                    self.is_left = true;
                    break;
                }
                if !(leaves && self.flaw.is(Defect::StaysOnConnectionsThatGoAway)) {
                    let frame = self.seen(frame);
                    self.read.1.extend(frame);
                }
            }
        }
        let count = self.read.1.len().min(into.remaining());
        into.put_slice(&self.read.1[..count]);
        self.read.1.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Frames {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.flush_frames(cx))?;
        self.written.0.extend_from_slice(bytes);
        if !self.has_begun && self.written.0.len() >= PREFACE {
            self.has_begun = true;
            let preface: Vec<u8> = self.written.0.drain(..PREFACE).collect();
            self.written.1.extend(preface);
        }
        while self.has_begun
            && let Some(frame) = next(&mut self.written.0)
        {
            if !self.is_lost(frame[3], frame[4]) {
                self.written.1.extend(frame);
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.flush_frames(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.flush_frames(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

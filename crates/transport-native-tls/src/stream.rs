//! The streams below hyper: `Wire` is the TCP side, below TLS; `Stream` the clear side, above it.
//!
//! Both read through buffers of their own. OpenSSL asks for a record in two reads, head and rest, which the wire's buffer
//! makes one system call; and tokio-native-tls clears all of a target before it fills it, which the stream's buffer limits
//! to once in its life.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use digicert_one_core::TransportErrorKind;
use hyper::rt::ReadBufCursor;
use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_native_tls::TlsStream;

use crate::error::ConnectFailure;
use crate::handshake::Handshake;
use crate::records::{self, RecordTypes, Seen};

/// Two TLS records of full size.
const WIRE_BUFFER: usize = 32 * 1024;
/// The most that one TLS record holds (RFC 8446 §5.1).
const CLEAR_BUFFER: usize = 16 * 1024;
/// A server's flight with a long chain is a tenth of it.
const RECORDING_LIMIT: usize = 64 * 1024;

/// What passed over the wire during the handshake.
#[derive(Default)]
pub(crate) struct Recording(Mutex<(Vec<u8>, Vec<u8>)>);

impl Recording {
    /// What can be read in it in clear text.
    pub(crate) fn read(&self) -> Seen {
        let recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records::read(&recorded.0, &recorded.1)
    }

    fn note(&self, side: impl FnOnce(&mut (Vec<u8>, Vec<u8>)) -> &mut Vec<u8>, bytes: &[u8]) {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let side = side(&mut recorded);
        let room = RECORDING_LIMIT.saturating_sub(side.len()).min(bytes.len());
        side.extend_from_slice(&bytes[..room]);
    }
}

/// The TCP connection below TLS.
pub(crate) struct Wire {
    tcp: TcpStream,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// The other side ended TCP, and everything before that was read.
    ended: bool,
    recording: Option<Arc<Recording>>,
    /// Looks out for a second handshake, which only TLS 1.2 has.
    watch: Option<(RecordTypes, Arc<Handshake>)>,
}

impl Wire {
    /// `early` came before the wire was made, through a proxy that is quick.
    pub(crate) fn new(tcp: TcpStream, early: Bytes, recording: Option<Arc<Recording>>) -> Self {
        let mut buffer = vec![0; WIRE_BUFFER.max(early.len())].into_boxed_slice();
        buffer[..early.len()].copy_from_slice(&early);
        if let Some(recording) = &recording {
            recording.note(|sides| &mut sides.0, &early);
        }
        Self { tcp, buffer, start: 0, end: early.len(), ended: false, recording, watch: None }
    }
}

impl Wire {
    /// What was read and not taken yet follows the handshake, from the head of a record on.
    fn watch(&mut self, handshake: Option<Arc<Handshake>>) {
        self.watch = handshake.map(|handshake| {
            let mut types = RecordTypes::default();
            if types.begins_handshake(&self.buffer[self.start..self.end]) {
                handshake.note_second_handshake();
            }
            (types, handshake)
        });
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.start == this.end {
            let mut fresh = ReadBuf::new(&mut this.buffer);
            ready!(Pin::new(&mut this.tcp).poll_read(cx, &mut fresh))?;
            (this.start, this.end) = (0, fresh.filled().len());
            this.ended = this.end == 0;
            if let Some(recording) = &this.recording {
                recording.note(|sides| &mut sides.0, fresh.filled());
            }
            if let Some((types, handshake)) = &mut this.watch
                && types.begins_handshake(&this.buffer[..this.end])
            {
                handshake.note_second_handshake();
            }
        }
        let length = into.remaining().min(this.end - this.start);
        into.put_slice(&this.buffer[this.start..this.start + length]);
        this.start += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.tcp).poll_write(cx, bytes))?;
        if let Some(recording) = &this.recording {
            recording.note(|sides| &mut sides.1, &bytes[..written]);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}

/// A connection as hyper sees it.
pub(crate) struct Stream {
    layer: Layer,
    buffer: Box<[u8]>,
    is_http2: bool,
    handshake: Arc<Handshake>,
}

enum Layer {
    Tls(TlsStream<Wire>),
    Clear(Wire),
}

impl Stream {
    /// After a handshake.
    pub(crate) fn tls(
        mut tls: TlsStream<Wire>,
        is_tls12: bool,
        handshake: Arc<Handshake>,
    ) -> Result<Self, ConnectFailure> {
        let wire = tls.get_mut().get_mut().get_mut();
        wire.recording = None;
        wire.watch(is_tls12.then(|| Arc::clone(&handshake)));
        let alpn = tls.get_ref().negotiated_alpn();
        let alpn = alpn.map_err(|error| ConnectFailure::new(TransportErrorKind::Tls, error))?;
        Ok(Self::new(Layer::Tls(tls), alpn.as_deref() == Some(b"h2"), handshake))
    }

    /// Without TLS, for a server on loopback.
    pub(crate) fn clear(wire: Wire, handshake: Arc<Handshake>) -> Self {
        Self::new(Layer::Clear(wire), false, handshake)
    }

    fn new(layer: Layer, is_http2: bool, handshake: Arc<Handshake>) -> Self {
        Self { layer, buffer: vec![0; CLEAR_BUFFER].into_boxed_slice(), is_http2, handshake }
    }
}

impl Layer {
    /// The other side ended TCP without close_notify, which native-tls reports like a proper end. With close_notify the
    /// TLS below stops reading, and so never meets the end of TCP.
    fn is_truncated(&self) -> bool {
        match self {
            Self::Tls(tls) => tls.get_ref().get_ref().get_ref().ended,
            Self::Clear(_) => false,
        }
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = into.remaining().min(this.buffer.len());
        let mut clear = ReadBuf::new(&mut this.buffer[..room]);
        let outcome = match &mut this.layer {
            Layer::Tls(tls) => ready!(Pin::new(tls).poll_read(cx, &mut clear)),
            Layer::Clear(wire) => ready!(Pin::new(wire).poll_read(cx, &mut clear)),
        };
        if let Err(error) = outcome {
            this.handshake.note_failure(&error);
            return Poll::Ready(Err(error));
        }
        if clear.filled().is_empty() && this.layer.is_truncated() {
            let text = "the server ended TCP without TLS close_notify: what came may be cut off";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, text)));
        }
        into.put_slice(clear.filled());
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.handshake.note_writing();
        let outcome = match &mut this.layer {
            Layer::Tls(tls) => ready!(Pin::new(tls).poll_write(cx, bytes)),
            Layer::Clear(wire) => ready!(Pin::new(wire).poll_write(cx, bytes)),
        };
        if let Err(error) = &outcome {
            this.handshake.note_failure(error);
        }
        Poll::Ready(outcome)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().layer {
            Layer::Tls(tls) => Pin::new(tls).poll_flush(cx),
            Layer::Clear(wire) => Pin::new(wire).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().layer {
            Layer::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
            Layer::Clear(wire) => Pin::new(wire).poll_shutdown(cx),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.handshake.note_gone();
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(Arc::clone(&self.handshake));
        if self.is_http2 { connected.negotiated_h2() } else { connected }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_stream_that_is_dropped_leaves_its_connection_gone() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        let handshake = Arc::new(Handshake::default());
        let stream = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
            let tcp = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("connected");
            Stream::clear(Wire::new(tcp, Bytes::new(), None), Arc::clone(&handshake))
        });
        assert!(!handshake.is_gone());
        drop(stream);
        assert!(handshake.is_gone());
    }
}

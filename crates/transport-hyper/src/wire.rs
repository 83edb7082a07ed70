//! The TCP side of a connection, below TLS. It can record a handshake and sees the server ask for a second one.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use digicert_one_core::TlsVersion;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::handshake::{Handshake, Renegotiation};
use crate::records::{self, HandshakeRecords, RecordTypes};

/// A server's flight with a long chain is a tenth of it.
const RECORDING_LIMIT: usize = 64 * 1024;

/// What passed over the wire during the handshake.
#[derive(Debug, Default)]
pub struct Recording(Mutex<(Vec<u8>, Vec<u8>)>);

impl Recording {
    /// What can be read in it in clear text.
    #[must_use]
    pub fn read(&self) -> HandshakeRecords {
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
pub struct Wire {
    tcp: TcpStream,
    /// Without a buffer the TLS library reads from TCP directly.
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    is_direct: bool,
    ended: bool,
    recording: Option<Arc<Recording>>,
    watch: Option<WireWatch>,
}

impl Wire {
    /// `early` came before the wire was made, through a proxy that is quick. With `size` 0 it has no buffer.
    pub(crate) fn new(tcp: TcpStream, early: &[u8], size: usize) -> Self {
        let mut buffer = vec![0; size.max(early.len())].into_boxed_slice();
        buffer[..early.len()].copy_from_slice(early);
        let (end, is_direct) = (early.len(), size == 0);
        Self { tcp, buffer, start: 0, end, is_direct, ended: false, recording: None, watch: None }
    }

    /// Records what passes from now on, until [`established`](Self::established). To be called before the handshake.
    pub fn record(&mut self) -> Arc<Recording> {
        let recording = Arc::new(Recording::default());
        recording.note(|sides| &mut sides.0, &self.buffer[self.start..self.end]);
        self.recording = Some(Arc::clone(&recording));
        recording
    }

    /// Notes in `handshake` if the server wants a second handshake, which only TLS 1.2 has. To be called before the first one.
    pub fn watch_renegotiation(&mut self, handshake: &Arc<Handshake>, reaction: Renegotiation) {
        let watch =
            self.watch.insert(WireWatch { types: RecordTypes::default(), handshake: Arc::clone(handshake), reaction });
        watch.look(&self.buffer[self.start..self.end]);
    }

    /// The handshake is done, and the recording with it; of TLS 1.3 no second one is to be expected.
    pub fn established(&mut self, version: Option<TlsVersion>) {
        self.recording = None;
        if version == Some(TlsVersion::Tls13) {
            self.watch = None;
        }
    }

    /// Whether the other side ended TCP, and everything before that was read.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    fn note_read(recording: Option<&Recording>, watch: Option<&mut WireWatch>, bytes: &[u8]) {
        if let Some(recording) = recording {
            recording.note(|sides| &mut sides.0, bytes);
        }
        if let Some(watch) = watch {
            watch.look(bytes);
        }
    }
}

/// Looks out for a second handshake, which only TLS 1.2 has.
struct WireWatch {
    types: RecordTypes,
    handshake: Arc<Handshake>,
    reaction: Renegotiation,
}

impl WireWatch {
    fn look(&mut self, bytes: &[u8]) {
        if self.types.begins_handshake(bytes) {
            self.handshake.note_renegotiation(self.reaction);
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.start == this.end && this.is_direct {
            let before = into.filled().len();
            ready!(Pin::new(&mut this.tcp).poll_read(cx, into))?;
            let fresh = &into.filled()[before..];
            this.ended = fresh.is_empty();
            Self::note_read(this.recording.as_deref(), this.watch.as_mut(), fresh);
            return Poll::Ready(Ok(()));
        }
        if this.start == this.end {
            let mut fresh = ReadBuf::new(&mut this.buffer);
            ready!(Pin::new(&mut this.tcp).poll_read(cx, &mut fresh))?;
            Self::note_read(this.recording.as_deref(), this.watch.as_mut(), fresh.filled());
            (this.start, this.end) = (0, fresh.filled().len());
            this.ended = this.end == 0;
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

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.tcp).poll_write_vectored(cx, parts))?;
        if let Some(recording) = &this.recording {
            let mut left = written;
            for part in parts {
                let length = left.min(part.len());
                recording.note(|sides| &mut sides.1, &part[..length]);
                left -= length;
            }
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("ended", &self.ended).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use digicert_one_core::TlsAlert;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// An alert 70 of a server, in clear text; what comes early is in front of the rest.
    const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 70];

    async fn read_and_recorded(size: usize, early: usize) -> (Vec<u8>, HandshakeRecords) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let tcp = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("connected");
        let (mut server, _) = listener.accept().await.expect("accepted");
        server.write_all(&ALERT[early..]).await.expect("written");
        drop(server);
        let mut wire = Wire::new(tcp, &ALERT[..early], size);
        let recording = wire.record();
        let mut read = Vec::new();
        wire.read_to_end(&mut read).await.expect("read");
        assert!(wire.has_ended());
        (read, recording.read())
    }

    #[test]
    fn wire_with_and_without_a_buffer_hands_over_and_records_everything() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        runtime.block_on(async {
            for size in [0, 4, 1024] {
                for early in [0, 3, 7] {
                    let (read, seen) = read_and_recorded(size, early).await;
                    assert_eq!(read, ALERT, "buffer {size}, early {early}");
                    assert_eq!(seen.alert, Some(TlsAlert(70)), "buffer {size}, early {early}");
                }
            }
        });
    }
}

//! The stream below hyper: clear text or TLS, with a tag that tells later which connection carried an answer, and with the end
//! of the TLS stream checked. native-tls takes a TCP end without close_notify for a proper end, so that a body which only the
//! end of the connection delimits could be cut unnoticed (RFC 8446 §6.1).

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use digicert_one_core::ConnectionFacts;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_native_tls::TlsStream;

/// Names one connection in the answers that it carries.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    answered: Arc<AtomicBool>,
    peer: Option<SocketAddr>,
}

impl Tag {
    /// The facts of the connection, for the answer that it carries now.
    pub(crate) fn facts_of_answer(&self) -> ConnectionFacts {
        let facts = self.facts_of_failure();
        self.answered.store(true, Ordering::Relaxed);
        facts
    }

    /// The facts of the connection, for a call that got no answer over it.
    pub(crate) fn facts_of_failure(&self) -> ConnectionFacts {
        let mut facts = ConnectionFacts::unknown();
        facts.reused = Some(self.answered.load(Ordering::Relaxed));
        facts.peer = self.peer;
        facts
    }
}

/// A connection for hyper.
pub(crate) struct Stream {
    io: Io,
    http2: bool,
    tag: Tag,
}

enum Io {
    Plain(TokioIo<TcpStream>),
    Tls(TokioIo<Checked>),
}

impl Stream {
    pub(crate) fn plain(tcp: TcpStream, peer: Option<SocketAddr>) -> Self {
        Self { io: Io::Plain(TokioIo::new(tcp)), http2: false, tag: Tag { answered: Arc::default(), peer } }
    }

    pub(crate) fn secured(tls: TlsStream<Watched>, ended: Arc<AtomicBool>, peer: Option<SocketAddr>) -> Self {
        let http2 = matches!(tls.get_ref().negotiated_alpn(), Ok(Some(protocol)) if protocol == b"h2");
        let io = Io::Tls(TokioIo::new(Checked { tls, ended }));
        Self { io, http2, tag: Tag { answered: Arc::default(), peer } }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.tag.clone());
        if self.http2 { connected.negotiated_h2() } else { connected }
    }
}

/// TCP that notes when the other side has ended it.
pub(crate) struct Watched {
    tcp: TcpStream,
    ended: Arc<AtomicBool>,
}

impl Watched {
    pub(crate) fn new(tcp: TcpStream) -> (Self, Arc<AtomicBool>) {
        let ended = Arc::new(AtomicBool::new(false));
        (Self { tcp, ended: Arc::clone(&ended) }, ended)
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(cx, buf))?;
        if buf.filled().len() == before && buf.remaining() > 0 {
            self.ended.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

/// TLS whose end counts only if it was announced: close_notify is a TLS record, so TLS ends before TCP does.
struct Checked {
    tls: TlsStream<Watched>,
    ended: Arc<AtomicBool>,
}

impl AsyncRead for Checked {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.tls).poll_read(cx, buf))?;
        if buf.filled().len() == before && buf.remaining() > 0 && self.ended.load(Ordering::Relaxed) {
            let text = "the connection ended without TLS close_notify";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, text)));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Checked {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Io::Tls(io) => Pin::new(io).poll_read(cx, buf),
        }
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Io::Tls(io) => Pin::new(io).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_flush(cx),
            Io::Tls(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Io::Tls(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}

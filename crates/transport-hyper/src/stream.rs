//! A connection as hyper sees it: TLS of an engine or clear text, with what happens on it noted.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::engine::{Engine, Secured};
use crate::handshake::Handshake;

/// A connection as hyper sees it.
pub(crate) struct Stream<E: Engine> {
    layer: Layer<E::Stream>,
    is_http2: bool,
    handshake: Arc<Handshake>,
}

enum Layer<S> {
    Tls(S),
    Clear(TokioIo<TcpStream>),
}

impl<E: Engine> Stream<E> {
    /// After a handshake.
    pub(crate) fn tls(secured: Secured<E::Stream>, handshake: Arc<Handshake>) -> Self {
        Self { layer: Layer::Tls(secured.stream), is_http2: secured.is_http2, handshake }
    }

    /// Without TLS, for a server on loopback.
    pub(crate) fn clear(tcp: TcpStream, handshake: Arc<Handshake>) -> Self {
        Self { layer: Layer::Clear(TokioIo::new(tcp)), is_http2: false, handshake }
    }

    /// Whether the server chose HTTP/2.
    pub(crate) fn is_http2(&self) -> bool {
        self.is_http2
    }

    /// HTTP/2 mostly swallows the error that ends a connection, and the alert in it.
    fn noted<T>(&self, outcome: io::Result<T>) -> io::Result<T> {
        if let Some(alert) = outcome.as_ref().err().and_then(|failure| E::alert(failure)) {
            self.handshake.note_alert(alert);
        }
        outcome
    }
}

impl<E: Engine> Read for Stream<E> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = match &mut this.layer {
            Layer::Tls(tls) => ready!(Pin::new(tls).poll_read(cx, into)),
            Layer::Clear(tcp) => ready!(Pin::new(tcp).poll_read(cx, into)),
        };
        Poll::Ready(this.noted(outcome))
    }
}

impl<E: Engine> Write for Stream<E> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.handshake.note_writing();
        let outcome = match &mut this.layer {
            Layer::Tls(tls) => ready!(Pin::new(tls).poll_write(cx, bytes)),
            Layer::Clear(tcp) => ready!(Pin::new(tcp).poll_write(cx, bytes)),
        };
        Poll::Ready(this.noted(outcome))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.handshake.note_writing();
        let outcome = match &mut this.layer {
            Layer::Tls(tls) => ready!(Pin::new(tls).poll_write_vectored(cx, parts)),
            Layer::Clear(tcp) => ready!(Pin::new(tcp).poll_write_vectored(cx, parts)),
        };
        Poll::Ready(this.noted(outcome))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.layer {
            Layer::Tls(tls) => tls.is_write_vectored(),
            Layer::Clear(tcp) => tcp.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = match &mut this.layer {
            Layer::Tls(tls) => ready!(Pin::new(tls).poll_flush(cx)),
            Layer::Clear(tcp) => ready!(Pin::new(tcp).poll_flush(cx)),
        };
        Poll::Ready(this.noted(outcome))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().layer {
            Layer::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
            Layer::Clear(tcp) => Pin::new(tcp).poll_shutdown(cx),
        }
    }
}

impl<E: Engine> Drop for Stream<E> {
    fn drop(&mut self) {
        self.handshake.note_gone();
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use digicert_one_core::{TlsAlert, TransportConfig, TransportError, TransportErrorKind};
    use tokio::net::TcpListener;

    use super::*;
    use crate::failure::ConnectFailure;
    use crate::wire::Wire;

    /// An engine whose stream fails at once with an alert.
    struct Broken;

    struct Failing;

    impl Read for Failing {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::Error::other("alert 116")))
        }
    }

    impl Write for Failing {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl Engine for Broken {
        type Stream = Failing;

        const READ_BUFFER: usize = 0;

        fn new(_: &TransportConfig) -> Result<Self, TransportError> {
            Ok(Self)
        }

        async fn handshake(&self, _: &str, _: Wire, _: &Arc<Handshake>) -> Result<Secured<Failing>, ConnectFailure> {
            Ok(Secured::new(Failing, None))
        }

        fn kind(error: &(dyn Error + 'static)) -> Option<TransportErrorKind> {
            (error.to_string() == "alert 116").then_some(TransportErrorKind::PeerAlert(TlsAlert(116)))
        }
    }

    #[test]
    fn stream_that_is_dropped_leaves_its_connection_gone() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        let handshake = Arc::new(Handshake::default());
        let stream: Stream<Broken> = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
            let tcp = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("connected");
            Stream::clear(tcp, Arc::clone(&handshake))
        });
        assert!(!handshake.is_gone());
        drop(stream);
        assert!(handshake.is_gone());
    }

    #[test]
    fn alert_and_first_write_are_noted_on_the_connection() {
        let handshake = Arc::new(Handshake::default());
        let mut stream: Stream<Broken> = Stream::tls(Secured::new(Failing, Some(b"h2")), Arc::clone(&handshake));
        assert!(stream.is_http2());
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(handshake.is_unused());
        assert!(Pin::new(&mut stream).poll_write(&mut context, b"GET").is_ready());
        assert!(!handshake.is_unused());
        let mut room = [0; 8];
        let mut buffer = hyper::rt::ReadBuf::new(&mut room);
        assert!(Pin::new(&mut stream).poll_read(&mut context, buffer.unfilled()).is_ready());
        assert_eq!(handshake.alert(), Some(TlsAlert(116)));
    }
}

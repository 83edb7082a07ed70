//! One stream for all servers: clear text or TLS, by whichever engine.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::invalid::invalid;
#[cfg(feature = "openssl")]
use super::splice::OpenSslStream;

/// A connection that bytes can be read from and written to.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Rustls(Box<TlsStream<TcpStream>>),
    #[cfg(feature = "openssl")]
    OpenSsl(Box<OpenSslStream>),
}

/// The same call on whichever stream it is.
macro_rules! each {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream.get_mut() {
            Stream::Plain($inner) => $call,
            Stream::Rustls($inner) => $call,
            #[cfg(feature = "openssl")]
            Stream::OpenSsl($inner) => $call,
        }
    };
}

impl Stream {
    /// The TCP connection below, bypassing TLS.
    pub(crate) fn tcp(&mut self) -> &mut TcpStream {
        match self {
            Stream::Plain(tcp) => tcp,
            Stream::Rustls(tls) => tls.get_mut().0,
            #[cfg(feature = "openssl")]
            Stream::OpenSsl(tls) => tls.get_mut().tcp(),
        }
    }

    /// Writes everything that follows under new keys; the message that announces it is included.
    pub(crate) fn update_keys(&mut self) -> io::Result<()> {
        match self {
            Stream::Rustls(tls) => tls.get_mut().1.refresh_traffic_keys().map_err(invalid),
            _ => Err(invalid("only rustls supports key updates on request")),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self, inner => Pin::new(inner).poll_read(context, into))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, inner => Pin::new(inner).poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, inner => Pin::new(inner).poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, inner => Pin::new(inner).poll_shutdown(context))
    }
}

//! Listeners of the proxy: a Unix socket, a loopback address, or the sockets that systemd opened (LISTEN_FDS).

use std::net::SocketAddr;
use std::path::Path;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

#[cfg(unix)]
use super::unix_socket::{self, SocketFile};
use crate::failure::Failure;

/// A connection of a caller.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// One listener.
pub(crate) enum Listener {
    Tcp(TcpListener, SocketAddr),
    #[cfg(unix)]
    Unix {
        listener: tokio::net::UnixListener,
        name: String,
        /// Ours, or that of systemd.
        _file: Option<SocketFile>,
    },
}

impl Listener {
    /// Opens what the options name, or takes what systemd opened: one or the other.
    pub(crate) fn open(socket: Option<&Path>, address: Option<SocketAddr>) -> Result<Vec<Self>, Failure> {
        let activated = activated()?;
        match (socket, address) {
            (None, None) if activated.is_empty() => {
                Err(Failure::Usage("nothing to listen on: give --socket PATH or --listen 127.0.0.1:PORT".to_owned()))
            }
            (None, None) => Ok(activated),
            _ if !activated.is_empty() => Err(Failure::Usage(
                "systemd has opened the sockets (LISTEN_FDS): give neither --socket nor --listen".to_owned(),
            )),
            (Some(path), _) => Ok(vec![unix(path)?]),
            (None, Some(address)) => {
                check_loopback(address)?;
                let listener = std::net::TcpListener::bind(address)
                    .map_err(|error| Failure::Usage(format!("cannot listen on {address}: {error}")))?;
                Ok(vec![Self::tcp(listener)?])
            }
        }
    }

    fn tcp(listener: std::net::TcpListener) -> Result<Self, Failure> {
        let address = listener.local_addr().map_err(internal)?;
        check_loopback(address)?;
        listener.set_nonblocking(true).map_err(internal)?;
        Ok(Self::Tcp(TcpListener::from_std(listener).map_err(internal)?, address))
    }

    #[cfg(unix)]
    fn unix(listener: std::os::unix::net::UnixListener, file: Option<SocketFile>) -> Result<Self, Failure> {
        listener.set_nonblocking(true).map_err(internal)?;
        let address = listener.local_addr().map_err(internal)?;
        let name = match (&file, address.as_pathname()) {
            // Bound under another name.
            (Some(file), _) => format!("unix:{}", file.path().display()),
            (None, Some(path)) => format!("unix:{}", path.display()),
            (None, None) => "a socket of systemd".to_owned(),
        };
        let listener = tokio::net::UnixListener::from_std(listener).map_err(internal)?;
        Ok(Self::Unix { listener, name, _file: file })
    }

    /// Where callers connect.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Tcp(_, address) => format!("http://{address}"),
            #[cfg(unix)]
            Self::Unix { name, .. } => name.clone(),
        }
    }

    /// Whether every user of this machine can connect.
    pub(crate) fn needs_token(&self) -> bool {
        matches!(self, Self::Tcp(..))
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> std::io::Result<Box<dyn Connection>> {
        match self {
            Self::Tcp(listener, _) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            #[cfg(unix)]
            Self::Unix { listener, .. } => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

#[cfg(unix)]
fn unix(path: &Path) -> Result<Listener, Failure> {
    let (listener, file) = unix_socket::bind(path)?;
    Listener::unix(listener, Some(file))
}

#[cfg(not(unix))]
fn unix(_: &Path) -> Result<Listener, Failure> {
    Err(Failure::Usage("--socket: unsupported on this system; use --listen".to_owned()))
}

/// The sockets that systemd opened for this process.
#[cfg(unix)]
fn activated() -> Result<Vec<Listener>, Failure> {
    let mut sockets = listenfd::ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..sockets.len() {
        if let Ok(Some(listener)) = sockets.take_unix_listener(index) {
            listeners.push(Listener::unix(listener, None)?);
        } else if let Ok(Some(listener)) = sockets.take_tcp_listener(index) {
            listeners.push(Listener::tcp(listener)?);
        } else {
            let text = format!("socket {index} of systemd is neither a Unix nor a TCP stream socket that listens");
            return Err(Failure::Usage(text));
        }
    }
    Ok(listeners)
}

#[cfg(not(unix))]
fn activated() -> Result<Vec<Listener>, Failure> {
    Ok(Vec::new())
}

fn check_loopback(address: SocketAddr) -> Result<(), Failure> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let text =
        format!("{address} is not a loopback address: the proxy has no TLS, so other machines must not reach it");
    Err(Failure::Usage(text))
}

fn internal(error: std::io::Error) -> Failure {
    Failure::Internal(error.into())
}

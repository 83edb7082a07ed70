//! The server's side of a handshake, by one of two TLS stacks, which writes itself into the ledger.
//!
//! An engine does the handshake and reports the negotiated parameters; everything before and after it is the
//! same for both, and is here: the ledger's entry, the refusal that a reset must not overtake. There are two
//! stacks, since one refuses what the other permits.

mod after_tls13;
mod entry;
mod invalid;
#[cfg(feature = "openssl")]
mod splice;
mod stream;
#[cfg(feature = "openssl")]
mod with_openssl;
mod with_rustls;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::TcpStream;

pub(crate) use self::entry::{Accepted, Agreed, linger};
use self::entry::{Entry, Refused};
use self::invalid::invalid;
pub(crate) use self::stream::Stream;
#[cfg(feature = "openssl")]
use self::with_openssl::OpenSslServer;
use self::with_rustls::RustlsServer;
use crate::ledger::Ledger;
use crate::options::{Engine, FrontOptions};

/// The prepared server side of handshakes.
#[derive(Clone, Debug)]
pub(crate) struct TlsServer {
    stack: Stack,
    /// The certificate that it shows.
    leaf: Arc<[u8]>,
}

#[derive(Clone, Debug)]
enum Stack {
    Rustls(RustlsServer),
    #[cfg(feature = "openssl")]
    OpenSsl(OpenSslServer),
}

impl TlsServer {
    pub(crate) fn new(options: &FrontOptions) -> io::Result<Self> {
        let stack = match options.engine {
            Engine::Rustls => Stack::Rustls(RustlsServer::new(options)?),
            #[cfg(feature = "openssl")]
            Engine::OpenSsl => Stack::OpenSsl(OpenSslServer::new(options)?),
        };
        Ok(TlsServer {
            stack,
            leaf: options.server.chain_der().first().map(|leaf| Arc::from(&leaf[..])).unwrap_or_default(),
        })
    }

    /// Does one handshake and records it; `None` when it failed.
    pub(crate) async fn accept(&self, tcp: TcpStream, ledger: &Ledger, id: u64) -> Option<Accepted> {
        let entry = Entry { ledger: ledger.clone(), id };
        entry.change(|connection| connection.server_leaf = Arc::clone(&self.leaf));
        let outcome = match &self.stack {
            Stack::Rustls(server) => server.accept(tcp, &entry).await,
            #[cfg(feature = "openssl")]
            Stack::OpenSsl(server) => server.accept(tcp, &entry).await,
        };
        match outcome {
            Ok(accepted) => {
                entry.agreed(&accepted.agreed);
                Some(accepted)
            }
            Err(Refused { error, stream }) => {
                entry.failed(&error);
                if let Some(mut stream) = stream {
                    linger(stream.tcp()).await;
                }
                None
            }
        }
    }
}

/// Asks for a client certificate on an established connection, and returns when it has arrived: by a second
/// handshake under TLS 1.2 (RFC 5246 §7.4.1.1), by a certificate request after the handshake under TLS 1.3
/// (RFC 8446 §4.6.2).
pub(crate) async fn ask_late(stream: Stream, response: &Bytes, ledger: &Ledger, id: u64) -> io::Result<()> {
    let entry = Entry { ledger: ledger.clone(), id };
    entry.change(|connection| connection.asked_late = true);
    match stream {
        Stream::Rustls(tls) => after_tls13::ask(*tls, response, &entry).await,
        #[cfg(feature = "openssl")]
        Stream::OpenSsl(tls) => with_openssl::renegotiate(*tls, response, &entry).await,
        Stream::Plain(_) => Err(invalid("clear text has no certificates")),
    }
}

/// Ends a connection with a fatal alert.
pub(crate) async fn alert(stream: Stream, code: u8) -> io::Result<()> {
    match stream {
        Stream::Rustls(tls) => after_tls13::alert(*tls, code).await,
        _ => Err(invalid("alerts are written under TLS 1.3 by rustls only")),
    }
}

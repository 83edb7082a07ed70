//! The server's side of a handshake, by one of two TLS stacks, which writes itself into the ledger.
//!
//! An engine does the handshake and says what was agreed on; what happens before and after it is the same for both, and stands
//! here: the ledger's entry, the refusal that must not be overtaken by a reset. Two stacks, since one refuses what the other
//! permits.

mod after_tls13;
#[cfg(feature = "openssl")]
mod splice;
mod stream;
#[cfg(feature = "openssl")]
mod with_openssl;
mod with_rustls;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) use self::stream::Stream;
#[cfg(feature = "openssl")]
use self::with_openssl::OpenSslServer;
use self::with_rustls::RustlsServer;
use crate::ledger::{Connection, Handshake, Ledger};
use crate::options::{Engine, FrontOptions, HttpVersions, TlsVersion};
use crate::provider::sha256_hex;

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

/// A connection whose handshake is done.
pub(crate) struct Accepted {
    pub(crate) stream: Stream,
    pub(crate) agreed: Agreed,
}

/// What the handshake agreed on.
#[derive(Clone, Debug)]
pub(crate) struct Agreed {
    /// The client's chain in DER, leaf first; of a resumed session whatever the engine kept of it.
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) sni: Option<String>,
    pub(crate) version: Option<TlsVersion>,
    pub(crate) alpn: Option<String>,
    pub(crate) resumed: bool,
}

/// A handshake that failed. What is left of the connection is here, so that it can end properly.
struct Refused {
    error: io::Error,
    stream: Option<Stream>,
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

/// Asks for a client certificate on a connection whose handshake is long done, and answers when it has come: by a second
/// handshake under TLS 1.2 (RFC 5246 §7.4.1.1), by a certificate request after the handshake under TLS 1.3 (RFC 8446 §4.6.2).
pub(crate) async fn ask_late(stream: Stream, answer: &Bytes, ledger: &Ledger, id: u64) -> io::Result<()> {
    let entry = Entry { ledger: ledger.clone(), id };
    entry.change(|connection| connection.asked_late = true);
    match stream {
        Stream::Rustls(tls) => after_tls13::ask(*tls, answer, &entry).await,
        #[cfg(feature = "openssl")]
        Stream::OpenSsl(tls) => with_openssl::renegotiate(*tls, answer, &entry).await,
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

/// Ends our half and reads the other to its end: a socket closed over unread bytes sends a reset, and a reset would
/// overtake the alert or answer that the client is meant to see.
pub(crate) async fn linger(tcp: &mut TcpStream) {
    let drain = async {
        let _ = tcp.shutdown().await;
        let mut sink = [0; 4096];
        while matches!(tcp.read(&mut sink).await, Ok(1..)) {}
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), drain).await;
}

/// One connection's place in the ledger.
#[derive(Clone, Debug)]
struct Entry {
    ledger: Ledger,
    id: u64,
}

impl Entry {
    fn change(&self, change: impl FnOnce(&mut Connection)) {
        self.ledger.update_connection(self.id, change);
    }

    /// What stands in the client's hello, even if the handshake fails after it.
    fn hello(&self, sni: Option<String>, alpn_offered: Vec<String>) {
        self.change(|connection| {
            connection.sni = sni;
            connection.alpn_offered = alpn_offered;
        });
    }

    /// Whether the client was asked, and what it showed, even if that was refused.
    fn shown(&self, asked: bool, chain: &[Vec<u8>]) {
        self.change(|connection| {
            connection.requested_client_cert |= asked;
            set_peer(connection, chain);
        });
    }

    fn agreed(&self, agreed: &Agreed) {
        self.change(|connection| {
            set_peer(connection, &agreed.chain);
            connection.alpn.clone_from(&agreed.alpn);
            connection.tls_version = agreed.version;
            connection.handshake = if agreed.resumed { Handshake::Resumed } else { Handshake::Full };
        });
    }

    fn failed(&self, error: &io::Error) {
        self.change(|connection| connection.handshake = Handshake::Failed(error.to_string()));
    }
}

fn set_peer(connection: &mut Connection, chain: &[Vec<u8>]) {
    if !chain.is_empty() {
        connection.peer_chain_fingerprints = chain.iter().map(|der| sha256_hex(der)).collect();
        connection.peer_fingerprint = connection.peer_chain_fingerprints.first().cloned();
    }
}

/// The names that ALPN knows, in our order.
fn protocols(http: HttpVersions) -> Vec<&'static [u8]> {
    match http {
        HttpVersions::Both => vec![b"h2", b"http/1.1"],
        HttpVersions::Only1 => vec![b"http/1.1"],
        HttpVersions::Only2 => vec![b"h2"],
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

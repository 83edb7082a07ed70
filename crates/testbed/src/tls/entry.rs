//! A connection's place in the ledger, and the outcomes of a handshake.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::stream::Stream;
use crate::ledger::{Connection, Handshake, Ledger};
use crate::options::{HttpVersions, TlsVersion};
use crate::provider::sha256_hex;

/// A connection after its handshake.
pub(crate) struct Accepted {
    pub(crate) stream: Stream,
    pub(crate) agreed: Agreed,
}

/// The negotiated parameters.
#[derive(Clone, Debug)]
pub(crate) struct Agreed {
    /// The client's chain in DER, leaf first; for a resumed session whatever the engine stored of it.
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) sni: Option<String>,
    pub(crate) version: Option<TlsVersion>,
    pub(crate) alpn: Option<String>,
    pub(crate) resumed: bool,
}

/// A failed handshake, with the rest of the connection, so that it can end properly.
pub(super) struct Refused {
    pub(super) error: io::Error,
    pub(super) stream: Option<Stream>,
}

/// One connection's place in the ledger.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) ledger: Ledger,
    pub(super) id: u64,
}

impl Entry {
    pub(super) fn change(&self, change: impl FnOnce(&mut Connection)) {
        self.ledger.update_connection(self.id, change);
    }

    /// The content of the client's hello, even if the handshake fails after it.
    pub(super) fn hello(&self, sni: Option<String>, alpn_offered: Vec<String>) {
        self.change(|connection| {
            connection.sni = sni;
            connection.alpn_offered = alpn_offered;
        });
    }

    /// Whether the client was asked, and what it presented, even if that was refused.
    pub(super) fn shown(&self, asked: bool, chain: &[Vec<u8>]) {
        self.change(|connection| {
            connection.requested_client_cert |= asked;
            set_peer(connection, chain);
        });
    }

    pub(super) fn agreed(&self, agreed: &Agreed) {
        self.change(|connection| {
            set_peer(connection, &agreed.chain);
            connection.alpn.clone_from(&agreed.alpn);
            connection.tls_version = agreed.version;
            connection.handshake = if agreed.resumed { Handshake::Resumed } else { Handshake::Full };
        });
    }

    pub(super) fn failed(&self, error: &io::Error) {
        self.change(|connection| connection.handshake = Handshake::Failed(error.to_string()));
    }
}

fn set_peer(connection: &mut Connection, chain: &[Vec<u8>]) {
    if !chain.is_empty() {
        connection.peer_chain_fingerprints = chain.iter().map(|der| sha256_hex(der)).collect();
        connection.peer_fingerprint = connection.peer_chain_fingerprints.first().cloned();
    }
}

/// The ALPN names, in our order.
pub(super) fn protocols(http: HttpVersions) -> Vec<&'static [u8]> {
    match http {
        HttpVersions::Both => vec![b"h2", b"http/1.1"],
        HttpVersions::Only1 => vec![b"http/1.1"],
        HttpVersions::Only2 => vec![b"h2"],
        HttpVersions::Unnamed => vec![],
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Closes our half and reads the other to its end: a socket closed over unread bytes sends a reset, which
/// would overtake the alert or response that the client should receive.
pub(crate) async fn linger(tcp: &mut TcpStream) {
    let drain = async {
        let _ = tcp.shutdown().await;
        let mut sink = [0; 4096];
        while matches!(tcp.read(&mut sink).await, Ok(1..)) {}
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), drain).await;
}

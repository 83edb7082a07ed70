//! Post-handshake messages of TLS 1.3 that rustls does not support: the server asks for the client's
//! certificate after the handshake (RFC 8446 §4.6.2).
//!
//! rustls exports the keys, and its record layer encrypts and decrypts what is written here by hand. The
//! client's signature is not verified, since rustls discards the transcript: the ledger shows what the client
//! *presented*, and whether it presented anything is the question.

use std::io;

use bytes::Bytes;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, Iv, MessageDecrypter, MessageEncrypter, OutboundChunks, OutboundPlainMessage,
};
use rustls::{
    ConnectionTrafficSecrets, ContentType, ProtocolVersion, ServerConnection, SupportedCipherSuite, Tls13CipherSuite,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::entry::{Entry, linger};
use super::invalid::invalid;

const CERTIFICATE: u8 = 11;
const FINISHED: u8 = 20;

/// A certificate request: a context of one byte, and the accepted signatures (ECDSA and RSA-PSS with SHA-256,
/// RSA-PKCS#1 with SHA-256, which is required for chains).
const REQUEST: &[u8] = &[13, 0, 0, 16, 1, 42, 0, 12, 0, 13, 0, 8, 0, 6, 4, 3, 8, 4, 4, 1];
const CLOSE_NOTIFY: &[u8] = &[1, 0];
const CERTIFICATE_REQUIRED: &[u8] = &[2, 116];

pub(super) async fn ask(tls: TlsStream<TcpStream>, response: &Bytes, entry: &Entry) -> io::Result<()> {
    let (tcp, session) = tls.into_inner();
    let mut records = Records::take_over(tcp, session)?;
    // Before the request is sent: a client that refuses at once must find it in the ledger.
    entry.shown(true, &[]);
    records.write(ContentType::Handshake, REQUEST).await?;
    // A client that refuses sends an alert and disconnects; there is nothing to add.
    if let Ok(chain) = records.client_chain().await {
        entry.shown(true, &chain);
        if chain.is_empty() {
            records.write(ContentType::Alert, CERTIFICATE_REQUIRED).await?;
        } else {
            records.write(ContentType::ApplicationData, response).await?;
            records.write(ContentType::Alert, CLOSE_NOTIFY).await?;
        }
    }
    linger(&mut records.tcp).await;
    Ok(())
}

pub(super) async fn alert(tls: TlsStream<TcpStream>, code: u8) -> io::Result<()> {
    let (tcp, session) = tls.into_inner();
    let mut records = Records::take_over(tcp, session)?;
    records.write(ContentType::Alert, &[2, code]).await?;
    linger(&mut records.tcp).await;
    Ok(())
}

/// The record layer of a connection that rustls has let go.
struct Records {
    tcp: TcpStream,
    encrypter: Box<dyn MessageEncrypter>,
    decrypter: Box<dyn MessageDecrypter>,
    written: u64,
    read: u64,
}

impl Records {
    fn take_over(tcp: TcpStream, session: ServerConnection) -> io::Result<Self> {
        let Some(SupportedCipherSuite::Tls13(Tls13CipherSuite { aead_alg, .. })) = session.negotiated_cipher_suite()
        else {
            return Err(invalid("rustls asks late under TLS 1.3 only"));
        };
        let secrets = session.dangerous_extract_secrets().map_err(invalid)?;
        let ((written, tx), (read, rx)) = (secrets.tx, secrets.rx);
        let ((tx_key, tx_iv), (rx_key, rx_iv)) = (key_and_iv(tx)?, key_and_iv(rx)?);
        let (encrypter, decrypter) = (aead_alg.encrypter(tx_key, tx_iv), aead_alg.decrypter(rx_key, rx_iv));
        Ok(Records { tcp, encrypter, decrypter, written, read })
    }

    async fn write(&mut self, typ: ContentType, payload: &[u8]) -> io::Result<()> {
        let payload = OutboundChunks::Single(payload);
        let message = OutboundPlainMessage { typ, version: ProtocolVersion::TLSv1_2, payload };
        let sealed = self.encrypter.encrypt(message, self.written).map_err(invalid)?;
        self.written += 1;
        self.tcp.write_all(&sealed.encode()).await
    }

    async fn read(&mut self) -> io::Result<(ContentType, Vec<u8>)> {
        let mut header = [0; 5];
        self.tcp.read_exact(&mut header).await?;
        let mut sealed = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        self.tcp.read_exact(&mut sealed).await?;
        let typ = ContentType::from(header[0]);
        let message = InboundOpaqueMessage::new(typ, ProtocolVersion::TLSv1_2, &mut sealed);
        let opened = self.decrypter.decrypt(message, self.read).map_err(invalid)?;
        self.read += 1;
        Ok((opened.typ, opened.payload.to_vec()))
    }

    /// The client's response to the request, up to its Finished.
    async fn client_chain(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let (mut flight, mut chain) = (Vec::new(), Vec::new());
        loop {
            let (typ, payload) = self.read().await?;
            if typ != ContentType::Handshake {
                return Err(invalid(format!("the client answered with {typ:?} {payload:?}")));
            }
            flight.extend_from_slice(&payload);
            while let Some((kind, body)) = next_message(&mut flight) {
                match kind {
                    CERTIFICATE => chain = certificates(&body).ok_or_else(|| invalid("not a list of certificates"))?,
                    FINISHED => return Ok(chain),
                    _ => {}
                }
            }
        }
    }
}

fn key_and_iv(secrets: ConnectionTrafficSecrets) -> io::Result<(AeadKey, Iv)> {
    match secrets {
        ConnectionTrafficSecrets::Aes128Gcm { key, iv }
        | ConnectionTrafficSecrets::Aes256Gcm { key, iv }
        | ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => Ok((key, iv)),
        _ => Err(invalid("a cipher of another kind")),
    }
}

/// Removes the first handshake message from the flight, if it is complete.
fn next_message(flight: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let [kind, a, b, c, rest @ ..] = &flight[..] else { return None };
    let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
    let message = (*kind, rest.get(..length)?.to_vec());
    flight.drain(..4 + length);
    Some(message)
}

/// The certificates of a Certificate message (RFC 8446 §4.4.2), leaf first.
fn certificates(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (context, rest) = body.split_first()?;
    let mut list = rest.get(usize::from(*context) + 3..)?;
    let mut chain = Vec::new();
    while let [a, b, c, rest @ ..] = list {
        let (der, rest) = rest.split_at_checked(u32::from_be_bytes([0, *a, *b, *c]) as usize)?;
        let (length, rest) = rest.split_at_checked(2)?;
        list = rest.get(usize::from(u16::from_be_bytes([length[0], length[1]]))..)?;
        chain.push(der.to_vec());
    }
    Some(chain)
}

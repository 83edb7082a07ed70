//! A layer between OpenSSL and TCP: it observes the records that OpenSSL writes and can insert one of its
//! own, a HelloRequest (RFC 5246 §7.4.1.1), which asks the client for a second handshake.
//!
//! The sequence number of a record is authenticated. After an inserted record, everything that OpenSSL writes
//! under the same keys has a number that is one too low, so each record is decrypted and encrypted again with
//! the next number, until the second handshake changes the keys. Only TLS 1.2 with AES-128-GCM and SHA-256 is
//! supported (RFC 5288).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::ssl::{SslRef, SslVersion};
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::invalid::invalid;

/// OpenSSL over TCP, with the splice between them.
pub(crate) type OpenSslStream = SslStream<Splice>;

const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
const HEADER: usize = 5;
const NONCE: usize = 8;
const TAG: usize = 16;

/// TCP, with observation of what is written.
#[derive(Debug)]
pub(crate) struct Splice {
    tcp: TcpStream,
    /// The beginning of a record that OpenSSL has not written wholly.
    partial: Vec<u8>,
    /// What must be written to TCP before anything else.
    queue: Vec<u8>,
    has_begun: bool,
    /// How many records OpenSSL wrote under the present keys.
    numbered: u64,
    /// Whether a record was put in, so that all later ones go through the queue.
    is_spliced: bool,
    /// The keys whose records have a number that is one too low.
    keys: Option<Keys>,
}

/// What seals the records that a server writes.
#[derive(Debug)]
pub(super) struct Keys {
    key: [u8; 16],
    salt: [u8; 4],
}

impl Keys {
    /// The server's keys of a finished handshake (RFC 5246 §6.3).
    pub(super) fn of(ssl: &SslRef) -> io::Result<Keys> {
        let cipher = ssl.current_cipher().map(|cipher| cipher.name()).unwrap_or_default();
        if ssl.version2() != Some(SslVersion::TLS1_2) || !cipher.ends_with("AES128-GCM-SHA256") {
            return Err(invalid(format!("no second handshake under {} {cipher}", ssl.version_str())));
        }
        let session = ssl.session().ok_or_else(|| invalid("no session"))?;
        let (mut master, mut seed) = ([0; 48], b"key expansion".to_vec());
        session.master_key(&mut master);
        let (mut client, mut server) = ([0; 32], [0; 32]);
        ssl.client_random(&mut client);
        ssl.server_random(&mut server);
        seed.extend([server, client].concat());
        let block = expand(&master, &seed, 40)?;
        let (mut key, mut salt) = ([0; 16], [0; 4]);
        // The client's key, the server's key, the client's salt, the server's salt.
        key.copy_from_slice(&block[16..32]);
        salt.copy_from_slice(&block[36..40]);
        Ok(Keys { key, salt })
    }

    fn seal(&self, kind: u8, nonce: &[u8], number: u64, clear: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let (iv, mut tag) = ([&self.salt[..], nonce].concat(), [0; TAG]);
        let aad = aad(kind, number, clear.len());
        let sealed = encrypt_aead(Cipher::aes_128_gcm(), &self.key, Some(&iv), &aad, clear, &mut tag)?;
        let length = (NONCE + sealed.len() + TAG) as u16;
        Ok([&[kind, 3, 3], &length.to_be_bytes()[..], nonce, &sealed, &tag].concat())
    }

    /// The same record with the next number.
    fn reseal(&self, record: &[u8], number: u64) -> io::Result<Vec<u8>> {
        let (header, body) = record.split_at(HEADER);
        let (nonce, rest) = body.split_at_checked(NONCE).ok_or_else(|| invalid("a record without a nonce"))?;
        let length = rest.len().checked_sub(TAG).ok_or_else(|| invalid("a record without a tag"))?;
        let (sealed, tag) = rest.split_at(length);
        let iv = [&self.salt[..], nonce].concat();
        let aad = aad(header[0], number, length);
        let clear = decrypt_aead(Cipher::aes_128_gcm(), &self.key, Some(&iv), &aad, sealed, tag)?;
        Ok(self.seal(header[0], nonce, number + 1, &clear)?)
    }
}

/// The additional authenticated data of a record (RFC 5246 §6.2.3.3).
fn aad(kind: u8, number: u64, length: usize) -> Vec<u8> {
    [&number.to_be_bytes()[..], &[kind, 3, 3], &(length as u16).to_be_bytes()].concat()
}

/// `P_SHA256` (RFC 5246 §5).
fn expand(secret: &[u8], seed: &[u8], length: usize) -> Result<Vec<u8>, ErrorStack> {
    let key = PKey::hmac(secret)?;
    let hmac = |data: &[u8]| Signer::new(MessageDigest::sha256(), &key)?.sign_oneshot_to_vec(data);
    let (mut expanded, mut a) = (Vec::new(), seed.to_vec());
    while expanded.len() < length {
        a = hmac(&a)?;
        expanded.extend(hmac(&[&a, seed].concat())?);
    }
    Ok(expanded)
}

impl Splice {
    pub(super) fn new(tcp: TcpStream) -> Self {
        let (partial, queue) = (Vec::new(), Vec::new());
        Splice { tcp, partial, queue, has_begun: false, numbered: 0, is_spliced: false, keys: None }
    }

    pub(crate) fn tcp(&mut self) -> &mut TcpStream {
        &mut self.tcp
    }

    /// Whether the server wrote more than an alert: OpenSSL writes its hello and all that follows it in one go.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Puts a HelloRequest into the queue.
    pub(super) fn request_hello(&mut self, keys: Keys) -> io::Result<()> {
        if !self.partial.is_empty() {
            return Err(invalid("OpenSSL is in the midst of a record"));
        }
        // OpenSSL counts its nonces up from somewhere; this one is as good as any.
        self.queue = keys.seal(HANDSHAKE, &[0xff; NONCE], self.numbered, &[0, 0, 0, 0])?;
        (self.is_spliced, self.keys) = (true, Some(keys));
        Ok(())
    }

    /// Follows what OpenSSL writes; returns the complete records to send.
    fn follow(&mut self, written: &[u8]) -> io::Result<Vec<u8>> {
        self.partial.extend_from_slice(written);
        let mut whole = Vec::new();
        while let [kind, _, _, high, low, ..] = self.partial[..] {
            let length = HEADER + usize::from(u16::from_be_bytes([high, low]));
            if self.partial.len() < length {
                break;
            }
            let record: Vec<u8> = self.partial.drain(..length).collect();
            match &self.keys {
                Some(keys) => whole.extend(keys.reseal(&record, self.numbered)?),
                None => whole.extend(record),
            }
            self.has_begun |= kind == HANDSHAKE;
            self.numbered += 1;
            if kind == CHANGE_CIPHER_SPEC {
                (self.numbered, self.keys) = (0, None);
            }
        }
        Ok(whole)
    }

    fn poll_queue(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.queue.is_empty() {
            let sent = ready!(Pin::new(&mut self.tcp).poll_write(context, &self.queue))?;
            self.queue.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Splice {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, into)
    }
}

impl AsyncWrite for Splice {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.is_spliced {
            let written = ready!(Pin::new(&mut self.tcp).poll_write(context, bytes))?;
            self.follow(&bytes[..written])?;
            return Poll::Ready(Ok(written));
        }
        ready!(self.poll_queue(context))?;
        self.queue = self.follow(bytes)?;
        // The rest is sent with the next write or flush.
        if let Poll::Ready(outcome) = self.poll_queue(context) {
            outcome?;
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_queue(context))?;
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_queue(context))?;
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

//! A handshake by OpenSSL.
//!
//! Its callbacks report what the ledger needs: the name and the protocols of the client's hello, and the
//! chain that it builds even if it refuses. OpenSSL has no callback for a certificate request; the splice below
//! OpenSSL detects it in what was written.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use bytes::Bytes;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::pkey::PKey;
use openssl::ssl::{
    AlpnError, NameType, Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslRef, SslSessionCacheMode,
    SslVerifyMode, SslVersion, select_next_proto,
};
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509Name, X509Ref, X509StoreContextRef};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::entry::{Accepted, Agreed, Entry, Refused, linger, protocols, text};
use super::invalid::invalid;
use super::splice::{OpenSslStream, Splice};
use super::stream::Stream;
use crate::options::{
    ClientAuth, ClientSignatures, FrontOptions, Group, Hints, HttpVersions, Sessions, TlsRange, TlsVersion, Weakness,
};
use crate::pki::Pki;

/// AES-128 first under both versions, since the splice supports this cipher; the rest is for clients that
/// insist on others.
const CIPHERS: &str = "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20";
const CIPHERSUITES: &str = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
/// `SSL_OP_ALLOW_CLIENT_RENEGOTIATION` of OpenSSL 3, for which the crate has no name.
const ALLOW_CLIENT_RENEGOTIATION: SslOptions = SslOptions::from_bits_retain(1 << 8);

static NOTES: LazyLock<Index<Ssl, Notes>> =
    LazyLock::new(|| Ssl::new_ex_index().expect("OpenSSL has room for one more index"));

/// What all connections of one server share.
#[derive(Clone, Debug)]
pub(crate) struct OpenSslServer {
    context: SslContext,
    mode: SslVerifyMode,
}

/// The observations of one connection's callbacks. Clones share them.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    sni: Option<String>,
    offered: Vec<String>,
    /// The longest chain that was built while the client's certificate was verified.
    chain: Vec<Vec<u8>>,
    /// From now on a hello begins a second handshake, which requires a certificate.
    asks_again: bool,
    /// The second handshake has begun.
    again: bool,
}

impl Notes {
    fn of(ssl: &SslRef) -> Option<Notes> {
        ssl.ex_data(*NOTES).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_chain(&self, verified: &X509StoreContextRef) {
        let chain: Vec<_> = verified.chain().into_iter().flatten().filter_map(|one| one.to_der().ok()).collect();
        let mut noted = self.lock();
        if chain.len() > noted.chain.len() {
            noted.chain = chain;
        }
    }
}

impl OpenSslServer {
    pub(super) fn new(options: &FrontOptions) -> io::Result<Self> {
        if options.weakness.is_some() && options.tls != TlsRange::Only12 {
            return Err(invalid("a weakness is one of TLS 1.2"));
        }
        if options.early_data {
            return Err(invalid("only rustls offers early data here"));
        }
        if options.client_signatures != ClientSignatures::All {
            return Err(invalid("only rustls restricts how clients sign here"));
        }
        let mode = match options.client_auth {
            ClientAuth::Off => SslVerifyMode::NONE,
            ClientAuth::Optional => SslVerifyMode::PEER,
            ClientAuth::Required => SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT,
        };
        Ok(OpenSslServer { context: context(options)?, mode })
    }

    pub(super) async fn accept(&self, tcp: TcpStream, entry: &Entry) -> Result<Accepted, Refused> {
        let notes = Notes::default();
        let mut stream = self.stream(tcp, &notes).map_err(|error| Refused { error: error.into(), stream: None })?;
        let outcome = Pin::new(&mut stream).accept().await;

        let resumed = stream.ssl().session_reused();
        let asked = self.mode.contains(SslVerifyMode::PEER) && stream.get_ref().has_begun() && !resumed;
        let noted = std::mem::take(&mut *notes.lock());
        entry.hello(noted.sni.clone(), noted.offered);
        entry.shown(asked, &noted.chain);
        if let Err(error) = outcome {
            let error = error.into_io_error().unwrap_or_else(io::Error::other);
            return Err(Refused { error, stream: Some(Stream::OpenSsl(Box::new(stream))) });
        }
        let ssl = stream.ssl();
        let agreed = Agreed {
            chain: client_chain(ssl),
            sni: noted.sni,
            version: version(ssl.version2()),
            alpn: ssl.selected_alpn_protocol().map(text),
            resumed,
        };
        Ok(Accepted { stream: Stream::OpenSsl(Box::new(stream)), agreed })
    }

    fn stream(&self, tcp: TcpStream, notes: &Notes) -> Result<OpenSslStream, ErrorStack> {
        let mut ssl = Ssl::new(&self.context)?;
        ssl.set_ex_data(*NOTES, notes.clone());
        let notes = notes.clone();
        ssl.set_verify_callback(self.mode, move |right, verified| {
            notes.note_chain(verified);
            right
        });
        SslStream::new(ssl, Splice::new(tcp))
    }
}

/// Asks for a certificate by a second handshake, as web servers do that want one for some paths only.
///
/// The crate has no API for this. So the splice inserts a HelloRequest into the stream, and OpenSSL treats
/// the resulting hello as started by the client.
pub(super) async fn renegotiate(mut tls: OpenSslStream, response: &Bytes, entry: &Entry) -> io::Result<()> {
    let notes = Notes::of(tls.ssl()).ok_or_else(|| invalid("a stream of another server"))?;
    notes.lock().asks_again = true;
    let keys = super::splice::Keys::of(tls.ssl())?;
    tls.get_mut().request_hello(keys)?;
    tls.get_mut().flush().await?;
    entry.shown(true, &[]);
    let outcome = second_handshake(&mut tls, &notes).await;
    entry.shown(true, &notes.lock().chain);
    if outcome.is_ok() {
        entry.shown(true, &client_chain(tls.ssl()));
        tls.write_all(response).await?;
        tls.shutdown().await?;
    } else {
        // OpenSSL has written its alert; the splice may still have a part of it.
        tls.get_mut().flush().await?;
    }
    linger(tls.get_mut().tcp()).await;
    outcome
}

/// Reads until the second handshake is done. The client waits for its response, so nothing else arrives.
async fn second_handshake(tls: &mut OpenSslStream, notes: &Notes) -> io::Result<()> {
    poll_fn(|context| {
        let mut byte = [0];
        match Pin::new(&mut *tls).poll_read(context, &mut ReadBuf::new(&mut byte)) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => Poll::Ready(Err(invalid("the client went on or away"))),
            Poll::Pending if notes.lock().again && tls.ssl().is_init_finished() => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn context(options: &FrontOptions) -> Result<SslContext, ErrorStack> {
    let mut context = SslContextBuilder::new(SslMethod::tls_server())?;
    let (min, max) = match options.tls {
        TlsRange::Both => (SslVersion::TLS1_2, SslVersion::TLS1_3),
        TlsRange::Only11 => (SslVersion::TLS1_1, SslVersion::TLS1_1),
        TlsRange::Only12 => (SslVersion::TLS1_2, SslVersion::TLS1_2),
        TlsRange::Only13 => (SslVersion::TLS1_3, SslVersion::TLS1_3),
    };
    context.set_min_proto_version(Some(min))?;
    context.set_max_proto_version(Some(max))?;
    context.set_cipher_list(CIPHERS)?;
    context.set_ciphersuites(CIPHERSUITES)?;
    if let Some(group) = options.group {
        context.set_groups_list(match group {
            Group::X25519 => "X25519",
            Group::P256 => "P-256",
            Group::P384 => "P-384",
        })?;
    }
    context.set_options(
        SslOptions::CIPHER_SERVER_PREFERENCE
            | SslOptions::NO_SESSION_RESUMPTION_ON_RENEGOTIATION
            | ALLOW_CLIENT_RENEGOTIATION,
    );
    let key = PKey::private_key_from_pkcs8(options.server.pkcs8_der())?;
    // OpenSSL reports 112 for an RSA key of 2048 bits.
    let is_small = key.security_bits() < 112;
    if options.tls == TlsRange::Only11 || options.weakness.is_some() || is_small {
        // At any other level OpenSSL itself does not do such things.
        context.set_security_level(0);
    }
    match (options.weakness, options.tls) {
        (Some(Weakness::NullCipher), _) => context.set_cipher_list("eNULL")?,
        (Some(Weakness::Sha1Signatures), _) => context.set_sigalgs_list("ECDSA+SHA1")?,
        (None, TlsRange::Only11) => context.set_cipher_list("ALL")?,
        (None, _) => {}
    }

    for (index, der) in options.server.chain_der().iter().enumerate() {
        let certificate = X509::from_der(der)?;
        if index == 0 {
            context.set_certificate(&certificate)?;
        } else {
            context.add_extra_chain_cert(certificate)?;
        }
    }
    context.set_private_key(&key)?;

    context.set_verify_cert_store(trusted(&options.trusted_clients)?)?;
    match options.hints {
        Hints::Accepted => context.set_client_ca_list(subjects(&options.trusted_clients)?),
        Hints::Foreign => context.set_client_ca_list(subjects(&[Pki::shared().foreign_root_der().to_vec()])?),
        Hints::Empty => {}
        Hints::Many => {
            let mut many = Stack::new()?;
            for name in Hints::many() {
                many.push(X509Name::from_der(&name)?)?;
            }
            context.set_client_ca_list(many);
        }
    }
    set_sessions(&mut context, options.sessions)?;
    set_hello_callbacks(&mut context, options.http);
    Ok(context.build())
}

fn set_sessions(context: &mut SslContextBuilder, sessions: Sessions) -> Result<(), ErrorStack> {
    // With client certificates, OpenSSL resumes nothing unless the server has a session id context.
    context.set_session_id_context(b"testbed")?;
    match sessions {
        Sessions::Tickets => {
            context.set_session_cache_mode(SslSessionCacheMode::OFF);
        }
        Sessions::Ids => {
            context.set_options(SslOptions::NO_TICKET);
            context.set_session_cache_mode(SslSessionCacheMode::SERVER);
        }
        Sessions::Off => {
            context.set_options(SslOptions::NO_TICKET);
            context.set_session_cache_mode(SslSessionCacheMode::OFF);
            context.set_num_tickets(0)?;
        }
    }
    Ok(())
}

fn set_hello_callbacks(context: &mut SslContextBuilder, http: HttpVersions) {
    // Called for every hello, with a name in it or not.
    context.set_servername_callback(|ssl, _alert| {
        if let Some(notes) = Notes::of(ssl) {
            let mut noted = notes.lock();
            noted.sni = ssl.servername(NameType::HOST_NAME).map(str::to_owned);
            noted.again = noted.asks_again;
            if noted.again {
                ssl.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
            }
        }
        Ok(())
    });
    let ours: Vec<u8> = protocols(http).iter().flat_map(|name| [&[name.len() as u8], *name].concat()).collect();
    context.set_alpn_select_callback(move |ssl, offered| {
        if let Some(notes) = Notes::of(ssl) {
            notes.lock().offered = names(offered).map(text).collect();
        }
        if ours.is_empty() {
            return Err(AlpnError::NOACK);
        }
        // The choice must be part of the offer.
        let chosen = select_next_proto(&ours, offered).ok_or(AlpnError::ALERT_FATAL)?;
        names(offered).find(|name| *name == chosen).ok_or(AlpnError::ALERT_FATAL)
    });
}

/// The names of a list as ALPN writes it: each after its length.
fn names(mut list: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = list.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        list = rest;
        Some(name)
    })
}

fn trusted(roots: &[Vec<u8>]) -> Result<X509Store, ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    for root in roots {
        store.add_cert(X509::from_der(root)?)?;
    }
    // A trusted certificate may be an intermediate.
    store.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
    Ok(store.build())
}

fn subjects(roots: &[Vec<u8>]) -> Result<Stack<openssl::x509::X509Name>, ErrorStack> {
    let mut subjects = Stack::new()?;
    for root in roots {
        subjects.push(X509::from_der(root)?.subject_name().to_owned()?)?;
    }
    Ok(subjects)
}

/// Returns the certificates of an accepted client. OpenSSL keeps the leaf separate on the server side.
fn client_chain(ssl: &SslRef) -> Vec<Vec<u8>> {
    let leaf = ssl.peer_certificate();
    let rest = ssl.peer_cert_chain().into_iter().flatten();
    let der = |one: &X509Ref| one.to_der().ok();
    leaf.as_deref().and_then(der).into_iter().chain(rest.filter_map(der)).collect()
}

fn version(version: Option<SslVersion>) -> Option<TlsVersion> {
    match version? {
        SslVersion::TLS1_1 => Some(TlsVersion::Tls11),
        SslVersion::TLS1_2 => Some(TlsVersion::Tls12),
        SslVersion::TLS1_3 => Some(TlsVersion::Tls13),
        _ => None,
    }
}

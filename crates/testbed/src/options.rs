//! Server options: client certificates, versions, the server's own certificate.
//!
//! Plain data, shared by the front and the raw server; the handshakes that honour it are in `tls/`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::OnceLock;

use x509_cert::der::Encode as _;
use x509_cert::name::Name;

use crate::certificate::ServerCert;
use crate::pki::Pki;

/// The options of a TLS server. The default: no client certificate, both TLS and HTTP versions, tickets,
/// [`Pki::shared`], loopback.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FrontOptions {
    /// Whether clients show a certificate.
    pub client_auth: ClientAuth,
    /// The TLS versions.
    pub tls: TlsRange,
    /// The HTTP versions, chosen by ALPN.
    pub http: HttpVersions,
    /// The server's own certificate.
    pub server: ServerCert,
    /// Whether and how sessions can be resumed.
    pub sessions: Sessions,
    /// Roots (DER) whose clients are accepted.
    pub trusted_clients: Vec<Vec<u8>>,
    /// The list of acceptable authorities in the certificate request; it does not change which clients are accepted.
    pub hints: Hints,
    /// Something that no server should have any more.
    pub weakness: Option<Weakness>,
    /// The TLS stack of the server.
    pub engine: Engine,
    /// Where to listen; port 0 lets the system pick.
    pub bind: SocketAddr,
    /// How many HTTP/2 requests one connection may carry at a time.
    pub max_streams: u32,
    /// Whether requests are recorded. A benchmark turns it off: the ledger grows without limit.
    pub record_requests: bool,
    /// Whether a resumed TLS 1.3 session may begin with early data (RFC 8446 section 2.3). Only rustls offers it, with
    /// [`Sessions::Ids`]. Early data is counted in the ledger, and the connection then refused.
    pub early_data: bool,
    /// The only group for the key exchange, if it insists on one. A client that has sent a share of another one is asked for a second
    /// hello under TLS 1.3 (RFC 8446 section 4.1.4).
    pub group: Option<Group>,
    /// How clients may sign their handshake. Only rustls restricts it.
    pub client_signatures: ClientSignatures,
}

/// A group for the key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// X25519.
    X25519,
    /// P-256.
    P256,
    /// P-384.
    P384,
}

impl Group {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::X25519, Self::P256, Self::P384];
}

/// How clients may sign their handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientSignatures {
    /// In each way that is not outdated.
    All,
    /// With RSA by SHA-384 and SHA-512 alone.
    LongHashes,
    /// With RSA by PSS alone.
    Pss,
    /// With RSA alone.
    Rsa,
}

/// The TLS stack of a server. One may permit what the other refuses, so cases that depend on it run on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// rustls.
    Rustls,
    /// OpenSSL, built from source: the only one with TLS 1.1, a [`Weakness`], and a second handshake on one connection.
    #[cfg(feature = "openssl")]
    OpenSsl,
}

impl Engine {
    /// Every one that is built in.
    pub const ALL: &[Engine] = &[
        Engine::Rustls,
        #[cfg(feature = "openssl")]
        Engine::OpenSsl,
    ];
}

/// Whether and how sessions can be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// Not at all.
    Off,
    /// By tickets, usable more than once, in both TLS versions.
    Tickets,
    /// From the server's memory: by session id under TLS 1.2, by a ticket that holds no more than a name, good for one use, under
    /// TLS 1.3.
    Ids,
}

/// The acceptable authorities in a certificate request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hints {
    /// Those whose clients are accepted.
    Accepted,
    /// Only the foreign one, as servers with an outdated list do.
    Foreign,
    /// None.
    Empty,
    /// Hundreds of others, as servers that trust every public one do.
    Many,
}

impl Hints {
    /// The names of [`Self::Many`], in DER: more than a record of TLS holds.
    pub(crate) fn many() -> Vec<Vec<u8>> {
        let named = |number: u32| {
            let name = format!("CN=Another Certificate Authority {number},O=Others of the Testbed,C=CH");
            name.parse::<Name>().and_then(|name| name.to_der()).expect("a name can be written")
        };
        (0..300).map(named).collect()
    }
}

/// A weakness that no server should have any more. Only for TLS 1.2 and OpenSSL: another engine or range is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Only the cipher without encryption.
    NullCipher,
    /// It signs its handshakes with SHA-1 alone.
    Sha1Signatures,
}

/// Whether clients show a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// The server does not ask.
    Off,
    /// It asks, and continues without one; an untrusted certificate still ends the handshake.
    Optional,
    /// It asks, and without one the handshake fails.
    Required,
}

/// The TLS versions of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsRange {
    /// TLS 1.2 and 1.3.
    Both,
    /// TLS 1.1, which only OpenSSL still has.
    Only11,
    /// TLS 1.2.
    Only12,
    /// TLS 1.3.
    Only13,
}

/// The HTTP versions of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpVersions {
    /// HTTP/2 and HTTP/1.1, in this order of preference.
    Both,
    /// HTTP/1.1.
    Only1,
    /// HTTP/2; a client that speaks only HTTP/1.1 is refused in the handshake.
    Only2,
    /// HTTP/1.1, with no protocol selected in the handshake, as servers without ALPN.
    Unnamed,
}

/// A TLS version as agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.1.
    Tls11,
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Default for FrontOptions {
    fn default() -> Self {
        static SERVER: OnceLock<ServerCert> = OnceLock::new();
        let server = SERVER.get_or_init(|| {
            Pki::shared().server(&[
                "localhost",
                "127.0.0.1",
                "::1",
                "one.digicert.test",
                "clientauth.one.digicert.test",
                "demo.one.digicert.test",
                "clientauth.demo.one.digicert.test",
            ])
        });
        FrontOptions::new(server.clone(), Pki::shared())
    }
}

impl FrontOptions {
    /// The server in a few words, for the ledger.
    pub(crate) fn about(&self) -> String {
        let Self { engine, tls, http, client_auth, .. } = self;
        format!("{engine:?}, TLS {tls:?}, HTTP {http:?}, client certificates {client_auth:?}")
    }

    /// Options with this server certificate, accepting clients of this PKI if requested.
    pub fn new(server: ServerCert, pki: &Pki) -> Self {
        FrontOptions {
            client_auth: ClientAuth::Off,
            tls: TlsRange::Both,
            http: HttpVersions::Both,
            server,
            sessions: Sessions::Tickets,
            trusted_clients: vec![pki.root_der().to_vec()],
            hints: Hints::Accepted,
            weakness: None,
            engine: Engine::Rustls,
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            max_streams: 200,
            record_requests: true,
            early_data: false,
            group: None,
            client_signatures: ClientSignatures::All,
        }
    }

    /// Sets the TLS stack of the server.
    #[must_use]
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// Sets the acceptable authorities in certificate requests.
    #[must_use]
    pub fn hints(mut self, hints: Hints) -> Self {
        self.hints = hints;
        self
    }

    /// Gives the server a weakness.
    #[must_use]
    pub fn weakness(mut self, weakness: Weakness) -> Self {
        self.weakness = Some(weakness);
        self
    }

    /// Sets whether clients show a certificate.
    #[must_use]
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    /// Sets the TLS versions.
    #[must_use]
    pub fn tls(mut self, tls: TlsRange) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the HTTP versions.
    #[must_use]
    pub fn http(mut self, http: HttpVersions) -> Self {
        self.http = http;
        self
    }

    /// Sets the server's certificate.
    #[must_use]
    pub fn server(mut self, server: ServerCert) -> Self {
        self.server = server;
        self
    }

    /// Sets whether and how sessions can be resumed.
    #[must_use]
    pub fn sessions(mut self, sessions: Sessions) -> Self {
        self.sessions = sessions;
        self
    }

    /// Sets the roots (DER) whose clients are accepted.
    #[must_use]
    pub fn trusted_clients(mut self, roots: Vec<Vec<u8>>) -> Self {
        self.trusted_clients = roots;
        self
    }

    /// Sets the address, with a port of the system's choice.
    #[must_use]
    pub fn bind_ip(mut self, address: IpAddr) -> Self {
        self.bind = SocketAddr::new(address, 0);
        self
    }

    /// Sets how many HTTP/2 requests one connection may carry at a time.
    #[must_use]
    pub fn max_streams(mut self, limit: u32) -> Self {
        self.max_streams = limit;
        self
    }

    /// Offers TLS 1.3 early data, and remembers sessions as it needs.
    #[must_use]
    pub fn early_data(mut self) -> Self {
        self.early_data = true;
        self.sessions = Sessions::Ids;
        self
    }

    /// Insists on this group for the key exchange.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.group = Some(group);
        self
    }

    /// Sets how clients may sign their handshake.
    #[must_use]
    pub fn client_signatures(mut self, signatures: ClientSignatures) -> Self {
        self.client_signatures = signatures;
        self
    }

    /// Sets whether requests are recorded.
    #[must_use]
    pub fn record_requests(mut self, record: bool) -> Self {
        self.record_requests = record;
        self
    }

    /// Sets address and port.
    #[must_use]
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.bind = address;
        self
    }
}

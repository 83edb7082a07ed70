//! How a transport says that a call failed: a kind, what became of the request, and the facts of the connection. It gives
//! no advice; [`crate::diagnosis`] turns this into a code, a cause and an advice.

use std::error::Error;
use std::fmt;

use crate::{BoxError, Capability, ConnectionFacts};

/// What failed, in terms common to all TLS stacks. A stack that cannot distinguish two kinds uses the wider one.
///
/// ```
/// use digicert_one_core::{PeerFault, Phase, TransportErrorKind};
///
/// fn is_slow_server(kind: TransportErrorKind) -> bool {
///     matches!(kind, TransportErrorKind::Timeout(Phase::Response | Phase::Body))
/// }
/// assert!(!is_slow_server(TransportErrorKind::Timeout(Phase::Connect)));
/// assert!(!is_slow_server(TransportErrorKind::PeerUntrusted(PeerFault::Expired)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The body grew past the caller's limit. Retry: no.
    BodyLimit,
    /// The body ended before its end. Retry: only a request that is idempotent.
    BodyCut,
    /// A part of the configuration is not valid. Retry: no.
    Config,
    /// TCP connection to the server refused, or the server is unreachable; of a proxy see [`Proxy`](Self::Proxy). Retry: yes.
    Refused,
    /// The server's name has no address; of a proxy see [`Proxy`](Self::Proxy). Retry: yes.
    Dns,
    /// The head of the response is larger than a transport reads (see [`HeadLimit`](crate::HeadLimit)). Retry: no.
    HeadLimit,
    /// The server refused the request over HTTP/2 and wants HTTP/1.1 (RFC 9113 §7, `HTTP_1_1_REQUIRED`). Retry: no.
    Http11Required,
    /// The connection ended before the head of the response. Retry: as `Delivery` allows.
    Interrupted,
    /// The stack cannot use the client identity; the source says why, in words that may be shown. Retry: no.
    LocalIdentity,
    /// Called outside the runtime that this stack needs. Retry: no.
    NoRuntime,
    /// The other side does not speak TLS. Retry: no.
    NotTls,
    /// Something else; see the source.
    Other,
    /// The server ended the connection with an alert, in the handshake or, over TLS 1.3, after it: it complains about *us*. Retry: no.
    PeerAlert(TlsAlert),
    /// We do not trust the server's certificate: *we* complain about it. Retry: no.
    PeerUntrusted(PeerFault),
    /// The response is not HTTP. Retry: no.
    Protocol,
    /// There is no tunnel through the proxy: it refused (status of its response where known), hung up, has no address, or cannot be
    /// reached. Retry: no.
    Proxy(Option<u16>),
    /// A limit of time ran out. Retry: as `Delivery` allows.
    Timeout(Phase),
    /// The handshake failed and the stack does not say why. Retry: no.
    Tls,
    /// We ended the handshake: client and server have no TLS version, cipher suite, group or signature algorithm in common. A server
    /// that finds this says so with an alert, and is a [`PeerAlert`](Self::PeerAlert). Retry: no.
    TlsIncompatible,
    /// The trust roots cannot be used. Retry: no.
    TrustRoots,
    /// The body of an upload, which the caller gives, failed or had another length than was declared; the source is the
    /// [`UploadError`](crate::UploadError). Retry: only the caller can, with the body from its beginning.
    Upload,
    /// The stack lacks what the configuration asks for. Retry: no.
    Unsupported(Capability),
}

/// Where a call was when its time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Before the TCP connection stood.
    Connect,
    /// In the TLS handshake.
    Handshake,
    /// Before TCP and TLS were established; the stack does not report which.
    ConnectOrHandshake,
    /// Before the head of the response came.
    Response,
    /// In the body of the response.
    Body,
    /// Somewhere in the call; the stack does not report where.
    Call,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "TCP",
            Self::Handshake => "TLS",
            Self::ConnectOrHandshake => "TCP or TLS",
            Self::Response => "HTTP",
            Self::Body => "body",
            Self::Call => "call",
        })
    }
}

/// What happened to the request. Exhaustive on purpose: a retry decision must handle all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// No byte of the request can have reached the server.
    NotSent,
    /// Some of it may have.
    Unknown,
    /// The server has it: the head of a response was read, or is too large to be read. A response that is not HTTP proves nothing.
    Sent,
}

/// A TLS alert by its number (RFC 8446 §6.2, RFC 5246 §7.2), the only vocabulary that all stacks share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TlsAlert(pub u8);

impl TlsAlert {
    /// Whether this alert is about the client certificate as such (not about versions, ciphers or protocol errors).
    #[must_use]
    pub fn concerns_client_certificate(self) -> bool {
        matches!(self.0, 42..=46 | 48 | 49 | 51 | 116)
    }

    /// Whether it ends a connection as failed. `close_notify` and `user_canceled` do not (RFC 8446 section 6.1).
    #[must_use]
    pub fn is_failure(self) -> bool {
        !matches!(self.0, 0 | 90)
    }

    /// The name of the alert (RFC 8446, and those of older and newer versions that are still sent), or `unknown`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "close_notify",
            10 => "unexpected_message",
            20 => "bad_record_mac",
            21 => "decryption_failed",
            22 => "record_overflow",
            30 => "decompression_failure",
            40 => "handshake_failure",
            41 => "no_certificate",
            42 => "bad_certificate",
            43 => "unsupported_certificate",
            44 => "certificate_revoked",
            45 => "certificate_expired",
            46 => "certificate_unknown",
            47 => "illegal_parameter",
            48 => "unknown_ca",
            49 => "access_denied",
            50 => "decode_error",
            51 => "decrypt_error",
            60 => "export_restriction",
            70 => "protocol_version",
            71 => "insufficient_security",
            80 => "internal_error",
            86 => "inappropriate_fallback",
            90 => "user_canceled",
            100 => "no_renegotiation",
            109 => "missing_extension",
            110 => "unsupported_extension",
            111 => "certificate_unobtainable",
            112 => "unrecognized_name",
            113 => "bad_certificate_status_response",
            114 => "bad_certificate_hash_value",
            115 => "unknown_psk_identity",
            116 => "certificate_required",
            120 => "no_application_protocol",
            121 => "ech_required",
            _ => "unknown",
        }
    }
}

impl fmt::Display for TlsAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

/// Why we do not trust the server's certificate. Each is about the certificate itself or about one of its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeerFault {
    /// Its end date has passed.
    Expired,
    /// Its first day has not come.
    NotYetValid,
    /// It is for other names.
    NameMismatch,
    /// Its issuer is not among our roots.
    UnknownIssuer,
    /// It was revoked.
    Revoked,
    /// The revocation status is unknown or its source cannot be used, and the configuration requires it.
    RevocationUnknown,
    /// The server shows a CA certificate as its own, as `openssl req -x509` makes it.
    CaAsServer,
    /// Its purposes do not include server authentication.
    WrongPurpose,
    /// An issuer of the chain is not a CA, may not sign certificates, or may not have so many CAs below it.
    IssuerNotCa,
    /// A CA of the chain is limited to other names.
    NameConstraints,
    /// It has a critical extension that the stack does not implement.
    CriticalExtension,
    /// It is not an X.509 version 3 certificate.
    Version,
    /// Its public key is too small.
    WeakKey,
    /// It, or the handshake, is signed with an algorithm that the stack does not accept, such as SHA-1.
    SignatureAlgorithm,
    /// A signature in the chain does not match: the certificate was changed, or was signed by another key of that issuer name.
    BadSignature,
    /// It cannot be parsed, or breaks a rule of RFC 5280 on how it is written.
    Malformed,
    /// The stack gives a reason that is not in this list; it is in the source error.
    Other,
    /// Not trusted; the stack does not say why.
    Unspecified,
}

impl PeerFault {
    /// Every fault, in the order of their declaration.
    pub const ALL: [Self; 18] = [
        Self::Expired,
        Self::NotYetValid,
        Self::NameMismatch,
        Self::UnknownIssuer,
        Self::Revoked,
        Self::RevocationUnknown,
        Self::CaAsServer,
        Self::WrongPurpose,
        Self::IssuerNotCa,
        Self::NameConstraints,
        Self::CriticalExtension,
        Self::Version,
        Self::WeakKey,
        Self::SignatureAlgorithm,
        Self::BadSignature,
        Self::Malformed,
        Self::Other,
        Self::Unspecified,
    ];

    /// The reason in a few words, or `None` where there is none to give.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        Some(match self {
            Self::Expired => "it has expired",
            Self::NotYetValid => "it is not valid yet",
            Self::NameMismatch => "it is for another name",
            Self::UnknownIssuer => "its issuer is not trusted",
            Self::Revoked => "it was revoked",
            Self::RevocationUnknown => "its revocation status is unknown",
            Self::CaAsServer => "it is a CA certificate",
            Self::WrongPurpose => "it is not for server authentication",
            Self::IssuerNotCa => "an issuer in its chain may not issue it",
            Self::NameConstraints => "a CA in its chain is limited to other names",
            Self::CriticalExtension => "it has an unknown critical extension",
            Self::Version => "it is not an X.509 version 3 certificate",
            Self::WeakKey => "its key is too small",
            Self::SignatureAlgorithm => "its signature algorithm is not accepted",
            Self::BadSignature => "a signature in its chain does not match",
            Self::Malformed => "it is malformed",
            Self::Other | Self::Unspecified => return None,
        })
    }
}

/// A failed call or a refused configuration, as a transport reports it.
///
/// `Display` is one sentence without the library's text; that is reached by [`source`](Error::source).
#[derive(Debug)]
pub struct TransportError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: TransportErrorKind,
    delivery: Delivery,
    facts: ConnectionFacts,
    source: Option<BoxError>,
}

impl TransportError {
    /// A failure of `kind`, without facts or source.
    #[must_use]
    pub fn new(kind: TransportErrorKind, delivery: Delivery) -> Self {
        Self(Box::new(Inner { kind, delivery, facts: ConnectionFacts::unknown(), source: None }))
    }

    /// The refusal of something that this stack cannot do; nothing was sent.
    #[must_use]
    pub fn unsupported(capability: Capability, why: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::Unsupported(capability), Delivery::NotSent).with_source(why)
    }

    /// The error of the library, kept whole. It must hold no secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What the stack knows about the connection.
    #[must_use]
    pub fn with_facts(mut self, facts: ConnectionFacts) -> Self {
        self.0.facts = facts;
        self
    }

    /// What failed.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.0.kind
    }

    /// What became of the request.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// What the stack knows about the connection.
    #[must_use]
    pub fn facts(&self) -> &ConnectionFacts {
        &self.0.facts
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use TransportErrorKind as Kind;
        match self.0.kind {
            Kind::BodyLimit => f.write_str("the response is larger than the limit"),
            Kind::BodyCut => f.write_str("the response body was cut off"),
            Kind::Config => f.write_str("the transport configuration is not valid"),
            Kind::Refused => f.write_str("the connection was refused"),
            Kind::Dns => f.write_str("the host name has no address"),
            Kind::HeadLimit => f.write_str("the head of the response is larger than the limit"),
            Kind::Http11Required => f.write_str("the server refused the request over HTTP/2 and wants HTTP/1.1"),
            Kind::Interrupted => f.write_str("the connection ended before the response began"),
            Kind::LocalIdentity => f.write_str("this TLS stack cannot use the client identity"),
            Kind::NoRuntime => f.write_str("the transport was called outside the runtime that it needs"),
            Kind::NotTls => f.write_str("the other side does not speak TLS"),
            Kind::Other => f.write_str("the call failed"),
            Kind::PeerAlert(alert) => write!(f, "the server refused us in the TLS handshake with alert {alert}"),
            Kind::PeerUntrusted(fault) => match fault.reason() {
                Some(reason) => write!(f, "we refused the server's certificate: {reason}"),
                None => f.write_str("we refused the server's certificate"),
            },
            Kind::Protocol => f.write_str("the response is not valid HTTP"),
            Kind::Proxy(Some(status)) => {
                write!(f, "the proxy refused the tunnel with status {status}")
            }
            Kind::Proxy(None) => f.write_str("no tunnel through the proxy"),
            Kind::Timeout(phase) => write!(f, "the time limit ran out (phase {phase})"),
            Kind::Tls => f.write_str("the TLS handshake failed"),
            Kind::TlsIncompatible => f.write_str("we ended the TLS handshake: nothing in common with the server"),
            Kind::TrustRoots => f.write_str("the trust roots cannot be used"),
            Kind::Upload => f.write_str("the request body failed before its end"),
            Kind::Unsupported(capability) => {
                write!(f, "this transport does not support {capability}")
            }
        }
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

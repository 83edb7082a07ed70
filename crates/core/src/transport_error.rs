//! How a transport says that a call failed: a kind, what became of the request, and the facts of the connection. It gives
//! no advice; [`crate::diagnosis`] turns this into a code, a cause and an advice.

use std::error::Error;
use std::fmt;

use crate::{Capability, ConnectionFacts};

/// The library error behind one of ours.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// What failed, in words that every TLS stack shares. Where a stack cannot tell, it uses the wider kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The body grew past the caller's limit. Repeat: no.
    BodyLimit,
    /// The body ended before its end. Repeat: only a request that is idempotent.
    BodyCut,
    /// A part of the configuration is not valid. Repeat: no.
    Config,
    /// TCP refused or unreachable; nobody was reached. Repeat: yes.
    Refused,
    /// The name has no address. Repeat: yes.
    Dns,
    /// The server refused the request over HTTP/2 and wants HTTP/1.1 (RFC 9113 §7, `HTTP_1_1_REQUIRED`). Repeat: no.
    Http11Required,
    /// The connection ended before the head of the answer. Repeat: as `Delivery` allows.
    Interrupted,
    /// The stack cannot use the client identity. Repeat: no.
    LocalIdentity,
    /// Called outside the runtime that this stack needs. Repeat: no.
    NoRuntime,
    /// The other side does not speak TLS. Repeat: no.
    NotTls,
    /// Something else; see the source.
    Other,
    /// The server ended the handshake with an alert: it complains about *us*. Repeat: no.
    PeerAlert(TlsAlert),
    /// We do not trust the server's certificate: *we* complain about it. Repeat: no.
    PeerUntrusted(PeerFault),
    /// The answer is not HTTP. Repeat: no.
    Protocol,
    /// The proxy refused the tunnel (status of its answer where known). Repeat: no.
    Proxy(Option<u16>),
    /// A limit of time ran out. Repeat: as `Delivery` allows.
    Timeout(Phase),
    /// The handshake failed and the stack does not say why. Repeat: no.
    Tls,
    /// The trust roots cannot be used. Repeat: no.
    TrustRoots,
    /// The stack lacks what the configuration asks for. Repeat: no.
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
    /// Before TCP and TLS stood; the stack cannot tell which of the two.
    ConnectOrHandshake,
    /// Before the head of the answer came.
    Response,
    /// In the body of the answer.
    Body,
    /// Somewhere in the call; the stack cannot tell where.
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

/// What became of the request. Exhaustive on purpose: whoever decides about repeating must face all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// No byte of the request can have reached the server.
    NotSent,
    /// Some of it may have.
    Unknown,
    /// The server has it: an answer began.
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

    /// The name of the alert in RFC 8446, or `unknown`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "close_notify",
            10 => "unexpected_message",
            20 => "bad_record_mac",
            22 => "record_overflow",
            40 => "handshake_failure",
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
            70 => "protocol_version",
            71 => "insufficient_security",
            80 => "internal_error",
            86 => "inappropriate_fallback",
            90 => "user_canceled",
            109 => "missing_extension",
            110 => "unsupported_extension",
            112 => "unrecognized_name",
            113 => "bad_certificate_status_response",
            115 => "unknown_psk_identity",
            116 => "certificate_required",
            120 => "no_application_protocol",
            _ => "unknown",
        }
    }
}

impl fmt::Display for TlsAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

/// Why we do not trust the server's certificate.
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
    /// Not trusted; the stack does not say why.
    Unspecified,
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
            Kind::BodyLimit => f.write_str("the answer is larger than the limit"),
            Kind::BodyCut => f.write_str("the answer was cut off in its body"),
            Kind::Config => f.write_str("the transport configuration is not valid"),
            Kind::Refused => f.write_str("the connection was refused"),
            Kind::Dns => f.write_str("the host name has no address"),
            Kind::Http11Required => f.write_str("the server refused the request over HTTP/2 and wants HTTP/1.1"),
            Kind::Interrupted => f.write_str("the connection ended before the answer began"),
            Kind::LocalIdentity => f.write_str("this TLS stack cannot use the client identity"),
            Kind::NoRuntime => f.write_str("the transport was called outside the runtime that it needs"),
            Kind::NotTls => f.write_str("the other side does not speak TLS"),
            Kind::Other => f.write_str("the call failed"),
            Kind::PeerAlert(alert) => write!(f, "the server refused us in the TLS handshake with alert {alert}"),
            Kind::PeerUntrusted(fault) => f.write_str(match fault {
                PeerFault::Expired => "we refused the server's certificate: it has expired",
                PeerFault::NotYetValid => "we refused the server's certificate: it is not valid yet",
                PeerFault::NameMismatch => "we refused the server's certificate: it is for another name",
                PeerFault::UnknownIssuer => "we refused the server's certificate: its issuer is not trusted",
                PeerFault::Revoked => "we refused the server's certificate: it was revoked",
                PeerFault::Unspecified => "we refused the server's certificate",
            }),
            Kind::Protocol => f.write_str("the answer is not valid HTTP"),
            Kind::Proxy(Some(status)) => {
                write!(f, "the proxy refused the tunnel with status {status}")
            }
            Kind::Proxy(None) => f.write_str("the proxy refused the tunnel"),
            Kind::Timeout(phase) => write!(f, "the time limit ran out (phase {phase})"),
            Kind::Tls => f.write_str("the TLS handshake failed"),
            Kind::TrustRoots => f.write_str("the trust roots cannot be used"),
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

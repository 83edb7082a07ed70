//! libcurl's error codes in our vocabulary. isahc keeps curl's text to itself, so the code is all there is; where one code has
//! several causes the wider kind is used.

use std::error::Error;
use std::time::{Duration, Instant, SystemTime};

use digicert_one_core::{
    ConnectionFacts, Delivery, PeerFault, Phase, Proxy, TlsAlert, TransportConfig, TransportError,
    TransportErrorKind as Kind, causes,
};

use crate::OPENSSL;

/// The limits of one call: curl has one code for all of them, so the time that has passed must tell which one it was.
pub(crate) struct Limits {
    pub(crate) start: Instant,
    pub(crate) connect: Duration,
    pub(crate) total: Duration,
}

impl Limits {
    fn phase(&self) -> Phase {
        if self.start.elapsed() < self.total {
            return Phase::ConnectOrHandshake;
        }
        // Where the connect limit is the shorter one it would have ended the call before.
        if self.connect < self.total { Phase::Response } else { Phase::Call }
    }
}

/// A failed call, before the head of its answer.
pub(crate) fn of_call(error: isahc::Error, config: &TransportConfig, limits: &Limits) -> TransportError {
    let kind = match code(&error) {
        Some(code) => of_code(code, config, limits),
        None => Kind::Other,
    };
    let delivery = match kind {
        Kind::Dns
        | Kind::Refused
        | Kind::Tls
        | Kind::PeerUntrusted(_)
        | Kind::PeerAlert(_)
        | Kind::LocalIdentity
        | Kind::TrustRoots
        | Kind::Config
        | Kind::Proxy(_)
        | Kind::Timeout(Phase::ConnectOrHandshake) => Delivery::NotSent,
        _ => Delivery::Unknown,
    };
    TransportError::new(kind, delivery).with_source(error)
}

/// A body that failed after its head.
pub(crate) fn of_body(error: std::io::Error, facts: &ConnectionFacts) -> TransportError {
    let kind = match code(&error) {
        Some(28) => Kind::Timeout(Phase::Body),
        _ => Kind::BodyCut,
    };
    TransportError::new(kind, Delivery::Sent).with_facts(facts.clone()).with_source(error)
}

/// A body that failed at once under a head without framing: most often there was no whole head.
pub(crate) fn of_first_read(error: std::io::Error, facts: &ConnectionFacts) -> TransportError {
    if matches!(code(&error), Some(1 | 8)) {
        return TransportError::new(Kind::Protocol, Delivery::Unknown).with_facts(facts.clone()).with_source(error);
    }
    of_body(error, facts)
}

/// An answer without framing and without body, which is also what a cut head looks like.
pub(crate) fn of_empty_answer(facts: &ConnectionFacts) -> TransportError {
    TransportError::new(Kind::Interrupted, Delivery::Unknown)
        .with_facts(facts.clone())
        .with_source("the answer has neither length nor body: libcurl would not notice if its head was cut")
}

fn code(error: &(dyn Error + 'static)) -> Option<u32> {
    causes(error).find_map(|cause| cause.downcast_ref::<curl::Error>()).map(|error| error.code())
}

/// The numbers are those of libcurl's `curl.h`.
fn of_code(code: u32, config: &TransportConfig, limits: &Limits) -> Kind {
    match code {
        // CURLE_WEIRD_SERVER_REPLY and CURLE_UNSUPPORTED_PROTOCOL (as of HTTP/0.9); CURLE_TOO_LARGE.
        1 | 8 | 100 => Kind::Protocol,
        3 => Kind::Config,
        5 => Kind::Proxy(None),
        6 => Kind::Dns,
        // With a proxy, TCP goes to it alone, and a refused CONNECT has this code too.
        7 if !matches!(config.proxy(), Proxy::None) => Kind::Proxy(None),
        7 => Kind::Refused,
        28 => Kind::Timeout(limits.phase()),
        35 => Kind::Tls,
        // CURLE_BAD_FUNCTION_ARGUMENT: how a blob that cannot be read shows itself.
        43 if config.identity().is_some() => Kind::LocalIdentity,
        43 | 77 => Kind::TrustRoots,
        58 => Kind::LocalIdentity,
        // Under OpenSSL this is also how a server's refusal of our expired certificate shows itself (TLS 1.2).
        60 if OPENSSL && identity_has_ended(config) => Kind::Tls,
        60 | 83 | 91 => Kind::PeerUntrusted(PeerFault::Unspecified),
        // CURLE_PROXY
        97 => Kind::Proxy(None),
        // CURLE_SSL_CLIENTCERT: the server wants a client certificate.
        98 => Kind::PeerAlert(TlsAlert(116)),
        // CURLE_RECV_ERROR is also the answer to a refused CONNECT; the tunnel comes first.
        16 | 23 | 52 | 55 | 56 | 92 => Kind::Interrupted,
        18 => Kind::BodyCut,
        _ => Kind::Other,
    }
}

fn identity_has_ended(config: &TransportConfig) -> bool {
    config.identity().is_some_and(|identity| identity.not_after() < SystemTime::now())
}

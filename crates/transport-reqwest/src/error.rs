//! reqwest's error chain in our vocabulary. Below reqwest stand hyper-util, hyper, `io::Error` and rustls;
//! the first of them that says something precise decides.

use std::io;

use digicert_one_core::{
    ConnectionFacts, Delivery, PeerFault, Phase, TlsAlert, TransportError, TransportErrorKind as Kind, causes,
};
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use crate::handshake::Call;

/// A failed call, before the head of its answer.
pub(crate) fn of_call(error: reqwest::Error, call: &Call) -> TransportError {
    // The URL is in the caller's hands already, and its query may hold anything.
    let error = error.without_url();
    let connecting = error.is_connect() || call.was_connecting();
    let kind = kind(&error, connecting);
    let delivery = if connecting || error.is_builder() { Delivery::NotSent } else { Delivery::Unknown };
    // A call that made no connection of its own went over one from the pool.
    let facts = call.facts().unwrap_or_else(|| {
        let mut facts = ConnectionFacts::unknown();
        facts.reused = Some(true);
        facts
    });
    TransportError::new(kind, delivery).with_facts(facts).with_source(error)
}

/// A body that failed after its head.
pub(crate) fn of_body(error: reqwest::Error, facts: &ConnectionFacts) -> TransportError {
    let error = error.without_url();
    let kind = if error.is_timeout() { Kind::Timeout(Phase::Body) } else { Kind::BodyCut };
    TransportError::new(kind, Delivery::Sent).with_facts(facts.clone()).with_source(error)
}

fn kind(error: &reqwest::Error, connecting: bool) -> Kind {
    if error.is_builder() {
        return Kind::Config;
    }
    if error.is_timeout() {
        return Kind::Timeout(if connecting { Phase::ConnectOrHandshake } else { Phase::Response });
    }
    if error.is_dns() {
        return Kind::Dns;
    }
    let mut ended = false;
    for cause in causes(error) {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return of_tls(tls);
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            match io.kind() {
                io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable => return Kind::Refused,
                _ => ended = true,
            }
        }
        if let Some(http) = cause.downcast_ref::<hyper::Error>() {
            if http.is_parse() {
                return Kind::Protocol;
            }
            ended |= http.is_incomplete_message() || http.is_canceled() || http.is_closed();
        }
        // Over HTTP/2 the alert survives as text only, in the error of the whole connection.
        let text = cause.to_string();
        if let Some(alert) = alert_in(&text) {
            return Kind::PeerAlert(alert);
        }
        if text.starts_with("tunnel error") || text.contains("proxy authorization required") {
            return Kind::Proxy(text.contains("authorization required").then_some(407));
        }
    }
    match (connecting, ended) {
        (true, true) => Kind::Tls,
        (false, _) => Kind::Interrupted,
        (true, false) => Kind::Other,
    }
}

fn of_tls(error: &rustls::Error) -> Kind {
    match error {
        rustls::Error::AlertReceived(alert) => Kind::PeerAlert(TlsAlert(u8::from(*alert))),
        rustls::Error::InvalidCertificate(fault) => Kind::PeerUntrusted(match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => PeerFault::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => PeerFault::NotYetValid,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                PeerFault::NameMismatch
            }
            CertificateError::UnknownIssuer => PeerFault::UnknownIssuer,
            CertificateError::Revoked => PeerFault::Revoked,
            _ => PeerFault::Unspecified,
        }),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Kind::NotTls,
        rustls::Error::PeerIncompatible(_) => Kind::PeerAlert(TlsAlert(u8::from(AlertDescription::HandshakeFailure))),
        _ => Kind::Tls,
    }
}

/// `received fatal alert: CertificateRequired`, as rustls prints it.
fn alert_in(text: &str) -> Option<TlsAlert> {
    let name = text.split("received fatal alert: ").nth(1)?;
    let name: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
    (0..=u8::MAX).find(|&number| format!("{:?}", AlertDescription::from(number)) == name).map(TlsAlert)
}

//! Rules about reports: the kind, phase, delivery, cause and facts of errors, and the facts of responses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{
    ConnectionFacts, Delivery, PeerFault, Phase, TlsAlert, TlsVersion, TransportError, TransportErrorKind as Kind,
};

use crate::rule::Act::{Error, Facts};
use crate::rule::{Rule, rules};

/// An error of this kind is reported as one of that.
macro_rules! told_as {
    ($from:pat, $to:expr) => {
        Error(|error| match error.kind() {
            $from => anew(error, $to),
            _ => error,
        })
    };
}

/// An error of this delivery is reported as one of that.
macro_rules! delivered_as {
    ($from:ident, $to:ident) => {
        Error(|error| match error.delivery() {
            Delivery::$from => {
                let reported = TransportError::new(error.kind(), Delivery::$to).with_facts(error.facts().clone());
                reported.with_source(error)
            }
            _ => error,
        })
    };
}

/// The facts of an error are reported wrongly.
macro_rules! error_facts {
    ($change:expr) => {
        Error(|error| {
            let change: fn(&mut ConnectionFacts) = $change;
            let mut facts = error.facts().clone();
            change(&mut facts);
            TransportError::new(error.kind(), error.delivery()).with_facts(facts).with_source(error)
        })
    };
}

pub(crate) const RULES: &[Rule] = rules! {
    "misreports" "error-timeout-as-other" told_as!(Kind::Timeout(_), Kind::Other), [Http1 Http2 Proxied Body Unsafe Failed], ["TIME-03" "TIME-12" "TIME-01" "PROXY-15"];
    "misreports" "error-timeout-as-interrupted" told_as!(Kind::Timeout(_), Kind::Interrupted), [Http1 Http2 Identity], ["TIME-03" "TIME-12" "TIME-01"];
    "misreports" "error-interrupted-as-other" told_as!(Kind::Interrupted, Kind::Other), [Http1 Http2 Reused Body], ["RETRY-21" "REPLAY-01" "BODY-17" "ERR-15"];
    "misreports" "error-interrupted-as-refused" told_as!(Kind::Interrupted, Kind::Refused), [Http1 Http2 Tls12], ["RETRY-21" "REPLAY-01" "ERR-15"];
    "misreports" "error-cut-body-as-interrupted" told_as!(Kind::BodyCut, Kind::Interrupted), [Http1 Http2 Proxied Tls12 Unsafe Refused], ["BODY-31" "BODY-14" "BODY-05"];
    "misreports" "error-cut-body-as-protocol" told_as!(Kind::BodyCut, Kind::Protocol), [Http1 Http2 Identity], ["BODY-31" "BODY-14" "BODY-05"];
    "misreports" "error-untrusted-as-tls" told_as!(Kind::PeerUntrusted(_), Kind::Tls), [Http1 Http2 Tls12 Proxied Identity Unsafe Failed], ["TRUST-02"];
    "misreports" "error-untrusted-as-interrupted" told_as!(Kind::PeerUntrusted(_), Kind::Interrupted), [Http1 Http2 Proxied], ["TRUST-02"];
    "misreports" "error-alert-as-tls" told_as!(Kind::PeerAlert(_), Kind::Tls), [Http1 Http2 Identity NoIdentity Tls12], ["RETRY-22" "IDENT-28" "IDENT-24" "IDENT-27"];
    "misreports" "error-alert-number" told_as!(Kind::PeerAlert(_), Kind::PeerAlert(TlsAlert(80))), [Http1 Http2 Identity], ["RETRY-22" "IDENT-28" "IDENT-24"];
    "misreports" "error-alert-as-untrusted" told_as!(Kind::PeerAlert(_), Kind::PeerUntrusted(PeerFault::Unspecified)), [Http1 Identity Tls12], ["RETRY-22" "IDENT-28"];
    "misreports" "error-refused-as-dns" told_as!(Kind::Refused, Kind::Dns), [Http1 Http2 Identity Body], ["RETRY-22" "ERR-15" "REPLAY-04"];
    "misreports" "error-dns-as-refused" told_as!(Kind::Dns, Kind::Refused), [Http1 Http2 Proxied], ["RETRY-22" "ERR-15"];
    "misreports" "error-proxy-as-refused" told_as!(Kind::Proxy(_), Kind::Refused), [Http1 Http2 Identity Body Unsafe Failed], ["RETRY-22" "PROXY-04" "PROXY-13"];
    "misreports" "error-proxy-status" told_as!(Kind::Proxy(Some(_)), Kind::Proxy(None)), [Http1 Http2 Identity], ["RETRY-22" "PROXY-04"];
    "misreports" "error-not-tls-as-tls" told_as!(Kind::NotTls, Kind::Tls), [Http1 Http2 Proxied], ["RETRY-22" "ERR-14"];
    "misreports" "error-protocol-as-interrupted" told_as!(Kind::Protocol, Kind::Interrupted), [Http1 Http2 Body Reused], ["RETRY-22" "ERR-24" "ERR-16"];
    "misreports" "error-head-limit-as-protocol" told_as!(Kind::HeadLimit, Kind::Protocol), [Http1 Http2], ["ERR-23"];
    "misreports" "error-http11-required-as-interrupted" told_as!(Kind::Http11Required, Kind::Interrupted), [Body NoBody], ["ERR-35"];
    "misreports" "error-config-as-other" told_as!(Kind::Config, Kind::Other), [Http1 Http2], ["RETRY-22" "HOST-10" "PROXY-12"];
    "misreports" "error-identity-as-config" told_as!(Kind::LocalIdentity, Kind::Config), [Always], ["IDENT-14"];
    "misreports" "error-roots-as-config" told_as!(Kind::TrustRoots, Kind::Config), [Always], ["TRUST-10"];
    "misreports" "error-unsupported-as-config" told_as!(Kind::Unsupported(_), Kind::Config), [Always Proxied], ["TRUST-11" "PROXY-06"];
    "misreports" "error-fault-expired" told_as!(Kind::PeerUntrusted(PeerFault::Expired), Kind::PeerUntrusted(PeerFault::NotYetValid)), [Http1 Http2 Tls12], ["TRUST-03"];
    "misreports" "error-fault-issuer" told_as!(Kind::PeerUntrusted(PeerFault::UnknownIssuer), Kind::PeerUntrusted(PeerFault::Expired)), [Http1 Http2 Proxied], ["TRUST-02"];
    "misreports" "error-fault-name" told_as!(Kind::PeerUntrusted(PeerFault::NameMismatch), Kind::PeerUntrusted(PeerFault::Unspecified)), [Http1 Http2 Identity], ["TRUST-05"];
    "misreports" "error-phase-connect" told_as!(Kind::Timeout(Phase::Connect), Kind::Timeout(Phase::Handshake)), [Http1 Http2 Proxied], ["TIME-12" "TIME-01"];
    "misreports" "error-phase-handshake" told_as!(Kind::Timeout(Phase::Handshake), Kind::Timeout(Phase::Response)), [Http1 Http2 Identity], ["TIME-12" "TIME-02"];
    "misreports" "error-phase-response" told_as!(Kind::Timeout(Phase::Response), Kind::Timeout(Phase::Connect)), [Http1 Http2 Body], ["TIME-12" "TIME-03" "TIME-12"];
    "misreports" "error-phase-body" told_as!(Kind::Timeout(Phase::Body), Kind::Timeout(Phase::Response)), [Http1 Http2], ["TIME-12" "TIME-03" "TIME-12"];
    "misreports" "delivery-unknown-as-not-sent" delivered_as!(Unknown, NotSent), [Http1 Http2 Tls12 Proxied Identity Body NoBody Reused Unsafe Refused Failed], ["REPLAY-01" "ERR-35" "TIME-03" "RETRY-21"];
    "misreports" "delivery-unknown-as-sent" delivered_as!(Unknown, Sent), [Http1 Http2 Body NoBody], ["RETRY-21" "REPLAY-01" "ERR-35" "TIME-03"];
    "misreports" "delivery-sent-as-unknown" delivered_as!(Sent, Unknown), [Http1 Http2 Body], ["BODY-31" "BODY-14" "TIME-03"];
    "misreports" "delivery-sent-as-not-sent" delivered_as!(Sent, NotSent), [Http1 Http2 Proxied Body], ["BODY-31" "BODY-14" "TIME-03"];
    "misreports" "delivery-not-sent-as-unknown" delivered_as!(NotSent, Unknown), [Http1 Http2 Proxied Identity Body], ["RETRY-22" "REPLAY-04" "PROXY-15" "RETRY-21"];
    "misreports" "delivery-not-sent-as-sent" delivered_as!(NotSent, Sent), [Http1 Http2 Proxied Body], ["RETRY-22" "REPLAY-04" "PROXY-15"];
    "drops" "error-source" Error(|error| TransportError::new(error.kind(), error.delivery()).with_facts(error.facts().clone())),
        [Http1 Http2 Proxied Identity Reused Unsafe Failed], ["RETRY-22" "ERR-13"];
    "drops" "error-facts" error_facts!(|facts| *facts = ConnectionFacts::unknown()), [Always], ["RETRY-21"];
    "misreports" "error-reused" error_facts!(|facts| flip(&mut facts.reused)), [First Reused], ["OBS-10"];
    "misreports" "error-tls-version" error_facts!(|facts| facts.tls_version = facts.tls_version.map(other)), [Tls12 Tls13], ["RETRY-21" "RETRY-21"];
    "misreports" "error-identity-sent" error_facts!(|facts| flip(&mut facts.identity_sent)), [Identity NoIdentity Tls12], ["RETRY-21" "OBS-11" "RETRY-21"];
    "misreports" "error-identity-requested" error_facts!(|facts| flip(&mut facts.identity_requested)), [Identity NoIdentity], ["RETRY-21" "RETRY-21" "IDENT-32"];
    "misreports" "error-peer" error_facts!(|facts| moved(&mut facts.peer)), [Http1 Http2 Proxied], ["RETRY-21" "OBS-09" "RETRY-21"];
    "misreports" "reused" Facts(|facts| flip(&mut facts.reused)), [Http1 Http2 First Reused Proxied Tls12 Unsafe Refused], ["REQ-20" "OBS-10" "POOL-01"];
    "misreports" "tls-resumed" Facts(|facts| flip(&mut facts.tls_resumed)), [Http1 Http2 Tls12 Proxied Identity], ["REQ-20" "OBS-15" "OBS-10"];
    "misreports" "tls-version" Facts(|facts| facts.tls_version = facts.tls_version.map(other)), [Tls12 Tls13 Proxied Http1 Reused Unsafe Refused Failed], ["REQ-20" "OBS-10"];
    "drops" "tls-version" Facts(|facts| facts.tls_version = None), [First Tls12 Proxied], ["REQ-20" "IDENT-03"];
    "misreports" "identity-requested" Facts(|facts| flip(&mut facts.identity_requested)), [Identity NoIdentity Tls12 Proxied Reused], ["REQ-20" "IDENT-31" "OBS-10"];
    "misreports" "identity-sent" Facts(|facts| flip(&mut facts.identity_sent)), [Identity NoIdentity Tls12 Proxied Reused Unsafe Refused], ["REQ-20" "IDENT-32" "OBS-10"];
    "misreports" "renegotiated" Facts(|facts| facts.renegotiated = Some(true)), [Http1 Http2 Tls12 Tls13], ["REQ-20" "RETRY-21"];
    "misreports" "peer" Facts(|facts| moved(&mut facts.peer)), [Http1 Http2 Proxied Direct Reused], ["REQ-20" "OBS-09" "OBS-10"];
    "drops" "server-certificate" Facts(|facts| facts.server_certificate = None), [Http1 Http2 Proxied], ["TRUST-16" "REQ-20"];
    "misreports" "server-certificate-names" Facts(|facts| certificate(facts, |one| one.names.clear())), [Http1 Http2 Proxied Tls12], ["REQ-20" "OBS-10" "TRUST-16"];
    "misreports" "server-certificate-end" Facts(|facts| certificate(facts, |one| one.not_after += Duration::from_secs(86_400))),
        [Http1 Http2 Identity], ["REQ-20" "TRUST-16"];
    "misreports" "server-certificate-issuer" Facts(|facts| certificate(facts, |one| one.issuer.clear())), [Http1 Http2], ["REQ-20" "TRUST-16"];
};

fn anew(error: TransportError, kind: Kind) -> TransportError {
    TransportError::new(kind, error.delivery()).with_facts(error.facts().clone()).with_source(error)
}

fn flip(fact: &mut Option<bool>) {
    *fact = fact.map(|reported| !reported);
}

fn other(version: TlsVersion) -> TlsVersion {
    match version {
        TlsVersion::Tls13 => TlsVersion::Tls12,
        _ => TlsVersion::Tls13,
    }
}

fn moved(peer: &mut Option<SocketAddr>) {
    if let Some(peer) = peer {
        peer.set_port(peer.port() ^ 1);
    }
}

fn certificate(facts: &mut ConnectionFacts, change: fn(&mut digicert_one_core::ServerCertificate)) {
    if let Some(one) = &mut facts.server_certificate {
        change(Arc::make_mut(one));
    }
}

//! A diagnosis never contradicts its own evidence, for any report of a transport.

use std::time::SystemTime;

use digicert_one_core::diagnosis::diagnose_transport;
use digicert_one_core::{
    CallContext, ClientIdentity, Code, ConnectionFacts, Delivery, Mode, PeerFault, Phase, Side, TlsAlert, TlsVersion,
    TransportError, TransportErrorKind as Kind,
};

use crate::world::{HOST, certificate, identity};

fn context(mode: Mode) -> CallContext {
    CallContext::new(HOST, mode, SystemTime::now())
}

/// Every combination of what a transport can report, with and without an identity of the caller.
fn combinations() -> impl Iterator<Item = (TransportError, CallContext)> {
    let known = [None, Some(false), Some(true)];
    let alerts = [0, 10, 20, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 70, 71, 80, 109, 112, 116, 120];
    let kinds: Vec<Kind> = alerts
        .map(|alert| Kind::PeerAlert(TlsAlert(alert)))
        .into_iter()
        .chain(PeerFault::ALL.map(Kind::PeerUntrusted))
        .chain([Kind::Interrupted, Kind::Tls, Kind::TlsIncompatible, Kind::Protocol, Kind::HeadLimit])
        .chain([Kind::Timeout(Phase::Response)])
        .collect();
    let deliveries = [Delivery::NotSent, Delivery::Unknown, Delivery::Sent];
    let versions = [None, Some(TlsVersion::Tls12), Some(TlsVersion::Tls13)];
    let ours = identity(&certificate());
    kinds.into_iter().flat_map(move |kind| {
        let ours = ours.clone();
        (0..3usize.pow(7) * 2).map(move |mut number| {
            let mut pick = |count: usize| {
                let picked = number % count;
                number /= count;
                picked
            };
            let mut facts = ConnectionFacts::unknown();
            facts.reused = known[pick(3)];
            facts.tls_resumed = known[pick(3)];
            facts.identity_requested = known[pick(3)];
            facts.identity_sent = known[pick(3)];
            facts.renegotiated = known[pick(3)];
            facts.tls_version = versions[pick(3)];
            let error = TransportError::new(kind, deliveries[pick(3)]).with_facts(facts);
            let (mode, identity) = match pick(2) {
                0 => (Mode::Key, None),
                _ => (Mode::Certificate, Some(ours.clone())),
            };
            (error, context(mode).with_identity(identity))
        })
    })
}

#[test]
fn diagnosis_never_contradicts_its_own_evidence() {
    for (error, context) in combinations() {
        let (facts, diagnosis) = (error.facts(), diagnose_transport(&error, &context));
        let text = format!("{}\n{}\n{}", diagnosis.summary, diagnosis.cause, diagnosis.remedy);
        let case = || format!("{:?} {:?} {facts:?}\n{diagnosis}", error.kind(), context.mode);
        if facts.certificate_requested() == Some(false) && facts.renegotiated != Some(true) {
            assert!(!text.contains("asks for a client certificate and none"), "{}", case());
            assert!(diagnosis.code != Code::ID_14 && !text.contains("asked for the client certificate"), "{}", case());
            assert!(!text.contains("requires a client certificate and none"), "{}", case());
        }
        if facts.tls_resumed == Some(true) && facts.identity_requested != Some(true) {
            assert!(!text.contains("did not ask for"), "{}", case());
        }
        if facts.identity_sent == Some(false) {
            assert!(diagnosis.code != Code::HS_02 && !text.contains("rejected OUR"), "{}", case());
            assert!(!text.contains("refused our certificate"), "{}", case());
        }
        if facts.identity_sent == Some(true) {
            assert!(!matches!(diagnosis.code, Code::HS_01 | Code::ID_14), "{}", case());
            assert!(!text.contains("none was sent"), "{}", case());
        }
        if context.identity.is_none() && facts.identity_sent != Some(true) {
            assert!(!matches!(diagnosis.code, Code::HS_02 | Code::ID_14), "{}", case());
        }
        if facts.reused != Some(true) {
            assert!(!text.contains("used before"), "{}", case());
        }
        if facts.tls_version == Some(TlsVersion::Tls13) || facts.renegotiated == Some(true) {
            assert!(!text.contains("wanted a second TLS handshake"), "{}", case());
        }
        if error.delivery() != Delivery::NotSent {
            assert!(!text.contains("nothing was sent"), "{}", case());
        }
        if matches!(error.kind(), Kind::PeerUntrusted(_)) {
            assert_eq!(diagnosis.side(), Side::Us, "{}", case());
        }
    }
}

#[test]
fn second_handshake_that_refuses_our_certificate_is_hs_02() {
    let code = |alert: u8, identity: Option<ClientIdentity>| {
        let mut facts = ConnectionFacts::unknown();
        (facts.tls_version, facts.renegotiated) = (Some(TlsVersion::Tls12), Some(true));
        facts.identity_sent = identity.is_none().then_some(false);
        let error = TransportError::new(Kind::PeerAlert(TlsAlert(alert)), Delivery::Unknown).with_facts(facts);
        diagnose_transport(&error, &context(Mode::Certificate).with_identity(identity)).code
    };
    let ours = identity(&certificate());
    assert_eq!(code(48, Some(ours.clone())), Code::HS_02);
    assert_eq!(code(40, Some(ours)), Code::HS_02);
    assert_eq!(code(48, None), Code::HS_01);
    assert_eq!(code(40, None), Code::HS_05);
}

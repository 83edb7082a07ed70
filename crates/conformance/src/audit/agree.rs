//! Compares the facts of one connection with its entry in the ledger.

use digicert_one_core::{ConnectionFacts, ServerCertificate, TlsVersion};
use digicert_one_testbed as testbed;
use digicert_one_testbed::{Connection, Handshake, Snapshot};
use rustls_pki_types::CertificateDer;

/// Returns how the ledger's entry for `connection` contradicts these facts; `None` if it does not.
pub(super) fn contradiction(facts: &ConnectionFacts, connection: &Connection, seen: &Snapshot) -> Option<String> {
    let wrong = |fact: &str, reported: &dyn std::fmt::Debug, is: String| {
        let server = connection.id;
        Some(format!("{fact} is {reported:?}; the ledger: {is} (connection {server})"))
    };
    let established = connection.established();
    let resumed = connection.handshake == Handshake::Resumed;
    let spoken = connection.tls_version.and_then(known);
    if established && facts.tls_version.is_some() && facts.tls_version != spoken {
        return wrong("tls_version", &facts.tls_version, format!("{:?}", connection.tls_version));
    }
    if established && facts.tls_resumed.is_some_and(|reported| reported != resumed) {
        return wrong("tls_resumed", &facts.tls_resumed, format!("{resumed}"));
    }
    // In clear text or during the handshake, the server may know less than its client.
    let known = !matches!(connection.handshake, Handshake::Pending | Handshake::Plain);
    if let Some(reported) = facts.server_certificate.as_deref().filter(|_| known && !connection.server_leaf.is_empty())
    {
        let own = ServerCertificate::read(&CertificateDer::from(&*connection.server_leaf));
        if own.as_ref().is_some_and(|own| own != reported) {
            return wrong("server_certificate", reported, format!("{own:?}"));
        }
    }
    // For a connection whose server asked after the handshake, the two facts may be about either.
    if !known || connection.asked_late || facts.renegotiated.is_some() {
        return None;
    }
    let asked = connection.requested_client_cert;
    let shown = connection.peer_fingerprint.is_some();
    match (facts.identity_requested, resumed) {
        // A resumed handshake asks nothing: this is about the one that created the session.
        (Some(reported), true) => {
            let mut origins = seen.connections.iter().filter(|one| one.handshake == Handshake::Full);
            if !origins.any(|one| one.requested_client_cert == reported) {
                return wrong(
                    "identity_requested",
                    &reported,
                    "otherwise of every full handshake before it, and resumed".into(),
                );
            }
        }
        // A server may fail to record that it asked.
        (Some(reported), false) if reported != asked && (established || asked) => {
            return wrong("identity_requested", &reported, asked.to_string());
        }
        _ => {}
    }
    match facts.identity_sent {
        // A server that ended the handshake itself may not have read it.
        Some(true) if !shown && established => wrong("identity_sent", &true, "none was shown".into()),
        Some(false) if shown => wrong("identity_sent", &false, "one was shown".into()),
        _ => None,
    }
}

/// A fact of a handshake although there was no handshake.
pub(super) fn invention(facts: &ConnectionFacts) -> Option<&'static str> {
    let reported = [
        ("tls_version", facts.tls_version.is_some()),
        ("tls_resumed", facts.tls_resumed.is_some()),
        ("identity_requested", facts.identity_requested.is_some()),
        ("server_certificate", facts.server_certificate.is_some()),
    ];
    reported.into_iter().find(|(_, reported)| *reported).map(|(fact, _)| fact)
}

/// What the error of a body no longer knows, or knows otherwise than its response.
pub(super) fn forgotten(response: &ConnectionFacts, error: &ConnectionFacts) -> Option<&'static str> {
    let is_kept = response.reused.is_none() || response.reused == error.reused;
    if is_kept { lost(response, error) } else { Some("reused") }
}

/// What is no longer known of a connection, or is known otherwise. A second handshake changes what is known of the client certificate.
pub(super) fn lost(before: &ConnectionFacts, now: &ConnectionFacts) -> Option<&'static str> {
    fn is_kept<T: PartialEq>(before: Option<&T>, now: Option<&T>) -> bool {
        before.is_none() || before == now
    }
    let same = before.renegotiated == now.renegotiated;
    let kept = [
        ("tls_resumed", is_kept(before.tls_resumed.as_ref(), now.tls_resumed.as_ref())),
        ("tls_version", is_kept(before.tls_version.as_ref(), now.tls_version.as_ref())),
        ("peer", is_kept(before.peer.as_ref(), now.peer.as_ref())),
        ("server_certificate", is_kept(before.server_certificate.as_ref(), now.server_certificate.as_ref())),
        ("identity_requested", !same || is_kept(before.identity_requested.as_ref(), now.identity_requested.as_ref())),
        ("identity_sent", !same || is_kept(before.identity_sent.as_ref(), now.identity_sent.as_ref())),
    ];
    kept.into_iter().find(|(_, kept)| !kept).map(|(fact, _)| fact)
}

fn known(version: testbed::TlsVersion) -> Option<TlsVersion> {
    match version {
        testbed::TlsVersion::Tls11 => None,
        testbed::TlsVersion::Tls12 => Some(TlsVersion::Tls12),
        testbed::TlsVersion::Tls13 => Some(TlsVersion::Tls13),
    }
}

//! From a transport's facts to a diagnosis. The hard part is the refused client certificate: under TLS 1.3 the client is
//! finished before the server has looked at it (RFC 8446 §4.4), so the refusal arrives late, or as a bare end.

use super::caller::{none_sent, not_sent};
use super::evidence::{dates, identity_date_fault, utc};
use super::{Advice, CallContext, Code, Diagnosis};
use crate::{
    ClientIdentity, Delivery, HostRole, Mode, PeerFault, Phase, TlsAlert, TlsVersion, TransportError,
    TransportErrorKind as Kind,
};

/// What a failed [`send`](crate::Transport::send) or `connect` means.
///
/// ```
/// use std::time::SystemTime;
/// use digicert_one_core::diagnosis::diagnose_transport;
/// use digicert_one_core::{Advice, CallContext, Code, Delivery, Mode, TlsAlert, TransportError, TransportErrorKind};
///
/// let error = TransportError::new(TransportErrorKind::PeerAlert(TlsAlert(116)), Delivery::NotSent);
/// let context = CallContext::new("clientauth.one.digicert.com", Mode::Anonymous, SystemTime::UNIX_EPOCH);
/// let diagnosis = diagnose_transport(&error, &context);
/// assert_eq!((diagnosis.code, diagnosis.advice), (Code::HS_01, Advice::GiveUp));
/// ```
#[must_use]
pub fn diagnose_transport(error: &TransportError, context: &CallContext) -> Diagnosis {
    let host = &context.host;
    let diagnosis = match error.kind() {
        Kind::PeerAlert(alert) => refused_by_alert(alert, error, context),
        Kind::PeerUntrusted(fault) => untrusted(fault, error, context),
        Kind::Interrupted | Kind::Tls => ended_without_reason(error, context),
        Kind::Dns => Diagnosis::of(Code::NET_05, format!("{host} has no address.")),
        Kind::Refused => Diagnosis::of(Code::NET_06, format!("{host} refused the connection, or cannot be reached.")),
        Kind::Timeout(phase) => timed_out(phase, context),
        Kind::NotTls => Diagnosis::of(Code::HO_04, format!("{host} does not speak TLS.")),
        Kind::Proxy(Some(status)) => {
            Diagnosis::of(Code::NET_02, format!("the proxy refused the tunnel to {host} with status {status}."))
        }
        Kind::Proxy(None) => Diagnosis::of(Code::NET_02, format!("there is no tunnel to {host} through the proxy.")),
        Kind::Protocol => Diagnosis::of(Code::NET_10, format!("{host} did not answer in valid HTTP.")),
        Kind::Http11Required => Diagnosis::of(Code::HS_05, format!("{host} wants HTTP/1.1 for this request.")),
        Kind::BodyCut => Diagnosis::of(Code::NET_09, format!("the answer of {host} was cut off.")),
        Kind::BodyLimit => Diagnosis::of(Code::CFG_03, format!("the answer of {host} is larger than the limit.")),
        Kind::LocalIdentity => {
            let summary = "this TLS stack cannot use the client identity; nothing was sent.";
            match context.identity.as_ref().map(ClientIdentity::peculiarities) {
                Some(all @ [_, ..]) => {
                    let cause = format!("likely the client certificate: {}", all.join("; "));
                    let mut diagnosis = Diagnosis::new(Code::ID_06, summary, cause);
                    diagnosis.remedy =
                        "Create a client certificate of X.509 version 3 without critical extensions of this kind. A \
                                        transport on OpenSSL may take this one."
                            .to_owned();
                    diagnosis
                }
                _ => Diagnosis::of(Code::ID_06, summary),
            }
        }
        Kind::TrustRoots => Diagnosis::of(Code::TR_03, "the trust roots cannot be used; nothing was sent."),
        Kind::Unsupported(capability) => {
            Diagnosis::of(Code::CFG_02, format!("this transport does not support {capability}; nothing was sent."))
        }
        Kind::Config => Diagnosis::of(Code::CFG_01, "the configuration is not valid; nothing was sent."),
        Kind::NoRuntime => {
            Diagnosis::of(Code::CFG_01, "the transport was called outside the runtime that it needs; nothing was sent.")
        }
        Kind::Other => Diagnosis::of(Code::CFG_04, format!("the call to {host} failed.")),
    };
    with_facts(diagnosis, error)
}

fn refused_by_alert(alert: TlsAlert, error: &TransportError, context: &CallContext) -> Diagnosis {
    let host = &context.host;
    if alert == TlsAlert(40) && is_of_a_second_handshake(error) {
        return Diagnosis::new(
            Code::HS_05,
            format!("{host} wanted a second TLS handshake on this connection and did not get it ({alert})."),
            "most likely it asks for a client certificate only after the request, for some of its paths",
        )
        .with_evidence(format!("alert {alert} from {host} on a TLS 1.2 connection whose handshake was done"));
    }
    let sent = error.facts().identity_sent.unwrap_or(context.identity.is_some());
    let asked = error.facts().identity_requested;
    // TLS 1.2 has no alert for "you sent none": servers use handshake_failure or bad_certificate (RFC 5246 §7.2.2).
    let about_certificate = alert.concerns_client_certificate() || (alert == TlsAlert(40) && asked == Some(true));
    if about_certificate && (alert == TlsAlert(116) || !sent) {
        return without_certificate(error, context).with_evidence(format!("alert {alert} from {host}"));
    }
    if about_certificate {
        let cause = identity_date_fault(context, None).unwrap_or_else(|| match alert.0 {
            48 => unknown_issuer(context.identity.as_ref()),
            44 => "the server says that the certificate was revoked".to_owned(),
            45 => "the server says that the certificate has expired".to_owned(),
            _ => "its issuer, its dates or its state do not suit the server".to_owned(),
        });
        return Diagnosis::new(Code::HS_02, format!("{host} rejected OUR client certificate ({alert})."), cause)
            .with_evidence(format!("alert {alert} from {host}"));
    }
    let code = if matches!(alert.0, 40 | 70 | 71 | 47 | 109 | 110 | 120) { Code::HS_04 } else { Code::HS_03 };
    Diagnosis::new(
        code,
        format!("{host} ended the TLS handshake ({alert})."),
        "the server complains about our side of the handshake",
    )
    .with_evidence(format!("alert {alert} from {host}"))
}

/// What an alert unknown_ca says about an identity.
fn unknown_issuer(identity: Option<&ClientIdentity>) -> String {
    match identity {
        Some(identity) if identity.is_self_issued() => {
            "the certificate is self-signed, and the server does not have it in its list".to_owned()
        }
        Some(identity) if identity.may_lack_intermediate() => format!(
            "the server does not know the issuer \"{}\", and the file does not hold its certificate: an intermediate may be \
             missing",
            identity.issuer()
        ),
        _ => "the server does not know the issuer of this certificate: it was probably made on another host".to_owned(),
    }
}

/// Whether the handshake was done when its parameters were refused. A request is sent only after a TLS 1.2 handshake, and nothing but
/// another handshake can then fail (RFC 5246 §7.2.2); under TLS 1.3 there is no other, and a late alert is about the first.
fn is_of_a_second_handshake(error: &TransportError) -> bool {
    error.facts().tls_version == Some(TlsVersion::Tls12) && error.delivery() != Delivery::NotSent
}

/// No certificate was sent: there was none, or the stack kept it back.
fn without_certificate(error: &TransportError, context: &CallContext) -> Diagnosis {
    let facts = error.facts();
    let kept_back = facts.identity_requested == Some(true) && facts.identity_sent == Some(false);
    if kept_back && context.identity.is_some() { not_sent(context) } else { none_sent(context) }
}

fn ended_without_reason(error: &TransportError, context: &CallContext) -> Diagnosis {
    let host = &context.host;
    let facts = error.facts();
    if facts.reused == Some(true) && error.kind() == Kind::Interrupted {
        return Diagnosis::of(Code::NET_07, format!("{host} closed a connection that had been used before."));
    }
    // A TLS 1.2 server that finished the handshake has accepted what we sent in it, even if that was no certificate.
    let accepted = facts.tls_version == Some(TlsVersion::Tls12) && error.kind() == Kind::Interrupted;
    match (facts.identity_requested, facts.identity_sent) {
        // It asked, got nothing, and left: nothing explains a fresh connection that ends like this better.
        (Some(true), Some(false)) if !accepted => {
            let mut diagnosis = without_certificate(error, context);
            diagnosis.cause = format!("likely: it gave no reason when it ended the connection; {}", diagnosis.cause);
            diagnosis
        }
        // Nobody asked for a certificate, so the identity cannot be the cause.
        (requested, _) if (requested == Some(false) || accepted) && error.kind() == Kind::Interrupted => {
            Diagnosis::of(Code::NET_07, format!("{host} ended the connection before its answer began."))
        }
        _ => Diagnosis::new(
            Code::HS_03,
            format!("{host} ended the connection in or right after the handshake and gave no reason."),
            likely_causes(context),
        )
        // A call with a key alone shows no identity that could have been refused.
        .advising(match (context.mode, error.kind()) {
            (Mode::Key, Kind::Interrupted) => Advice::Repeat { not_before: None },
            _ => Advice::GiveUp,
        }),
    }
}

fn likely_causes(context: &CallContext) -> String {
    if let Some(fault) = identity_date_fault(context, None) {
        return format!("likely: {fault}");
    }
    let refused = match (context.mode, context.identity.is_some()) {
        (_, true) => "the server refused our certificate and its alert was lost",
        (_, false) => "the server requires a client certificate and none is configured",
    };
    let host = if context.mode.host_role() == HostRole::ClientAuth || context.mode == Mode::Anonymous {
        ""
    } else {
        " (unusual on this host)"
    };
    format!("likely, in this order: {refused}{host}; a proxy on the way re-signs TLS; a firewall cut the connection")
}

fn untrusted(fault: PeerFault, error: &TransportError, context: &CallContext) -> Diagnosis {
    let host = &context.host;
    let shown = error.facts().server_certificate.as_deref();
    let clock = || {
        let clock = format!("by this machine's clock it is {}", utc(context.now));
        match shown {
            Some(certificate) => format!("{clock}; {}", dates(certificate)),
            None => clock,
        }
    };
    match fault {
        PeerFault::UnknownIssuer => {
            let issuer = match shown {
                Some(certificate) => format!("its issuer \"{}\"", certificate.issuer),
                None => "its issuer".to_owned(),
            };
            let certificate = if context.identity.is_some() { "; a client certificate cannot pass that" } else { "" };
            Diagnosis::new(
                Code::TR_01,
                format!("we do not trust the issuer of {host}'s certificate."),
                format!(
                    "{issuer} does not lead to our trust roots: a private CA, a server without its intermediate, or \
                     something on the network that re-signs TLS{certificate}"
                ),
            )
        }
        PeerFault::Expired => Diagnosis::new(Code::TR_02, format!("{host}'s certificate has expired."), clock()),
        PeerFault::NotYetValid => Diagnosis::new(
            Code::TR_02,
            format!("{host}'s certificate is not valid yet."),
            format!("{}; a slow clock is the usual reason", clock()),
        ),
        PeerFault::NameMismatch => {
            let summary = format!("the server at {host} shows a certificate for other names.");
            match shown.filter(|certificate| !certificate.names.is_empty()) {
                Some(certificate) => {
                    Diagnosis::new(Code::HO_01, summary, format!("it is for {}", certificate.names.join(", ")))
                }
                None => Diagnosis::of(Code::HO_01, summary),
            }
        }
        PeerFault::Revoked => Diagnosis::new(
            Code::TR_05,
            format!("{host}'s certificate was revoked."),
            "its issuer has withdrawn it: the server needs a new one",
        ),
        PeerFault::Unspecified => Diagnosis::new(
            Code::TR_05,
            format!("we refused {host}'s certificate; this TLS stack does not say why."),
            format!("its issuer, its name or its dates; {}", clock()),
        ),
    }
}

fn timed_out(phase: Phase, context: &CallContext) -> Diagnosis {
    let host = &context.host;
    let (code, summary) = match phase {
        Phase::Connect => (Code::NET_01, format!("no TCP connection to {host} within the time limit.")),
        Phase::Handshake => (Code::NET_01, format!("{host} did not finish the TLS handshake within the time limit.")),
        Phase::ConnectOrHandshake => (Code::NET_01, format!("no TLS connection to {host} within the time limit.")),
        Phase::Response => (Code::NET_08, format!("{host} did not answer within the time limit.")),
        Phase::Body => (Code::NET_08, format!("the answer of {host} did not end within the time limit.")),
        Phase::Call => (Code::NET_08, format!("the call to {host} did not end within the time limit.")),
    };
    Diagnosis::of(code, summary)
}

fn with_facts(mut diagnosis: Diagnosis, error: &TransportError) -> Diagnosis {
    let facts = error.facts();
    let say = |known: Option<bool>| known.map_or("unknown", |yes| if yes { "yes" } else { "no" });
    if facts.identity_requested.is_some() || facts.identity_sent.is_some() {
        diagnosis = diagnosis.with_evidence(format!(
            "client certificate: asked for={}, sent={}",
            say(facts.identity_requested),
            say(facts.identity_sent)
        ));
    }
    match error.delivery() {
        Delivery::NotSent => diagnosis.with_evidence("the request was not sent"),
        Delivery::Unknown => diagnosis.with_evidence("the request may have been sent"),
        Delivery::Sent => diagnosis,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::ConnectionFacts;

    fn context(mode: Mode) -> CallContext {
        CallContext::new("one.test", mode, SystemTime::UNIX_EPOCH)
    }

    fn interrupted(reused: Option<bool>, requested: Option<bool>, sent: Option<bool>) -> TransportError {
        let mut facts = ConnectionFacts::unknown();
        (facts.reused, facts.identity_requested, facts.identity_sent) = (reused, requested, sent);
        TransportError::new(Kind::Interrupted, Delivery::Unknown).with_facts(facts)
    }

    #[test]
    fn a_refused_identity_is_never_taken_for_a_network_blip() {
        for alert in [42, 43, 44, 45, 46, 48, 49, 51, 116] {
            let error = TransportError::new(Kind::PeerAlert(TlsAlert(alert)), Delivery::Unknown);
            let diagnosis = diagnose_transport(&error, &context(Mode::Certificate));
            assert!(!diagnosis.retryable(), "{alert}");
            assert_eq!(diagnosis.side(), super::super::Side::Peer, "{alert}");
        }
    }

    #[test]
    fn an_end_without_reason_is_wide_unless_the_facts_narrow_it() {
        let cases = [
            (Some(false), Some(true), Some(false), Code::HS_01, false),
            (Some(false), Some(false), Some(false), Code::NET_07, true),
            (Some(false), Some(true), Some(true), Code::HS_03, false),
            (Some(true), None, None, Code::NET_07, true),
            (None, None, None, Code::HS_03, false),
        ];
        for (reused, requested, sent, code, retryable) in cases {
            let diagnosis = diagnose_transport(&interrupted(reused, requested, sent), &context(Mode::Certificate));
            assert_eq!((diagnosis.code, diagnosis.retryable()), (code, retryable), "{reused:?} {requested:?} {sent:?}");
        }
    }

    #[test]
    fn handshake_failure_means_a_missing_certificate_only_where_one_was_asked_for() {
        let error = |requested: Option<bool>| {
            let mut facts = ConnectionFacts::unknown();
            (facts.identity_requested, facts.identity_sent) = (requested, requested.map(|_| false));
            TransportError::new(Kind::PeerAlert(TlsAlert(40)), Delivery::NotSent).with_facts(facts)
        };
        assert_eq!(diagnose_transport(&error(Some(true)), &context(Mode::Anonymous)).code, Code::HS_01);
        assert_eq!(diagnose_transport(&error(None), &context(Mode::Anonymous)).code, Code::HS_04);
    }

    #[test]
    fn handshake_failure_after_a_tls12_handshake_is_a_late_request() {
        let code = |version: Option<TlsVersion>, delivery: Delivery, alert: u8| {
            let mut facts = ConnectionFacts::unknown();
            (facts.tls_version, facts.identity_requested) = (version, Some(false));
            let error = TransportError::new(Kind::PeerAlert(TlsAlert(alert)), delivery).with_facts(facts);
            let diagnosis = diagnose_transport(&error, &context(Mode::Certificate));
            assert!(!diagnosis.retryable());
            diagnosis.code
        };
        assert_eq!(code(Some(TlsVersion::Tls12), Delivery::Unknown, 40), Code::HS_05);
        // In the handshake itself; under TLS 1.3; where the version is not known; of another alert.
        assert_eq!(code(Some(TlsVersion::Tls12), Delivery::NotSent, 40), Code::HS_04);
        assert_eq!(code(Some(TlsVersion::Tls13), Delivery::Unknown, 40), Code::HS_04);
        assert_eq!(code(None, Delivery::Unknown, 40), Code::HS_04);
        assert_eq!(code(Some(TlsVersion::Tls12), Delivery::Unknown, 80), Code::HS_03);
    }

    #[test]
    fn a_server_that_we_do_not_trust_is_never_repeated() {
        for fault in [
            PeerFault::UnknownIssuer,
            PeerFault::Expired,
            PeerFault::NotYetValid,
            PeerFault::NameMismatch,
            PeerFault::Revoked,
            PeerFault::Unspecified,
        ] {
            let error = TransportError::new(Kind::PeerUntrusted(fault), Delivery::NotSent);
            let diagnosis = diagnose_transport(&error, &context(Mode::Key));
            assert!(!diagnosis.retryable() && diagnosis.side() == super::super::Side::Us, "{fault:?}");
        }
    }
}

//! Maps a transport's facts to a diagnosis. The hard part is the refused client certificate: under TLS 1.3
//! the client finishes before the server has checked it (RFC 8446 §4.4), so the refusal arrives late, or as a
//! connection closed without reason.

use std::error::Error as _;

use super::alert::{refused_by_alert, without_certificate};
use super::evidence::identity_date_fault;
use super::proxied::{no_tunnel, not_tls, unsupported_scheme, with_proxy};
use super::{Advice, CallContext, Code, Diagnosis, untrusted};
use crate::{
    Capability, ClientIdentity, Delivery, HeadLimit, HostRole, Mode, Phase, TlsVersion, TransportError,
    TransportErrorKind as Kind, causes,
};

/// Diagnoses a failed [`send`](crate::Transport::send) or `connect`.
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
        Kind::PeerUntrusted(fault) => untrusted::diagnose(fault, error, context),
        Kind::TlsIncompatible => Diagnosis::new(
            Code::HS_04,
            format!("this TLS stack has no TLS version, cipher or signature algorithm in common with {host}."),
            "this side ended the handshake over what the server chose or asked for; the server sent no alert",
        ),
        Kind::Interrupted | Kind::Tls => ended_without_reason(error, context),
        Kind::Dns => Diagnosis::of(Code::NET_05, format!("{host} has no address.")),
        Kind::Refused => Diagnosis::of(Code::NET_06, format!("{host} refused the connection, or cannot be reached.")),
        Kind::Timeout(phase) => timed_out(phase, context),
        Kind::NotTls => not_tls(context),
        Kind::Proxy(status) => no_tunnel(status, error, context),
        Kind::Protocol => Diagnosis::of(Code::NET_10, format!("{host} did not send a valid HTTP response.")),
        Kind::Http11Required => Diagnosis::of(Code::HS_05, format!("{host} wants HTTP/1.1 for this request.")),
        Kind::BodyCut => Diagnosis::of(Code::NET_09, format!("the response of {host} was truncated.")),
        Kind::BodyLimit => Diagnosis::of(Code::CFG_03, format!("the response of {host} is larger than the limit.")),
        Kind::LocalIdentity => unusable_identity(error, context),
        Kind::HeadLimit => head_too_large(error, context),
        Kind::TrustRoots => Diagnosis::of(Code::TR_03, "invalid trust roots; nothing was sent."),
        Kind::Upload => failed_upload(error, context),
        Kind::Unsupported(Capability::HttpsProxy | Capability::SocksProxy) => unsupported_scheme(context),
        Kind::Unsupported(capability) => {
            Diagnosis::of(Code::CFG_02, format!("this transport does not support {capability}; nothing was sent."))
        }
        Kind::Config => Diagnosis::of(Code::CFG_01, "invalid configuration; nothing was sent."),
        Kind::NoRuntime => {
            Diagnosis::of(Code::CFG_01, "the transport was called outside the runtime that it needs; nothing was sent.")
        }
        Kind::Other => Diagnosis::of(Code::CFG_04, format!("the call to {host} failed.")),
    };
    with_facts(with_proxy(diagnosis, error, context), error).with_context(context)
}

fn unusable_identity(error: &TransportError, context: &CallContext) -> Diagnosis {
    let summary = "this TLS stack cannot use the client identity; nothing was sent.";
    match (context.identity.as_ref().map(ClientIdentity::quirks), error.source()) {
        (Some(all @ [_, ..]), _) => {
            let cause = format!("likely the client certificate: {}", all.join("; "));
            let mut diagnosis = Diagnosis::new(Code::ID_06, summary, cause);
            let on_openssl = context.transport.as_ref().is_some_and(|used| used.tls_engine.contains("OpenSSL"));
            let other = if on_openssl { "" } else { " A transport on OpenSSL may accept this one." };
            diagnosis.remedy = format!(
                "Create a client certificate of X.509 version 3 without critical extensions of this kind.{other}"
            );
            diagnosis
        }
        (_, Some(reason)) => Diagnosis::new(Code::ID_06, summary, reason.to_string()),
        (_, None) => Diagnosis::of(Code::ID_06, summary),
    }
}

fn head_too_large(error: &TransportError, context: &CallContext) -> Diagnosis {
    let summary = format!("the head of the response of {} is larger than the limit.", context.host);
    let size = causes(error).find_map(|cause| cause.downcast_ref::<HeadLimit>().copied());
    Diagnosis::new(Code::CFG_03, summary, size.unwrap_or_else(HeadLimit::unmeasured).to_string())
}

/// The caller's body failed; its error may be shown, since it is for the caller.
fn failed_upload(error: &TransportError, context: &CallContext) -> Diagnosis {
    let summary = format!("the request body for {} failed before its end.", context.host);
    match error.source() {
        Some(reason) => Diagnosis::new(Code::IO_03, summary, format!("{reason}; the request was not completed")),
        None => Diagnosis::of(Code::IO_03, summary),
    }
}

fn ended_without_reason(error: &TransportError, context: &CallContext) -> Diagnosis {
    let host = &context.host;
    let facts = error.facts();
    let interrupted = error.kind() == Kind::Interrupted;
    let second = if facts.tls_version == Some(TlsVersion::Tls12) && interrupted { facts.renegotiated } else { None };
    if second == Some(false) {
        return Diagnosis::new(
            Code::HS_05,
            format!(
                "{host} wanted a second TLS handshake on this connection, did not get it, and ended the connection."
            ),
            "most likely it asks for a client certificate only after the request, for some of its paths",
        );
    }
    if facts.reused == Some(true) && interrupted {
        return Diagnosis::of(Code::NET_07, format!("{host} closed a connection that had been used before."));
    }
    if context.responded_before && identity_date_fault(context, None).is_none() {
        return Diagnosis::new(
            Code::NET_07,
            format!("{host} ended the connection before its response began."),
            "the server has responded to the same credential over this transport before, so neither the certificate nor the TLS \
             settings are a likely reason; a restarting or overloaded server looks like this",
        );
    }
    // A TLS 1.2 server that finished the handshake accepted what we sent in it, even if that was not a certificate.
    let accepted = second != Some(true) && facts.tls_version == Some(TlsVersion::Tls12) && interrupted;
    // Until the version is settled, the handshake has not reached our certificate.
    let came_to_it = interrupted || facts.tls_version.is_some();
    match (facts.certificate_requested(), facts.identity_sent) {
        // It asked, received nothing, and closed: the best explanation of a fresh connection that ends like this.
        (Some(true), Some(false)) if !accepted && came_to_it => {
            let mut diagnosis = without_certificate(error, context);
            diagnosis.cause = format!("likely: the reason for the end of the connection is unknown; {}", diagnosis.cause);
            diagnosis
        }
        // No certificate was requested, so the identity cannot be the cause.
        (requested, _) if (requested == Some(false) || accepted) && interrupted => Diagnosis::new(
            Code::NET_07,
            format!("{host} ended the connection before its response began."),
            "the TLS handshake was done, and a client certificate is not the reason; a restarting server looks like this",
        ),
        _ => Diagnosis::new(
            Code::HS_03,
            match context.reports_alerts() {
                true => format!("{host} ended the connection in or right after the handshake and gave no reason."),
                false => format!(
                    "the TLS handshake with {host} failed, or the connection ended right after it; this TLS stack does not report \
                     whether the server gave a reason."
                ),
            },
            likely_causes(error, context),
        )
        // A call with a key only presents no identity that could have been refused.
        .advising(match (context.mode, error.kind()) {
            (Mode::Key, Kind::Interrupted) => Advice::Retry { not_before: None },
            _ => Advice::GiveUp,
        }),
    }
}

fn likely_causes(error: &TransportError, context: &CallContext) -> String {
    let others = "a proxy in between re-signs TLS; a firewall closed the connection";
    let facts = error.facts();
    let refused = match (&context.identity, facts.identity_sent, facts.certificate_requested()) {
        // The handshake did not reach a certificate, or not one of ours: there was nothing to refuse.
        (_, _, Some(false)) | (Some(_), Some(false), _) => return format!("likely, in this order: {others}"),
        (Some(_), ..) => match identity_date_fault(context, None) {
            Some(fault) => return format!("likely: {fault}"),
            None => "the server refused our certificate and its alert was lost",
        },
        (None, ..) => "the server requires a client certificate and none is configured",
    };
    let host = if context.mode.host_role() == HostRole::ClientAuth || context.mode == Mode::Anonymous {
        ""
    } else {
        " (unusual on this host)"
    };
    match context.reports_alerts() {
        true => format!("likely, in this order: {refused}{host}; {others}"),
        false => format!(
            "one of these: {others}; no TLS version or cipher in common; the server refused or requires a client certificate{host}"
        ),
    }
}

fn timed_out(phase: Phase, context: &CallContext) -> Diagnosis {
    let host = &context.host;
    let way = context.transport.as_ref().and_then(|transport| transport.proxy.as_ref());
    if let (Some(through), Phase::Connect | Phase::Handshake | Phase::ConnectOrHandshake) = (way, phase) {
        let summary = format!("no connection to {host} through the proxy {through} within the time limit.");
        let cause = match phase {
            Phase::Connect => "the proxy cannot be reached, or did not open the tunnel in time",
            Phase::Handshake => {
                "the tunnel is open, but the TLS handshake with the host behind it did not finish in time"
            }
            _ => {
                "the proxy cannot be reached, did not open the tunnel, or the host behind it did not finish the TLS handshake"
            }
        };
        let mut diagnosis = Diagnosis::new(Code::NET_01, summary, cause);
        diagnosis.remedy =
            "Check the address of the proxy and the route to it first; then whether the proxy can reach the host."
                .to_owned();
        return diagnosis;
    }
    let (code, summary) = match phase {
        Phase::Connect => (Code::NET_01, format!("no TCP connection to {host} within the time limit.")),
        Phase::Handshake => (Code::NET_01, format!("{host} did not finish the TLS handshake within the time limit.")),
        Phase::ConnectOrHandshake => (Code::NET_01, format!("no TLS connection to {host} within the time limit.")),
        Phase::Response => (Code::NET_08, format!("{host} did not respond within the time limit.")),
        Phase::Body => (Code::NET_08, format!("the response of {host} did not end within the time limit.")),
        Phase::Call => (Code::NET_08, format!("the call to {host} did not end within the time limit.")),
    };
    Diagnosis::of(code, summary)
}

fn with_facts(mut diagnosis: Diagnosis, error: &TransportError) -> Diagnosis {
    let facts = error.facts();
    let say = |known: Option<bool>| known.map_or("unknown", |yes| if yes { "yes" } else { "no" });
    let stopped = matches!(error.kind(), Kind::PeerUntrusted(_)) && facts.identity_sent == Some(false);
    if facts.certificate_requested().is_some() || facts.identity_sent.is_some() {
        diagnosis = diagnosis.with_evidence(format!(
            "client certificate: asked for={}, sent={}{}",
            say(facts.certificate_requested()),
            say(facts.identity_sent),
            if stopped { " (we stopped first)" } else { "" }
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
    use crate::diagnosis::TransportInUse;
    use crate::{ConnectionFacts, ConnectorInfo, TlsAlert, TransportConfig};

    fn context(mode: Mode) -> CallContext {
        CallContext::new("one.test", mode, SystemTime::UNIX_EPOCH)
    }

    fn interrupted(reused: Option<bool>, requested: Option<bool>, sent: Option<bool>) -> TransportError {
        let mut facts = ConnectionFacts::unknown();
        (facts.reused, facts.identity_requested, facts.identity_sent) = (reused, requested, sent);
        TransportError::new(Kind::Interrupted, Delivery::Unknown).with_facts(facts)
    }

    #[test]
    fn interrupted_call_after_a_response_is_not_about_the_certificate() {
        for mode in [Mode::Key, Mode::Certificate, Mode::Both] {
            for (kind, requested, sent) in [
                (Kind::Tls, None, None),
                (Kind::Interrupted, None, None),
                (Kind::Interrupted, Some(true), Some(false)),
                (Kind::Interrupted, Some(true), Some(true)),
            ] {
                let mut facts = ConnectionFacts::unknown();
                (facts.identity_requested, facts.identity_sent) = (requested, sent);
                let error = TransportError::new(kind, Delivery::Unknown).with_facts(facts);
                let diagnosis = diagnose_transport(&error, &context(mode).with_responded_before(true));
                assert!(diagnosis.code == Code::NET_07 && diagnosis.retryable(), "{mode:?} {kind:?} {diagnosis}");
            }
        }
    }

    #[test]
    fn alert_that_is_not_about_a_certificate_has_no_advice_about_one() {
        for (alert, word) in [
            (112, "host"),
            (120, "--http1"),
            (70, "TLS 1.2"),
            (80, "later"),
            (86, "TLS 1.3"),
            (10, "proxy"),
            (50, "proxy"),
        ] {
            let error = TransportError::new(Kind::PeerAlert(TlsAlert(alert)), Delivery::NotSent);
            let diagnosis = diagnose_transport(&error, &context(Mode::Certificate));
            assert!(
                diagnosis.remedy.contains(word) && !diagnosis.remedy.contains("certificate"),
                "{alert}: {diagnosis}"
            );
        }
    }

    #[test]
    fn stack_without_alerts_does_not_claim_that_no_reason_was_given() {
        let stack = TransportInUse::new(&ConnectorInfo::new("isahc", "", ""), &TransportConfig::new());
        let context = context(Mode::Key).with_transport(stack.with_capabilities(&crate::Capabilities::none()));
        for kind in [Kind::Tls, Kind::Interrupted] {
            let error = TransportError::new(kind, Delivery::Unknown);
            let diagnosis = diagnose_transport(&error, &context);
            assert_eq!(diagnosis.code, Code::HS_03);
            let shown = diagnosis.to_string();
            assert!(shown.contains("does not report") && !shown.contains("gave no reason"), "{shown}");
            assert!(shown.find("inspecting") < shown.find("check the client certificate"), "{shown}");
        }
    }

    #[test]
    fn refused_identity_is_never_a_network_error() {
        for alert in [42, 43, 44, 45, 46, 48, 49, 51, 116] {
            let error = TransportError::new(Kind::PeerAlert(TlsAlert(alert)), Delivery::Unknown);
            let diagnosis = diagnose_transport(&error, &context(Mode::Certificate));
            assert!(!diagnosis.retryable(), "{alert}");
            use super::super::Side;
            assert!(matches!(diagnosis.side(), Side::Peer | Side::Both), "{alert}");
        }
    }

    #[test]
    fn close_without_reason_is_unclear_unless_facts_narrow_it() {
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
    fn handshake_failure_means_missing_certificate_only_if_requested() {
        let error = |requested: Option<bool>| {
            let mut facts = ConnectionFacts::unknown();
            (facts.identity_requested, facts.identity_sent) = (requested, requested.map(|_| false));
            TransportError::new(Kind::PeerAlert(TlsAlert(40)), Delivery::NotSent).with_facts(facts)
        };
        assert_eq!(diagnose_transport(&error(Some(true)), &context(Mode::Anonymous)).code, Code::HS_01);
        assert_eq!(diagnose_transport(&error(None), &context(Mode::Anonymous)).code, Code::HS_04);
    }

    #[test]
    fn nothing_in_common_is_hs_04_from_either_side() {
        let found_by_us = TransportError::new(Kind::TlsIncompatible, Delivery::NotSent);
        let diagnosis = diagnose_transport(&found_by_us, &context(Mode::Key));
        assert_eq!((diagnosis.code, diagnosis.retryable()), (Code::HS_04, false));
        assert!(!diagnosis.evidence.iter().any(|fact| fact.contains("alert ")), "{diagnosis}");
        for alert in [40, 70] {
            let by_alert = TransportError::new(Kind::PeerAlert(TlsAlert(alert)), Delivery::NotSent);
            assert_eq!(diagnose_transport(&by_alert, &context(Mode::Key)).code, Code::HS_04, "{alert}");
        }
    }

    #[test]
    fn handshake_failure_after_tls12_handshake_is_a_late_request() {
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
    fn alert_about_a_certificate_that_was_not_asked_for_blames_none() {
        for alert in 42..=51 {
            let mut facts = ConnectionFacts::unknown();
            (facts.identity_requested, facts.identity_sent) = (Some(false), Some(false));
            let error = TransportError::new(Kind::PeerAlert(TlsAlert(alert)), Delivery::Unknown).with_facts(facts);
            let code = diagnose_transport(&error, &context(Mode::Key)).code;
            assert!(matches!(code, Code::HS_03 | Code::HS_04), "{alert}: {code}");
        }
    }

    #[test]
    fn alert_alone_does_not_claim_that_a_certificate_was_asked_for() {
        for (alert, says) in [(42, "sends such an alert"), (49, "access list"), (116, "sends such an alert")] {
            let error = TransportError::new(Kind::PeerAlert(TlsAlert(alert)), Delivery::NotSent);
            let diagnosis = diagnose_transport(&error, &context(Mode::Key));
            assert_eq!(diagnosis.code, Code::HS_01);
            assert!(!diagnosis.summary.contains("asks for") && diagnosis.cause.contains(says), "{diagnosis}");
        }
        for alert in [0, 90] {
            let error = TransportError::new(Kind::PeerAlert(TlsAlert(alert)), Delivery::NotSent);
            let diagnosis = diagnose_transport(&error, &context(Mode::Key));
            assert!(diagnosis.code == Code::HS_03 && !diagnosis.cause.contains("complains"), "{diagnosis}");
        }
    }

    #[test]
    fn refused_second_handshake_is_hs_05_without_an_alert_too() {
        let mut facts = ConnectionFacts::unknown();
        (facts.tls_version, facts.renegotiated) = (Some(TlsVersion::Tls12), Some(false));
        let error = TransportError::new(Kind::Interrupted, Delivery::Unknown).with_facts(facts);
        assert_eq!(diagnose_transport(&error, &context(Mode::Certificate)).code, Code::HS_05);
    }

    #[test]
    fn unusable_identity_is_explained_by_the_transport() {
        let error = TransportError::new(Kind::LocalIdentity, Delivery::NotSent).with_source("version 1");
        let diagnosis = diagnose_transport(&error, &context(Mode::Certificate));
        assert_eq!((diagnosis.code, diagnosis.cause.as_str()), (Code::ID_06, "version 1"));
    }

    #[test]
    fn large_head_is_named_with_its_size() {
        let error = HeadLimit::unmeasured().error();
        let diagnosis = diagnose_transport(&error, &context(Mode::Key));
        assert!(diagnosis.code == Code::CFG_03 && !diagnosis.retryable(), "{diagnosis}");
        assert!(diagnosis.cause.contains("65536 bytes in 256 fields"), "{diagnosis}");
    }
}

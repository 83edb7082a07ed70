//! What an alert of the server is about: our certificate, parameters without overlap, or neither.

use super::caller::{none_sent, not_sent};
use super::evidence::identity_date_fault;
use super::{CallContext, Code, Diagnosis};
use crate::{ClientIdentity, Delivery, KeyKind, TlsAlert, TlsVersion, TransportError};

pub(super) fn refused_by_alert(alert: TlsAlert, error: &TransportError, context: &CallContext) -> Diagnosis {
    let facts = error.facts();
    let seen = format!("alert {alert} from {}", context.host);
    // A certificate that may have been sent counts as sent: only then can it have been refused.
    let sent = facts.identity_sent.unwrap_or(context.identity.is_some());
    let renegotiated = facts.renegotiated == Some(true);
    if alert == TlsAlert(40) && !renegotiated && is_of_a_second_handshake(error) {
        return second_handshake(alert, error, context);
    }
    // TLS 1.2 has no alert for a missing certificate: servers use handshake_failure or bad_certificate (RFC
    // 5246 §7.2.2).
    let asked_now = facts.certificate_requested() == Some(true) || renegotiated;
    let about_certificate = alert.concerns_client_certificate() || (alert == TlsAlert(40) && asked_now);
    let diagnosis = match (about_certificate, sent, facts.certificate_requested()) {
        (true, true, Some(false)) if facts.identity_sent.is_none() => contradicting(alert, context),
        (true, true, _) => certificate_refused(alert, context),
        (true, false, Some(false)) if !renegotiated => contradicting(alert, context),
        // About a signature, and none was made for a certificate that was not sent.
        (true, false, _) if alert == TlsAlert(51) => parameters_refused(alert, error, context),
        (true, false, _) if renegotiated && alert == TlsAlert(40) => Diagnosis::new(
            Code::HS_05,
            format!("{} asked for a client certificate in a second TLS handshake, and none was sent.", context.host),
            "it asks for one only after the request, for some of its paths, and none is configured",
        ),
        (true, false, None) if !renegotiated && context.identity.is_none() => by_alert_alone(alert, context),
        (true, false, _) => without_certificate(error, context),
        (false, ..) => parameters_refused(alert, error, context),
    };
    diagnosis.with_evidence(seen)
}

fn second_handshake(alert: TlsAlert, error: &TransportError, context: &CallContext) -> Diagnosis {
    let host = &context.host;
    let cause = match error.facts().certificate_requested() {
        Some(true) => "for some of its paths, it asks for more than the first handshake provided",
        _ => "most likely it asks for a client certificate only after the request, for some of its paths",
    };
    Diagnosis::new(
        Code::HS_05,
        format!("{host} wanted a second TLS handshake on this connection and did not get it ({alert})."),
        cause,
    )
    .with_evidence(format!("alert {alert} from {host} on a TLS 1.2 connection whose handshake was done"))
}

/// The diagnosis for a certificate that was sent and an alert about it.
fn certificate_refused(alert: TlsAlert, context: &CallContext) -> Diagnosis {
    let cause = identity_date_fault(context, None).unwrap_or_else(|| match alert.0 {
        48 => unknown_issuer(context.identity.as_ref()),
        44 => "the server says that the certificate was revoked".to_owned(),
        45 => "the server says that the certificate has expired".to_owned(),
        116 => {
            "the server reports that it received none: it could not parse what was sent, or requires one of another CA"
                .to_owned()
        }
        _ => "the server does not accept its issuer, its dates or its state".to_owned(),
    });
    Diagnosis::new(Code::HS_02, format!("{} rejected OUR client certificate ({alert}).", context.host), cause)
}

/// The diagnosis for an alert about a client certificate although the handshake did not ask for one.
fn contradicting(alert: TlsAlert, context: &CallContext) -> Diagnosis {
    let host = &context.host;
    match alert.0 {
        116 => Diagnosis::new(
            Code::HS_01,
            format!("{host} requires a client certificate and did not ask for one in this handshake ({alert})."),
            format!("mode={}; the server's settings contradict each other", context.mode),
        ),
        _ => Diagnosis::new(
            Code::HS_03,
            format!(
                "{host} ended the connection with an alert about a client certificate that it did not ask for ({alert})."
            ),
            "the alert can be about a certificate behind the server, or the server uses it for another reason",
        ),
    }
}

/// The diagnosis for an alert about a client certificate where it is not known whether one was asked for, and none is configured.
fn by_alert_alone(alert: TlsAlert, context: &CallContext) -> Diagnosis {
    let other = match alert.0 {
        49 => "a firewall or an access list can refuse with this alert too",
        _ => "a server that requires a client certificate sends such an alert",
    };
    Diagnosis::new(
        Code::HS_01,
        format!(
            "{} ended the TLS handshake with an alert about client certificates ({alert}), and none was sent.",
            context.host
        ),
        format!("mode={}; {other}", context.mode),
    )
}

/// Returns what an alert that is not about a client certificate is about, and what to do.
fn of_alert(alert: TlsAlert, context: &CallContext) -> (&'static str, &'static str) {
    match alert.0 {
        112 => (
            "the server has no site with this name",
            "Check the spelling of the host; for a private installation, have its load balancer configured for this name.",
        ),
        120 if context.http1_only() => (
            "the server does not offer HTTP/1.1 in its ALPN list",
            "Have the server offer http/1.1 by ALPN, or allow HTTP/2 here too.",
        ),
        120 => (
            "the server accepts none of the HTTP versions that were offered by ALPN",
            "Allow only HTTP/1.1 (--http1), or have the server offer h2 or http/1.1.",
        ),
        70 => (
            "the server accepts none of the TLS versions that were offered",
            "Allow TLS 1.2 and 1.3 on both sides; TLS 1.0 and 1.1 are not supported here.",
        ),
        80 => (
            "the server reports an internal error",
            "Retry later; if the error persists, ask the operator of the server or of the load balancer in front of it.",
        ),
        86 => (
            "the server considers the TLS version a fallback from a higher one",
            "Allow TLS 1.3 on both sides; look for a device in between that breaks TLS 1.3.",
        ),
        0 | 90 => ("it closed the connection in order, and gave no reason", ""),
        10 | 20 | 21 | 22 | 50 => (
            "the server could not process a message of the handshake, or something in between changed it",
            "Look for a TLS-inspecting proxy or firewall; if there is none, report it with the name of the transport.",
        ),
        _ => ("the server complains about our side of the handshake", ""),
    }
}

fn parameters_refused(alert: TlsAlert, error: &TransportError, context: &CallContext) -> Diagnosis {
    let code = if matches!(alert.0, 40 | 70 | 71 | 47 | 51 | 109 | 110 | 120) { Code::HS_04 } else { Code::HS_03 };
    let summary = format!("{} ended the TLS handshake ({alert}).", context.host);
    match refused_curve(alert, error, context) {
        Some(curve) => {
            let summary = format!("{} refused the curve of OUR client certificate ({alert}).", context.host);
            let cause = format!(
                "its key is {curve}; under TLS 1.2 a server takes only curves that the client lists for its key exchange, and this \
                 TLS stack does not list this one: allow TLS 1.3, or create a certificate with an RSA or P-256 key"
            );
            Diagnosis::new(Code::HS_04, summary, cause)
        }
        None => {
            let (cause, remedy) = of_alert(alert, context);
            let mut diagnosis = Diagnosis::new(code, summary, cause);
            if !remedy.is_empty() {
                remedy.clone_into(&mut diagnosis.remedy);
            }
            diagnosis
        }
    }
}

/// Returns the curve of our key, if the server's complaint can be about it: `illegal_parameter` after a
/// certificate on the largest curve under TLS 1.2 (RFC 8422 §5.1: the list of curves applies to certificates
/// too).
fn refused_curve(alert: TlsAlert, error: &TransportError, context: &CallContext) -> Option<KeyKind> {
    let facts = error.facts();
    let kind = context.identity.as_ref()?.key_kind();
    let is_tls12 = facts.tls_version == Some(TlsVersion::Tls12);
    let can_be = alert == TlsAlert(47) && is_tls12 && facts.identity_sent == Some(true);
    (can_be && kind == KeyKind::P521).then_some(kind)
}

/// Explains the alert unknown_ca for an identity.
fn unknown_issuer(identity: Option<&ClientIdentity>) -> String {
    match identity {
        Some(identity) if identity.is_self_issued() => {
            "the certificate is self-signed, and it is not in the server's list".to_owned()
        }
        Some(identity) if identity.may_lack_intermediate() => format!(
            "the server does not know the issuer \"{}\", and the file does not hold its certificate: an intermediate may be \
             missing",
            identity.issuer()
        ),
        _ => "the server does not know the issuer of this certificate: it was probably created on another host"
            .to_owned(),
    }
}

/// Returns whether the handshake was done when its parameters were refused. A request is sent only after a
/// TLS 1.2 handshake, and then only another handshake can fail (RFC 5246 §7.2.2); under TLS 1.3 no other exists,
/// and a late alert is about the first.
fn is_of_a_second_handshake(error: &TransportError) -> bool {
    error.facts().tls_version == Some(TlsVersion::Tls12) && error.delivery() != Delivery::NotSent
}

/// The diagnosis for a handshake in which no certificate was sent: none was configured, or the stack did not send it.
pub(super) fn without_certificate(error: &TransportError, context: &CallContext) -> Diagnosis {
    let facts = error.facts();
    let kept_back = facts.certificate_requested() == Some(true) && facts.identity_sent == Some(false);
    if kept_back && context.identity.is_some() { not_sent(context) } else { none_sent(context) }
}

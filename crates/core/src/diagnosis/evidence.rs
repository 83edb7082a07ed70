//! Facts of a call beyond the failure itself: a wrong clock, the issuer of the server's certificate, TLS
//! interception. Each function returns text only if there is evidence.

use std::time::{Duration, SystemTime};

use super::CallContext;
use crate::ConnectionFacts;
use crate::span::span;

/// Smaller differences can come from the network and from the whole seconds of the `Date` header.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// Describes the difference between our clock and the server's, if it is large.
pub(super) fn clock_skew(context: &CallContext, server: Option<SystemTime>) -> Option<String> {
    let server = server?;
    let (apart, direction) = match context.now.duration_since(server) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    (apart > SKEW).then(|| format!("this machine's clock is {} {direction} the server's", span(apart)))
}

/// Explains a refusal by our certificate's dates, at the server's time if known.
pub(super) fn identity_date_fault(context: &CallContext, server: Option<SystemTime>) -> Option<String> {
    let identity = context.identity.as_ref()?;
    let (now, by) = match server {
        Some(server) => (server, "by the server's clock"),
        None => (context.now, "by this machine's clock"),
    };
    if let Ok(ago) = now.duration_since(identity.not_after()) {
        return Some(format!("your client certificate \"{}\" expired {} ago {by}", identity.subject(), span(ago)));
    }
    let ahead = identity.not_before().duration_since(now).ok()?;
    Some(format!("{by} your client certificate \"{}\" is valid only in {}", identity.subject(), span(ahead)))
}

/// Describes whether something between us and the platform terminates TLS, and the evidence.
///
/// A `clientauth.` host asks for a certificate, and DigiCert's public hosts have certificates of DigiCert. If
/// one of the two is missing, the peer of our connection is not the platform.
pub(super) fn interception(context: &CallContext) -> Option<String> {
    context.identity.as_ref()?;
    let facts = &context.facts;
    if let Some(issuer) = foreign_issuer(context, facts) {
        return Some(format!(
            "the certificate of {} is signed by \"{issuer}\", which is not DigiCert and re-signs TLS",
            context.host
        ));
    }
    (facts.certificate_requested() == Some(false)).then(|| {
        format!(
            "{} did not ask for the certificate, as such a host does: something in between responds in its place, or this \
             installation has no mutual TLS there",
            context.host
        )
    })
}

/// Describes a connection through a proxy, with the variable that the proxy's address comes from.
pub(super) fn through_proxy(context: &CallContext) -> Option<String> {
    let proxy = context.transport.as_ref()?.proxy.as_ref()?;
    Some(format!("the connection goes through the proxy {proxy}"))
}

/// Returns the note for a response to a call by certificate over a stack that shows neither side of the handshake.
pub(super) fn unseen(context: &CallContext) -> Option<&'static str> {
    let is_hidden = context.facts.certificate_requested().is_none() && context.facts.server_certificate.is_none();
    (context.identity.is_some() && is_hidden).then_some(
        "this connection does not show whether the certificate was asked for: a TLS-inspecting proxy would look the same (NET-03)",
    )
}

/// Returns the issuer of a public DigiCert host's certificate, if it is not DigiCert.
fn foreign_issuer<'a>(context: &CallContext, facts: &'a ConnectionFacts) -> Option<&'a str> {
    let host = context.host.split(':').next().unwrap_or_default();
    let issuer = facts.server_certificate.as_deref()?.issuer.as_str();
    (host.ends_with(".digicert.com") && !issuer.to_ascii_lowercase().contains("digicert")).then_some(issuer)
}

/// Formats a time in RFC 3339.
pub(super) fn utc(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    match x509_cert::der::DateTime::from_unix_duration(seconds) {
        Ok(date) => date.to_string(),
        Err(_) => format!("{} seconds after 1970", seconds.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Mode, ServerCertificate};

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn clock_skew_of_minutes_is_named_with_its_direction() {
        let context = CallContext::new("one.test", Mode::Key, at(1_000_000));
        let skew = |server: u64| clock_skew(&context, Some(at(server)));
        assert_eq!(skew(1_000_200), None);
        assert_eq!(skew(1_007_300).as_deref(), Some("this machine's clock is 2 hours behind the server's"));
        assert_eq!(skew(999_640).as_deref(), Some("this machine's clock is 6 minutes ahead of the server's"));
        assert_eq!(clock_skew(&context, None), None);
    }

    #[test]
    fn only_public_hosts_must_have_a_digicert_certificate() {
        let issued = |host: &str, issuer: &str| {
            let certificate = ServerCertificate {
                subject: "CN=one.test".to_owned(),
                issuer: issuer.to_owned(),
                names: Vec::new(),
                not_before: at(0),
                not_after: at(1),
            };
            let mut facts = ConnectionFacts::unknown();
            facts.server_certificate = Some(Arc::new(certificate));
            let context = CallContext::new(host, Mode::Certificate, at(0));
            foreign_issuer(&context, &facts).is_some()
        };
        assert!(issued("clientauth.one.digicert.com", "CN=Zscaler Intermediate Root CA"));
        assert!(issued("clientauth.one.digicert.com:443", "CN=Corporate"));
        assert!(!issued("clientauth.one.digicert.com", "CN=DigiCert Global G2 TLS RSA SHA256 2020 CA1,O=DigiCert Inc"));
        assert!(!issued("clientauth.one.example.org", "CN=Corporate"));
        assert!(!issued("digicert.com.example.org", "CN=Corporate"));
    }
}

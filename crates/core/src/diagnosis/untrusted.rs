//! We refused the server's certificate: each reason in words, with its remedy.

use super::evidence::utc;
use super::{CallContext, Code, Diagnosis};
use crate::{PeerFault, TransportError};

pub(super) fn diagnose(fault: PeerFault, error: &TransportError, context: &CallContext) -> Diagnosis {
    let host = &context.host;
    let shown = error.facts().server_certificate.as_deref();
    let clock = |certificate: &str| {
        let clock = format!("by this machine's clock it is {}", utc(context.now));
        match shown {
            Some(shown) => {
                format!("{clock}; {certificate} is valid from {} to {}", utc(shown.not_before), utc(shown.not_after))
            }
            None => clock,
        }
    };
    match fault {
        PeerFault::UnknownIssuer if shown.is_some_and(|certificate| certificate.subject == certificate.issuer) => {
            let mut diagnosis = Diagnosis::new(
                Code::TR_01,
                format!("{host}'s certificate is self-signed, and not among our trust roots."),
                "no CA vouches for it: it is this server's own, or something on the network responds in the server's place",
            );
            "Compare it with the certificate on the server. If it is the same, give it with --ca-file, or have a CA issue one."
                .clone_into(&mut diagnosis.remedy);
            diagnosis
        }
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
        PeerFault::Expired => match shown.map(|certificate| certificate.not_after > context.now) {
            Some(true) => above_expired(
                format!("a CA certificate above {host}'s has expired; the server's own has not."),
                clock("the server's own"),
                context,
            ),
            Some(false) => Diagnosis::new(Code::TR_02, format!("{host}'s certificate has expired."), clock("it")),
            None => above_expired(
                format!("{host}'s certificate, or a CA certificate above it, has expired."),
                clock("it"),
                context,
            ),
        },
        PeerFault::NotYetValid => Diagnosis::new(
            Code::TR_02,
            format!("{host}'s certificate is not valid yet."),
            format!("{}; a slow clock is the usual reason", clock("it")),
        ),
        PeerFault::NameMismatch => {
            let summary = format!("the server at {host} shows a certificate for other names.");
            match shown {
                Some(certificate) if !certificate.names.is_empty() => {
                    Diagnosis::new(Code::HO_01, summary, format!("it is for {}", certificate.names.join(", ")))
                }
                Some(_) => Diagnosis::new(
                    Code::HO_01,
                    format!("the certificate of {host} has no names (subjectAltName)."),
                    "a name that stands in its subject alone (CN) does not count (RFC 6125): have it issued again with subjectAltName",
                ),
                None => Diagnosis::of(Code::HO_01, summary),
            }
        }
        PeerFault::Unspecified => Diagnosis::new(
            Code::TR_05,
            format!("we refused {host}'s certificate; this TLS stack does not say why."),
            format!(
                "check its issuer, its name and its dates ({}); the transports rustls and reqwest report which it is: \
                 --transport rustls",
                clock("it")
            ),
        ),
        PeerFault::Other => Diagnosis::new(
            Code::TR_05,
            format!("we refused {host}'s certificate."),
            "the TLS library's own text below is the reason",
        ),
        fault => {
            let (reason, remedy) = broken_rule(fault);
            Diagnosis::new(Code::TR_05, format!("we refused {host}'s certificate: {reason}."), remedy)
        }
    }
}

/// A chain with an end date in the past, which need not be the server's own: a root of ours counts too.
fn above_expired(summary: String, clock: String, context: &CallContext) -> Diagnosis {
    let mut diagnosis = Diagnosis::new(Code::TR_02, summary, clock);
    let roots = match context.own_roots() {
        true => "the end date of each certificate in the configured CA file",
        false => "whether this system's list of CA certificates is current",
    };
    diagnosis.remedy = format!(
        "Compare this machine's clock with the real time first. If it is right, check {roots}, and have the server's certificates \
         (its own and its intermediates) renewed."
    );
    diagnosis
}

/// What is wrong, and what the operator of the server, or of its CA, does about it.
fn broken_rule(fault: PeerFault) -> (&'static str, &'static str) {
    match fault {
        PeerFault::CaAsServer => (
            "it is a CA certificate, used as a server certificate",
            "a self-signed certificate as `openssl req -x509` makes it is marked as a CA (CA:TRUE). Make it again with -addext \
             basicConstraints=critical,CA:FALSE and give that one with --ca-file; or let a CA of your own issue it, and give the CA",
        ),
        PeerFault::WrongPurpose => (
            "its purposes do not include server authentication",
            "its extendedKeyUsage (or keyUsage) is for something else, client authentication for example: have it issued again \
             with extendedKeyUsage=serverAuth",
        ),
        PeerFault::IssuerNotCa => (
            "one of the certificates above it may not issue it",
            "an issuer in the chain is not marked as a CA (CA:TRUE), lacks keyCertSign, or allows fewer CAs below it \
             (pathlen), or the chain is too long: have the chain issued again",
        ),
        PeerFault::NameConstraints => (
            "a CA of its chain may not issue for this name",
            "the name constraints of the CA do not permit the host: use a name that they permit, or a CA without them",
        ),
        PeerFault::CriticalExtension => (
            "it has a critical extension that this TLS stack does not know",
            "RFC 5280 §4.2 demands the refusal: have it issued again without that extension, or with the extension not critical",
        ),
        PeerFault::Version => (
            "it is not an X.509 version 3 certificate",
            "version 1 has no names and no purposes; `openssl x509 -req` makes it when given no extensions: issue it again with \
             -extfile and subjectAltName",
        ),
        PeerFault::WeakKey => (
            "its key, or that of a CA of its chain, is too small",
            "have it issued again with an RSA key of 2048 bits or more, or with P-256",
        ),
        PeerFault::SignatureAlgorithm => (
            "it, or a CA of its chain, is signed with an algorithm that this TLS stack does not accept",
            "SHA-1 and MD5 are refused everywhere; some stacks also refuse rare curves, small keys and RSA-PSS with another salt length \
             than the hash: have it issued again, signed with SHA-256 by an RSA (2048 bits or more) or P-256 key",
        ),
        PeerFault::BadSignature => (
            "a signature of the server, or in its chain, does not match",
            "the server does not have the key of this certificate, the certificate was changed after it was signed, or the CA was renewed \
             with another key under the same name: look at which CA certificate was given with --ca-file, and at the intermediates that \
             the server sends",
        ),
        PeerFault::Malformed => (
            "it is malformed",
            "it, or one of its chain, cannot be parsed by the rules of RFC 5280: have it issued again by a current program",
        ),
        PeerFault::Revoked => ("it was revoked", "its issuer has withdrawn it: the server needs a new one"),
        PeerFault::RevocationUnknown => (
            "its revocation status is unknown",
            "this machine requires a revocation list or an OCSP response and found none that is current: check that the CA's addresses \
             for them can be reached",
        ),
        PeerFault::Expired
        | PeerFault::NotYetValid
        | PeerFault::NameMismatch
        | PeerFault::UnknownIssuer
        | PeerFault::Other
        | PeerFault::Unspecified => ("it does not suit us", "see the library's text below"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::SystemTime;

    use super::super::{Side, diagnose_transport};
    use super::*;
    use crate::{Delivery, Mode, TransportErrorKind};

    fn diagnosed(fault: PeerFault) -> Diagnosis {
        let error = TransportError::new(TransportErrorKind::PeerUntrusted(fault), Delivery::NotSent);
        diagnose_transport(&error, &CallContext::new("one.test", Mode::Key, SystemTime::UNIX_EPOCH))
    }

    #[test]
    fn expired_certificate_is_named_where_its_dates_are_known() {
        use std::sync::Arc;
        use std::time::Duration;

        use crate::{ConnectionFacts, ServerCertificate};
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let of = |not_after: Option<u64>| {
            let mut facts = ConnectionFacts::unknown();
            facts.server_certificate = not_after.map(|end| {
                let (issuer, names) = (String::new(), Vec::new());
                Arc::new(ServerCertificate {
                    subject: "CN=one.test".to_owned(),
                    issuer,
                    names,
                    not_before: at(0),
                    not_after: at(end),
                })
            });
            let kind = TransportErrorKind::PeerUntrusted(PeerFault::Expired);
            let error = TransportError::new(kind, Delivery::NotSent).with_facts(facts);
            diagnose_transport(&error, &CallContext::new("one.test", Mode::Key, at(1_000))).summary
        };
        assert!(of(Some(900)).starts_with("one.test's certificate has expired"));
        assert!(of(Some(2_000)).contains("the server's own has not"));
        assert!(of(None).contains("or a CA certificate above it"));
    }

    #[test]
    fn self_signed_server_is_named_as_such() {
        use std::sync::Arc;

        use crate::{ConnectionFacts, ServerCertificate};
        let of = |subject: &str| {
            let mut facts = ConnectionFacts::unknown();
            facts.server_certificate = Some(Arc::new(ServerCertificate {
                subject: subject.to_owned(),
                issuer: "CN=one.test".to_owned(),
                names: Vec::new(),
                not_before: SystemTime::UNIX_EPOCH,
                not_after: SystemTime::UNIX_EPOCH,
            }));
            let kind = TransportErrorKind::PeerUntrusted(PeerFault::UnknownIssuer);
            let error = TransportError::new(kind, Delivery::NotSent).with_facts(facts);
            diagnose_transport(&error, &CallContext::new("one.test", Mode::Key, SystemTime::UNIX_EPOCH)).to_string()
        };
        assert!(
            of("CN=one.test").contains("self-signed") && of("CN=one.test").contains("Compare it"),
            "{}",
            of("CN=one.test")
        );
        assert!(!of("CN=two.test").contains("self-signed") && of("CN=two.test").contains("its issuer \"CN=one.test\""));
    }

    #[test]
    fn dates_beside_an_expired_ca_are_those_of_the_server() {
        use std::sync::Arc;
        use std::time::Duration;

        use crate::{ConnectionFacts, ServerCertificate};
        let mut facts = ConnectionFacts::unknown();
        facts.server_certificate = Some(Arc::new(ServerCertificate {
            subject: "CN=one.test".to_owned(),
            issuer: "CN=CA".to_owned(),
            names: Vec::new(),
            not_before: SystemTime::UNIX_EPOCH,
            not_after: SystemTime::UNIX_EPOCH + Duration::from_secs(60),
        }));
        let kind = TransportErrorKind::PeerUntrusted(PeerFault::Expired);
        let error = TransportError::new(kind, Delivery::NotSent).with_facts(facts);
        let context = CallContext::new("one.test", Mode::Key, SystemTime::UNIX_EPOCH);
        let cause = diagnose_transport(&error, &context).cause;
        assert!(cause.contains("the server's own is valid from"), "{cause}");
    }

    #[test]
    fn untrusted_server_is_never_retried() {
        for fault in PeerFault::ALL {
            let diagnosis = diagnosed(fault);
            assert!(!diagnosis.retryable() && diagnosis.side() == Side::Us, "{fault:?}");
        }
    }

    #[test]
    fn untrusted_server_has_a_text_of_its_own_for_each_reason() {
        let texts: BTreeSet<_> = PeerFault::ALL.map(|fault| (diagnosed(fault).summary, diagnosed(fault).cause)).into();
        assert_eq!(texts.len(), PeerFault::ALL.len());
    }

    #[test]
    fn untrusted_server_points_to_another_transport_only_without_a_reason() {
        for fault in PeerFault::ALL {
            let text = format!("{:?}", diagnosed(fault));
            let points = text.contains("does not say why") || text.contains("--transport");
            assert_eq!(points, fault == PeerFault::Unspecified, "{text}");
            assert!(!text.contains("does not suit us"), "{text}");
        }
    }
}

//! Adapts advice to the caller: it never recommends the transport, option or host already in use, nor
//! configuring what is already configured. The table has the general remedies; here they lose the clauses
//! that do not apply, or are replaced if nothing is left.

use super::{CallContext, Code, Diagnosis};
use crate::{HostRole, Mode};

impl Diagnosis {
    /// Returns the diagnosis with a remedy that fits this context; a remedy that is not the table's is
    /// unchanged. Cause and evidence lose clauses that recommend the transport in use.
    #[must_use]
    pub fn with_context(mut self, context: &CallContext) -> Self {
        if self.remedy == self.code.remedy() {
            self.remedy = remedy_for(self.code, context);
        }
        for text in std::iter::once(&mut self.cause).chain(&mut self.evidence) {
            if text.contains("transport") {
                *text = kept(text, |clause| clause.contains("transport") && names_transport(clause, context));
            }
        }
        self
    }
}

fn remedy_for(code: Code, context: &CallContext) -> String {
    let table = replaced(code, context).unwrap_or(code.remedy());
    without(table, |clause| leads_nowhere(clause, context))
}

/// Returns a specific remedy if the table's asks for what is already configured.
fn replaced(code: Code, context: &CallContext) -> Option<&'static str> {
    Some(match (code, context.mode) {
        (Code::HS_01, Mode::Certificate | Mode::Both) => {
            "A certificate is configured and did not arrive: look for a proxy that terminates TLS, and have the server ask \
             for the certificate in the handshake."
        }
        (Code::AUT_02, Mode::Key) => {
            "Configure the client certificate of the same service user too; calls then go to the clientauth. host automatically."
        }
        (Code::AUT_02, Mode::Certificate) => "Configure the API key of the same service user too.",
        (Code::AUT_02, Mode::Both) => {
            "Check that key and certificate belong to the same service user, and are both enabled."
        }
        (Code::TR_01, _) if context.own_roots() => {
            "Check that the root of this server's issuer, or of an inspecting proxy, is among the configured roots, and that \
             the server sends its intermediate. A client certificate cannot pass an inspecting proxy: ask for a bypass."
        }
        (Code::HS_03, _) if !context.reports_alerts() => {
            "The transports rustls and reqwest report the server's reason. Without them: look for a TLS-inspecting proxy and \
             for a firewall; check that host and TLS versions fit; check the client certificate (dates, issuer, host) if one is \
             configured."
        }
        (Code::HS_03, Mode::Key) => {
            "In this order: check whether this host wants a client certificate; look for a TLS-inspecting proxy; look \
             for a firewall. The transports rustls and reqwest report most."
        }
        _ => return None,
    })
}

/// Returns whether a clause recommends what is already the case.
fn leads_nowhere(clause: &str, context: &CallContext) -> bool {
    let lower = clause.to_ascii_lowercase();
    let on_client_auth = context.host.starts_with("clientauth.");
    let has_certificate = matches!(context.mode, Mode::Certificate | Mode::Both);
    names_transport(clause, context)
        || (context.http1_only() && lower.contains("http/1.1") && lower.contains("only"))
        || (context.own_roots() && lower.starts_with("trust the root of that ca"))
        || (!has_certificate && lower.contains("a client certificate cannot pass"))
        || (!on_client_auth && lower.contains("host without clientauth."))
        || (on_client_auth
            && context.mode.host_role() == HostRole::ClientAuth
            && lower.contains("go to the clientauth."))
}

/// Returns whether a clause names the transport in use.
fn names_transport(clause: &str, context: &CallContext) -> bool {
    let lower = clause.to_ascii_lowercase();
    let mut words = lower.split(|one: char| !(one.is_ascii_alphanumeric() || one == '-'));
    context.transport.as_ref().is_some_and(|used| !used.name.is_empty() && words.any(|word| word == used.name))
}

/// Removes clauses from a remedy; returns the whole text if none would be left.
fn without(text: &str, drop: impl Fn(&str) -> bool) -> String {
    let kept = kept(text, drop);
    match kept.strip_prefix("or ").unwrap_or(&kept) {
        "" => text.to_owned(),
        left if left.ends_with(['.', '?']) => capitalised(left),
        left => format!("{}.", capitalised(left)),
    }
}

/// Returns the clauses of a text that stay.
fn kept(text: &str, drop: impl Fn(&str) -> bool) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (clause, after) = rest.split_at(clause_end(rest));
        if !drop(clause) {
            kept.push_str(clause);
        }
        rest = after;
    }
    kept.trim_end().trim_end_matches([';', ',']).to_owned()
}

/// Where the first clause ends: after `; `, or where a new sentence begins. The full stop of `clientauth.` ends none.
fn clause_end(text: &str) -> usize {
    let is_end = |&(at, mark): &(usize, &str)| mark == "; " || text[at + 2..].starts_with(char::is_uppercase);
    let semicolons = text.match_indices("; ");
    semicolons.chain(text.match_indices(". ")).filter(is_end).map(|(at, _)| at + 2).min().unwrap_or(text.len())
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::diagnosis::{TransportInUse, diagnose_transport};
    use crate::{
        Capability, ConnectionFacts, ConnectorInfo, Delivery, HttpVersions, PeerFault, Phase, TlsAlert,
        TransportConfig, TransportError, TransportErrorKind as Kind, TrustRoots,
    };

    const MODES: [Mode; 4] = [Mode::Key, Mode::Certificate, Mode::Both, Mode::Anonymous];

    /// Every combination of transport, mode, host, versions and roots.
    fn in_use(name: &'static str, config: &TransportConfig) -> TransportInUse {
        TransportInUse::new(&ConnectorInfo::new(name, "", ""), config)
    }

    fn contexts() -> Vec<CallContext> {
        let mut contexts = Vec::new();
        for transport in ["rustls", "reqwest", "isahc", "native-tls"] {
            for mode in MODES {
                for host in ["one.digicert.com", "clientauth.one.digicert.com"] {
                    for versions in [HttpVersions::Http1, TransportConfig::new().http_versions()] {
                        for trust in [TrustRoots::System, TrustRoots::SystemAnd(Vec::new())] {
                            let config = TransportConfig::new().with_http_versions(versions).with_trust(trust);
                            let context = CallContext::new(host, mode, SystemTime::UNIX_EPOCH);
                            contexts.push(context.with_transport(in_use(transport, &config)));
                        }
                    }
                }
            }
        }
        contexts
    }

    #[test]
    fn remedies_never_recommend_what_is_already_configured() {
        for context in contexts() {
            let transport = context.transport.as_ref().expect("one").name;
            for code in Code::ALL {
                let remedy = Diagnosis::of(*code, "it failed.").with_context(&context).remedy;
                let lower = remedy.to_ascii_lowercase();
                let place = format!("{code} {transport} {:?} {}: {remedy}", context.mode, context.host);
                let words: Vec<&str> = lower.split(|one: char| !(one.is_ascii_alphanumeric() || one == '-')).collect();
                assert!(!words.contains(&transport), "{place}");
                assert!(!context.http1_only() || !lower.contains("http/1.1 and tls 1.2 only"), "{place}");
                assert!(
                    !context.own_roots() || !matches!(*code, Code::TR_01 | Code::TR_05) || !lower.contains("--ca-file"),
                    "{place}"
                );
                let has_certificate = matches!(context.mode, Mode::Certificate | Mode::Both);
                assert!(has_certificate || *code != Code::TR_01 || !lower.contains("client certificate"), "{place}");
                assert!(!has_certificate || !lower.contains("configure a client certificate"), "{place}");
                assert!(!has_certificate || !lower.contains("configure the client certificate"), "{place}");
                let has_key = matches!(context.mode, Mode::Key | Mode::Both);
                assert!(!has_key || !lower.contains("configure an api key"), "{place}");
                assert!(
                    context.host.starts_with("clientauth.") || !lower.contains("host without clientauth."),
                    "{place}"
                );
                let empty = *code == Code::CFG_01;
                assert!(empty == remedy.is_empty() && (empty || remedy.ends_with(['.', '?'])), "{place}");
                assert!(!remedy.starts_with("or ") && !remedy.contains(['{', '}']), "{place}");
            }
        }
    }

    #[test]
    fn diagnoses_never_recommend_the_transport_in_use() {
        let alerts = [40, 42, 45, 48, 51, 70, 80, 112, 116].map(|alert| Kind::PeerAlert(TlsAlert(alert)));
        let phases =
            [Phase::Connect, Phase::Handshake, Phase::ConnectOrHandshake, Phase::Response, Phase::Body, Phase::Call];
        let others = [
            Kind::Interrupted,
            Kind::Tls,
            Kind::TlsIncompatible,
            Kind::Dns,
            Kind::Refused,
            Kind::NotTls,
            Kind::Proxy(Some(407)),
            Kind::Proxy(None),
            Kind::Protocol,
            Kind::Http11Required,
            Kind::BodyCut,
            Kind::BodyLimit,
            Kind::LocalIdentity,
            Kind::HeadLimit,
            Kind::TrustRoots,
            Kind::Unsupported(Capability::Http2),
            Kind::Upload,
            Kind::Config,
            Kind::NoRuntime,
            Kind::Other,
        ];
        let kinds = alerts.into_iter().chain(phases.map(Kind::Timeout)).chain(PeerFault::ALL.map(Kind::PeerUntrusted));
        for kind in kinds.chain(others) {
            for context in contexts() {
                let transport = context.transport.as_ref().expect("one").name;
                for asked in [None, Some(false), Some(true)] {
                    let mut facts = ConnectionFacts::unknown();
                    (facts.identity_requested, facts.identity_sent) = (asked, asked);
                    let error = TransportError::new(kind, Delivery::Unknown).with_facts(facts);
                    let diagnosis = diagnose_transport(&error, &context);
                    let texts = [&diagnosis.summary, &diagnosis.cause, &diagnosis.remedy];
                    for text in texts.into_iter().chain(&diagnosis.evidence) {
                        let leads = text.contains("transport") && names_transport(text, &context);
                        assert!(!leads, "{kind:?} on {transport}: {text}");
                    }
                    assert!(!diagnosis.cause.ends_with([';', ',']), "{diagnosis}");
                }
            }
        }
    }

    #[test]
    fn cause_loses_only_the_clause_about_the_transport_in_use() {
        let cause = |transport: &'static str| {
            let context = CallContext::new("one.test", Mode::Key, SystemTime::UNIX_EPOCH);
            let diagnosis = Diagnosis::new(Code::TR_05, "it failed.", "look here; the reqwest transport reports more");
            diagnosis.with_context(&context.with_transport(in_use(transport, &TransportConfig::new()))).cause
        };
        assert_eq!(cause("reqwest"), "look here");
        assert_eq!(cause("isahc"), "look here; the reqwest transport reports more");
    }

    #[test]
    fn remedy_keeps_the_clauses_that_apply() {
        let context = |transport: &'static str| {
            CallContext::new("one.test", Mode::Key, SystemTime::UNIX_EPOCH)
                .with_transport(in_use(transport, &TransportConfig::new()))
        };
        let remedy =
            |code, transport: &'static str| Diagnosis::of(code, "it failed.").with_context(&context(transport)).remedy;
        assert_eq!(remedy(Code::HS_01, "rustls"), "Configure a client certificate.");
        assert!(remedy(Code::HS_03, "isahc").ends_with("The transports rustls and reqwest report most."));
        assert!(remedy(Code::HS_03, "reqwest").ends_with("look for a firewall."));
        assert!(remedy(Code::HS_03, "rustls").ends_with("look for a firewall."));
        assert!(remedy(Code::HS_05, "isahc").contains("allow HTTP/1.1"));
        let only_http1 = TransportConfig::new().with_http_versions(HttpVersions::Http1);
        let only_http1 = context("isahc").with_transport(in_use("isahc", &only_http1));
        let remedy = Diagnosis::of(Code::HS_05, "it failed.").with_context(&only_http1).remedy;
        assert!(remedy.ends_with("works over every version."), "{remedy}");
        let mut own = Diagnosis::of(Code::TR_05, "it failed.");
        own.remedy = "Use reqwest.".to_owned();
        assert_eq!(own.with_context(&context("reqwest")).remedy, "Use reqwest.");
    }
}

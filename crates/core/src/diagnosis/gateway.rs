//! Responses that do not come from the API: pages and texts of reverse proxies, load balancers, firewalls and
//! login pages. The platform responds in JSON, so such a body is not its verdict on the caller, whatever the
//! status.

use super::evidence::{interception, through_proxy};
use crate::span;

use super::{Advice, BodyKind, CallContext, Code, Diagnosis, ErrorResponse};

impl ErrorResponse {
    /// Adds what the headers show of the program that responded.
    pub(super) fn responder_evidence(&self, diagnosis: Diagnosis) -> Diagnosis {
        let shown = [
            ("Server", &self.server),
            ("Via", &self.via),
            ("Content-Type", &self.content_type),
            ("Content-Encoding", &self.encoding),
            ("written by", &self.gateway),
            ("title of the page", &self.title),
            ("login asked for", &self.login),
        ];
        let diagnosis = shown.into_iter().fold(diagnosis, |diagnosis, (name, value)| match value {
            Some(value) => diagnosis.with_evidence(format!("{name}: {value}")),
            None => diagnosis,
        });
        match &self.gateway_id {
            Some(id) => diagnosis.with_evidence(id.clone()),
            None => diagnosis,
        }
    }

    /// Whether the body is an error document in the platform's own form.
    pub(super) fn is_of_the_platform(&self) -> bool {
        self.recognised && !self.foreign_form
    }

    /// Fits the remedy where nothing names the gateway, or where its response has no title.
    fn named_or_not(&self, mut diagnosis: Diagnosis) -> Diagnosis {
        if self.server.is_none() && self.via.is_none() && self.gateway.is_none() {
            let unnamed = "the operator of the proxy, firewall or load balancer before the platform";
            diagnosis.remedy = diagnosis.remedy.replace("the operator of the gateway that the evidence names", unnamed);
        }
        let there_is = match (&self.title, &self.message) {
            (Some(_), _) => "the status and the title of the page",
            (None, Some(_)) => "the status and the text",
            (None, None) => "the status",
        };
        diagnosis.remedy = diagnosis.remedy.replace(
            "give the time, the status and the title of the page",
            &format!("give the time{}{there_is}", if there_is == "the status" { " and " } else { ", " }),
        );
        diagnosis
    }

    /// Returns whether the response asks for a kind of login that the API does not have: it supports keys and
    /// certificates.
    fn wants_foreign_login(&self) -> bool {
        let foreign = ["basic", "negotiate", "ntlm", "kerberos"];
        self.login.as_deref().is_some_and(|login| foreign.contains(&login.to_ascii_lowercase().as_str()))
    }
}

/// Diagnoses an error response that does not come from the API.
pub(super) fn refused(response: &ErrorResponse, context: &CallContext) -> Option<Diagnosis> {
    let status = response.status.as_u16();
    let (host, what) = (&context.host, shown(response));
    let named = response.gateway.as_deref();
    let own_status = status_of_gateways(status).filter(|_| !response.is_of_the_platform());
    let foreign = named.is_some()
        || own_status.is_some()
        || matches!(response.body, BodyKind::Page | BodyKind::Text | BodyKind::Binary);
    let login = response.body == BodyKind::Empty && response.wants_foreign_login();
    let diagnosis = match status {
        _ if response.body == BodyKind::Encoded => encoded(response, context),
        511 => Diagnosis::new(
            Code::GW_03,
            format!("the network wants a sign-in before {host} can be reached ({what})."),
            "a captive portal responded (HTTP 511, RFC 6585): the request did not reach the platform",
        ),
        407 => Diagnosis::new(
            Code::GW_01,
            format!("a proxy in front of {host} requires credentials ({what})."),
            match through_proxy(context) {
                Some(through) => format!(
                    "HTTP 407 comes from a proxy and never from the API; {through}, and the status arrived inside its tunnel: either \
                     that proxy terminates TLS and asks for credentials there, or a second proxy behind it does"
                ),
                None => "HTTP 407 comes from a proxy and never from the API; no proxy is configured here, so one is in between".to_owned(),
            },
        ),
        429 if foreign => Diagnosis::new(
            Code::GW_02,
            format!("a gateway in front of {host} throttles the calls ({what})."),
            "the limit is the gateway's, for example per IP address, and not DigiCert ONE's limit per API key",
        ),
        500..=599 if foreign => Diagnosis::new(
            Code::GW_02,
            format!("a gateway in front of {host} failed or has no response ({what})."),
            own_status.unwrap_or(
                "the response comes from a load balancer or proxy that cannot reach the platform, or is under maintenance",
            ),
        ),
        _ if foreign || login => Diagnosis::new(
            Code::GW_01,
            format!("the response of {host} does not come from the API: a gateway refused the request ({what})."),
            match (own_status, status) {
                (Some(meaning), _) => meaning,
                _ if named.is_some() => {
                    "a gateway wrote this error document, not the platform: it says nothing about the credential, the service user or \
                     the resource on the platform"
                }
                (_, 401 | 403) => {
                    "the API responds in JSON: this says nothing about the credential or its permissions on the platform"
                }
                (_, 404) => {
                    "the API responds in JSON: this says nothing about the resource; the gateway may not forward this path"
                }
                _ => "the API responds in JSON: a proxy, load balancer or firewall in between wrote this",
            },
        ),
        _ => return None,
    };
    let diagnosis = response.responder_evidence(diagnosis).advising(by_status(response));
    let diagnosis = response.named_or_not(diagnosis);
    let diagnosis = match response.retry_after {
        Some(wait) if !wait.is_zero() => {
            diagnosis.with_evidence(format!("Retry-After: it asks to wait {}", span::delay(wait)))
        }
        _ => diagnosis,
    };
    let diagnosis = match (&response.title, &response.message) {
        (Some(_), Some(text)) => diagnosis.with_evidence(format!("text of the page: {text}")),
        _ => diagnosis,
    };
    Some(match interception(context) {
        Some(how) => diagnosis.with_evidence(how),
        None => diagnosis,
    })
}

/// The meaning of a status that no standard has and that the API does not use, only a gateway.
///
/// Sources: nginx (`ngx_http_request.h`), AWS ("Troubleshoot your Application Load Balancers"), Cloudflare ("5xx errors").
fn status_of_gateways(status: u16) -> Option<&'static str> {
    Some(match status {
        460 => "the status is that of an AWS load balancer: the connection ended before it had passed the request on",
        463 => "the status is that of an AWS load balancer: X-Forwarded-For has more than 30 addresses",
        464 => "the status is that of an AWS load balancer: its target does not support this version of HTTP",
        561 => "the status is that of an AWS load balancer: its own sign-in failed",
        495 => "the status is nginx's: it refused a client certificate, which something in between presented",
        494 => "the status is nginx's: the head of the request is too large for it",
        497 => {
            "the status is nginx's: a request without TLS arrived at its port for TLS, so something in between removed TLS"
        }
        499 => "the status is nginx's: the connection ended before the response",
        520 => "the status is Cloudflare's: the server behind it sent an empty or invalid response",
        521 => "the status is Cloudflare's: the server behind it refuses its connections",
        522 => "the status is Cloudflare's: it could not connect to the server behind it in time",
        523 => "the status is Cloudflare's: it has no route to the server behind it",
        524 => "the status is Cloudflare's: the server behind it got the request and did not respond in time",
        525 => "the status is Cloudflare's: its TLS handshake with the server behind it failed",
        526 => "the status is Cloudflare's: it does not trust the certificate of the server behind it",
        530 => "the status is Cloudflare's: it cannot resolve or reach the server behind it",
        _ => return None,
    })
}

/// Diagnoses a success response whose body does not come from the API: a web page, or encoded bytes.
pub(super) fn instead_of_json(response: &ErrorResponse, context: &CallContext) -> Option<Diagnosis> {
    let host = &context.host;
    let diagnosis = match response.body {
        BodyKind::Encoded => encoded(response, context),
        BodyKind::Page => Diagnosis::new(
            Code::GW_03,
            format!("{host} returned a web page where JSON was expected ({}).", shown(response)),
            if is_login(response) {
                "it looks like a sign-in page: single sign-on or a captive portal responded instead of the API"
            } else {
                "a sign-in page, a captive portal, the refusal of a web filter or firewall, or the web interface of the platform: \
                 paths of the API contain /api/"
            },
        ),
        _ => return None,
    };
    Some(response.responder_evidence(diagnosis))
}

fn encoded(response: &ErrorResponse, context: &CallContext) -> Diagnosis {
    let encoding = response.encoding.as_deref().unwrap_or("unknown");
    let status = response.status.as_u16();
    let cause = match status {
        400.. => "no encoding was requested, so the body was not read: who refused the request, and why, is unknown",
        _ => "no encoding was requested; a gateway in between encodes responses anyway",
    };
    let summary =
        format!("the response of {} has the unrequested content encoding {encoding} (HTTP {status}).", context.host);
    Diagnosis::new(Code::GW_04, summary, cause)
}

/// Formats the status, and the title or beginning of the body.
fn shown(response: &ErrorResponse) -> String {
    let status = response.status.as_u16();
    let kind = match response.body {
        BodyKind::Page if is_xml(response) => "an XML document",
        BodyKind::Page => "a web page",
        BodyKind::Text => "plain text",
        BodyKind::Binary => "bytes that are not text",
        BodyKind::Empty => "no body",
        BodyKind::Json => "JSON",
        BodyKind::Encoded => "an encoded body",
    };
    // The body of a success may hold a secret that is shown once: only the title of a page is quoted.
    match response.title.as_ref().or(response.message.as_ref().filter(|_| status >= 400)) {
        Some(text) => format!("HTTP {status}, {kind}: {text}"),
        None => format!("HTTP {status}, {kind}"),
    }
}

fn is_xml(response: &ErrorResponse) -> bool {
    response.content_type.as_deref().is_some_and(|kind| kind.contains("xml") && !kind.contains("html"))
}

fn is_login(response: &ErrorResponse) -> bool {
    let texts = [&response.title, &response.message];
    texts.into_iter().flatten().any(|text| {
        let text = text.to_ascii_lowercase();
        ["sign in", "sign-in", "signin", "log in", "log on", "login", "logon", "single sign"]
            .iter()
            .any(|word| text.contains(word))
    })
}

/// Returns the advice for the status, whatever the sender.
fn by_status(response: &ErrorResponse) -> Advice {
    match response.status.as_u16() {
        401 => Advice::NewerCredential,
        511 => Advice::GiveUp,
        408 | 421 | 425 | 429 | 500..=599 => Advice::Retry { not_before: response.retry_after },
        _ => Advice::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::StatusCode;

    use super::*;
    use crate::Mode;
    use crate::diagnosis::{Side, diagnose_response};

    const MODES: [Mode; 4] = [Mode::Key, Mode::Certificate, Mode::Both, Mode::Anonymous];

    fn page(status: u16, title: &str) -> ErrorResponse {
        let mut response = ErrorResponse::new(StatusCode::from_u16(status).expect("a status"));
        response.body = BodyKind::Page;
        response.title = Some(title.to_owned());
        response.message = Some(title.to_owned());
        response
    }

    fn diagnosed(response: &ErrorResponse, mode: Mode) -> Diagnosis {
        diagnose_response(response, &CallContext::new("one.test", mode, SystemTime::UNIX_EPOCH))
    }

    #[test]
    fn status_that_only_gateways_use_is_not_attributed_to_the_platform() {
        for (status, code, words) in [
            (460, Code::GW_01, "AWS load balancer"),
            (494, Code::GW_01, "nginx"),
            (497, Code::GW_01, "removed TLS"),
            (520, Code::GW_02, "Cloudflare"),
            (526, Code::GW_02, "does not trust the certificate of the server behind it"),
            (561, Code::GW_02, "its own sign-in failed"),
        ] {
            for body in [BodyKind::Empty, BodyKind::Json, BodyKind::Page] {
                let mut response = page(status, "x");
                (response.body, response.recognised, response.foreign_form) = (body, body == BodyKind::Json, true);
                let diagnosis = diagnosed(&response, Mode::Key);
                assert!(diagnosis.code == code && diagnosis.cause.contains(words), "{diagnosis}");
            }
            let mut own = page(status, "x");
            (own.body, own.recognised) = (BodyKind::Json, true);
            assert!(matches!(diagnosed(&own, Mode::Key).code, Code::API_01 | Code::API_03), "{status}");
        }
    }

    #[test]
    fn delay_requested_by_a_gateway_is_quoted() {
        let mut response = page(503, "Maintenance");
        response.retry_after = Some(std::time::Duration::from_secs(120));
        let diagnosis = diagnosed(&response, Mode::Key);
        assert_eq!(diagnosis.code, Code::GW_02);
        assert!(diagnosis.to_string().contains("Retry-After: it asks to wait 2 minutes"), "{diagnosis}");
    }

    #[test]
    fn remedy_names_no_evidence_that_is_not_there() {
        let mut response = page(403, "Blocked");
        let unnamed = diagnosed(&response, Mode::Key);
        assert!(!unnamed.remedy.contains("the evidence names") && unnamed.remedy.contains("title"), "{unnamed}");
        response.server = Some("nginx".to_owned());
        assert!(diagnosed(&response, Mode::Key).remedy.contains("the evidence names"));
        (response.title, response.body) = (None, BodyKind::Text);
        assert!(!diagnosed(&response, Mode::Key).remedy.contains("title"));
        let failed = diagnosed(&page(503, "Maintenance"), Mode::Key);
        assert!(failed.code == Code::GW_02 && !failed.remedy.contains("the evidence names"), "{failed}");
    }

    #[test]
    fn pages_are_never_attributed_to_the_platform() {
        for mode in MODES {
            for status in (400..600).filter(|status| ![495, 496, 511].contains(status)) {
                for body in [BodyKind::Page, BodyKind::Text, BodyKind::Binary, BodyKind::Encoded] {
                    let mut response = page(status, "multi-factor 403 Forbidden");
                    response.body = body;
                    let diagnosis = diagnosed(&response, mode);
                    assert_eq!(diagnosis.side(), Side::Gateway, "{status} {body:?} {diagnosis}");
                }
            }
        }
    }

    #[test]
    fn advice_for_a_page_follows_its_status() {
        let advice = |status| diagnosed(&page(status, "Oops"), Mode::Key).advice;
        assert_eq!(advice(401), Advice::NewerCredential);
        for status in [408, 421, 425, 429, 500, 502, 503, 504] {
            assert!(matches!(advice(status), Advice::Retry { .. }), "{status}");
        }
        for status in [400, 403, 404, 407, 411, 413, 511] {
            assert_eq!(advice(status), Advice::GiveUp, "{status}");
        }
    }

    #[test]
    fn page_is_described_with_title_and_server() {
        let mut response = page(403, "Access Denied");
        response.server = Some("AkamaiGHost".to_owned());
        response.content_type = Some("text/html".to_owned());
        let shown = diagnosed(&response, Mode::Both).to_string();
        for part in ["GW-01", "HTTP 403", "Access Denied", "Server: AkamaiGHost", "Content-Type: text/html"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        for claim in ["authenticated the caller", "service user", "disabled"] {
            assert!(!shown.contains(claim), "{claim}: {shown}");
        }
    }

    #[test]
    fn remedy_asks_for_no_text_that_is_not_there() {
        let context = CallContext::new("one.test", Mode::Key, SystemTime::UNIX_EPOCH);
        let mut response = ErrorResponse::new(StatusCode::UNAUTHORIZED);
        response.login = Some("Negotiate".to_owned());
        let diagnosis = refused(&response, &context).expect("a gateway's");
        assert!(diagnosis.remedy.ends_with("give the time and the status."), "{}", diagnosis.remedy);
        response.body = BodyKind::Text;
        response.message = Some("denied".to_owned());
        let diagnosis = refused(&response, &context).expect("a gateway's");
        assert!(diagnosis.remedy.ends_with("give the time, the status and the text."), "{}", diagnosis.remedy);
    }

    #[test]
    fn unsupported_login_is_a_gateways_even_without_a_body() {
        let mut response = ErrorResponse::new(StatusCode::UNAUTHORIZED);
        response.login = Some("Negotiate".to_owned());
        assert_eq!(diagnosed(&response, Mode::Certificate).code, Code::GW_01);
        response.login = Some("Bearer".to_owned());
        assert_eq!(diagnosed(&response, Mode::Key).code, Code::AUT_01);
        for (status, code) in [(407, Code::GW_01), (511, Code::GW_03)] {
            let response = ErrorResponse::new(StatusCode::from_u16(status).expect("a status"));
            assert_eq!(diagnosed(&response, Mode::Key).code, code);
        }
    }

    #[test]
    fn page_with_status_200_is_reported_and_json_is_not() {
        let context = CallContext::new("one.test", Mode::Key, SystemTime::UNIX_EPOCH);
        let found = instead_of_json(&page(200, "Sign in to Example"), &context).expect("a page");
        assert!(found.code == Code::GW_03 && found.cause.contains("sign-in page"), "{found}");
        let mut response = page(200, "");
        response.body = BodyKind::Json;
        assert!(instead_of_json(&response, &context).is_none());
    }
}

//! hyper's and native-tls's errors in our vocabulary. native-tls keeps OpenSSL's error to itself, so its text is all there is;
//! the words below are those of OpenSSL 1.1 and 3. On other systems the wider kinds apply.

use std::error::Error;
use std::fmt;

use digicert_one_core::{
    BoxError, ConnectionFacts, Delivery, PeerFault, TlsAlert, TransportError, TransportErrorKind as Kind, causes,
};
use hyper_util::client::legacy;

/// A connection that was not made; its kind travels through hyper's error chain.
#[derive(Debug)]
pub(crate) struct DialError {
    kind: Kind,
    source: BoxError,
}

impl DialError {
    pub(crate) fn new(kind: Kind, source: impl Into<BoxError>) -> Self {
        Self { kind, source: source.into() }
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was not made")
    }
}

impl Error for DialError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// A handshake that failed.
pub(crate) fn of_handshake(error: native_tls::Error) -> DialError {
    DialError::new(in_text(&error).unwrap_or(Kind::Tls), error)
}

/// A call that failed before the head of its answer.
pub(crate) fn of_call(error: legacy::Error) -> TransportError {
    let mut facts = ConnectionFacts::unknown();
    let dial = causes(&error).find_map(|cause| cause.downcast_ref::<DialError>()).map(|dial| dial.kind);
    if error.is_connect() {
        facts.reused = Some(false);
        return TransportError::new(dial.unwrap_or(Kind::Other), Delivery::NotSent)
            .with_facts(facts)
            .with_source(error);
    }
    if let Some(connected) = error.connect_info() {
        let mut extras = http::Extensions::new();
        connected.get_extras(&mut extras);
        if let Some(tag) = extras.get::<crate::stream::Tag>() {
            facts = tag.facts_of_failure();
        }
    }
    let protocol = causes(&error).any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse));
    let kind = match in_text(&error) {
        _ if protocol => Kind::Protocol,
        // TLS 1.3: the server looks at our certificate when the client has finished (RFC 8446 §4.4).
        Some(kind @ Kind::PeerAlert(_)) => kind,
        _ => Kind::Interrupted,
    };
    TransportError::new(kind, Delivery::Unknown).with_facts(facts).with_source(error)
}

/// What the texts of the chain say about TLS.
fn in_text(error: &(dyn Error + 'static)) -> Option<Kind> {
    causes(error).find_map(|cause| of_text(&cause.to_string()))
}

fn of_text(text: &str) -> Option<Kind> {
    if let Some(number) = text.split("alert number ").nth(1) {
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        return digits.parse().ok().map(|number| Kind::PeerAlert(TlsAlert(number)));
    }
    let has = |needle: &str| text.contains(needle);
    if has("certificate verify failed") {
        return Some(Kind::PeerUntrusted(match () {
            () if has("certificate has expired") => PeerFault::Expired,
            () if has("certificate is not yet valid") => PeerFault::NotYetValid,
            () if has("hostname mismatch") || has("IP address mismatch") => PeerFault::NameMismatch,
            () if has("local issuer certificate") || has("self-signed") || has("self signed") => {
                PeerFault::UnknownIssuer
            }
            () if has("certificate revoked") => PeerFault::Revoked,
            () => PeerFault::Unspecified,
        }));
    }
    if has("wrong version number") || has("packet length too long") || has("http request") {
        return Some(Kind::NotTls);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openssls_words_become_kinds() {
        let cases = [
            (
                "error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate:ssl/record/rec_layer_s3.c:1605:SSL alert number 42",
                Kind::PeerAlert(TlsAlert(42)),
            ),
            ("tlsv13 alert certificate required:...:SSL alert number 116:", Kind::PeerAlert(TlsAlert(116))),
            (
                "certificate verify failed:...: (unable to get local issuer certificate)",
                Kind::PeerUntrusted(PeerFault::UnknownIssuer),
            ),
            ("certificate verify failed:...: (certificate has expired)", Kind::PeerUntrusted(PeerFault::Expired)),
            ("certificate verify failed:...: (hostname mismatch)", Kind::PeerUntrusted(PeerFault::NameMismatch)),
            ("certificate verify failed:...: (something new)", Kind::PeerUntrusted(PeerFault::Unspecified)),
            ("error:0A00010B:SSL routines:ssl3_get_record:wrong version number", Kind::NotTls),
        ];
        for (text, kind) in cases {
            assert_eq!(of_text(text), Some(kind), "{text}");
        }
        assert_eq!(of_text("connection reset by peer"), None);
    }
}

//! libcurl's error codes in our vocabulary. isahc keeps curl's text to itself, so the code is nearly all there is; where one
//! code has several causes the wider kind is used.
//!
//! One fact helps: libcurl fills in the addresses of a connection when TCP, tunnel and TLS all stand (lib/connect.c,
//! `Curl_conn_connect`), and sends nothing before. An error without addresses has sent nothing.

use std::error::Error;
use std::time::SystemTime;

use digicert_one_core::{
    ConnectionFacts, Delivery, PeerFault, Phase, Proxy, TlsAlert, TransportConfig, TransportError,
    TransportErrorKind as Kind, UploadError, causes,
};
use isahc::error::ErrorKind;

use crate::engine::{OPENSSL, loses_responses};

/// A failed call, before the head of its response.
pub(crate) fn of_call(error: isahc::Error, config: &TransportConfig, facts: ConnectionFacts) -> TransportError {
    let stood = error.remote_addr().is_some();
    let (kind, delivery) = match (code(&error), error.kind()) {
        (Some(code), _) => (of_code(code, config, stood, facts.reused), of_delivery(code, stood)),
        (None, ErrorKind::InvalidRequest) => (Kind::Config, Delivery::NotSent),
        (None, _) => (Kind::Other, Delivery::Unknown),
    };
    TransportError::new(kind, delivery).with_facts(facts).with_source(error)
}

/// Whether libcurl or the caller's body ended this one call, so that the agent is sound.
pub(crate) fn ends_its_call(error: &isahc::Error) -> bool {
    code(error).is_some() || causes(error).any(|cause| cause.is::<UploadError>())
}

/// A body that failed after its head.
pub(crate) fn of_body(error: std::io::Error, facts: &ConnectionFacts) -> TransportError {
    let kind = match code(&error) {
        Some(28) => Kind::Timeout(Phase::Body),
        _ => Kind::BodyCut,
    };
    TransportError::new(kind, Delivery::Sent).with_facts(facts.clone()).with_source(error)
}

/// A body that failed at once under a head without framing: most often there was no whole head.
pub(crate) fn of_first_read(error: std::io::Error, facts: &ConnectionFacts) -> TransportError {
    if matches!(code(&error), Some(1 | 8)) {
        return TransportError::new(Kind::Protocol, Delivery::Unknown).with_facts(facts.clone()).with_source(error);
    }
    of_body(error, facts)
}

/// A response without framing and without body, which is also what a cut head looks like.
pub(crate) fn of_empty_response(facts: &ConnectionFacts) -> TransportError {
    TransportError::new(Kind::Interrupted, Delivery::Unknown)
        .with_facts(facts.clone())
        .with_source("the response has neither length nor body: libcurl would not notice if its head was cut")
}

/// A success before the end of an upload, of which isahc does not send the rest.
pub(crate) fn of_early_success(facts: &ConnectionFacts) -> TransportError {
    TransportError::new(Kind::Upload, Delivery::Sent)
        .with_facts(facts.clone())
        .with_source("the server answered with success before the end of the body, and isahc does not send the rest")
}

fn code(error: &(dyn Error + 'static)) -> Option<u32> {
    causes(error).find_map(|cause| cause.downcast_ref::<curl::Error>()).map(|error| error.code())
}

/// The numbers are those of libcurl's `curl.h`; `stood` is whether TCP and TLS did, `reused` whether the connection had got a
/// response before.
fn of_code(code: u32, config: &TransportConfig, stood: bool, reused: Option<bool>) -> Kind {
    let proxied = !matches!(config.proxy(), Proxy::None);
    match code {
        // CURLE_WEIRD_SERVER_REPLY and CURLE_UNSUPPORTED_PROTOCOL (as of HTTP/0.9).
        1 | 8 => Kind::Protocol,
        // CURLE_BAD_CONTENT_ENCODING: a transfer encoding other than chunked, which nothing asked for.
        61 if stood => Kind::Protocol,
        // CURLE_TOO_LARGE: of a response, only its head can be. libcurl's own limits are above ours.
        100 if stood => Kind::HeadLimit,
        // CURLE_WRITE_ERROR: before the head is done, isahc writes nowhere; it refuses a line that it cannot read. Of an unpatched rustls
        // it is also a connection that has failed.
        23 if stood && !loses_responses(isahc::version()) => Kind::Protocol,
        // CURLE_HTTP2: a response that breaks the rules of HTTP/2, or the proper end of the connection. A server that has nothing to
        // say to a first request seldom ends so; one that goes away between two requests does.
        16 if stood && reused != Some(true) => Kind::Protocol,
        3 => Kind::Config,
        5 => Kind::Proxy(None),
        6 => Kind::Dns,
        // With a proxy, TCP goes to it alone, and a refused CONNECT has this code too.
        7 if proxied => Kind::Proxy(None),
        7 => Kind::Refused,
        // One code for all limits.
        28 if stood => Kind::Timeout(Phase::Response),
        28 => Kind::Timeout(Phase::ConnectOrHandshake),
        35 => Kind::Tls,
        // CURLE_BAD_FUNCTION_ARGUMENT: how a blob that cannot be read shows itself.
        43 if config.identity().is_some() => Kind::LocalIdentity,
        43 | 77 => Kind::TrustRoots,
        58 => Kind::LocalIdentity,
        // Under OpenSSL this is also how a server's refusal of our expired certificate shows itself (TLS 1.2).
        60 if OPENSSL && identity_has_ended(config) => Kind::Tls,
        60 | 83 | 91 => Kind::PeerUntrusted(PeerFault::Unspecified),
        // CURLE_PROXY; CURLE_RECV_ERROR of a tunnel that was never dug: in a handshake it would be 35.
        97 => Kind::Proxy(None),
        56 if proxied && !stood => Kind::Proxy(None),
        // CURLE_SSL_CLIENTCERT: the alert certificate_required came; libcurl has this code for nothing else.
        98 => Kind::PeerAlert(TlsAlert(116)),
        // Among them CURLE_SEND_FAIL_REWIND: it would have sent the request again.
        16 | 23 | 52 | 55 | 56 | 65 | 92 if stood => Kind::Interrupted,
        16 | 23 | 52 | 55 | 56 | 65 | 92 => Kind::Tls,
        18 => Kind::BodyCut,
        _ => Kind::Other,
    }
}

fn of_delivery(code: u32, stood: bool) -> Delivery {
    match code {
        // CURLE_SEND_FAIL_REWIND: the request had begun to leave on a connection before.
        65 => Delivery::Unknown,
        _ if !stood => Delivery::NotSent,
        // CURLE_PARTIAL_FILE, CURLE_TOO_LARGE: a response began.
        18 | 100 => Delivery::Sent,
        _ => Delivery::Unknown,
    }
}

fn identity_has_ended(config: &TransportConfig) -> bool {
    config.identity().is_some_and(|identity| identity.not_after() < SystemTime::now())
}

#[cfg(test)]
mod tests {
    use digicert_one_core::ClientIdentity;
    use digicert_one_testbed::{ClientSpec, Pki, Validity};
    use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

    use super::*;

    fn with_identity(spec: ClientSpec) -> TransportConfig {
        let certificate = Pki::shared().client(spec);
        let chain = certificate.chain_der().iter().cloned().map(CertificateDer::from).collect();
        let key = PrivatePkcs8KeyDer::from(certificate.pkcs8_der());
        TransportConfig::new().with_identity(Some(ClientIdentity::unchecked(chain, &key).expect("a pair")))
    }

    #[test]
    fn each_code_has_its_kind() {
        let (none, current) = (TransportConfig::new(), with_identity(ClientSpec::default()));
        let ended = with_identity(ClientSpec { validity: Validity::Expired, ..ClientSpec::default() });
        let untrusted = Kind::PeerUntrusted(PeerFault::Unspecified);
        // The code, and whether TCP and TLS stood.
        let cases = [
            (43, false, &current, Kind::LocalIdentity),
            (43, false, &none, Kind::TrustRoots),
            (77, false, &current, Kind::TrustRoots),
            (58, false, &current, Kind::LocalIdentity),
            (60, false, &none, untrusted),
            (60, false, &current, untrusted),
            (60, false, &ended, if OPENSSL { Kind::Tls } else { untrusted }),
            (97, false, &none, Kind::Proxy(None)),
            (98, false, &none, Kind::PeerAlert(TlsAlert(116))),
            (56, false, &none, Kind::Tls),
            (56, true, &none, Kind::Interrupted),
            (18, true, &none, Kind::BodyCut),
            (23, false, &none, Kind::Tls),
            (23, true, &none, Kind::Protocol),
            (16, true, &none, Kind::Protocol),
            (61, true, &none, Kind::Protocol),
            (92, true, &none, Kind::Interrupted),
            (100, true, &none, Kind::HeadLimit),
            (9999, true, &none, Kind::Other),
        ];
        for (code, stood, config, kind) in cases {
            assert_eq!(of_code(code, config, stood, None), kind, "{code} {stood}");
        }
        assert_eq!(of_code(16, &none, true, Some(true)), Kind::Interrupted);
        for (code, stood, delivery) in
            [(7, false, Delivery::NotSent), (18, true, Delivery::Sent), (52, true, Delivery::Unknown)]
        {
            assert_eq!(of_delivery(code, stood), delivery, "{code}");
        }
        assert!(identity_has_ended(&ended) && !identity_has_ended(&current) && !identity_has_ended(&none));
    }
}

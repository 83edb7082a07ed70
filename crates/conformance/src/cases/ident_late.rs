//! IDENT-33: a server that asks for a certificate only after it has read the request, as web servers do that
//! require one for some of their paths. OpenSSL does a second handshake (TLS 1.2); a request after the
//! handshake (TLS 1.3) is scripted over rustls.

use std::time::Duration;

use digicert_one_core::{Capability, Code, Delivery, HttpVersions, Mode, TransportErrorKind};
use digicert_one_testbed::{Engine, FrontOptions, RawOptions, RawServer, Snapshot, Step, TlsRange};

use crate::cases::time::total_limit;
use crate::world::{HOST, World, certificate, collect, diagnose, get, identity, up};

const RESPONSE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

pub(crate) async fn ident_33_a_request_for_a_certificate_after_the_handshake_is_met_or_named(world: World) {
    let certificate = certificate();
    let given = identity(&certificate);
    let config = total_limit(&world).with_http_versions(HttpVersions::Http1).with_identity(Some(given.clone()));
    let transport = world.transport(&config);
    for (engine, range) in [(Engine::OpenSsl, TlsRange::Only12), (Engine::Rustls, TlsRange::Only13)] {
        let options = FrontOptions::default().engine(engine).tls(range);
        let script = vec![Step::ReadRequest, Step::ask_late(RESPONSE)];
        let server = up(RawServer::start(RawOptions::tls_with(options, [script])));
        let outcome = transport.send(get(server.url(HOST))).await;

        let asked = |seen: &Snapshot| seen.connections.iter().any(|one| one.requested_client_cert);
        assert!(server.ledger().wait_until(asked, Duration::from_secs(30)).await, "the server never asked");
        let seen = server.ledger().snapshot();
        assert_eq!(
            (seen.connections.len(), seen.requests.len()),
            (1, 1),
            "one attempt, whatever came of it ({range:?})"
        );
        match outcome {
            // A stack that supports late requests presents its certificate.
            Ok(exchange) => {
                assert_eq!(&collect(exchange).await.expect("a body")[..], b"{}");
                assert_eq!(seen.connections[0].peer_fingerprint, Some(certificate.fingerprint()), "{range:?}");
            }
            Err(error) => {
                assert_eq!(error.delivery(), Delivery::Unknown, "{range:?} {error:?}");
                let diagnosis = diagnose(&error, Mode::Certificate, Some(&given));
                let codes: &[Code] = match (range, world.has(Capability::AlertDetail)) {
                    // Without the version, a late alert cannot be distinguished from one about the first handshake.
                    (TlsRange::Only12, true) if !world.has(Capability::TlsVersionFact) => &[Code::HS_05, Code::HS_04],
                    (TlsRange::Only12, true) => &[Code::HS_05],
                    // libcurl with rustls delays the refusal until it has something to send, so the server
                    // waits for it, and the call for its limit (lib/vtls/rustls.c: `cr_recv` never writes).
                    (TlsRange::Only12, false) => &[Code::HS_03, Code::NET_08],
                    // Here our own stack ends the connection; no kind of error gives the reason.
                    _ => &[Code::HS_03],
                };
                assert!(codes.contains(&diagnosis.code), "{range:?} {diagnosis}\n{error:?}");
                let limit_ran_out = matches!(error.kind(), TransportErrorKind::Timeout(_));
                assert_eq!((diagnosis.retryable(), limit_ran_out), (limit_ran_out, diagnosis.code == Code::NET_08));
                assert_eq!(seen.connections[0].peer_fingerprint, None, "{range:?}");
            }
        }
    }
}

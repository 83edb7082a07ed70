//! ERR, continued: an alert in an error was sent by the server, with its number. Errors detected by us have
//! other kinds.

use digicert_one_core::{Capability, Delivery, TransportErrorKind};
use digicert_one_testbed::{RawOptions, RawServer, Recording, Script, Step};

use crate::world::{HOST, World, get, up};

/// A hello of a server of TLS 1.1 (RFC 4346 section 7.4.1.3): version 3.2, 32 random bytes, no session, one of its ciphers.
pub(crate) fn hello_of_tls_1_1() -> Vec<u8> {
    [&[22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2][..], &[7; 32], &[0, 0, 0x2f, 0]].concat()
}

/// An alert of a server that would not even begin.
pub(crate) fn alert(number: u8) -> Vec<u8> {
    vec![21, 3, 3, 0, 2, 2, number]
}

/// A server that sends this in response to the client's hello. The name is in the hello in clear text.
pub(crate) fn after_hello(hello: &Recording, steps: impl IntoIterator<Item = Step>) -> RawServer {
    up(RawServer::start(RawOptions::plain([answering_hello(hello, steps)])))
}

/// The script of such a server.
pub(crate) fn answering_hello(hello: &Recording, steps: impl IntoIterator<Item = Step>) -> Script {
    let asked = Step::ReadUntil(hello.clone(), HOST.as_bytes().into());
    [asked].into_iter().chain(steps).collect()
}

pub(crate) async fn err_40_alert_is_reported_only_where_the_server_sent_it(world: World) {
    let responses = [
        ("a hello of TLS 1.1", Some(hello_of_tls_1_1()), None),
        ("the end of the connection", None, None),
        ("clear text", Some(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_vec()), None),
        ("alert 40", Some(alert(40)), Some(40)),
        ("alert 70", Some(alert(70)), Some(70)),
        ("alert 71", Some(alert(71)), Some(71)),
        ("alert 80", Some(alert(80)), Some(80)),
    ];
    for versions in world.http_versions() {
        let transport = world.transport(&world.config().with_http_versions(versions));
        for (response, bytes, sent) in &responses {
            // A connection that is closed with unread bytes is reset, and what was written is lost.
            let steps = bytes.clone().map_or(vec![Step::CloseClean], |bytes| vec![Step::write(bytes), Step::Stall]);
            let server = after_hello(&Recording::default(), steps);
            let call = transport.send(get(format!("https://{HOST}:{}/", server.port())));
            let error = call.await.expect_err("no handshake");
            let setting = format!("{response}, {versions:?}: {error:?}");
            match error.kind() {
                TransportErrorKind::PeerAlert(alert) => {
                    assert_eq!(Some(alert.0), *sent, "an alert that the server did not send, {setting}");
                }
                _ if sent.is_some() => {
                    assert!(!world.has(Capability::AlertDetail), "the alert is not reported, {setting}");
                }
                _ => {}
            }
            assert_eq!(error.delivery(), Delivery::NotSent, "{setting}");
        }
    }
}

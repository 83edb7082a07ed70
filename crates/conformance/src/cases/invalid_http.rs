//! ERR, continued: a response that violates the rules of HTTP is reported as that, and not retried.

use bytes::Bytes;
use digicert_one_client::Error;
use digicert_one_core::{Capability, Code, FixedCredential};
use digicert_one_testbed::{RawServer, Recording, Step};

use crate::cases::http2::{DATA, END_STREAM, after_request, frame, head, server};
use crate::world::{World, key, scripted};

/// The result of a client with retries for this server's response.
async fn called(world: &World, server: &RawServer) -> Result<(), Error> {
    let builder = world.builder(server.port()).credential(FixedCredential::new(key(), "the case"));
    builder.build().expect("complete").get("/").send().await.map(|_| ())
}

/// An invalid response is NET-10 after one attempt. A library may be lenient and return it.
fn is_named(outcome: Result<(), Error>, what: &str) {
    if let Err(error) = outcome {
        assert_eq!((error.code(), error.attempts()), (Code::NET_10, 1), "{what}: {error}");
    }
}

pub(crate) async fn err_24_response_that_is_not_valid_http_is_net_10_after_one_attempt(world: World) {
    const REST: &str = "content-length: 2\r\n\r\n{}";
    for (what, response) in [
        ("a blank before the colon", format!("HTTP/1.1 200 OK\r\nx-a : 1\r\n{REST}")),
        ("HTTP/2.0 as version", format!("HTTP/2.0 200 OK\r\n{REST}")),
        ("LF alone", format!("HTTP/1.1 200 OK\r\n{REST}").replace('\r', "")),
    ] {
        let server = scripted([vec![Step::ReadRequest, Step::write(response), Step::CloseClean]]);
        is_named(called(&world, &server).await, what);
        assert_eq!(server.ledger().requests().len(), 1, "{what}");
    }
    if !world.has(Capability::Http2) {
        return;
    }
    for (what, field) in
        [("connection over HTTP/2", ("connection", "keep-alive")), ("upper case over HTTP/2", ("X-A", "1"))]
    {
        let response = [head(0, &[(":status", "200"), field]), frame(DATA, END_STREAM, 1, b"{}")].concat();
        // Until the client has closed the connection, or sent another request.
        let steps = [Step::write(response), Step::ReadUntil(Recording::default(), Bytes::from_static(b"\0\0\0\x03"))];
        let server = server([after_request(&Recording::default(), steps)]);
        is_named(called(&world, &server).await, what);
        assert_eq!(server.ledger().connections().len(), 1, "{what}");
    }
}

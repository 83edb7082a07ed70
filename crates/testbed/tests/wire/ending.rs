//! Responses that end badly, clear text, and a replaced certificate.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one_testbed::{
    Ending, Front, FrontOptions, Handler, Handshake, HttpVersions, Pki, RequestProgress, ServerSpec, TlsRange,
    Validity, handler,
};

use crate::client::{PATIENCE, chain, client};

const VERSIONS: [HttpVersions; 2] = [HttpVersions::Only1, HttpVersions::Only2];
const BODY: &[u8] = b"0123456789";

fn ending(ending: Ending) -> Arc<dyn Handler> {
    handler(move |request: http::Request<Bytes>, _| async move {
        let mut response = http::Response::new(Bytes::from_static(BODY));
        if request.uri().path() != "/well" {
            response.extensions_mut().insert(ending);
        }
        response
    })
}

#[tokio::test]
async fn reset_closes_the_connection_without_a_response() {
    for http in VERSIONS {
        let front = Front::start(FrontOptions::default().http(http), ending(Ending::Reset)).unwrap();
        let client = client(None, TlsRange::Both, http, front.addr());

        let error = client.get(front.url("localhost")).send().await.unwrap_err();

        // Which of the two words a stack has for RST depends on whether it was reading or writing.
        let words = chain(&error);
        assert!(words.contains("reset") || words.contains("broken pipe"), "{words}");
        assert!(front.ledger().wait_until(|snapshot| snapshot.connections[0].closed, PATIENCE).await);
        assert_eq!(front.ledger().requests()[0].progress, RequestProgress::Received);
        // The server continues.
        assert_eq!(client.get(front.url("localhost") + "/well").send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn cut_body_is_announced_whole_and_sent_in_part() {
    for http in VERSIONS {
        for (after, promised) in [(0, 10), (4, 10), (10, 11), (500, 11)] {
            let front = Front::start(FrontOptions::default().http(http), ending(Ending::Cut { after })).unwrap();
            let client = client(None, TlsRange::Both, http, front.addr());

            let mut response = client.get(front.url("localhost")).send().await.unwrap();

            assert_eq!((response.status().as_u16(), response.content_length()), (200, Some(promised)), "{http:?}");
            let mut received = Vec::new();
            let error = loop {
                match response.chunk().await {
                    Ok(Some(chunk)) => received.extend_from_slice(&chunk),
                    Ok(None) => panic!("the body ended well after {} bytes over {http:?}", received.len()),
                    Err(error) => break error,
                }
            };
            assert_eq!(received, &BODY[..after.min(10)], "{http:?}: {}", chain(&error));
        }
    }
}

#[tokio::test]
async fn clear_text_is_served_and_written_down_as_such() {
    let front = Front::plain(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), ending(Ending::Reset)).unwrap();
    let url = front.url("127.0.0.1");
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");

    let client = client(None, TlsRange::Both, HttpVersions::Both, front.addr());
    assert_eq!(client.get(url + "/well").send().await.unwrap().bytes().await.unwrap(), BODY);

    assert_eq!(front.ledger().connections()[0].handshake, Handshake::Plain);
    let server = Pki::shared().server(&["localhost"]);
    assert!(front.replace_certificate(server).is_err());
}

#[tokio::test]
async fn replaced_certificate_is_used_from_the_next_connection() {
    let front = Front::start(FrontOptions::default(), ending(Ending::Cut { after: 0 })).unwrap();
    let call = async || {
        // A new client each time: no connection and no session is reused.
        let client = client(None, TlsRange::Both, HttpVersions::Both, front.addr());
        client.get(front.url("localhost") + "/well").send().await
    };
    assert_eq!(call().await.unwrap().status(), 200);

    let now = SystemTime::now();
    let ended = Validity::Between(now - Duration::from_secs(7200), now - Duration::from_secs(3600));
    front
        .replace_certificate(Pki::shared().server_with(ServerSpec { validity: ended, ..ServerSpec::default() }))
        .unwrap();
    let words = chain(&call().await.unwrap_err());
    assert!(words.to_lowercase().contains("expired"), "{words}");

    front.replace_certificate(Pki::shared().server(&["localhost"])).unwrap();
    assert_eq!(call().await.unwrap().status(), 200);
}

//! ERR and BODY, continued: a response that is lost or truncated, in every setting, on a new connection and
//! on one that had carried a response. The reported delivery decides whether a signature is made twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use digicert_one_core::{Delivery, Transport, TransportError, TransportErrorKind};
use digicert_one_testbed::{Ending, Front, FrontOptions};
use http::{HeaderValue, Method, Request, Response};

use crate::life::Life;
use crate::setting::{Crossing, Setting, Settings, calls};
use crate::world::{HOST, World, collect, get};

/// This many of the calls on used connections are made in one setting.
const USED: usize = 3;
/// Headers that libraries read bodies by.
const DRESSES: [&[(&str, &str)]; 4] = [
    &[],
    &[("content-encoding", "gzip"), ("content-type", "application/json")],
    &[("content-type", "text/event-stream"), ("cache-control", "no-store")],
    &[("accept-ranges", "bytes"), ("etag", "\"a\""), ("content-type", "text/html; charset=iso-8859-1")],
];
const WHOLE: &[u8] = b"a response that is whole";

/// Servers whose response to `/bad` ends like this; every other one is complete.
fn ending(world: &World, ending: Ending) -> Crossing {
    let count = AtomicUsize::new(0);
    Crossing::responding(world, &Settings::ALL, FrontOptions::default(), move |request: &Request<Bytes>| {
        let mut response = Response::new(Bytes::from_static(WHOLE));
        if request.uri().path() == "/bad" {
            response.extensions_mut().insert(ending);
            // What the head says of the content changes nothing.
            let dress = DRESSES[count.fetch_add(1, Ordering::Relaxed) % DRESSES.len()];
            for (name, value) in dress {
                response.headers_mut().insert(*name, HeaderValue::from_static(value));
            }
        }
        response
    })
}

/// A successful call, so that there is a connection to reuse.
async fn whole(transport: &dyn Transport, url: &str, setting: &str) {
    let exchange = transport.send(get(url)).await.unwrap_or_else(|error| panic!("a good call, {setting}: {error:?}"));
    let body = collect(exchange).await.unwrap_or_else(|error| panic!("a good call, {setting}: {error:?}"));
    assert_eq!(&body[..], WHOLE, "{setting}");
}

/// The result of a call to `/bad`.
struct Lost {
    error: TransportError,
    /// Whether the head of the response was handed over.
    has_head: bool,
    method: Method,
    http2: bool,
    /// How often the request arrived.
    arrived: usize,
    what: String,
}

/// In each setting some of the calls, others each time: one on a new connection, the rest on connections that were used.
async fn failing(crossing: &Crossing, judge: impl Fn(&Lost)) {
    for (turn, setting) in crossing.settings().enumerate() {
        let (front, used) = (crossing.front(setting), crossing.transport(setting).await);
        let url = format!("{}/bad", front.url(HOST));
        let calls = calls(turn * USED, &url);
        // A response to HEAD has no body that could be truncated.
        let calls = calls.filter(|(call, _)| call.method() != Method::HEAD);
        for (index, (call, what)) in calls.take(1 + USED).enumerate() {
            let what = what.split(',').next().unwrap_or(&what);
            let place = if index == 0 { "new" } else { "used" };
            let what = format!("{what} on a {place} connection, {setting}");
            if index == 0 {
                let new = crossing.transport(Setting { life: Life::New, ..setting }).await;
                judge(&fails(front, &*new, setting, call, what.clone()).await);
                // The connection is gone, and later calls are unaffected.
                whole(&*new, &front.url(HOST), &what).await;
            } else {
                whole(&*used, &front.url(HOST), &what).await;
                judge(&fails(front, &*used, setting, call, what).await);
            }
        }
    }
}

async fn fails(
    front: &Front,
    transport: &dyn Transport,
    setting: Setting,
    mut call: Request<Bytes>,
    what: String,
) -> Lost {
    let before = front.ledger().requests().len();
    let method = call.method().clone();
    // Some libraries repeat what is marked like this.
    for name in ["idempotency-key", "x-idempotency-key"] {
        call.headers_mut().insert(name, HeaderValue::from_static("8e03978e-40d5-43dd-bc93-6894a57f9324"));
    }
    let (outcome, has_head) = match transport.send(call).await {
        Ok(exchange) => (collect(exchange).await, true),
        Err(error) => (Err(error), false),
    };
    let error = outcome.expect_err(&what);
    let arrived = front.ledger().requests().len() - before;
    Lost { error, has_head, method, http2: setting.http2, arrived, what }
}

pub(crate) async fn err_41_lost_response_leaves_delivery_unknown_in_every_setting(world: World) {
    failing(&ending(&world, Ending::Reset), |Lost { error, method, arrived, what, .. }| {
        let reported = (error.kind(), error.delivery());
        assert_eq!(reported, (TransportErrorKind::Interrupted, Delivery::Unknown), "{what}: {error:?}");
        // That of GET is REPLAY-03, which weighs less.
        assert!(*method == Method::GET || *arrived == 1, "it arrived {arrived} times: {what}");
    })
    .await;
}

pub(crate) async fn body_31_cut_body_is_an_error_in_every_setting(world: World) {
    failing(&ending(&world, Ending::Cut { after: 5 }), |Lost { error, has_head, http2, arrived, what, .. }| {
        // Over HTTP/2 the reset of a stream may overtake its head.
        let expected = match *has_head || !http2 {
            true => (TransportErrorKind::BodyCut, Delivery::Sent),
            false => (TransportErrorKind::Interrupted, Delivery::Unknown),
        };
        assert_eq!((error.kind(), error.delivery()), expected, "{what}: {error:?}");
        assert_eq!(*arrived, 1, "it arrived {arrived} times: {what}");
    })
    .await;
}

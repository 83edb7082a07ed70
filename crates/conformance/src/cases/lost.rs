//! ERR and BODY, continued: a response that is lost or cut, in every setting, on a new connection and on one that had carried a
//! response. What is said of the request decides whether a signature is made twice.

use bytes::Bytes;
use digicert_one_core::{Delivery, Transport, TransportError, TransportErrorKind};
use digicert_one_testbed::{Ending, FrontOptions};
use http::{Method, Request, Response};

use crate::setting::{Crossing, Setting, Settings, calls};
use crate::world::{HOST, World, collect, get};

const WHOLE: &[u8] = b"a response that is whole";

/// Servers whose response to `/bad` ends so; every other one is whole.
fn ending(world: &World, ending: Ending) -> Crossing {
    Crossing::answering(world, &Settings::ALL, FrontOptions::default(), move |request: &Request<Bytes>| {
        let mut response = Response::new(Bytes::from_static(WHOLE));
        if request.uri().path() == "/bad" {
            response.extensions_mut().insert(ending);
        }
        response
    })
}

/// A call that is answered, so that there is a connection to reuse.
async fn whole(transport: &dyn Transport, url: &str, setting: &str) {
    let exchange = transport.send(get(url)).await.unwrap_or_else(|error| panic!("a good call, {setting}: {error:?}"));
    let body = collect(exchange).await.unwrap_or_else(|error| panic!("a good call, {setting}: {error:?}"));
    assert_eq!(&body[..], WHOLE, "{setting}");
}

/// How a call ended that was sent to `/bad`.
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

/// Each call in each setting, on a new connection and on a used one.
async fn failing(crossing: &Crossing, judge: impl Fn(&Lost)) {
    for (turn, setting) in crossing.settings().enumerate() {
        for (call, what) in calls(turn, &format!("{}/bad", crossing.front(setting).url(HOST))) {
            // A response to HEAD has no body that could be cut.
            if call.method() == Method::HEAD {
                continue;
            }
            let what = what.split(',').next().unwrap_or(&what);
            for place in ["a new", "a used"] {
                judge(
                    &fails(crossing, setting, &call, place, format!("{what} on {place} connection, {setting}")).await,
                );
            }
        }
    }
}

async fn fails(crossing: &Crossing, setting: Setting, call: &Request<Bytes>, place: &str, what: String) -> Lost {
    let (front, transport) = (crossing.front(setting), crossing.transport(setting));
    if place == "a used" {
        whole(&*transport, &front.url(HOST), &what).await;
    }
    let before = front.ledger().requests().len();
    let (outcome, has_head) = match transport.send(call.clone()).await {
        Ok(exchange) => (collect(exchange).await, true),
        Err(error) => (Err(error), false),
    };
    let error = outcome.expect_err(&what);
    let arrived = front.ledger().requests().len() - before;
    // The connection is gone, and nobody is the worse for it.
    whole(&*transport, &front.url(HOST), &what).await;
    Lost { error, has_head, method: call.method().clone(), http2: setting.http2, arrived, what }
}

pub(crate) async fn err_40_lost_response_leaves_delivery_unknown_in_every_setting(world: World) {
    failing(&ending(&world, Ending::Reset), |Lost { error, method, arrived, what, .. }| {
        let told = (error.kind(), error.delivery());
        assert_eq!(told, (TransportErrorKind::Interrupted, Delivery::Unknown), "{what}: {error:?}");
        // That of GET is REPLAY-03, which weighs less.
        assert!(*method == Method::GET || *arrived == 1, "it arrived {arrived} times: {what}");
    })
    .await;
}

pub(crate) async fn body_30_cut_body_is_an_error_in_every_setting(world: World) {
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

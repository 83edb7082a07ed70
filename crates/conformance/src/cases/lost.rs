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

/// Each call in each setting, on a new connection and on a used one, with what it failed by; `judge` is told how often it arrived.
async fn failing(crossing: &Crossing, judge: impl Fn(&TransportError, &Method, usize, &str)) {
    for (turn, setting) in crossing.settings().enumerate() {
        for (call, what) in calls(turn, &format!("{}/bad", crossing.front(setting).url(HOST))) {
            // A response to HEAD has no body that could be cut.
            if call.method() == Method::HEAD {
                continue;
            }
            for used in [false, true] {
                fails(crossing, setting, &call, used, &what, &judge).await;
            }
        }
    }
}

async fn fails(
    crossing: &Crossing,
    setting: Setting,
    call: &Request<Bytes>,
    used: bool,
    what: &str,
    judge: &impl Fn(&TransportError, &Method, usize, &str),
) {
    let front = crossing.front(setting);
    let transport = crossing.transport(setting);
    let connection = if used { "a used connection" } else { "a new connection" };
    let what = format!("{} on {connection}, {setting}", what.split(',').next().unwrap_or(what));
    if used {
        whole(&*transport, &front.url(HOST), &what).await;
    }
    let before = front.ledger().requests().len();
    let outcome = match transport.send(call.clone()).await {
        Ok(exchange) => collect(exchange).await,
        Err(error) => Err(error),
    };
    let error = outcome.expect_err(&what);
    let arrived = front.ledger().requests().len() - before;
    judge(&error, call.method(), arrived, &what);
    // The connection is gone, and nobody is the worse for it.
    whole(&*transport, &front.url(HOST), &what).await;
}

pub(crate) async fn err_40_lost_response_leaves_delivery_unknown_in_every_setting(world: World) {
    failing(&ending(&world, Ending::Reset), |error, method, arrived, what| {
        assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Interrupted, Delivery::Unknown), "{what}");
        // That of GET is REPLAY-03, which weighs less.
        assert!(*method == Method::GET || arrived == 1, "it arrived {arrived} times: {what}");
    })
    .await;
}

pub(crate) async fn body_30_cut_body_is_an_error_in_every_setting(world: World) {
    failing(&ending(&world, Ending::Cut { after: 5 }), |error, _, arrived, what| {
        assert_eq!(
            (error.kind(), error.delivery()),
            (TransportErrorKind::BodyCut, Delivery::Sent),
            "{what}: {error:?}"
        );
        assert_eq!(arrived, 1, "it arrived {arrived} times: {what}");
    })
    .await;
}

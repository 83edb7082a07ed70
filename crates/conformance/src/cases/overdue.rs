//! TIME, continued: a call whose limit has expired ends, however much data is ready, and reports its true phase.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::SystemClock;
use digicert_one_core::{
    Clock as _, Delivery, Phase, ResponseBody, Timeouts, TransportError, TransportErrorKind, next_chunk,
};
use digicert_one_testbed::{FrontOptions, RawServer, blackhole};
use futures_util::future::join_all;
use http::{Method, Response};

use crate::cases::time::{in_time, total_limit};
use crate::world::{HOST, World, front_answering, get, request, up};

/// More than all buffers between two ends hold.
const LARGE: usize = 64 << 20;

/// What a library may have buffered when the limit expires. One that reads on has far more: the window of a stream.
const IN_HAND: usize = 256 << 10;

pub(crate) async fn time_20_body_that_is_always_ready_does_not_outrun_the_total_limit(world: World) {
    let large = Bytes::from(vec![b'x'; LARGE]);
    let front = front_answering(FrontOptions::default(), move |_| Response::new(large.clone()));
    let calls = world.http_versions().into_iter().map(|versions| {
        let transport = world.transport(&total_limit(&world).with_http_versions(versions));
        let call = get(front.url(HOST));
        async move {
            let mut body = transport.send(call).await.expect("a head").response.into_body();
            next_chunk(&mut body).await.expect("a body").expect("begins");
            // The limit is three seconds. From now on there is always data to read.
            SystemClock::new().sleep(Duration::from_secs(4)).await;
            (versions, in_time(read(body)).await)
        }
    });
    for (versions, (read, outcome)) in join_all(calls).await {
        let setting = format!("{versions:?}, {read} bytes later");
        let error = outcome.err().filter(|_| read <= IN_HAND);
        let error = error.unwrap_or_else(|| panic!("the body outran the limit, {setting}"));
        let expected = (TransportErrorKind::Timeout(Phase::Body), Delivery::Sent);
        assert_eq!((error.kind(), error.delivery()), expected, "{setting}: {error:?}");
    }
}

/// How much of a body arrives, and how it ends.
async fn read(mut body: ResponseBody) -> (usize, Result<(), TransportError>) {
    let mut read = 0;
    loop {
        match next_chunk(&mut body).await {
            Ok(Some(chunk)) => read += chunk.len(),
            Ok(None) => return (read, Ok(())),
            Err(error) => return (read, Err(error)),
        }
    }
}

pub(crate) async fn time_21_timeout_before_the_request_names_a_phase_before_it(world: World) {
    let (nowhere, silent) = (blackhole().expect("a full backlog on loopback"), up(RawServer::silent()));
    let short = Duration::from_millis(500);
    let limits = [
        ("the connect limit", Timeouts::new().with_connect(short).with_total(Duration::from_secs(30))),
        ("the total limit", Timeouts::new().with_connect(Duration::from_secs(30)).with_total(short)),
    ];
    let places = [("TCP", nowhere.addr(), Phase::Connect), ("TLS", silent.addr(), Phase::Handshake)];
    let mut calls = Vec::new();
    for (limit, timeouts) in &limits {
        for versions in world.http_versions() {
            let config = world.config().with_timeouts(timeouts.clone()).with_http_versions(versions);
            let transport = world.transport(&config);
            for (place, address, phase) in places {
                for method in [Method::GET, Method::POST] {
                    let setting = format!("{limit} in {place}, {method}, {versions:?}");
                    let (transport, call) =
                        (Arc::clone(&transport), request(method, format!("https://{address}/"), "{}"));
                    calls.push(async move { (setting, phase, transport.send(call).await) });
                }
            }
        }
    }
    for (setting, phase, outcome) in in_time(join_all(calls)).await {
        let error = outcome.expect_err("no connection");
        let TransportErrorKind::Timeout(named) = error.kind() else { panic!("{setting}: {error:?}") };
        let possible = [phase, Phase::ConnectOrHandshake, Phase::Call];
        assert!(possible.contains(&named), "the phase {named:?} was not reached, {setting}: {error:?}");
        assert_eq!(error.delivery(), Delivery::NotSent, "{setting}: {error:?}");
    }
}

//! UPLOAD, continued: an upload is held to the configuration of its transport as any other call is.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::SystemClock;
use digicert_one_core::{
    Capability, Clock as _, Delivery, Phase, Timeouts, TlsVersion, TlsVersions, TransportErrorKind, UploadBody,
};
use digicert_one_testbed as testbed;
use digicert_one_testbed::{
    Authority, FrontOptions, Gate, Pki, RawServer, ServerSpec, Snapshot, Step, Validity, blackhole, refused_addr,
};
use futures_util::FutureExt as _;
use futures_util::future::{Either, join, join_all, select};
use futures_util::stream::{self, Stream as _, StreamExt as _};
use http::{Method, Response};
use tokio::runtime::Handle;

use crate::cases::failures::printed;
use crate::cases::http2::head;
use crate::cases::time::{in_time, total_limit};
use crate::cases::upload::{Feed, content, heads_only, pieces, refuses_uploads, response, stalled, upload};
use crate::log_scan::LogScan;
use crate::setting::{Crossing, Settings};
use crate::witness;
use crate::world::{
    HOST, KEY, World, certificate, collect, front, front_responding, get, key_value, untouched, up, without_request,
};

fn small() -> UploadBody {
    Feed::default().body(pieces(&content(1000), 100)).with_length(1000)
}

pub(crate) async fn upload_11_an_upload_trusts_the_servers_of_its_transport_alone(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    let own = ServerSpec { names: vec![HOST.to_owned()], ..ServerSpec::default() };
    let foreign = ServerSpec { authority: Authority::Foreign, ..own.clone() };
    for (what, server) in [
        ("an unknown issuer", Pki::shared().server_with(foreign)),
        ("an end date in the past", Pki::shared().server_with(ServerSpec { validity: Validity::Expired, ..own })),
        ("another name", Pki::shared().server(&["other.digicert.test"])),
    ] {
        let (options, good) = (FrontOptions::default().server(server), Pki::shared().server(&[HOST]));
        let crossing = Crossing::untrusted(&world, &Settings::ALL.pairwise(), options, good);
        for (setting, method) in crossing.settings().zip([Method::POST, Method::PUT, Method::PATCH].into_iter().cycle())
        {
            let (front, transport) = (crossing.front(setting), crossing.transport(setting).await);
            let what = format!("{what}, {method}, {setting}");
            let call = transport.upload(upload(method, front.url(HOST), small()));
            let error = in_time(call).await.expect_err(&what);
            let is_ours = matches!(error.kind(), TransportErrorKind::PeerUntrusted(_));
            assert!(is_ours && error.delivery() == Delivery::NotSent, "{what}: {error:?}");
            without_request(front, &what).await;
        }
    }
    // And it is held to the same TLS version.
    for (version, seen) in
        [(TlsVersion::Tls12, testbed::TlsVersion::Tls12), (TlsVersion::Tls13, testbed::TlsVersion::Tls13)]
    {
        let config = world.config().with_tls_versions(TlsVersions::Only(version));
        let capability = if version == TlsVersion::Tls12 { Capability::Tls12 } else { Capability::Tls13 };
        if world.refuses(capability, &config) {
            continue;
        }
        let front = front(FrontOptions::default());
        let call = upload(Method::POST, front.url(HOST), small());
        collect(world.transport(&config).upload(call).await.expect("answered")).await.expect("a body");
        assert_eq!(front.ledger().connections()[0].tls_version, Some(seen), "the TLS version of an upload");
    }
}

pub(crate) async fn upload_12_a_redirect_of_an_upload_is_returned_and_not_followed(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    let elsewhere = front(FrontOptions::default());
    for versions in world.http_versions() {
        for status in [301, 302, 303, 307, 308] {
            for location in ["/elsewhere".to_owned(), elsewhere.url(HOST)] {
                let what = format!("{status} to {location}, {versions:?}");
                let front = front_responding(FrontOptions::default(), move |_| {
                    let response = Response::builder().status(status).header("location", &location);
                    response.body(Bytes::from_static(b"{}")).expect("a response")
                });
                let transport = world.transport(&world.config().with_http_versions(versions));
                let call = transport.upload(upload(Method::POST, front.url(HOST), small()));
                let exchange = call.await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
                assert_eq!(exchange.response.status(), status, "{what}");
                collect(exchange).await.expect("a body");
                assert_eq!(front.ledger().requests().len(), 1, "it was followed, {what}");
            }
        }
    }
    untouched(&elsewhere, "a redirect of an upload was followed").await;
}

pub(crate) async fn upload_13_an_upload_meets_the_connect_limit(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    let (nowhere, silent) = (blackhole().expect("a full backlog on loopback"), up(RawServer::silent()));
    let limits = Timeouts::new().with_connect(Duration::from_millis(300)).with_total(Duration::from_secs(30));
    let ways = [("TCP", nowhere.addr(), false), ("TLS", silent.addr(), false), ("CONNECT", silent.addr(), true)];
    let ways = ways.into_iter().filter(|(.., proxied)| !proxied || world.has(Capability::HttpProxy));
    let ways = ways.flat_map(|way| world.http_versions().into_iter().map(move |versions| (way, versions)));
    let calls = ways.map(|((what, address, proxied), versions)| {
        let config = world.config().with_timeouts(limits.clone()).with_http_versions(versions);
        let (config, url) = match proxied {
            true => (crate::cases::proxy::proxied(config, &format!("http://{address}")), format!("https://{HOST}/")),
            false => (config, format!("https://{address}/")),
        };
        let (transport, call) = (world.transport(&config), upload(Method::POST, url, small()));
        async move { (format!("{what}, {versions:?}"), in_time(transport.upload(call)).await) }
    });
    for (what, outcome) in join_all(calls).await {
        let error = outcome.expect_err("no connection");
        let is_late = matches!(error.kind(), TransportErrorKind::Timeout(_));
        assert!(is_late && error.delivery() == Delivery::NotSent, "{what}: {error:?}");
    }
}

pub(crate) async fn upload_14_no_log_or_error_shows_what_is_uploaded(world: World) {
    const BODY: &str = "canarystream5ecret0014";
    if refuses_uploads(&world).await {
        return;
    }
    let scan = LogScan::start([BODY, KEY].map(str::to_owned));
    let ours = certificate();
    for setting in Settings::ALL.pairwise().chosen(&world) {
        let front = front(setting.server(FrontOptions::default()));
        let proxy = setting.proxy(front.addr());
        let transport = world.transport(&setting.config(world.config(), &ours, proxy.as_ref()));
        for base in [front.url(HOST), format!("https://{}", refused_addr())] {
            let body = Feed::default().body(pieces(&Bytes::from_static(BODY.as_bytes()), BODY.len()));
            let mut call = upload(Method::PUT, format!("{base}/canary-path?token=canary-query"), body);
            call.headers_mut().insert("x-api-key", key_value());
            match transport.upload(call).await {
                Ok(exchange) => drop(collect(exchange).await.expect("a body")),
                Err(error) => {
                    let text = printed(&error);
                    assert!(!text.contains("canary"), "an error shows the call, {setting}: {text}");
                }
            }
        }
        assert_eq!(front.ledger().requests().len(), 1, "or this shows nothing");
    }
    tracing::trace!("the log is read");
    let (lines, shown) = scan.result();
    assert!(lines > 0, "nothing was logged, or no scan was on");
    assert!(shown.is_empty(), "an upload is logged by {shown:?}");
}

pub(crate) async fn upload_15_an_upload_leaves_no_connection_behind(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        for _ in 0..2 {
            let exchange = in_time(transport.upload(upload(Method::POST, front.url(HOST), small()))).await;
            collect(exchange.expect("answered")).await.expect("a body");
        }
        drop(transport);
        let closed = |seen: &Snapshot| !seen.connections.is_empty() && seen.connections.iter().all(|one| one.closed);
        let is_closed = front.ledger().wait_until(closed, Duration::from_secs(8)).await;
        assert!(is_closed, "a connection of an upload is open without its transport, {versions:?}");
    }
}

pub(crate) async fn upload_16_a_body_that_waits_is_left_to_sleep(world: World) {
    const MOST: usize = 100;
    if refuses_uploads(&world).await {
        return;
    }
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        let (polls, gate) = (Arc::new(AtomicUsize::new(0)), Gate::new());
        let (counted, opened) = (Arc::clone(&polls), gate.clone());
        let (needs_runtime, is_outside) = (Handle::try_current().is_ok(), Arc::new(AtomicBool::new(false)));
        let outside = Arc::clone(&is_outside);
        let waits = stream::once(async move { opened.passed().await }).filter_map(|()| async { None });
        let mut chunks = Box::pin(pieces(&content(500), 100).chain(waits).chain(pieces(&content(500), 100)));
        let body = UploadBody::poll_fn(move |cx| {
            counted.fetch_add(1, Ordering::SeqCst);
            if needs_runtime && Handle::try_current().is_err() {
                outside.store(true, Ordering::SeqCst);
            }
            chunks.as_mut().poll_next(cx)
        });
        let call = transport.upload(upload(Method::POST, front.url(HOST), body.with_length(1000)));
        let later = async {
            assert!(front.ledger().wait_until(|seen| !seen.requests.is_empty(), Duration::from_secs(20)).await);
            SystemClock::new().sleep(Duration::from_millis(500)).await;
            gate.open();
        };
        let (outcome, ()) = in_time(join(call, later)).await;
        collect(outcome.expect("answered")).await.expect("a body");
        let polls = polls.load(Ordering::SeqCst);
        assert!(!is_outside.load(Ordering::SeqCst), "a body is read outside the runtime of its call, {versions:?}");
        assert!(polls < MOST, "a body of ten pieces was asked {polls} times, {versions:?}");
    }
}

pub(crate) async fn upload_17_an_upload_makes_no_other_call_wait(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        let body = Feed::default().body(pieces(&content(1000), 100).chain(stalled()));
        let uploading = transport.upload(upload(Method::POST, front.url(HOST), body));
        let others = Box::pin(async {
            let begun = |seen: &Snapshot| !seen.requests.is_empty();
            assert!(front.ledger().wait_until(begun, Duration::from_secs(20)).await, "the upload does not begin");
            in_time(transport.send(get(front.url(HOST)))).await
        });
        let Either::Right((outcome, uploading)) = select(uploading, others).await else {
            panic!("an upload that is not whole has no response, {versions:?}")
        };
        let exchange = outcome.unwrap_or_else(|error| panic!("beside an upload, {versions:?}: {error:?}"));
        collect(exchange).await.expect("a body");
        drop(uploading);
    }
}

pub(crate) async fn upload_18_the_response_to_an_upload_is_read_as_any_other(world: World) {
    const BODY: &str = "{\"stored\":\"caf\u{e9}\"}";
    if refuses_uploads(&world).await {
        return;
    }
    for versions in world.http_versions() {
        // As it was sent, whatever its status and its headers say.
        for status in [200, 404, 500] {
            let front = front_responding(FrontOptions::default(), move |_| {
                let response = Response::builder().status(status).header("content-encoding", "gzip");
                let response = response.header("x-part", "One").header("x-part", "Two");
                response.body(Bytes::from_static(BODY.as_bytes())).expect("a response")
            });
            let transport = world.transport(&world.config().with_http_versions(versions));
            let exchange = in_time(transport.upload(upload(Method::POST, front.url(HOST), small()))).await;
            let exchange = exchange.unwrap_or_else(|error| panic!("{status} {versions:?}: {error:?}"));
            let (reported, headers) = (exchange.response.status(), exchange.response.headers().clone());
            let parts: Vec<_> = headers.get_all("x-part").iter().collect();
            assert_eq!(reported.as_u16(), status, "{versions:?}");
            assert_eq!(parts, ["One", "Two"], "{versions:?}");
            assert_eq!(
                headers.get("content-encoding").map(|value| value.as_bytes()),
                Some(&b"gzip"[..]),
                "{versions:?}"
            );
            let body = collect(exchange).await.unwrap_or_else(|error| panic!("{status} {versions:?}: {error:?}"));
            assert_eq!(&body[..], BODY.as_bytes(), "{status} {versions:?}");
        }
        // Too short, and too late.
        for (end, kind) in
            [(Step::CloseClean, TransportErrorKind::BodyCut), (Step::Stall, TransportErrorKind::Timeout(Phase::Body))]
        {
            let ends = end.clone();
            let server = heads_only(move |stream| {
                let [begin, _] = response(stream, "200", BODY);
                // An interim response is passed over.
                let early = match stream {
                    0 => b"HTTP/1.1 103 Early Hints\r\nx-early: 1\r\n\r\n".to_vec(),
                    _ => head(0, &[(":status", "103"), ("x-early", "1")]),
                };
                vec![Step::ReadBody, Step::write(early), begin, ends.clone()]
            });
            let transport = world.transport(&total_limit(&world).with_http_versions(versions));
            let what = format!("a response that ends by {end:?}, {versions:?}");
            let exchange = in_time(transport.upload(upload(Method::POST, server.url(HOST), small()))).await;
            let exchange = exchange.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            assert_eq!(exchange.response.status(), 200, "{what}");
            assert!(!exchange.response.headers().contains_key("x-early"), "{what}");
            let error = in_time(collect(exchange)).await.expect_err(&what);
            assert_eq!((error.kind(), error.delivery()), (kind, Delivery::Sent), "{what}: {error:?}");
        }
    }
}

pub(crate) async fn upload_19_outside_its_runtime_an_upload_ends_with_a_response_or_an_error(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        let call = upload(Method::POST, front.url(HOST), small());
        // A thread on which no runtime was entered. What needs none is driven to its end.
        let alone = std::thread::spawn(move || futures_executor::block_on(transport.upload(call)).map(|_| ()));
        let outcome = alone.join().expect("an error, not a panic");
        let seen = front.ledger().settle().await;
        match outcome {
            Ok(()) => assert_eq!(seen.requests.len(), 1, "{versions:?}"),
            Err(error) => {
                let refusal = (TransportErrorKind::NoRuntime, Delivery::NotSent);
                assert_eq!((error.kind(), error.delivery()), refusal, "{versions:?}: {error:?}");
                assert!(seen.connections.is_empty(), "nothing is to come here, {versions:?}");
            }
        }
    }
}

pub(crate) async fn upload_20_a_body_that_panics_ends_its_own_call_alone(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&total_limit(&world).with_http_versions(versions));
        let panics = stream::once(async { witness::meant("the body of a caller") });
        let body = Feed::default().body(pieces(&content(1000), 100).chain(panics));
        let call = AssertUnwindSafe(transport.upload(upload(Method::POST, front.url(HOST), body))).catch_unwind();
        // To a transport it is a body that fails: `UploadBody` lets no panic through.
        let Ok(Err(error)) = in_time(call).await else {
            panic!("an upload without its end was answered, or panicked, {versions:?}")
        };
        assert_eq!(error.kind(), TransportErrorKind::Upload, "{versions:?} {error:?}");
        for _ in 0..2 {
            let next = AssertUnwindSafe(transport.send(get(front.url(HOST)))).catch_unwind();
            let Ok(Ok(exchange)) = in_time(next).await else {
                panic!("a later call fails for the panic of an earlier one, {versions:?}")
            };
            collect(exchange).await.expect("a body");
        }
    }
}

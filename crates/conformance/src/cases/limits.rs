//! TIME, POOL and PROXY, continued: each limit holds in every phase and setting, and a large one is safe.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::SystemClock;
use digicert_one_core::{
    Capability, Clock as _, Code, Delivery, HttpVersions, Mode, Phase, Proxy, Timeouts, Transport, TransportConfig,
    TransportError, TransportErrorKind, UploadBody,
};
use digicert_one_testbed::{Front, FrontOptions, Gate, RawOptions, RawServer, Recording, Step, blackhole, handler};
use futures_util::future::{join, join_all};
use http::{Method, Request, Response, StatusCode};

use crate::cases::http2::{DATA, PING, after_request, frame, head, server};
use crate::cases::time::{in_time, total_limit};
use crate::child::{self, Parent};
use crate::setting::{Crossing, Setting, Settings, method};
use crate::world::{
    HOST, World, certificate, collect, diagnose, front, front_responding, get, local_proxy, request, scripted, up,
};

/// More than a library reads before it is asked.
const PART: usize = 1 << 17;

/// The error of a call that runs out, of whichever part.
async fn runs_out(transport: &dyn Transport, request: Request<Bytes>) -> TransportError {
    let call = async {
        match transport.send(request).await {
            Ok(exchange) => collect(exchange).await.expect_err("its limit"),
            Err(error) => error,
        }
    };
    in_time(call).await
}

pub(crate) async fn time_12_the_total_limit_holds_over_each_version_and_in_each_phase(world: World) {
    let asked = Recording::default;
    let http1 = |steps: Vec<Step>| {
        let head = Step::ReadUntil(asked(), Bytes::from_static(b"\r\n\r\n"));
        scripted([[head].into_iter().chain(steps).collect()])
    };
    let http2 = |steps: Vec<Step>| server([after_request(&asked(), steps)]);
    let long = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
    let long2 = head(0, &[(":status", "200"), ("content-length", "100000")]);
    let never = Gate::new();
    let get_of = |server: &RawServer| get(server.url(HOST));
    let upload_to = |server: &RawServer| request(Method::POST, server.url(HOST), vec![b'x'; 32 << 20]);
    let one = http1(vec![Step::Stall]);
    let two = http1(vec![Step::write(long), Step::Trickle(Bytes::from_static(b"x"))]);
    // A server that does not read: the upload fills the buffers in between, and stays there.
    let three = http1(vec![Step::Wait(never.clone())]);
    let slow = http1(vec![Step::write("HTTP/1.1 200 OK\r\nx-slow: "), Step::Trickle(Bytes::from_static(b"x"))]);
    let mut calls = vec![
        ("a head in a trickle", HttpVersions::Http1, get_of(&slow), Phase::Response),
        ("no response", HttpVersions::Http1, get_of(&one), Phase::Response),
        ("a trickle", HttpVersions::Http1, get_of(&two), Phase::Body),
        ("an upload", HttpVersions::Http1, upload_to(&three), Phase::Response),
    ];
    let four = http2(vec![Step::Stall]);
    let five = http2(vec![Step::write(long2), Step::Trickle(frame(DATA, 0, 1, b"x").into())]);
    let six = http2(vec![Step::Wait(never.clone())]);
    let pings = http2(vec![Step::Trickle(frame(PING, 0, 0, &[0; 8]).into())]);
    if world.has(Capability::Http2) {
        calls.push(("pings and no response", HttpVersions::Both, get_of(&pings), Phase::Response));
        calls.push(("no response", HttpVersions::Both, get_of(&four), Phase::Response));
        calls.push(("a trickle", HttpVersions::Both, get_of(&five), Phase::Body));
        calls.push(("an upload", HttpVersions::Both, upload_to(&six), Phase::Response));
    }
    let ends = calls.into_iter().map(|(what, versions, call, phase)| {
        let transport = world.transport(&total_limit(&world).with_http_versions(versions));
        async move { (what, versions, phase, runs_out(&*transport, call).await) }
    });
    let (ends, ()) = join(join_all(ends), total_limit_holds_in_each_setting(&world)).await;
    for (what, versions, phase, error) in ends {
        let setting = format!("{what} over {versions:?}: {error:?}");
        // A stack that sends a POST over HTTP/1.1 alone finds no such server.
        if what == "an upload"
            && versions == HttpVersions::Both
            && !matches!(error.kind(), TransportErrorKind::Timeout(_))
        {
            assert!(six.ledger().connections().iter().all(|one| one.alpn.is_none()), "{setting}");
            continue;
        }
        let delivery = if phase == Phase::Body { Delivery::Sent } else { Delivery::Unknown };
        assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Timeout(phase), delivery), "{setting}");
    }
    never.open();
}

/// The longest limit, and the first ones that 31 and 32 bits of milliseconds and 31 bits of seconds do not hold.
const LONG: [Duration; 4] =
    [Duration::MAX, Duration::from_millis(1 << 31), Duration::from_millis((1 << 32) + 1), Duration::from_secs(1 << 31)];

pub(crate) async fn time_13_limits_at_their_maximum_never_expire(world: World) {
    let Some(Parent { port, root }) = child::parent() else {
        // Longer than the millisecond that a limit in 32 bits may leave.
        let slow = handler(|_request, _peer| async {
            SystemClock::new().sleep(Duration::from_millis(5)).await;
            Response::new("{}".into())
        });
        let front = up(Front::start(FrontOptions::default(), slow));
        // A panic in a background task shows only in the output of its process.
        let output = child::command(front.port()).output().expect("this test can be run again");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && !text.contains("panicked at"), "at the maximum: {text}");
        let calls = 3 + usize::from(world.has(Capability::StreamingUploads));
        assert_eq!(front.ledger().requests().len(), calls * LONG.len() * world.http_versions().len());
        return;
    };
    let proxy = local_proxy();
    for (most, versions) in
        LONG.into_iter().flat_map(|most| world.http_versions().into_iter().map(move |one| (most, one)))
    {
        let limits = Timeouts::new().with_connect(most).with_total(most).with_pool_idle(most);
        let config = world.config().with_trust(world.trusting(&root)).with_timeouts(limits);
        let config = config.with_http_versions(versions);
        let is_direct = versions == HttpVersions::Http1;
        let transport = world.transport(&if is_direct { config } else { world.through(&proxy, config) });
        let uploaded = [(Method::PUT, true)].into_iter().filter(|_| world.has(Capability::StreamingUploads));
        for (method, is_upload) in
            [Method::GET, Method::POST, Method::GET].map(|one| (one, false)).into_iter().chain(uploaded)
        {
            let call = request(method, format!("https://{HOST}:{port}/"), "");
            let exchange = match is_upload {
                true => transport.upload(call.map(UploadBody::full)).await,
                false => transport.send(call).await,
            };
            let exchange = exchange.unwrap_or_else(|error| panic!("limits of {most:?}, {versions:?}: {error:?}"));
            let body = collect(exchange).await;
            let body = body.unwrap_or_else(|error| panic!("a body, limits of {most:?}, {versions:?}: {error:?}"));
            assert_eq!(&body[..], b"{}", "{versions:?}");
        }
    }
}

/// 300 milliseconds to connect, and a whole call far longer.
fn quick_to_connect(world: &World) -> TransportConfig {
    let limits = Timeouts::new().with_connect(Duration::from_millis(300)).with_total(Duration::from_secs(30));
    world.config().with_timeouts(limits)
}

pub(crate) async fn time_14_connect_limit_that_runs_out_is_net_01(world: World) {
    let (nowhere, silent) = (blackhole().expect("a full backlog on loopback"), up(RawServer::silent()));
    let unanswered = up(RawServer::start(RawOptions::plain([vec![Step::ReadRequest, Step::Stall]])));
    let connected = Step::write("HTTP/1.1 200 Connection established\r\n\r\n");
    let dug = vec![Step::ReadRequest, connected, Step::Tunnel(silent.addr())];
    let tunnel = up(RawServer::start(RawOptions::plain([dug])));
    let config = quick_to_connect(&world);
    let mut calls = vec![
        ("TCP", config.clone(), format!("https://{}/", nowhere.addr())),
        ("TLS", config.clone(), format!("https://{}/", silent.addr())),
    ];
    for (what, proxy) in
        [("TCP to the proxy", nowhere.addr()), ("CONNECT", unanswered.addr()), ("TLS in the tunnel", tunnel.addr())]
    {
        let config = config.clone().with_proxy(Proxy::Http(format!("http://{proxy}").parse().expect("an address")));
        if !world.refuses(Capability::HttpProxy, &config) {
            calls.push((what, config, format!("https://{HOST}/")));
        }
    }
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let ends = calls.iter().flat_map(|(what, config, url)| {
        let transport = world.transport(config);
        methods.clone().map(|method| {
            let transport = Arc::clone(&transport);
            async move { (what, method.clone(), in_time(transport.send(request(method, url, ""))).await) }
        })
    });
    for (what, method, outcome) in join_all(ends).await {
        let error = outcome.expect_err("no connection");
        let phases = [Phase::Connect, Phase::Handshake, Phase::ConnectOrHandshake].map(TransportErrorKind::Timeout);
        assert!(phases.contains(&error.kind()), "{what} {method}: {error:?}");
        assert_eq!(error.delivery(), Delivery::NotSent, "{what} {method}: {error:?}");
        assert_eq!(diagnose(&error, Mode::Key, None).code, Code::NET_01, "{what} {method}");
    }
}

pub(crate) async fn time_16_the_connect_limit_is_not_stretched(world: World) {
    let (nowhere, silent) = (blackhole().expect("a full backlog on loopback"), up(RawServer::silent()));
    let ours = certificate();
    let (mut calls, mut proxies) = (Vec::new(), Vec::new());
    for (turn, setting) in Settings::ALL.pairwise().chosen(&world).into_iter().enumerate() {
        let proxy = setting.proxy(silent.addr());
        let transport = world.transport(&setting.config(quick_to_connect(&world), &ours, proxy.as_ref()));
        proxies.extend(proxy);
        // Through a proxy it is the proxy that connects.
        let direct = (!setting.proxied).then(|| format!("https://{}/", nowhere.addr()));
        for url in direct.into_iter().chain([format!("https://{HOST}:{}/", silent.port())]) {
            let transport = Arc::clone(&transport);
            let (method, body) = method(turn + calls.len());
            let call = request(method, url, body);
            calls.push(async move { connects_in_time(&*transport, call, setting).await });
        }
    }
    join_all(calls).await;
}

async fn connects_in_time(transport: &dyn Transport, call: Request<Bytes>, setting: Setting) {
    let what = format!("{}, {setting}", call.method());
    let call = transport.send(call);
    // Ten times the limit. The call must have ended by then.
    let later = SystemClock::new().sleep(Duration::from_secs(3));
    match futures_util::future::select(std::pin::pin!(call), std::pin::pin!(later)).await {
        futures_util::future::Either::Left((outcome, _)) => {
            let error = outcome.expect_err("no connection");
            assert!(matches!(error.kind(), TransportErrorKind::Timeout(_)), "{what}: {error:?}");
        }
        futures_util::future::Either::Right(_) => {
            panic!("ten times the limit has passed, and it still connects, {what}")
        }
    }
}

pub(crate) async fn time_22_each_limit_begins_and_ends_with_its_part_of_a_call(world: World) {
    let ours = certificate();
    join_all(Settings::where_(|one| !one.proxied).pairwise().chosen(&world).into_iter().map(|setting| {
        let config = setting.config(world.config(), &ours, None);
        let world = &world;
        async move { join(connected_in_time(world, &config), called_again(world, &config)).await }
    }))
    .await;
}

/// So often a machine that is busy may miss a limit of seconds.
const TRIES: usize = 5;

/// The connect limit ends with the connection, although the response takes longer.
async fn connected_in_time(world: &World, config: &TransportConfig) {
    let limits = Timeouts::new().with_connect(Duration::from_secs(2)).with_total(Duration::from_secs(30));
    let slow = handler(|_request, _peer| async {
        SystemClock::new().sleep(Duration::from_millis(2500)).await;
        Response::new("{}".into())
    });
    let front = up(Front::start(FrontOptions::default(), slow));
    for _ in 0..TRIES {
        match world.transport(&config.clone().with_timeouts(limits.clone())).send(get(front.url(HOST))).await {
            Ok(exchange) => return drop(collect(exchange).await.expect("a body")),
            Err(error) if error.delivery() == Delivery::NotSent => {}
            Err(error) => panic!("a limit ended the call early, {:?}: {error:?}", config.http_versions()),
        }
    }
    panic!("the time limit ran out {TRIES} times before there was a connection");
}

/// The limit of the whole call begins with each call.
async fn called_again(world: &World, config: &TransportConfig) {
    let limits = Timeouts::new().with_connect(Duration::from_secs(2)).with_total(Duration::from_secs(2));
    let front = front(FrontOptions::default());
    for _ in 0..TRIES {
        let transport = world.transport(&config.clone().with_timeouts(limits.clone()));
        let Ok(first) = transport.send(get(front.url(HOST))).await else { continue };
        drop(first);
        SystemClock::new().sleep(Duration::from_millis(2500)).await;
        if transport.send(get(front.url(HOST))).await.is_ok() {
            return;
        }
    }
    panic!("a later call ends by the limit of an earlier one, {:?}", config.http_versions());
}

/// TIME-12 in each setting: a response that does not arrive.
async fn total_limit_holds_in_each_setting(world: &World) {
    let silent = handler(|request: Request<Bytes>, _peer| async move {
        if request.uri().path() != "/after" {
            std::future::pending::<()>().await;
        }
        Response::new("{}".into())
    });
    let crossing = &Crossing::start(world, &Settings::ALL.pairwise(), FrontOptions::default(), silent);
    join_all(crossing.settings().enumerate().map(|(turn, setting)| async move {
        let server = crossing.front(setting);
        for time in 0..TRIES {
            let transport = crossing.transport_with(total_limit(world), setting).await;
            let ((method, body), target) = (method(turn), format!("/{turn}/{time}"));
            let what = format!("{method}, {setting}");
            let call = request(method, format!("{}{target}", server.url(HOST)), body);
            let error = in_time(transport.send(call)).await.expect_err("no response");
            if error.delivery() != Delivery::NotSent {
                let late = (TransportErrorKind::Timeout(Phase::Response), Delivery::Unknown);
                assert_eq!((error.kind(), error.delivery()), late, "{what}: {error:?}");
                let sent = server.ledger().requests().iter().filter(|one| one.target == target).count();
                assert_eq!(sent, 1, "it was sent once more, {what}");
                let after = transport.send(get(format!("{}/after", server.url(HOST)))).await;
                after.unwrap_or_else(|error| panic!("the call after one that ran out, {what}: {error:?}"));
                return;
            }
        }
        panic!("the time limit ran out {TRIES} times before there was a connection, {setting}");
    }))
    .await;
}

pub(crate) async fn pool_16_a_connection_past_its_idle_limit_is_not_used_again(world: World) {
    let limits = [1000, 300, 0].map(|millis| Timeouts::new().with_pool_idle(Duration::from_millis(millis)));
    let ours = certificate();
    let settings = Settings::ALL.pairwise().chosen(&world).into_iter();
    let calls = settings.flat_map(|setting| limits.each_ref().map(|limits| (setting, limits))).enumerate();
    let calls = calls.map(|(index, (setting, limits))| {
        let (method, body) = method(index);
        let status = [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE][(index + index / 3) % 2];
        let front = front_responding(setting.server(FrontOptions::default()), move |_| {
            let mut response = Response::new(vec![b'x'; PART].into());
            *response.status_mut() = status;
            response
        });
        let proxy = setting.proxy(front.addr());
        let config = setting.config(world.config().with_timeouts(limits.clone()), &ours, proxy.as_ref());
        let transport = world.transport(&config);
        async move {
            let _proxy = proxy;
            for pause in [Duration::ZERO, Duration::from_secs(3)] {
                // A stack may count in whole seconds.
                SystemClock::new().sleep(pause).await;
                let exchange = transport.send(request(method.clone(), front.url(HOST), body)).await.expect("answered");
                // One that is dropped half-way leaves an HTTP/2 connection idle, too. Each method is read once.
                if index < 10 || !pause.is_zero() {
                    collect(exchange).await.expect("a body");
                }
            }
            let used: Vec<_> = front.ledger().requests().iter().map(|one| one.connection).collect();
            assert_ne!(
                used[0],
                used[1],
                "used again three seconds after a {method} with {status}, with a limit of {:?}, {setting}",
                limits.pool_idle()
            );
        }
    });
    join_all(calls).await;
}

pub(crate) async fn proxy_15_a_proxy_that_stalls_meets_the_connect_limit(world: World) {
    let silent = up(RawServer::start(RawOptions::plain([vec![Step::ReadRequest, Step::Stall]])));
    let half = Step::write("HTTP/1.1 200 Conn");
    let halting = up(RawServer::start(RawOptions::plain([vec![Step::ReadRequest, half, Step::Stall]])));
    let stalls = [&silent, &halting].map(|proxy| {
        let url = format!("http://{}", proxy.addr()).parse().expect("a proxy address");
        quick_to_connect(&world).with_proxy(Proxy::Http(url))
    });
    if world.lacks(Capability::HttpProxy, &stalls[0]) {
        return;
    }
    let ends = stalls.iter().map(|config| {
        let transport = world.transport(config);
        async move { in_time(transport.send(request(Method::POST, format!("https://{HOST}/"), "{}"))).await }
    });
    for outcome in join_all(ends).await {
        let error = outcome.expect_err("the tunnel is missing");
        assert!(matches!(error.kind(), TransportErrorKind::Timeout(_)), "{error:?}");
        assert_eq!(error.delivery(), Delivery::NotSent, "{error:?}");
    }
    let asked: Vec<_> = [&silent, &halting].iter().map(|proxy| proxy.ledger().requests()[0].method.clone()).collect();
    assert_eq!(asked, ["CONNECT", "CONNECT"]);
}

//! OBS: what spans, metrics and audit records contain, what they never contain, and that observers change nothing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one_client::{AuditRecord, ClientBuilder, Retry, TraceContext};
use digicert_one_core::{
    ApiKey, Capability, Clock, Code, ConnectionFacts, FixedCredential, Generation, Instance, Lease, ManualClock,
    Material, Mode, Validity,
};
use digicert_one_testbed::{
    ClientAuth, Front, FrontOptions, Handshake, Pki, ProxyOptions, TlsRange, handler, name_without_address,
    refused_addr,
};
use http::{Response, StatusCode, header};
use metrics_util::debugging::DebuggingRecorder;

use crate::cases::proxy::{proxied, proxy_to};
use crate::cases::retry::{clock, responding, status};
use crate::meters::{Meters, Reading};
use crate::spans::Spans;
use crate::witness;
use crate::world::{HOST, KEY, World, certificate, front, front_responding, get, identity, key, up, without_request};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// Values that must not be recorded, as an id, a name and a query contain them.
const PATH: &str = "/account/api/v1/user/7f3C4nary-0001/Jane%20Canary?user_type=canary-query";

fn with_key(builder: ClientBuilder) -> ClientBuilder {
    builder.credential(FixedCredential::new(key(), "the case"))
}

/// Stores the audit records.
fn audited(builder: ClientBuilder) -> (ClientBuilder, Arc<Mutex<Vec<AuditRecord>>>) {
    let records = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&records);
    let builder = builder.audit(move |record| kept.lock().unwrap_or_else(PoisonError::into_inner).push(record.clone()));
    (builder, records)
}

/// The sum of a counter over those of its readings that have this label.
fn count(seen: &[Reading], name: &str, label: Option<(&str, &str)>) -> u64 {
    let labelled = |one: &&Reading| label.is_none_or(|(name, value)| one.label(name) == Some(value));
    seen.iter().filter(|one| one.name == name).filter(labelled).filter_map(Reading::count).sum()
}

/// The value of a gauge, for this credential if it has several.
fn gauge(seen: &[Reading], name: &str, of: Option<&str>) -> Option<f64> {
    seen.iter().find(|one| one.name == name && one.label("of") == of)?.gauge()
}

pub(crate) async fn obs_01_a_call_is_a_span_and_each_attempt_one_in_it(world: World) {
    let (front, clock) = (responding([status(503)]), clock());
    let client = with_key(world.builder(front.port())).clock(Arc::new(clock.clone())).build().expect("complete");
    let spans = Spans::watch();
    clock.run(client.get("/account/api/v1/user/me").send()).await.0.expect("the second attempt");
    let (calls, attempts) = (spans.named("digicert_one.call"), spans.named("digicert_one.attempt"));
    assert_eq!((calls.len(), attempts.len()), (1, 2), "{calls:?} {attempts:?}");
    assert!(attempts.iter().all(|attempt| attempt.is_child_of(&calls[0])), "{attempts:?}");
    assert_eq!((calls[0].field("digicert_one.attempts"), calls[0].field("http.response.status_code")), ("2", "200"));
    for attempt in &attempts {
        assert_eq!(attempt.field("otel.name"), "GET /account/api/v1/user/me");
        assert_eq!((attempt.field("otel.kind"), attempt.field("http.request.method")), ("client", "GET"));
        assert_eq!(attempt.field("server.address"), HOST);
        assert_eq!(attempt.field("server.port"), front.port().to_string());
        assert!(["1.1", "2"].contains(&attempt.field("network.protocol.version")), "{attempt:?}");
    }
    let codes = ["http.response.status_code", "error.type", "http.request.resend_count"];
    assert_eq!(codes.map(|field| attempts[0].field(field)), ["503", "AUT-04", ""]);
    assert_eq!(codes.map(|field| attempts[1].field(field)), ["200", "", "1"]);
}

pub(crate) async fn obs_02_ids_names_and_queries_are_seen_nowhere(world: World) {
    let front = responding([status(404)]);
    let (builder, records) = audited(with_key(world.builder(front.port())));
    let client = builder.build().expect("complete");
    let recorder = DebuggingRecorder::new();
    let (spans, metrics) = (Spans::watch(), Meters::watch(&recorder));
    client.get(PATH).send().await.expect_err("not found");
    client.get(PATH).template("/account/api/v1/user/{id}/{name}").send().await.expect("found");
    client.shut_down(Duration::from_secs(10)).await;
    assert_eq!(front.ledger().requests()[0].target, PATH, "the platform itself sees all of it");
    let records = records.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let templates: Vec<_> = records.iter().map(|record| &*record.template).collect();
    assert_eq!(templates, ["/account/api/v1/user/{}/{}", "/account/api/v1/user/{id}/{name}"]);
    let seen = format!("{} {:?} {records:?}", spans.text(), metrics.read());
    assert!(seen.contains("/account/api/v1/user/{}/{}") && seen.contains("/account/api/v1/user/{id}/{name}"), "{seen}");
    assert!(!seen.to_lowercase().contains("canary") && !seen.contains(KEY), "{seen}");
}

pub(crate) async fn obs_03_metrics_count_outcomes_handshakes_and_the_time_that_is_left(world: World) {
    let front = front_responding(FrontOptions::default().client_auth(ClientAuth::Optional), |request| {
        match request.uri().path() {
            "/missing" => status(404),
            _ => Response::new(Bytes::from_static(b"{}")),
        }
    });
    let (identity, now) = (identity(&certificate()), SystemTime::now());
    let clock = ManualClock::new(now);
    let material = Material::certificate_and_key(identity.clone(), ApiKey::new(KEY).expect("a key"));
    let validity = Validity::of(&material).with_key_ends(Some(now + DAY * 3)).with_owner_ends(Some(now + DAY * 2));
    let lease = Lease::new(material, Generation::FIRST.next(), "the case").with_validity(validity);
    let builder = world.builder(front.port()).credential(FixedCredential::from_lease(lease));
    let client = builder.clock(Arc::new(clock)).build().expect("complete");
    let recorder = DebuggingRecorder::new();
    let metrics = Meters::watch(&recorder);
    let mut facts = Vec::new();
    for _ in 0..3 {
        let response = client.get("/").send().await.expect("answered");
        facts.push(response.facts().clone());
        response.bytes().await.expect("whole");
    }
    client.get("/missing").send().await.expect_err("missing");
    let seen = metrics.read();
    assert_eq!(count(&seen, "digicert_one.calls", Some(("outcome", "ok"))), 3);
    assert_eq!(count(&seen, "digicert_one.calls", None), 4);
    assert_eq!(gauge(&seen, "digicert_one.generation", None), Some(2.0));
    for (of, left) in [("key", DAY * 3), ("owner", DAY * 2)] {
        assert_eq!(gauge(&seen, "digicert_one.credential.remaining", Some(of)), Some(left.as_secs_f64()), "{of}");
    }
    assert!(gauge(&seen, "digicert_one.credential.remaining", Some("certificate")).is_some_and(|left| left > 0.0));
    // As many handshakes and reuses as the stack can report, and as the server saw.
    let reported = |want: fn(&ConnectionFacts) -> bool| facts.iter().filter(|facts| want(facts)).count();
    let full = reported(|facts| facts.reused == Some(false) && facts.tls_resumed == Some(false));
    let reused = reported(|facts| facts.reused == Some(true));
    assert!(count(&seen, "digicert_one.connections.reused", None) >= reused as u64);
    let counted = count(&seen, "digicert_one.handshakes", Some(("kind", "full")));
    if full > 0 {
        let connections = front.ledger().connections();
        let made = connections.iter().filter(|one| one.handshake == Handshake::Full).count();
        assert_eq!(counted, made as u64, "{connections:?}");
    } else {
        assert_eq!(counted, 0, "nothing in here is a guess");
    }
    let missing = |one: &&Reading| one.label("http.response.status_code") == Some("404");
    let durations = seen.iter().filter(|one| one.name == "http.client.request.duration").find(missing);
    assert_eq!(durations.and_then(Reading::values), Some(1), "{seen:?}");
}

pub(crate) async fn obs_04_an_audit_record_names_who_what_and_how_it_ended_and_no_value(world: World) {
    let platform = handler(|request, _peer| async move {
        let mut response = match request.uri().path() {
            "/missing" => status(404),
            // No call can be faster than this response.
            "/dropped" => std::future::pending().await,
            _ => Response::new(Bytes::from_static(b"{}")),
        };
        response.headers_mut().insert("x-request-id", http::HeaderValue::from_static("theirs-1"));
        response
    });
    let front = up(Front::start(FrontOptions::default().client_auth(ClientAuth::Optional), platform));
    let identity = identity(&certificate());
    let material = Material::certificate_and_key(identity.clone(), ApiKey::new(KEY).expect("a key"));
    let caller = material.caller();
    let (builder, records) = audited(world.builder(front.port()));
    let client = builder.credential(FixedCredential::new(material, "the case")).transaction_ids().build();
    let client = client.expect("complete");
    client.post("/orders").body("text/plain", "canary-body").send().await.expect("answered");
    client.get("/missing").send().await.expect_err("missing");
    // A call that its caller drops leaves a record too.
    drop(client.get("/dropped").send());
    let mut dropped = Box::pin(client.get("/dropped").send());
    assert!(futures_util::poll!(&mut dropped).is_pending());
    drop(dropped);
    client.shut_down(Duration::from_secs(10)).await;
    let records = records.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let outcomes: Vec<_> =
        records.iter().map(|record| (&*record.template, record.outcome(), record.code, record.status)).collect();
    let expected = [
        ("/orders", "responded", None, Some(StatusCode::OK)),
        ("/missing", "failed", Some(Code::AUT_05), Some(StatusCode::NOT_FOUND)),
        ("/dropped", "dropped", None, None),
    ];
    assert_eq!(outcomes, expected);
    let sent = front.ledger().requests();
    for (record, request) in records.iter().zip(&sent).take(2) {
        assert_eq!((record.caller, record.certificate), (Some(caller), Some(identity.fingerprint())));
        assert_eq!((record.mode, record.generation), (Some(Mode::Both), Some(Generation::FIRST)));
        assert_eq!(record.host.as_deref(), Some(&*format!("clientauth.{HOST}:{}", front.port())));
        assert_eq!((record.request_id.as_deref(), record.attempts, record.missed), (Some("theirs-1"), 1, 0));
        assert_eq!(request.header_values("x-dc-transactionid"), [record.transaction_id.clone().expect("sent")]);
    }
    assert_ne!(records[0].transaction_id, records[1].transaction_id);
    let text = records.iter().map(|record| format!("{record} {record:?}")).collect::<String>();
    assert!(!text.contains("canary") && !text.contains(KEY), "{text}");
}

pub(crate) async fn obs_05_a_hook_that_panics_or_blocks_leaves_the_call_alone(world: World) {
    let front = front(FrontOptions::default());
    let ends = SystemTime::now() + DAY;
    let lease = Lease::new(key(), Generation::FIRST, "the case");
    let ending = FixedCredential::from_lease(lease.with_validity(Validity::default().with_key_ends(Some(ends))));
    let panicking = world.builder(front.port()).credential(ending);
    let panicking = panicking
        .audit(|_| witness::meant("the hook's own fault"))
        .on_reminder(|_| witness::meant("the hook's own fault"))
        .trace_context(|| witness::meant("the hook's own fault"))
        .build()
        .expect("complete");
    for _ in 0..2 {
        panicking.get("/").send().await.expect("answered");
    }
    panicking.shut_down(Duration::from_secs(10)).await;
    let (go, may_go) = channel::<()>();
    let may_go = Mutex::new(may_go);
    let heard = Arc::new(AtomicUsize::new(0));
    let blocking = with_key(world.builder(front.port())).audit({
        let heard = Arc::clone(&heard);
        move |_| {
            let _ = may_go.lock().unwrap_or_else(PoisonError::into_inner).recv();
            heard.fetch_add(1, Ordering::SeqCst);
        }
    });
    let blocking = blocking.build().expect("complete");
    for _ in 0..3 {
        blocking.get("/").send().await.expect("answered");
    }
    assert_eq!(heard.load(Ordering::SeqCst), 0, "every call ended before its record was heard");
    (0..3).for_each(|_| go.send(()).expect("the hook waits"));
    blocking.shut_down(Duration::from_secs(10)).await;
    assert_eq!(heard.load(Ordering::SeqCst), 3);
}

pub(crate) async fn obs_06_the_trace_context_goes_to_our_origin_alone(world: World) {
    let other = front(FrontOptions::default());
    let elsewhere = other.url("localhost");
    let front = front_responding(FrontOptions::default(), move |request| {
        let mut response = Response::new(Bytes::from_static(b"{}"));
        if request.uri().path() == "/away" {
            *response.status_mut() = StatusCode::FOUND;
            response.headers_mut().insert(header::LOCATION, elsewhere.parse().expect("a header value"));
        }
        response
    });
    let traced = |builder: ClientBuilder| {
        let context = TraceContext::new(TRACE).and_then(|trace| trace.with_state("vendor=1")).expect("a context");
        with_key(builder).trace_context(move || Some(context.clone())).build().expect("complete")
    };
    let client = traced(world.builder(front.port()));
    client.get("/").send().await.expect("answered");
    client.get("/away").send().await.expect_err("another origin");
    for request in front.ledger().requests() {
        assert_eq!(request.header_values("traceparent"), [TRACE]);
        assert_eq!(request.header_values("tracestate"), ["vendor=1"]);
    }
    assert_eq!((front.ledger().requests().len(), other.ledger().connections().len()), (2, 0));
    let proxy = proxy_to(&front, ProxyOptions::default());
    let config = proxied(world.config(), &proxy.url());
    if world.lacks(Capability::HttpProxy, &config) {
        return;
    }
    traced(world.builder(front.port()).transport_config(config)).get("/").send().await.expect("answered");
    let connects = proxy.ledger().requests();
    assert!(!connects.is_empty() && connects.iter().all(|connect| connect.header_values("traceparent").is_empty()));
}

pub(crate) async fn obs_07_every_failure_is_counted_under_a_code_of_the_closed_set(world: World) {
    let recorder = DebuggingRecorder::new();
    let metrics = Meters::watch(&recorder);
    let mut expected = Vec::new();
    for code in [401, 403, 404, 429, 500, 503] {
        let front: Front = front_responding(FrontOptions::default(), move |_| status(code));
        let client = with_key(world.builder(front.port())).retry(Retry::never()).build().expect("complete");
        expected.push(client.get("/").send().await.expect_err("an error").code());
    }
    let unused = refused_addr();
    let untrusting = front(FrontOptions::default());
    let unknown_name =
        name_without_address().map(|name| world.builder(1).instance(Instance::parse(name).expect("a host")));
    let builders = [
        world.builder(unused.port()),
        world.builder(untrusting.port()).trust(world.trusting(Pki::shared().foreign_root_der())),
    ];
    for builder in builders.into_iter().chain(unknown_name) {
        let client = with_key(builder).retry(Retry::never()).build().expect("complete");
        expected.push(client.get("/").send().await.expect_err("an error").code());
    }
    let seen = metrics.read();
    let mut counted: Vec<String> = Vec::new();
    for one in seen.iter().filter(|one| one.name == "digicert_one.calls") {
        let outcome = one.label("outcome").expect("labelled");
        assert!(Code::ALL.iter().any(|code| code.as_str() == outcome), "{outcome} is not a code");
        counted.extend((0..one.count().expect("a counter")).map(|_| outcome.to_owned()));
    }
    let mut expected: Vec<_> = expected.into_iter().map(|code| code.as_str().to_owned()).collect();
    counted.sort();
    expected.sort();
    assert_eq!(counted, expected);
}

pub(crate) async fn obs_08_one_reminder_at_each_step_before_the_end(world: World) {
    let front = front(FrontOptions::default());
    let clock = clock();
    let ends = clock.now() + DAY * 40;
    let lease = Lease::new(key(), Generation::FIRST, "the case");
    let ending = FixedCredential::from_lease(lease.with_validity(Validity::default().with_key_ends(Some(ends))));
    let reported = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&reported);
    let builder = world.builder(front.port()).credential(ending).clock(Arc::new(clock.clone()));
    let builder =
        builder.on_reminder(move |reminder| kept.lock().unwrap_or_else(PoisonError::into_inner).push(reminder.days));
    let client = builder.build().expect("complete");
    for _ in 0..40 {
        client.get("/").send().await.expect("answered");
        clock.advance(DAY);
    }
    client.shut_down(Duration::from_secs(10)).await;
    assert_eq!(*reported.lock().unwrap_or_else(PoisonError::into_inner), [30, 14, 7, 1]);
}

pub(crate) async fn obs_09_the_address_at_the_other_end_is_reported_as_it_is(world: World) {
    let front = front(FrontOptions::default());
    let exchange = world.transport(&world.config()).send(get(front.url(HOST))).await.expect("answered");
    assert_eq!(exchange.facts.peer, Some(front.addr()), "of a response");

    let foreign = world.config().with_trust(world.trusting(Pki::shared().foreign_root_der()));
    let error = world.transport(&foreign).send(get(front.url(HOST))).await.expect_err("an unknown issuer");
    // Not every library reports it for a connection that was never established.
    assert!(error.facts().peer.is_none_or(|peer| peer == front.addr()), "{error:?}");

    let proxy = proxy_to(&front, ProxyOptions::default());
    let through = proxied(world.config(), &proxy.url());
    if world.refuses(Capability::HttpProxy, &through) {
        return;
    }
    let exchange = world.transport(&through).send(get(front.url(HOST))).await.expect("answered");
    assert_eq!(exchange.facts.peer, Some(proxy.addr()), "through a proxy");
}

pub(crate) async fn obs_11_certificate_is_not_reported_as_sent_to_a_refused_server(world: World) {
    let foreign = world.trusting(Pki::shared().foreign_root_der());
    let config = world.config().with_identity(Some(identity(&certificate()))).with_trust(foreign);
    for tls in [TlsRange::Only12, TlsRange::Only13] {
        let front = front(FrontOptions::default().client_auth(ClientAuth::Optional).tls(tls));
        let error = world.transport(&config).send(get(front.url(HOST))).await.expect_err("an unknown issuer");
        let facts = error.facts();
        assert_ne!(facts.identity_sent, Some(true), "{tls:?}: it was chosen, and never left");
        if world.has(Capability::ClientAuthSignal) {
            assert_eq!((facts.identity_requested, facts.identity_sent), (Some(true), Some(false)), "{tls:?}");
        }
        without_request(&front, "no request is to come here").await;
    }
}

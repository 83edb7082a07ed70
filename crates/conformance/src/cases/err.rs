//! ERR: one fault, one code; the cause is shown, and the library's own error is available. Error responses
//! are in `platform_response.rs`.

use std::collections::HashSet;
use std::error::Error as _;

use bytes::Bytes;
use digicert_one_core::{
    BoxError, Capability, Code, Delivery, HttpVersions, Mode, TransportConfig, TransportError, TransportErrorKind,
    causes,
};
use digicert_one_testbed::{Front, FrontOptions, Pki, RawServer, Step, name_without_address, refused_addr};
use futures_util::stream::{self, StreamExt as _};

use crate::setting::{Crossing, Settings};
use crate::world::{HOST, World, collect, diagnose, front, front_responding, get, key, scripted, up};

async fn failing(world: &World, config: &TransportConfig, url: &str) -> TransportError {
    world.transport(config).send(get(url)).await.expect_err("a failure")
}

async fn code_of(world: &World, url: &str) -> Code {
    diagnose(&failing(world, &world.config(), url).await, Mode::Key, None).code
}

pub(crate) async fn err_12_the_root_cause_is_in_display(world: World) {
    let refused = world.client(refused_addr().port(), key());
    let untrusted_front = front(FrontOptions::default());
    let untrusted = world
        .builder(untrusted_front.port())
        .transport_config(world.config().with_trust(world.trusting(Pki::shared().foreign_root_der())))
        .credential(digicert_one_core::FixedCredential::new(key(), "the case"))
        .build()
        .expect("complete");
    for client in [refused, untrusted] {
        let error = client.get("/").send().await.expect_err("a failure");
        let transport = error.transport().expect("a failure of the transport");
        let root = causes(transport).last().expect("at least itself").to_string();
        assert!(error.to_string().contains(&root), "{root:?} is not in {error}");
        assert!(error.to_string().contains(error.code().as_str()), "{error}");
    }
}

pub(crate) async fn err_13_the_library_error_is_reached_by_source(world: World) {
    fn as_box(error: TransportError) -> BoxError {
        error.into()
    }
    let error = failing(&world, &world.config(), &format!("https://{}/", refused_addr())).await;
    assert!(error.source().is_some(), "{error:?}");
    // Send + Sync + 'static, or this does not compile.
    assert!(as_box(error).downcast_ref::<TransportError>().is_some());
    for end in [Step::CloseClean, Step::Reset] {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin";
        let cut = scripted([vec![Step::ReadRequest, Step::write(head), end]]);
        let exchange = world.transport(&world.config()).send(get(cut.url(HOST))).await;
        // A reset may overtake the head.
        let error = match exchange {
            Ok(exchange) => collect(exchange).await.expect_err("a cut body"),
            Err(error) => error,
        };
        assert!(error.source().is_some(), "a cut body has no source: {error:?}");
    }
    let client_error = world.client(refused_addr().port(), key()).get("/").send().await.expect_err("a failure");
    let boxed: BoxError = client_error.into();
    assert!(causes(&*boxed).count() > 2, "{boxed:?}");
}

pub(crate) async fn err_14_a_plain_http_port_is_named(world: World) {
    let server = up(RawServer::plain_http());
    let error = failing(&world, &world.config(), &format!("https://{}/", server.addr())).await;
    let code = diagnose(&error, Mode::Key, None).code;
    // A stack without details knows only that the handshake failed.
    let expected = if world.has(Capability::AlertDetail) { Code::HO_04 } else { Code::HS_03 };
    assert_eq!(code, expected, "{error:?}");
    assert_eq!(error.delivery(), Delivery::NotSent);
}

pub(crate) async fn err_15_dns_refusal_and_reset_have_three_codes(world: World) {
    let reset = scripted([vec![Step::ReadRequest, Step::CloseClean]]);
    if let Some(name) = name_without_address() {
        assert_eq!(code_of(&world, &format!("https://{name}/")).await, Code::NET_05);
    }
    assert_eq!(code_of(&world, &format!("https://{}/", refused_addr())).await, Code::NET_06);
    // Without the signal a bare end right after the handshake may also be a refused identity.
    let expected = if world.has(Capability::ClientAuthSignal) { Code::NET_07 } else { Code::HS_03 };
    assert_eq!(code_of(&world, &reset.url(HOST)).await, expected);
}

pub(crate) async fn err_16_one_fault_has_one_code_or_the_wider_one(world: World) {
    let garbage = scripted([vec![Step::ReadRequest, Step::write("SSH-2.0-OpenSSH_9.9\r\n\r\n"), Step::CloseClean]]);
    let error = failing(&world, &world.config(), &garbage.url(HOST)).await;
    assert_eq!(error.kind(), TransportErrorKind::Protocol, "{error:?}");

    let cut = scripted([vec![Step::ReadRequest, Step::write("HTTP/1.1 200 OK\r\ncontent-le"), Step::CloseClean]]);
    let error = failing(&world, &world.config(), &cut.url(HOST)).await;
    assert!([TransportErrorKind::Interrupted, TransportErrorKind::Protocol].contains(&error.kind()), "{error:?}");
    assert_eq!(error.delivery(), Delivery::Unknown);

    let silent = scripted([vec![Step::CloseClean]]);
    let error = failing(&world, &world.config(), &silent.url(HOST)).await;
    assert_eq!(error.kind(), TransportErrorKind::Interrupted, "{error:?}");
}

pub(crate) async fn err_19_an_end_right_after_the_handshake_is_never_waited_out(world: World) {
    const CALLS: usize = 200;
    const AT_ONCE: usize = 20;
    let silent = scripted([vec![Step::CloseClean]]);
    let transport = world.transport(&world.config());
    let failures = stream::iter(0..CALLS)
        .map(|_| transport.send(get(silent.url(HOST))))
        .buffer_unordered(AT_ONCE)
        .map(|outcome| outcome.expect_err("nothing is answered").kind())
        .collect::<Vec<_>>()
        .await;
    assert_eq!(failures.len(), CALLS);
    let late = failures.iter().filter(|kind| matches!(kind, TransportErrorKind::Timeout(_))).count();
    assert_eq!(late, 0, "of {CALLS} calls {late} waited for their whole limit: {failures:?}");
}

pub(crate) async fn err_20_outside_its_runtime_a_call_ends_with_a_response_or_an_error(world: World) {
    let crossing = Crossing::plain(&world, &Settings::ALL.pairwise(), FrontOptions::default());
    for (setting, made_inside) in crossing.settings().flat_map(|setting| [(setting, true), (setting, false)]) {
        let what = format!("created inside: {made_inside}, {setting}");
        let (front, config) = (crossing.front(setting), crossing.config(world.config(), setting));
        let inside = if made_inside { Some(crossing.transport(setting).await) } else { None };
        let outside = world.clone();
        let before = front.ledger().settle().await;
        let call = get(front.url(HOST));
        // A thread on which no runtime was entered. What needs none is driven to its end.
        let alone = std::thread::spawn(move || {
            let transport = inside.map_or_else(|| outside.connector.connect(&config), Ok)?;
            futures_executor::block_on(transport.send(call)).map(|_| ())
        });
        let outcome = alone.join().unwrap_or_else(|_| panic!("a panic outside a runtime, {what}"));
        let seen = front.ledger().settle().await;
        match outcome {
            Ok(()) => assert_eq!(seen.requests.len() - before.requests.len(), 1, "{what}"),
            Err(error) => {
                assert_eq!(error.kind(), TransportErrorKind::NoRuntime, "{what}: {error:?}");
                assert_eq!(error.delivery(), Delivery::NotSent, "{what}");
                assert_eq!(seen.connections.len(), before.connections.len(), "nothing is to come here, {what}");
            }
        }
    }
}

pub(crate) async fn err_21_no_cause_of_a_failure_is_without_words(world: World) {
    let server = front(FrontOptions::default());
    let hangs_up = scripted([vec![Step::ReadRequest, Step::CloseClean]]);
    let foreign = world.config().with_trust(world.trusting(Pki::shared().foreign_root_der()));
    let unknown = name_without_address().map(|name| (world.config(), format!("https://{name}/")));
    let failures = [
        (world.config(), format!("https://{}/", refused_addr())),
        (world.config(), hangs_up.url(HOST)),
        (foreign, server.url(HOST)),
    ];
    for (config, url) in failures.into_iter().chain(unknown) {
        let error = failing(&world, &config, &url).await;
        let words: Vec<String> = causes(&error).map(ToString::to_string).collect();
        assert!(words.iter().all(|words| !words.trim().is_empty()), "no words for {url}: {words:?}");
    }
}

/// The fields in the head of a response.
#[derive(Clone, Copy, Debug)]
struct Fields {
    count: usize,
    /// How many different names they have.
    names: usize,
    name_length: usize,
    value_length: usize,
}

impl Fields {
    /// Many short ones with a name each, and with one name; and few with long values, and with long names.
    fn of(many: usize, few: usize) -> [Self; 4] {
        let many = Self { count: many, names: many, name_length: 1, value_length: 10 };
        let few = Self { count: few, names: few, name_length: 1, value_length: 20_000 };
        [many, Self { names: 1, ..many }, few, Self { name_length: 20_000, value_length: 1, ..few }]
    }

    fn name(self, number: usize) -> String {
        format!("x-field-{}-{}", number % self.names, "n".repeat(self.name_length))
    }

    /// A server whose responses have them.
    fn server(self) -> Front {
        let value = "v".repeat(self.value_length);
        front_responding(FrontOptions::default(), move |_| {
            let fields = (0..self.count).map(|number| self.name(number));
            let response = fields.fold(http::Response::builder(), |response, name| response.header(name, &value));
            response.body(Bytes::from_static(b"{}")).expect("a response")
        })
    }
}

pub(crate) async fn err_22_response_head_up_to_the_limit_is_read(world: World) {
    for versions in [HttpVersions::Http1, HttpVersions::default()] {
        let transport = world.transport(&world.config().with_http_versions(versions));
        for fields in Fields::of(240, 3) {
            let front = fields.server();
            let response = transport.send(get(front.url(HOST))).await.expect("read").response;
            let sent: HashSet<_> = (0..fields.count).map(|number| fields.name(number)).collect();
            let found = response
                .headers()
                .iter()
                .filter(|(name, value)| sent.contains(name.as_str()) && value.len() == fields.value_length);
            assert_eq!(found.count(), fields.count, "{fields:?} {versions:?}");
        }
    }
}

pub(crate) async fn err_23_response_head_over_the_limit_is_named(world: World) {
    for versions in [HttpVersions::Http1, HttpVersions::default()] {
        let transport = world.transport(&world.config().with_http_versions(versions));
        for fields in Fields::of(300, 5) {
            let front = fields.server();
            let outcome = transport.send(get(front.url(HOST))).await;
            let error = outcome.err().unwrap_or_else(|| panic!("a head above the limit: {fields:?}, {versions:?}"));
            let reported = (error.kind(), error.delivery());
            assert_eq!(reported, (TransportErrorKind::HeadLimit, Delivery::Sent), "{fields:?} {versions:?} {error:?}");
            let diagnosis = diagnose(&error, Mode::Key, None);
            assert!(diagnosis.code == Code::CFG_03 && !diagnosis.retryable(), "{diagnosis}");
            assert_eq!(front.ledger().requests().len(), 1, "{versions:?}");
        }
    }
}

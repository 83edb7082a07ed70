//! Network faults: names, TCP, proxies, timeouts, truncated responses.

use digicert_one_client::Client;
use digicert_one_core::{Capability, Code, FixedCredential, HttpVersions, Instance, Material, Proxy, TransportConfig};
use digicert_one_testbed::{
    ClientAuth, ConnectProxy, FrontOptions, Gate, HttpVersions as ServerHttp, ProxyOptions, RawOptions, RawServer,
    Recording, Script, Step, TlsRange, blackhole, name_without_address, refused_addr,
};

use super::fault::{Fault, Wider, fault, wider};
use super::lab::{ObservedFault, by_key, call, client, configured, impatient, impatient_to_connect};
use super::unknown;
use crate::world::{HOST, World, certificate, identity, key, scripted};

const SHORT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegin\r\n64\r\nhalf";
const UNFRAMED: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nperhaps all";
/// The capability for a name without an address.
pub(super) const NO_ADDRESS: &str = "host name without an address";
pub(super) const NO_PROXY_ADDRESS: &str = "proxy whose name has no address";
const REPEATED: Wider = wider(
    Code::HS_03,
    Capability::ClientAuthSignal,
    "libcurl retries a GET on a new connection on its own, and if that one ends early a refused certificate cannot be ruled out",
);

pub(super) const FAULTS: &[Fault] = &[
    fault(NO_ADDRESS, Code::NET_05, &[], |world| {
        let url = format!("https://{}", name_without_address().unwrap_or_default());
        Box::pin(async move { at(&world, world.config(), &url).await })
    }),
    fault("nothing listens", Code::NET_06, &[], |world| {
        Box::pin(async move { by_key(&world, refused_addr().port()).await })
    }),
    fault("packets are swallowed", Code::NET_01, &[], |world| {
        Box::pin(async move {
            let nowhere = blackhole().expect("a full backlog on loopback");
            at(&world, impatient_to_connect(&world), &format!("https://{}", nowhere.addr())).await
        })
    }),
    fault("handshake that stalls", Code::NET_01, &[], |world| {
        Box::pin(async move {
            let silent = RawServer::silent().expect("loopback can be bound");
            configured(&world, silent.port(), impatient_to_connect(&world)).await
        })
    }),
    fault("no response", Code::NET_08, &[], |world| {
        Box::pin(async move {
            let server = scripted([vec![Step::ReadRequest, Step::Stall]]);
            configured(&world, server.port(), impatient(&world)).await
        })
    }),
    fault("response that stalls", Code::NET_08, &[], |world| {
        Box::pin(async move {
            let server = scripted([vec![Step::ReadRequest, Step::write(SHORT), Step::Stall]]);
            configured(&world, server.port(), impatient(&world)).await
        })
    }),
    fault("response shorter than announced", Code::NET_09, &[], |world| Box::pin(cut(world, SHORT, Step::CloseClean))),
    fault("response reset half-way", Code::NET_09, &[], |world| Box::pin(cut(world, SHORT, Step::Reset))),
    fault("response cut in a chunk", Code::NET_09, &[], |world| Box::pin(cut(world, CHUNKED, Step::CloseClean))),
    fault("response without the end that TLS signs", Code::NET_09, &[], |world| {
        Box::pin(cut(world, UNFRAMED, Step::CloseAbrupt))
    }),
    fault("response above the limit", Code::CFG_03, &[], |world| {
        Box::pin(async move {
            let server = scripted([vec![Step::ReadRequest, Step::write(SHORT), Step::write("x".repeat(95))]]);
            call(world.builder(server.port()).max_body(10), key()).await
        })
    }),
    fault("something that is not HTTP answers", Code::NET_10, &[], |world| {
        let script = vec![Step::ReadRequest, Step::write("SSH-2.0-OpenSSH_9.9\r\n\r\n"), Step::CloseClean];
        Box::pin(after_handshake(world, TlsRange::Only13, script))
    }),
    fault("plain http port", Code::HO_04, &[unknown::HANDSHAKE], |world| {
        Box::pin(async move {
            let server = RawServer::plain_http().expect("loopback can be bound");
            by_key(&world, server.port()).await
        })
    }),
    fault("reset in the handshake", Code::HS_03, &[], |world| Box::pin(in_handshake(world, Step::Reset))),
    fault("end in the handshake", Code::HS_03, &[], |world| Box::pin(in_handshake(world, Step::CloseClean))),
    fault("end without a response, TLS 1.3", Code::NET_07, &[unknown::ASKED], |world| {
        Box::pin(after_handshake(world, TlsRange::Only13, vec![Step::ReadRequest, Step::CloseClean]))
    }),
    fault("end without a response, TLS 1.2", Code::NET_07, &[unknown::ASKED], |world| {
        Box::pin(after_handshake(world, TlsRange::Only12, vec![Step::ReadRequest, Step::CloseClean]))
    }),
    fault("reset without a response", Code::NET_07, &[unknown::ASKED], |world| {
        Box::pin(after_handshake(world, TlsRange::Only13, vec![Step::ReadRequest, Step::Reset]))
    }),
    fault("reset without a response, client certificate asked for and sent", Code::HS_03, &[], |world| {
        Box::pin(async move {
            let options = FrontOptions::default().client_auth(ClientAuth::Optional).tls(TlsRange::Only13);
            let raw = RawOptions::tls_with(options, [vec![Step::ReadRequest, Step::Reset]]);
            let server = RawServer::start(raw).expect("loopback can be bound");
            call(world.builder(server.port()), Material::certificate(identity(&certificate()))).await
        })
    }),
    fault(
        "end without a response to a call by certificate that was not asked for, TLS 1.3",
        Code::NET_07,
        &[unknown::ASKED],
        |world| Box::pin(unasked(world, TlsRange::Only13)),
    ),
    fault(
        "end without a response to a call by certificate that was not asked for, TLS 1.2",
        Code::NET_07,
        &[unknown::ASKED],
        |world| Box::pin(unasked(world, TlsRange::Only12)),
    ),
    fault("four ends without a response to a call by key", Code::NET_07, &[unknown::ASKED], |world| {
        Box::pin(async move {
            let server = scripted([vec![Step::ReadRequest, Step::CloseClean]]);
            let builder = world.builder(server.port()).credential(FixedCredential::new(key(), "the fault"));
            let error = builder.build().expect("complete").get("/").send().await.expect_err("no response");
            assert_eq!((error.attempts(), server.ledger().requests().len()), (4, 4), "{error}");
            let text = error.diagnosis().to_string();
            assert!(
                !text.contains("our certificate") && !text.contains("OUR client certificate"),
                "there is none: {text}"
            );
            error.into()
        })
    }),
    fault("proxy that wants credentials (407)", Code::NET_02, &[], |world| {
        Box::pin(async move {
            let options = ProxyOptions::default().credentials("user", "password");
            let proxy = ConnectProxy::start(options).expect("loopback can be bound");
            let seen = configured(&world, 443, through(&world, &proxy.url())).await;
            assert!(!proxy.ledger().requests().is_empty(), "the proxy was asked");
            seen
        })
    })
    .needing(Capability::HttpProxy),
    fault("proxy that does not reach the host (502)", Code::NET_02, &[], |world| {
        Box::pin(async move {
            let options = ProxyOptions::default().route(&format!("{HOST}:8443"), refused_addr());
            let proxy = ConnectProxy::start(options).expect("loopback can be bound");
            let seen = configured(&world, 8443, through(&world, &proxy.url())).await;
            assert!(!proxy.ledger().requests().is_empty(), "the proxy was asked");
            seen
        })
    })
    .needing(Capability::HttpProxy),
    fault("proxy that is not there", Code::NET_02, &[], |world| {
        Box::pin(async move {
            let config = through(&world, &format!("http://{}", refused_addr()));
            configured(&world, 443, config).await
        })
    })
    .needing(Capability::HttpProxy),
    fault(NO_PROXY_ADDRESS, Code::NET_02, &[], |world| {
        let proxy = format!("http://{}:3128", name_without_address().unwrap_or_default());
        Box::pin(async move { configured(&world, 443, through(&world, &proxy)).await })
    })
    .needing(Capability::HttpProxy),
    fault("pooled connection that ends under the next call", Code::NET_07, &[REPEATED], |world| {
        Box::pin(async move {
            let good = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            // A second connection gets no response, so that a stack that retries a GET on its own is detected too.
            let script = vec![Step::ReadRequest, Step::write(good), Step::ReadRequest, Step::CloseClean];
            let server = scripted([script, vec![Step::Reset]]);
            let config = world.config().with_http_versions(HttpVersions::Http1);
            let client = client(world.builder(server.port()).transport_config(config), key());
            client.get("/").send().await.expect("answered").bytes().await.expect("a body");
            client.get("/").send().await.expect_err("the connection ends").into()
        })
    }),
];

/// A call by key to any address.
async fn at(world: &World, config: TransportConfig, url: &str) -> ObservedFault {
    let instance = Instance::parse(url).expect("an instance");
    let builder = Client::builder().instance(instance).shared_connector(world.connector.clone());
    call(builder.transport_config(config), key()).await
}

fn through(world: &World, proxy: &str) -> TransportConfig {
    world.config().with_proxy(Proxy::Http(proxy.parse().expect("a proxy address")))
}

/// The hello has arrived, so TCP is connected on every stack.
async fn in_handshake(world: World, end: Step) -> ObservedFault {
    // A record of type 22, handshake (RFC 8446 §5.1).
    let hello = Step::ReadUntil(Recording::default(), (&b"\x16\x03"[..]).into());
    let server = RawServer::start(RawOptions::plain([vec![hello, end]])).expect("loopback can be bound");
    by_key(&world, server.port()).await
}

async fn after_handshake(world: World, range: TlsRange, script: Script) -> ObservedFault {
    let options = FrontOptions::default().tls(range).http(ServerHttp::Only1);
    let server = RawServer::start(RawOptions::tls_with(options, [script])).expect("loopback can be bound");
    by_key(&world, server.port()).await
}

/// A call by certificate to a server that did not ask for one and ends each connection without a response.
async fn unasked(world: World, range: TlsRange) -> ObservedFault {
    let options = FrontOptions::default().tls(range).http(ServerHttp::Only1);
    let raw = RawOptions::tls_with(options, [vec![Step::ReadRequest, Step::CloseClean]]);
    let server = RawServer::start(raw).expect("loopback can be bound");
    let material = Material::certificate(identity(&certificate()));
    let builder = world.builder(server.port()).credential(FixedCredential::new(material, "the fault"));
    builder.build().expect("complete").get("/").send().await.expect_err("no response").into()
}

/// The end comes only when the head has arrived: otherwise it could overtake it, and would be another fault.
async fn cut(world: World, response: &'static str, end: Step) -> ObservedFault {
    let gate = Gate::new();
    let server = scripted([vec![Step::ReadRequest, Step::write(response), Step::Wait(gate.clone()), end]]);
    let client = client(world.builder(server.port()), key());
    let response = client.get("/").send().await.expect("the head arrived");
    gate.open();
    response.bytes().await.expect_err("the response is not whole").into()
}

//! Faults of our certificate: the server refuses us, in the handshake or, under TLS 1.3, right after it.

use std::time::{Duration, SystemTime};

use digicert_one_core::{Capability, Code, HttpVersions, Instance, Material, TlsVersion, TlsVersions, TrustRoots};
use digicert_one_testbed::{
    Authority, Chain, ClientAuth, ClientSpec, Engine, FrontOptions, HttpVersions as ServerHttp, Pki, RawOptions,
    RawServer, Recording, ServerSpec, Step, TlsRange, Validity, Weakness,
};
use rustls_pki_types::CertificateDer;

use super::fault::{Fault, Wider, fault, wider};
use super::lab::{ObservedFault, by_key, call, configured, impatient, responding};
use super::unknown;
use crate::world::{World, certificate, front, identity, identity_at};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const H1: HttpVersions = HttpVersions::Http1;
const H2: HttpVersions = HttpVersions::Both;

const PASSED: Wider = wider(
    Code::AUT_02,
    Capability::ClientAuthSignal,
    "the library shows neither the server's certificate nor whether it asked for ours, so only the response decides",
);
const NONE_ARRIVED: Wider = wider(Code::HS_01, Capability::ClientAuthSignal, PASSED.why);
const REFUSED_KEY: Wider = wider(Code::AUT_06, Capability::ClientAuthSignal, PASSED.why);
const OTHER_VERSION: Wider = wider(
    Code::HS_03,
    Capability::AlertDetail,
    "libcurl tries HTTP/1.1 on its own, and has one error for everything that then fails",
);

const WAITED_OUT: Wider = wider(
    Code::NET_08,
    Capability::AlertDetail,
    "libcurl keeps rustls's refusal to itself until it has something to send, so the server waits for it, and the call for its limit",
);

pub(super) const FAULTS: &[Fault] = &[
    fault("no client certificate, TLS 1.3, HTTP/1.1", Code::HS_01, &[unknown::ALERT], |world| {
        Box::pin(without(world, TlsRange::Only13, H1))
    }),
    fault("no client certificate, TLS 1.3, HTTP/2", Code::HS_01, &[unknown::ALERT], |world| {
        Box::pin(without(world, TlsRange::Only13, H2))
    }),
    fault(
        "no client certificate, TLS 1.2, HTTP/1.1",
        Code::HS_01,
        &[unknown::ALERT, unknown::ASKED_BEFORE_TLS13],
        |world| Box::pin(without(world, TlsRange::Only12, H1)),
    ),
    fault(
        "no client certificate, TLS 1.2, HTTP/2",
        Code::HS_01,
        &[unknown::ALERT, unknown::ASKED_BEFORE_TLS13],
        |world| Box::pin(without(world, TlsRange::Only12, H2)),
    ),
    fault(
        "client certificate of a foreign CA, TLS 1.3, HTTP/1.1",
        Code::HS_02,
        &[unknown::ALERT, unknown::LATE],
        |world| Box::pin(foreign(world, TlsRange::Only13, H1)),
    ),
    fault(
        "client certificate of a foreign CA, TLS 1.3, HTTP/2",
        Code::HS_02,
        &[unknown::ALERT, unknown::LATE],
        |world| Box::pin(foreign(world, TlsRange::Only13, H2)),
    ),
    fault("client certificate of a foreign CA, TLS 1.2, HTTP/1.1", Code::HS_02, &[unknown::ALERT], |world| {
        Box::pin(foreign(world, TlsRange::Only12, H1))
    }),
    fault("client certificate of a foreign CA, TLS 1.2, HTTP/2", Code::HS_02, &[unknown::ALERT], |world| {
        Box::pin(foreign(world, TlsRange::Only12, H2))
    }),
    fault(
        "ended client certificate that was allowed, TLS 1.3",
        Code::HS_02,
        &[unknown::ALERT, unknown::LATE],
        |world| Box::pin(dated(world, TlsRange::Only13, |now| (now - 30 * DAY, now - 2 * DAY, now - 10 * DAY))),
    ),
    fault("ended client certificate that was allowed, TLS 1.2", Code::HS_02, &[unknown::ALERT], |world| {
        Box::pin(dated(world, TlsRange::Only12, |now| (now - 30 * DAY, now - 2 * DAY, now - 10 * DAY)))
    }),
    fault(
        "client certificate of tomorrow that was allowed, TLS 1.3",
        Code::HS_02,
        &[unknown::ALERT, unknown::LATE],
        |world| Box::pin(dated(world, TlsRange::Only13, |now| (now + 2 * DAY, now + 30 * DAY, now + 10 * DAY))),
    ),
    fault(
        "client certificate without its intermediate, TLS 1.3",
        Code::HS_02,
        &[unknown::ALERT, unknown::LATE],
        |world| {
            let spec = ClientSpec { chain: Chain::LeafOnly, ..ClientSpec::default() };
            Box::pin(presenting(world, spec, TlsRange::Only13, H1))
        },
    ),
    fault("client certificate without its intermediate, TLS 1.2", Code::HS_02, &[unknown::ALERT], |world| {
        let spec = ClientSpec { chain: Chain::LeafOnly, ..ClientSpec::default() };
        Box::pin(presenting(world, spec, TlsRange::Only12, H1))
    }),
    fault("alert bad_certificate (42)", Code::HS_02, &[unknown::ALERT, unknown::NOT_ASKED], |world| {
        Box::pin(alerted(world, 42))
    }),
    fault("alert unsupported_certificate (43)", Code::HS_02, &[unknown::ALERT, unknown::NOT_ASKED], |world| {
        Box::pin(alerted(world, 43))
    }),
    fault("alert certificate_revoked (44)", Code::HS_02, &[unknown::ALERT, unknown::NOT_ASKED], |world| {
        Box::pin(alerted(world, 44))
    }),
    fault("alert certificate_unknown (46)", Code::HS_02, &[unknown::ALERT, unknown::NOT_ASKED], |world| {
        Box::pin(alerted(world, 46))
    }),
    fault("alert access_denied (49)", Code::HS_02, &[unknown::ALERT, unknown::NOT_ASKED], |world| {
        Box::pin(alerted(world, 49))
    }),
    fault("alert decrypt_error (51)", Code::HS_02, &[unknown::ALERT, unknown::NOT_ASKED], |world| {
        Box::pin(alerted(world, 51))
    }),
    fault("alert handshake_failure (40)", Code::HS_04, &[unknown::ALERT], |world| Box::pin(alerted(world, 40))),
    fault("alert internal_error (80)", Code::HS_03, &[], |world| Box::pin(alerted(world, 80))),
    fault("alert unrecognized_name (112)", Code::HS_03, &[], |world| Box::pin(alerted(world, 112))),
    fault("no TLS version in common", Code::HS_04, &[unknown::ALERT], |world| {
        Box::pin(async move {
            let front = front(FrontOptions::default().tls(TlsRange::Only12));
            let config = world.config().with_tls_versions(TlsVersions::Only(TlsVersion::Tls13));
            configured(&world, front.port(), config).await
        })
    }),
    fault("no HTTP version in common", Code::HS_04, &[unknown::ALERT], |world| {
        Box::pin(async move {
            let front = front(FrontOptions::default().http(ServerHttp::Only2));
            configured(&world, front.port(), world.config().with_http_versions(H1)).await
        })
    })
    .needing(Capability::Http2),
    fault("server of TLS 1.1 alone", Code::HS_04, &[unknown::ALERT], |world| {
        Box::pin(outdated(world, |server| server.tls(TlsRange::Only11)))
    }),
    fault("server whose only cipher encrypts nothing", Code::HS_04, &[unknown::ALERT], |world| {
        Box::pin(outdated(world, |server| server.tls(TlsRange::Only12).weakness(Weakness::NullCipher)))
    }),
    fault("server that signs with SHA-1 alone", Code::HS_04, &[unknown::ALERT], |world| {
        Box::pin(outdated(world, |server| server.tls(TlsRange::Only12).weakness(Weakness::Sha1Signatures)))
    }),
    fault(
        "certificate asked for after the request, TLS 1.2 (renegotiation)",
        Code::HS_05,
        &[unknown::ALERT, unknown::VERSION, WAITED_OUT],
        |world| Box::pin(asked_late(world, Engine::OpenSsl, TlsRange::Only12)),
    ),
    // Here our own side ends the connection, and no kind of error names the message.
    fault("certificate asked for after the handshake, TLS 1.3", Code::HS_03, &[], |world| {
        Box::pin(asked_late(world, Engine::Rustls, TlsRange::Only13))
    }),
    fault("HTTP_1_1_REQUIRED", Code::HS_05, &[OTHER_VERSION], |world| {
        Box::pin(async move {
            let request = Recording::default();
            // SETTINGS; then, when the request's HEADERS frame (type 1, END_STREAM and END_HEADERS) of stream
            // 1 has arrived, RST_STREAM with HTTP_1_1_REQUIRED (RFC 9113 §6.4, §7).
            let script = vec![
                Step::write(&b"\0\0\0\x04\0\0\0\0\0"[..]),
                Step::ReadUntil(request, (&b"\x01\x05\0\0\0\x01"[..]).into()),
                Step::write(&b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x0d"[..]),
                Step::Stall,
            ];
            let options = FrontOptions::default().http(ServerHttp::Only2);
            let server = RawServer::start(RawOptions::tls_with(options, [script])).expect("loopback can be bound");
            by_key(&world, server.port()).await
        })
    })
    .needing(Capability::Http2),
    fault("nginx: no certificate came (400), by key", Code::HS_01, &[], |world| {
        Box::pin(async move {
            let front = responding(FrontOptions::default(), 400, HTML, nginx("No required SSL certificate was sent"));
            by_key(&world, front.port()).await
        })
    }),
    fault("nginx: refused our certificate (400)", Code::HS_02, &[], |world| {
        let page = nginx("The SSL certificate error");
        let options = FrontOptions::default().client_auth(ClientAuth::Optional);
        Box::pin(certified(world, options, 400, HTML, page))
    }),
    fault("inspecting proxy: no certificate came (400)", Code::NET_03, &[NONE_ARRIVED], |world| {
        Box::pin(inspected(world, 400, HTML, nginx("No required SSL certificate was sent")))
    }),
    fault("inspecting proxy: the second factor is missing (403)", Code::NET_03, &[PASSED], |world| {
        let body = r#"{"error":{"status":"access_denied","message":"The user is not multi-factor authenticated"}}"#;
        Box::pin(inspected(world, 403, JSON, body.to_owned()))
    }),
    fault("inspecting proxy: no caller is known (401)", Code::NET_03, &[REFUSED_KEY], |world| {
        Box::pin(inspected(world, 401, JSON, r#"{"errors":[{"code":"access_denied","message":"No"}]}"#.to_owned()))
    }),
    fault("certificate inside its dates, and 401", Code::AUT_06, &[], |world| {
        let body = r#"{"errors":[{"code":"access_denied","message":"No"}]}"#;
        let options = FrontOptions::default().client_auth(ClientAuth::Required);
        Box::pin(certified(world, options, 401, JSON, body.to_owned()))
    }),
];

const HTML: &[(&str, &str)] = &[("content-type", "text/html")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// A page as nginx writes it.
fn nginx(title: &str) -> String {
    format!(
        "<html>\r\n<head><title>400 {title}</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n\
         <center>{title}</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
}

/// A call by key where the server requires a certificate in the handshake.
async fn without(world: World, range: TlsRange, versions: HttpVersions) -> ObservedFault {
    let front = front(FrontOptions::default().client_auth(ClientAuth::Required).tls(range));
    let seen = configured(&world, front.port(), world.config().with_http_versions(versions)).await;
    assert!(front.ledger().requests().is_empty(), "a server that refused us takes no request");
    seen
}

async fn foreign(world: World, range: TlsRange, versions: HttpVersions) -> ObservedFault {
    let spec = ClientSpec { authority: Authority::Foreign, ..ClientSpec::default() };
    presenting(world, spec, range, versions).await
}

async fn presenting(world: World, spec: ClientSpec, range: TlsRange, versions: HttpVersions) -> ObservedFault {
    refused(world, Material::certificate(identity(&Pki::shared().client(spec))), range, versions).await
}

/// A certificate outside its dates: from, to, and when it was read.
async fn dated(
    world: World,
    range: TlsRange,
    dates: fn(SystemTime) -> (SystemTime, SystemTime, SystemTime),
) -> ObservedFault {
    let (from, to, read) = dates(SystemTime::now());
    let spec = ClientSpec { validity: Validity::Between(from, to), ..ClientSpec::default() };
    refused(world, Material::certificate(identity_at(&Pki::shared().client(spec), read)), range, H1).await
}

async fn refused(world: World, material: Material, range: TlsRange, versions: HttpVersions) -> ObservedFault {
    let front = front(FrontOptions::default().client_auth(ClientAuth::Required).tls(range));
    let builder = world.builder(front.port()).transport_config(world.config().with_http_versions(versions));
    let seen = call(builder.allow_expired(true), material).await;
    assert!(front.ledger().requests().is_empty(), "a server that refused us takes no request");
    assert_eq!(front.ledger().connections().len(), 1, "exactly one attempt");
    seen
}

/// A call by certificate to a server that responds to the hello with a fatal alert in clear text (RFC 8446
/// §6), which every version and stack must understand.
async fn alerted(world: World, alert: u8) -> ObservedFault {
    let hello = Step::ReadUntil(Recording::default(), (&b"\x16\x03"[..]).into());
    let script = vec![hello, Step::write(vec![21, 3, 3, 0, 2, 2, alert]), Step::CloseClean];
    let server = RawServer::start(RawOptions::plain([script])).expect("loopback can be bound");
    call(world.builder(server.port()), Material::certificate(identity(&certificate()))).await
}

/// A call by certificate to a server that only OpenSSL can be.
async fn outdated(world: World, such: fn(FrontOptions) -> FrontOptions) -> ObservedFault {
    let front = front(such(FrontOptions::default().engine(Engine::OpenSsl)));
    let seen = call(world.builder(front.port()), Material::certificate(identity(&certificate()))).await;
    assert!(front.ledger().requests().is_empty(), "nothing was sent");
    seen
}

/// A call by key to a server that requires a certificate once it knows the path.
async fn asked_late(world: World, engine: Engine, range: TlsRange) -> ObservedFault {
    let options = FrontOptions::default().engine(engine).tls(range);
    let script = vec![Step::ReadRequest, Step::ask_late("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")];
    let server = RawServer::start(RawOptions::tls_with(options, [script])).expect("loopback can be bound");
    let seen = configured(&world, server.port(), impatient(&world).with_http_versions(H1)).await;
    let arrived = server.ledger().snapshot();
    assert!(arrived.connections[0].requested_client_cert, "it asked");
    assert_eq!(arrived.requests.len(), 1, "exactly one request");
    seen
}

/// A response to a call by certificate.
async fn certified(
    world: World,
    options: FrontOptions,
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: String,
) -> ObservedFault {
    let front = responding(options, status, headers, body);
    call(world.builder(front.port()), Material::certificate(identity(&certificate()))).await
}

/// A response to a call by certificate, through a proxy that re-signs TLS with a CA that we trust: a DigiCert
/// host with another issuer's certificate, which asks for none.
async fn inspected(
    world: World,
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: String,
) -> ObservedFault {
    const PUBLIC: &str = "demo.one.digicert.com";
    let host = format!("clientauth.{PUBLIC}");
    let spec = ServerSpec { names: vec![host.clone()], authority: Authority::Foreign, ..ServerSpec::default() };
    let front = responding(FrontOptions::default().server(Pki::shared().server_with(spec)), status, headers, body);
    let root = CertificateDer::from(Pki::shared().foreign_root_der().to_vec());
    let trust = match world.has(Capability::TrustOnly) {
        true => TrustRoots::Only(vec![root]),
        false => TrustRoots::SystemAnd(vec![root]),
    };
    let loopback = front.addr().ip();
    let config = world.config().with_trust(trust).with_name_override(host, loopback);
    let instance = Instance::parse(&format!("https://{PUBLIC}:{}", front.port())).expect("an instance");
    let builder = world.builder(front.port()).instance(instance).transport_config(config);
    call(builder, Material::certificate(identity(&certificate()))).await
}

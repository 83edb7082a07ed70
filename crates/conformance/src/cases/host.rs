//! HOST: the host follows from the material, and no credential is sent anywhere else.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use digicert_one_client::{Client, SystemClock};
use digicert_one_core::{
    ApiKey, Capability, Clock as _, Code, Delivery, FixedCredential, HostRole, Instance, Material, Mode, PeerFault,
    Region, TransportErrorKind,
};
use digicert_one_testbed::{ClientAuth, FrontOptions, Gate, Pki, RawOptions, RawServer, Step};
use futures_util::future::{join, join_all};
use http::Method;

use crate::cases::failures::printed;
use crate::world::{
    HOST, World, certificate, collect, diagnose, front, get, identity, key, request, untouched, up, without_request,
};

pub(crate) async fn host_01_each_public_host_gets_clientauth_for_certificates_only(world: World) {
    let regions = [Region::UnitedStates, Region::Switzerland, Region::Japan, Region::Netherlands];
    let public = regions.into_iter().flat_map(|region| [Instance::production(region), Instance::demo(region)]);
    let host = |instance: Instance| instance.origin(HostRole::Platform).expect("a platform host").host().to_owned();
    let hosts: Vec<String> = public.map(host).collect();
    let names: Vec<String> = hosts.iter().flat_map(|host| [host.clone(), format!("clientauth.{host}")]).collect();
    let front = front(FrontOptions::default().server(Pki::shared().server(&names)).client_auth(ClientAuth::Optional));
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let config = names.iter().fold(world.config(), |config, name| config.with_name_override(name, loopback));
    for host in &hosts {
        for material in [Material::certificate(identity(&certificate())), key()] {
            let expected = match material.mode() {
                Mode::Key => host.clone(),
                _ => format!("clientauth.{host}"),
            };
            let client = Client::builder()
                .instance(Instance::parse(&format!("{host}:{}", front.port())).expect("a host"))
                .credential(FixedCredential::new(material, "the case"))
                .shared_connector(Arc::clone(&world.connector))
                .transport_config(config.clone())
                .build()
                .expect("complete");
            client.get("/").send().await.expect("answered");
            let arrived = front.ledger().requests().pop().expect("arrived");
            assert_eq!(arrived.header_values("host"), [format!("{expected}:{}", front.port())]);
            let connections = front.ledger().connections();
            let carried = connections.iter().find(|one| one.id == arrived.connection).expect("listed");
            assert_eq!(carried.sni.as_deref(), Some(expected.as_str()));
        }
    }
}

pub(crate) async fn host_02_a_host_with_the_prefix_is_recognised(world: World) {
    let front = front(FrontOptions::default().client_auth(ClientAuth::Optional));
    let instance = Instance::parse(&format!("https://clientauth.{HOST}:{}", front.port())).expect("a host");
    for (material, expected) in
        [(Material::certificate(identity(&certificate())), format!("clientauth.{HOST}")), (key(), HOST.to_owned())]
    {
        let client = world
            .builder(front.port())
            .instance(instance.clone())
            .credential(FixedCredential::new(material, "the case"))
            .build()
            .expect("complete");
        client.get("/").send().await.expect("answered");
        let arrived = front.ledger().requests().pop().expect("arrived");
        assert_eq!(arrived.header_values("host"), [format!("{expected}:{}", front.port())]);
    }
}

pub(crate) async fn host_03_an_explicit_clientauth_url_is_used(world: World) {
    let platform = front(FrontOptions::default());
    let certificates = front(FrontOptions::default().client_auth(ClientAuth::Required));
    let instance = Instance::pair(&platform.url("localhost"), &certificates.url("127.0.0.1")).expect("a pair");
    let client = world
        .builder(platform.port())
        .instance(instance)
        .credential(FixedCredential::certificate(identity(&certificate())))
        .build()
        .expect("complete");
    client.get("/").send().await.expect("answered");
    assert_eq!(certificates.ledger().requests().len(), 1);
    untouched(&platform, "nothing is to come here").await;
}

pub(crate) async fn host_04_plain_http_is_refused_but_for_loopback_by_switch(world: World) {
    let gate = Gate::new();
    let response = Step::write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let script = vec![Step::ReadRequest, Step::Wait(gate.clone()), response];
    let server = up(RawServer::start(RawOptions::plain([script])));
    let url = server.url("127.0.0.1");
    Instance::parse(&url).expect_err("plain http needs its own constructor");
    Instance::plain_loopback("http://one.digicert.com").expect_err("only loopback");
    untouched(&server, "nothing is to come here").await;
    let client = world
        .builder(server.port())
        .instance(Instance::plain_loopback(&url).expect("loopback"))
        .credential(FixedCredential::new(key(), "the case"))
        .build()
        .expect("complete");
    // A transport that looks after its connections by their TLS has nothing to see here.
    let later = async {
        SystemClock::new().sleep(Duration::from_secs(1)).await;
        gate.open();
    };
    let (outcome, ()) = join(client.get("/").send(), later).await;
    outcome.expect("answered");
    assert_eq!(server.ledger().requests().len(), 1, "a response that comes after a second was not waited for");
}

pub(crate) async fn host_05_one_normal_form_for_sni_and_host(world: World) {
    for form in ["ONE.DigiCert.TEST", "one.digicert.test.", "https://One.digicert.test./"] {
        let front = front(FrontOptions::default());
        let (scheme, rest) = form.split_once("://").map_or(("https", form), |(scheme, rest)| (scheme, rest));
        let given = format!("{scheme}://{}:{}", rest.trim_end_matches('/'), front.port());
        let client = world
            .builder(front.port())
            .instance(Instance::parse(&given).expect("a host"))
            .credential(FixedCredential::new(key(), "the case"))
            .build()
            .expect("complete");
        client.get("/").send().await.expect("answered");
        assert_eq!(front.ledger().connections()[0].sni.as_deref(), Some(HOST), "{given}");
        let arrived = front.ledger().requests().remove(0);
        assert_eq!(arrived.header_values("host"), [format!("{HOST}:{}", front.port())], "{given}");
    }
    assert_eq!(Instance::parse("https://one.digicert.com:443"), Instance::parse("one.digicert.com"));
}

pub(crate) async fn host_06_user_info_is_refused_without_an_echo(_world: World) {
    let error = Instance::parse("https://canary:secret@one.digicert.com").expect_err("user info");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}

pub(crate) async fn host_07_an_absolute_url_as_path_sends_nothing(world: World) {
    let ours = front(FrontOptions::default());
    let other = front(FrontOptions::default());
    let client = world.client(ours.port(), key());
    for bad in [other.url("localhost"), format!("//localhost:{}/", other.port()), "user/me".to_owned()] {
        client.get(bad.as_str()).send().await.expect_err("not a path");
    }
    untouched(&ours, "nothing is to come here").await;
    untouched(&other, "nothing is to come here").await;
}

pub(crate) async fn host_08_two_installations_in_one_process_share_no_credential(world: World) {
    const CALLS: usize = 20;
    let demo_host = format!("demo.{HOST}");
    let fronts = [front(FrontOptions::default()), front(FrontOptions::default())];
    let clients =
        [(HOST, "production-key", &fronts[0]), (&*demo_host, "demo-key", &fronts[1])].map(|(host, key, front)| {
            let instance = Instance::parse(&front.url(host)).expect("a host");
            let credential = FixedCredential::api_key(ApiKey::new(key).expect("a key"));
            let client = world.builder(front.port()).instance(instance).credential(credential).build();
            (client.expect("complete"), host.to_owned(), key)
        });
    let calls = (0..CALLS).flat_map(|_| clients.iter()).map(|(client, ..)| client.get("/").send());
    for outcome in join_all(calls).await {
        outcome.expect("answered");
    }
    for (front, (_, host, key)) in fronts.iter().zip(&clients) {
        let requests = front.ledger().requests();
        assert_eq!(requests.len(), CALLS, "{host}");
        for request in requests {
            assert_eq!(request.header_values("x-api-key"), [*key], "{host}");
            assert_eq!(request.header_values("host"), [format!("{host}:{}", front.port())]);
        }
        // A connection that was abandoned before its first message, since another one existed earlier, has no
        // server name.
        let named: Vec<_> = front.ledger().connections().into_iter().filter_map(|one| one.sni).collect();
        assert!(!named.is_empty() && named.iter().all(|name| name == host), "{named:?}");
    }
}

pub(crate) async fn host_09_an_address_has_no_sni_and_needs_its_ip_in_the_certificate(world: World) {
    let front_with_ip = front(FrontOptions::default());
    let transport = world.transport(&world.config());
    transport.send(get(front_with_ip.url("127.0.0.1"))).await.expect("answered");
    assert_eq!(front_with_ip.ledger().connections()[0].sni, None);

    let names_only = front(FrontOptions::default().server(Pki::shared().server(&[HOST])));
    let error = transport.send(get(names_only.url("127.0.0.1"))).await.expect_err("no such address in it");
    if world.has(Capability::PeerFaultDetail) {
        assert_eq!(error.kind(), TransportErrorKind::PeerUntrusted(PeerFault::NameMismatch));
        assert_eq!(diagnose(&error, Mode::Key, None).code, Code::HO_01);
    } else {
        assert_eq!(error.kind(), TransportErrorKind::PeerUntrusted(PeerFault::Unspecified));
    }
    without_request(&names_only, "no request is to come here").await;
}

pub(crate) async fn host_19_a_final_dot_belongs_to_the_address_alone(world: World) {
    let (ours, others) =
        (front(FrontOptions::default()), FrontOptions::default().server(Pki::shared().server(&["localhost"])));
    let (others, dotted) = (front(others), format!("{HOST}."));
    for versions in world.http_versions() {
        let config = world.config().with_http_versions(versions);
        let transport = world.transport(&config.with_name_override(&dotted, IpAddr::V4(Ipv4Addr::LOCALHOST)));
        for (method, body) in [(Method::GET, ""), (Method::POST, "{}")] {
            let what = format!("{method} {versions:?}");
            let outcome = transport.send(request(method, ours.url(&dotted), body)).await;
            collect(outcome.unwrap_or_else(|error| panic!("{what}: {error:?}"))).await.expect("a body");
            let seen = ours.ledger().snapshot();
            let arrived = seen.requests.last().expect("arrived");
            assert_eq!(arrived.header_values("host"), [format!("{dotted}:{}", ours.port())], "{what}");
            let names: Vec<_> = seen.connections.iter().filter_map(|one| one.sni.as_deref()).collect();
            assert!(!names.is_empty() && names.iter().all(|name| *name == HOST), "{names:?} is announced, {what}");
        }
        let error = transport.send(get(others.url(&dotted))).await.expect_err("it has another name");
        assert!(matches!(error.kind(), TransportErrorKind::PeerUntrusted(_)), "{error:?}, {versions:?}");
        without_request(&others, "this server has another name").await;
    }
}

pub(crate) async fn host_10_an_address_of_another_scheme_is_refused_before_anything_is_sent(world: World) {
    let server = up(RawServer::silent());
    let transport = world.transport(&world.config());
    for scheme in ["ftp", "ws"] {
        let call = transport.send(get(format!("{scheme}://127.0.0.1:{}/", server.port())));
        let error = call.await.expect_err("no such thing");
        assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Config, Delivery::NotSent), "{error:?}");
    }
    untouched(&server, "nothing is to come here").await;
}

pub(crate) async fn host_16_an_address_with_user_info_is_refused_before_anything_is_sent(world: World) {
    let server = front(FrontOptions::default());
    let transport = world.transport(&world.config());
    for given in ["https://user:canary-password", "https://canary-token", "http://user:canary-password"] {
        let call = transport.send(get(format!("{given}@127.0.0.1:{}/", server.port())));
        let error = call.await.expect_err("credentials do not belong there");
        assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Config, Delivery::NotSent), "{error:?}");
        let text = printed(&error);
        assert!(!text.contains("canary"), "the user info is quoted: {text}");
    }
    untouched(&server, "nothing is to come here").await;
}
